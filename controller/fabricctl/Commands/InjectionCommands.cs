using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>bgp inject</c>, <c>withdraw</c> and <c>injected</c>: routes that a controller or a route reflector announces itself.</summary>
public static class InjectionCommands
{
    private const string Announce = "announce";
    private const string Withdrawal = "withdraw";

    // What lists of routes say of a route beyond what it takes to announce it.
    private static readonly HashSet<string> FromLists = new(StringComparer.Ordinal)
    {
        "type", "rd", "mac", "ip", "prefix", "from", "pathId", "best", "stale", "verdict", "pending", "received", "receivedAt", "injectedBy", "injectedAt",
    };

    // What a route is found by.
    private static readonly HashSet<string> OfKey = new(StringComparer.Ordinal) { "family", "name", "nlri" };

    /// <summary>Announces.</summary>
    public static Command Inject(CtlHost host)
    {
        var file = File(required: true, "routes as YAML or JSON: documents, a list, or what 'bgp injected -o yaml' prints; a directory of such files, or - for standard input");
        var (site, reason) = (Site(), Changes.Reason());
        return new Command("inject", "announce routes, or change them: all of them together, or none. One with 'operation: withdraw' is taken back") { file, site, reason }
            .With(host, async (parsed, session, cancellationToken) => await SendAsync(
                session, await ReadAsync(parsed.GetValue(file)!, host, cancellationToken), parsed.GetValue(site), parsed.GetValue(reason), cancellationToken));
    }

    /// <summary>Takes back.</summary>
    public static Command Withdraw(CtlHost host)
    {
        var names = new Argument<string[]>("routes") { Description = "their names as 'bgp injected' shows them, each in quotes", Arity = ArgumentArity.ZeroOrMore };
        var family = new Option<string?>("--family") { Description = "l2vpn-evpn, ipv4-unicast, ipv6-unicast or route-target-membership; l2vpn-evpn if absent" };
        var file = File(required: false, "take back the routes of this file");
        var (site, reason) = (Site(), Changes.Reason());
        return new Command("withdraw", "take back routes that were injected: all of them together, or none") { names, family, file, site, reason }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var changes = (parsed.GetValue(names) ?? [], parsed.GetValue(file)) switch
                {
                    ({ Length: > 0 } given, null) => [.. given.Select(n => new JsonObject { ["family"] = parsed.GetValue(family) ?? GlassCommands.EvpnFamily, ["name"] = n })],
                    ([], { } path) => await ReadAsync(path, host, cancellationToken),
                    _ => throw new CtlException(ExitCodes.Usage, "give either names of routes or -f FILE"),
                };
                foreach (var change in changes)
                {
                    foreach (var member in change.Select(static m => m.Key).Where(static m => !OfKey.Contains(m)).ToList())
                    {
                        change.Remove(member);
                    }

                    change["operation"] = Withdrawal;
                }

                return await SendAsync(session, changes, parsed.GetValue(site), parsed.GetValue(reason), cancellationToken);
            });
    }

    /// <summary>What is announced.</summary>
    public static Command Injected(CtlHost host)
    {
        var site = Site();
        return new Command("injected", "routes that were injected") { site }.With(host, async (parsed, session, cancellationToken) =>
        {
            var items = await session.Api.ListAsync(Endpoints.WithQuery(Endpoints.BgpInjected, ("site", parsed.GetValue(site))), cancellationToken);
            if (!session.Print.Data(new JsonObject { ["items"] = items }))
            {
                session.Print.Table(
                    ["route", "vni", "l3vni", "next hop", "communities", "by", "age"],
                    items.OrderBy(static r => r.TextAt("family"), StringComparer.Ordinal).ThenBy(static r => r.TextAt("name"), StringComparer.Ordinal).Select(r => (IReadOnlyList<string>)
                    [
                        r.TextAt("name"), r.TextAt("vni"), r.TextAt("l3Vni"), r.TextAt("attributes.nextHop"), r.TextAt("attributes.extendedCommunities"), r.TextAt("injectedBy"),
                        session.Print.Age(r.TextAt(r.At("injectedAt") is null ? "receivedAt" : "injectedAt")),
                    ]));
            }

            return ExitCodes.Done;
        });
    }

    private static async Task<int> SendAsync(Session session, List<JsonObject> changes, string? site, string? reason, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["changes"] = new JsonArray([.. changes]) };
        if (reason is not null)
        {
            body["reason"] = reason;
        }

        var answer = await session.Api.SendAsync(
            HttpMethod.Post, Endpoints.WithQuery(Endpoints.BgpInjected, ("site", site)), body, cancellationToken, p => Place(changes, p));
        if (!session.Print.Data(answer))
        {
            foreach (var change in changes)
            {
                session.Print.Line($"{Named(change)} {(change.TextAt("operation") == Withdrawal ? "withdrawn" : "announced")}");
            }
        }

        return ExitCodes.Done;
    }

    /// <summary>The changes of a file: each route of it, to be announced where it says nothing else.</summary>
    private static async Task<List<JsonObject>> ReadAsync(string path, CtlHost host, CancellationToken cancellationToken)
    {
        var changes = new List<JsonObject>();
        foreach (var (source, node) in await DocumentReader.ReadNodesAsync(path, host.In, cancellationToken))
        {
            Add(changes, source, node);
        }

        return changes.Count > 0 ? changes : throw new CtlException(ExitCodes.Usage, $"{path}: there is no route in it");
    }

    private static void Add(List<JsonObject> changes, string source, JsonNode? node)
    {
        var list = node as JsonArray ?? (node as JsonObject)?["items"] as JsonArray ?? (node as JsonObject)?["changes"] as JsonArray;
        if (list is not null)
        {
            foreach (var item in list)
            {
                Add(changes, source, item);
            }

            return;
        }

        if (node is not JsonObject route)
        {
            throw new CtlException(ExitCodes.Usage, $"{source}: a route must be a mapping with name, attributes and, for EVPN, vni");
        }

        var change = new JsonObject { ["operation"] = Announce, ["family"] = GlassCommands.EvpnFamily };
        foreach (var (member, value) in route.Where(static m => !FromLists.Contains(m.Key)))
        {
            change[member] = value?.DeepClone();
        }

        changes.Add(change);
    }

    /// <summary>Where a pointer into the request points, in words.</summary>
    private static string Place(List<JsonObject> changes, string pointer) =>
        pointer.Split('/') is ["", "changes", var index, .. var inside] && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < changes.Count
            ? $"{Named(changes[number])} {string.Concat(inside.Select(static s => "/" + s))}".TrimEnd()
            : pointer;

    private static string Named(JsonObject change) => $"{change.TextAt("family")} {(change.TextAt("name") is { Length: > 0 } name ? name : change.TextAt("nlri"))}".TrimEnd();

    private static Option<string?> File(bool required, string description) => new("--file", "-f") { Description = description, Required = required };

    private static Option<string?> Site() => new("--site") { Description = "the site whose spines are told; needed only where there are several" };
}
