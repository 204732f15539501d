using System.Net;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Speaker;
using Fabric.Hosting;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>
/// All that a route reflector is told, by flags or by file. Names in it are resolved: it is valid by itself and compared by content,
/// keys of TCP-MD5 included.
/// </summary>
public sealed record RouteReflectorConfig
{
    /// <summary>Own AS.</summary>
    public required Asn Asn { get; init; }

    /// <summary>Own BGP identifier, an IPv4 address other than 0.0.0.0.</summary>
    public required IpAddr RouterId { get; init; }

    /// <summary>Cluster of reflectors that share clients (RFC 4456 section 7); null: the router ID.</summary>
    public IpAddr? ClusterId { get; init; }

    /// <summary>Where to take connections; port 0: any free port.</summary>
    public ValueList<IPEndPoint> Listen { get; init; } = [];

    /// <summary>How log lines look.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Json;

    /// <summary>Where metrics are served over HTTP; null: nowhere.</summary>
    public IPEndPoint? MetricsListen { get; init; }

    /// <summary>Where the looking glass is served over HTTP, without <see cref="ApiTokenFile"/> on a loopback address; null: nowhere.</summary>
    public IPEndPoint? ApiListen { get; init; }

    /// <summary>Whether EVPN routes are watched for contradictions.</summary>
    public bool Lint { get; init; }

    /// <summary>Directory in which sessions are recorded; null: they are not.</summary>
    public string? Record { get; init; }

    /// <summary>The file with the token that requests to the looking glass must carry; null: none is asked for.</summary>
    public string? ApiTokenFile { get; init; }

    /// <summary>How sessions run where no group says otherwise.</summary>
    public SessionSettings Session { get; init; } = new();

    /// <summary>Prefix lists by name.</summary>
    public ValueList<PrefixList> PrefixLists { get; init; } = [];

    /// <summary>Policies by name.</summary>
    public ValueList<StatementPolicy> Policies { get; init; } = [];

    /// <summary>Groups by name.</summary>
    public ValueList<PeerGroup> Groups { get; init; } = [];

    /// <summary>Where dynamic peers may connect from.</summary>
    public ValueList<ClientRange> Ranges { get; init; } = [];

    /// <summary>Peers that are configured one by one.</summary>
    public ValueList<Neighbor> Neighbors { get; init; } = [];

    /// <summary>How the sessions of a range run.</summary>
    public SessionSettings SessionOf(ClientRange range) => range.Group is { } name ? Groups.First(g => g.Name == name).Session : Session;

    /// <summary>Whether a running reflector can go over to the other configuration without being started anew.</summary>
    public bool SameProcess(RouteReflectorConfig other) =>
        (Asn, RouterId, ClusterId, Listen, LogFormat, MetricsListen, ApiListen, ApiTokenFile)
            .Equals((other.Asn, other.RouterId, other.ClusterId, other.Listen, other.LogFormat, other.MetricsListen, other.ApiListen, other.ApiTokenFile))
        && (Lint, Record) == (other.Lint, other.Record);

    /// <summary>What is allowed and yet perhaps not meant, for the log.</summary>
    public IEnumerable<string> Remarks()
    {
        var used = Ranges.Select(r => r.Group).Concat(Neighbors.Select(n => n.Group)).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var group in Groups.Where(g => !used.Contains(g.Name)))
        {
            yield return $"group {group.Name} has no range and no neighbor";
        }

        foreach (var (who, session) in Ranges.Select(r => ($"range {r.Prefix}", SessionOf(r))).Concat(Neighbors.Select(n => ($"neighbor {n.Name}", n.Session))))
        {
            foreach (var direction in new[] { session.Import is null ? "import" : null, session.Export is null && session.Role != PeerRole.Observed ? "export" : null }.OfType<string>())
            {
                if (session is { OpenWithoutPolicy: false, Role: not PeerRole.ReflectorClient } && session.RemoteAsn?.IsInternal(Asn) != true)
                {
                    yield return $"{who}: external sessions {direction} nothing without a policy (RFC 8212); give one, or open-without-policy";
                }
            }
        }

        foreach (var range in Ranges.Where(r => !Listen.Any(l => l.AddressFamily == r.Prefix.Address.ToIPAddress().AddressFamily)))
        {
            yield return $"range {range.Prefix}: no listen address of its IP version; nobody from there can connect";
        }
    }
}
