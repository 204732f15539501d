using System.CommandLine;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;

namespace Fabric.Ctl.Commands;

/// <summary><c>evpn</c>.</summary>
public static class EvpnCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var vpc = new Option<string?>("--vpc") { Description = "of this VPC" };
        var vnet = new Option<string?>("--vnet") { Description = "of this V-Net" };
        var vni = new Option<string?>("--vni") { Description = "of this VNI" };
        var mac = new Option<string?>("--mac") { Description = "of this MAC address" };
        var ip = new Option<string?>("--ip") { Description = "of this address, or the prefix that holds it" };
        var vtep = new Option<string?>("--vtep") { Description = "through this tunnel endpoint" };
        var type = new Option<string?>("--type") { Description = "2 (MAC/IP), 3 (flooding) or 5 (prefix)" };
        var routes = new Command("routes", "who is where: the EVPN routes that the spines tell the controller") { vpc, vnet, vni, mac, ip, vtep, type }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var query = new[] { vpc, vnet, vni, mac, ip, vtep, type }.Select(o => (o.Name.TrimStart('-'), parsed.GetValue(o)));
                var items = await session.Api.ListAsync(Endpoints.WithQuery(Endpoints.EvpnRoutes, query), cancellationToken);
                if (session.Print.Data(new JsonObject { ["items"] = items }))
                {
                    return ExitCodes.Done;
                }

                if (items.Count == 0)
                {
                    session.Print.Note("there is no such route");
                    return ExitCodes.Done;
                }

                session.Print.Table(
                    ["type", "vpc", "vnet", "vni", "mac", "ip", "vtep", "device", "rd", "rt"],
                    items.Select(r => (IReadOnlyList<string>)
                    [
                        r.TextAt("type"), r.TextAt("vpc"), r.TextAt("vnet"), r.TextAt("vni"), r.TextAt("mac"), Either(r, "ip", "prefix"), r.TextAt("vtep"), r.TextAt("device"),
                        r.TextAt("rd"), r.TextAt("routeTargets"),
                    ]));
                return ExitCodes.Done;
            });

        var sessions = new Command("sessions", "the controller's BGP sessions")
            .With(host, async (_, session, cancellationToken) =>
            {
                var items = await session.Api.ListAsync(Endpoints.EvpnSessions, cancellationToken);
                if (!session.Print.Data(new JsonObject { ["items"] = items }))
                {
                    PrintSessions(session, items);
                }

                return ExitCodes.Done;
            });
        return new Command("evpn", "what the fabric says about itself over BGP EVPN") { routes, sessions };
    }

    /// <summary>A table of BGP sessions.</summary>
    public static void PrintSessions(Session session, IEnumerable<JsonNode?> items) =>
        session.Print.Table(
            ["peer", "device", "asn", "state", "since", "routes", "error"],
            items.Select(s => (IReadOnlyList<string>)
            [
                s.TextAt("address"), s.TextAt("device"), s.TextAt("remoteAsn"), s.TextAt("state"), session.Print.Age(s.TextAt("since")), s.TextAt("routes"), s.TextAt("state") == "Established" ? "" : s.TextAt("lastError"),
            ]));

    private static string Either(JsonNode? node, string path, string other) => node.TextAt(path) is { Length: > 0 } text ? text : node.TextAt(other);
}
