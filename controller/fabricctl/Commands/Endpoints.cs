using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary>Addresses below <c>/api/v1/</c>; nothing else knows them.</summary>
public static class Endpoints
{
    /// <summary>Change sets.</summary>
    public const string ChangeSets = "change-sets";

    /// <summary>The controller's own state.</summary>
    public const string Status = "status";

    /// <summary>The audit log.</summary>
    public const string Audit = "audit";

    /// <summary>Revisions.</summary>
    public const string Revisions = "revisions";

    /// <summary>API tokens.</summary>
    public const string Tokens = "tokens";

    /// <summary>Events.</summary>
    public const string Watch = "watch";

    /// <summary>BGP sessions of the controller.</summary>
    public const string EvpnSessions = "evpn/sessions";

    /// <summary>EVPN routes.</summary>
    public const string EvpnRoutes = "evpn/routes";

    /// <summary>BGP neighbors.</summary>
    public const string BgpNeighbors = "bgp/neighbors";

    /// <summary>BGP routes.</summary>
    public const string BgpRoutes = "bgp/routes";

    /// <summary>One BGP route, explained.</summary>
    public const string BgpRoute = "bgp/route";

    /// <summary>What happened to BGP neighbors.</summary>
    public const string BgpEvents = "bgp/events";

    /// <summary>What contradicts itself in EVPN routes.</summary>
    public const string BgpFindings = "bgp/findings";

    /// <summary>BGP routes that were injected.</summary>
    public const string BgpInjected = "bgp/injected";

    /// <summary>What happens to BGP neighbors and routes.</summary>
    public const string BgpWatch = "bgp/watch";

    /// <summary>A resource.</summary>
    /// <exception cref="CtlException">No resource can have this name: in a path it means something else (RFC 3986 section 5.2.4).</exception>
    public static string Resource(KindName kind, string name) => name is "" or "." or ".."
        ? throw new CtlException(ExitCodes.Refused, $"there is no {kind.Kind} '{name}': no resource can have this name")
        : $"{kind.Plural}/{Uri.EscapeDataString(name)}";

    /// <summary>What would change on a device now.</summary>
    public static string DevicePlan(string device) => $"devices/{Uri.EscapeDataString(device)}/plan";

    /// <summary>What a device has been told.</summary>
    public static string DeviceApplies(string device) => $"devices/{Uri.EscapeDataString(device)}/applies";

    /// <summary>A path with the query of those pairs that have a value.</summary>
    public static string WithQuery(string path, params IEnumerable<(string Name, string? Value)> pairs)
    {
        var query = string.Join('&', pairs.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
        return query.Length == 0 ? path : $"{path}?{query}";
    }
}
