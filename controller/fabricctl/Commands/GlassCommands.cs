using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Output;
using Fabric.Primitives;

namespace Fabric.Ctl.Commands;

/// <summary><c>bgp neighbors</c>, <c>refresh</c>, <c>routes</c>, <c>route</c>, <c>why</c> and <c>events</c>: the looking glass of a controller or a route reflector.</summary>
public static class GlassCommands
{
    /// <summary>The family that is meant where none is said.</summary>
    public const string EvpnFamily = "l2vpn-evpn";

    private const int MostExplained = 20;

    /// <summary>The neighbors.</summary>
    public static Command Neighbors(CtlHost host)
    {
        var address = new Argument<string?>("address") { Description = "only this one, with all that is known", Arity = ArgumentArity.ZeroOrOne };
        var (site, watch) = (Site(), Watch());
        return new Command("neighbors", "BGP neighbors and their sessions") { address, site, watch }.With(host, async (parsed, session, cancellationToken) =>
        {
            var (one, of) = (parsed.GetValue(address), ("site", parsed.GetValue(site)));
            if (parsed.GetValue(watch))
            {
                return await WatchAsync(session, Endpoints.WithQuery(Endpoints.BgpWatch, of, ("what", "neighbors"), ("peer", one)), cancellationToken);
            }

            if (one is not null)
            {
                var neighbor = await session.Api.GetAsync(Endpoints.WithQuery($"{Endpoints.BgpNeighbors}/{Uri.EscapeDataString(one)}", of), cancellationToken);
                if (!session.Print.Data(neighbor))
                {
                    PrintMembers(session, neighbor);
                }

                return ExitCodes.Done;
            }

            var items = await session.Api.ListAsync(Endpoints.WithQuery(Endpoints.BgpNeighbors, of), cancellationToken);
            if (!session.Print.Data(new JsonObject { ["items"] = items }))
            {
                session.Print.Table(
                    ["neighbor", "site", "name", "asn", "state", "since", "up", "received", "sent", "routes", "error"],
                    items.Select(n => (IReadOnlyList<string>)
                    [
                        n.TextAt("interface") is { Length: > 0 } link ? $"{n.TextAt("address")}%{link}" : n.TextAt("address"), n.TextAt("site"), n.TextAt("description"), n.TextAt("remoteAsn"), n.TextAt("state"), session.Print.Age(n.TextAt("since")),
                        n.TextAt("established"), n.TextAt("messagesReceived"), n.TextAt("messagesSent"), Counts(n), n.TextAt("state") == "Established" ? "" : n.TextAt("lastError"),
                    ]));
            }

            return ExitCodes.Done;
        });
    }

    /// <summary>Asks a neighbor for its routes again.</summary>
    public static Command Refresh(CtlHost host)
    {
        var address = new Argument<string>("neighbor") { Description = "its address" };
        var family = new Argument<string?>("family") { Description = "only this family: l2vpn-evpn, ipv4-unicast, ipv6-unicast or route-target-membership", Arity = ArgumentArity.ZeroOrOne };
        var site = Site();
        return new Command("refresh", "asks a BGP neighbor to send its routes again; the session stays") { address, family, site }.With(host, async (parsed, session, cancellationToken) =>
        {
            var path = $"{Endpoints.BgpNeighbors}/{Uri.EscapeDataString(parsed.GetValue(address)!)}/refresh";
            var answer = await session.Api.SendAsync(
                HttpMethod.Post, Endpoints.WithQuery(path, ("site", parsed.GetValue(site)), ("family", parsed.GetValue(family))), null, cancellationToken);
            if (!session.Print.Data(answer))
            {
                session.Print.Line($"{parsed.GetValue(address)} was asked for {answer.TextAt("families")}");
            }

            return ExitCodes.Done;
        });
    }

    /// <summary>Routes.</summary>
    public static Command Routes(CtlHost host)
    {
        var rib = new Option<string?>("--rib") { Description = "loc: the best paths; in: what --peer has sent; out: what --peer is sent; loc if absent" };
        rib.AcceptOnlyFromAmong("loc", "in", "out");
        var peer = new Option<string?>("--peer") { Description = "the peer that in and out are about" };
        Option<string?>[] filters =
        [
            new("--family") { Description = "l2vpn-evpn, ipv4-unicast, ipv6-unicast or route-target-membership" },
            new("--type") { Description = "of this EVPN route type" },
            new("--rd") { Description = "with this route distinguisher" },
            new("--mac") { Description = "of this MAC address" },
            new("--ip") { Description = "of this address or originator, or the prefix that holds it" },
            new("--prefix") { Description = "of this prefix and those inside it" },
            new("--rt") { Description = "with this route target" },
            new("--vni") { Description = "with this VNI" },
            new("--next-hop") { Description = "through this next hop" },
            new("--from") { Description = "from this peer" },
        ];
        var limit = new Option<int?>("--limit", "-n") { Description = "how many at most; all if absent" };
        limit.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1)
            {
                result.AddError("--limit is a number of at least 1");
            }
        });
        var (site, watch) = (Site(), Watch());
        var command = new Command("routes", "BGP routes: the best ones, those of a peer, or those that a peer is sent") { rib, peer, limit, site, watch };
        foreach (var filter in filters)
        {
            command.Add(filter);
        }

        return command.With(host, async (parsed, session, cancellationToken) =>
        {
            IEnumerable<(string, string?)> query =
            [
                ("site", parsed.GetValue(site)), ("rib", parsed.GetValue(rib)), ("peer", parsed.GetValue(peer)),
                .. filters.Select(f => (f.Name == "--next-hop" ? "nextHop" : f.Name.TrimStart('-'), parsed.GetValue(f))),
            ];
            if (parsed.GetValue(watch))
            {
                if (parsed.GetValue(rib) is "in" or "out")
                {
                    throw new CtlException(ExitCodes.Usage, "only the best paths can be watched: leave --rib out");
                }

                return await WatchAsync(session, Endpoints.WithQuery(Endpoints.BgpWatch, [.. query.Where(static q => q.Item1 != "rib"), ("what", "routes"), ("initial", "true")]), cancellationToken);
            }

            var most = parsed.GetValue(limit) ?? int.MaxValue;
            var items = await session.Api.ListAsync(Endpoints.WithQuery(Endpoints.BgpRoutes, [.. query, ("limit", most < 1000 ? $"{most}" : null)]), cancellationToken, most);
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
                ["", "route", "vni", "l3vni", "next hop", "from", "as path", "pref", "communities", "age", "note"],
                items.OrderBy(static r => r.TextAt("family"), StringComparer.Ordinal).ThenBy(static r => r.TextAt("name"), StringComparer.Ordinal).Select(r => (IReadOnlyList<string>)
                [
                    r.TextAt("best") == "true" ? "*" : "-", r.TextAt("name"), r.TextAt("vni"), r.TextAt("l3Vni"), r.TextAt("attributes.nextHop"), From(r),
                    r.TextAt("attributes.asPath"), r.TextAt("attributes.localPreference"), r.TextAt("attributes.extendedCommunities"), session.Print.Age(r.TextAt("receivedAt")), Notes(r),
                ]));
            return ExitCodes.Done;
        });
    }

    /// <summary>One route with everything.</summary>
    public static Command Route(CtlHost host) => One(host, "route", "a BGP route with all paths and attributes", static (session, route) =>
    {
        foreach (var path in route.ItemsAt("paths"))
        {
            session.Print.Line($"  {(path.TextAt("path.best") == "true" ? "*" : "-")} from {From(path.At("path"))}: {path.TextAt("reason")}");
            PrintMembers(session, path.At("path.attributes"), "      ");
            if (path.At("path.received") is { } received)
            {
                session.Print.Line("    as received");
                PrintMembers(session, received, "      ");
            }
        }
    });

    /// <summary>Why a route is as it is.</summary>
    public static Command Why(CtlHost host) => One(host, "why", "why a BGP route is as it is: which rule chose its path, who else offers one, who is sent it", static (session, route) =>
    {
        session.Print.Table(
            ["", "path from", "next hop", "as path", "rule", "reason"],
            route.ItemsAt("paths").Select(p => (IReadOnlyList<string>)
            [
                p.TextAt("path.best") == "true" ? "*" : p.TextAt("path.verdict") == "accepted" ? "-" : "x", From(p.At("path")), p.TextAt("path.attributes.nextHop"),
                p.TextAt("path.attributes.asPath"), p.TextAt("lostBy"), p.TextAt("reason"),
            ]),
            "  ");
        session.Print.Table(
            ["peer", "verdict", "reason"],
            route.ItemsAt("peers").Select(static p => (IReadOnlyList<string>)[p.TextAt("peer"), p.TextAt("verdict"), p.TextAt("reason")]),
            "  ");
    });

    /// <summary>What happened.</summary>
    public static Command Events(CtlHost host)
    {
        var peer = new Option<string?>("--peer") { Description = "only of this neighbor" };
        var since = new Option<string?>("--since") { Description = "only events behind this number" };
        var limit = new Option<int>("--limit", "-n") { Description = "how many at most, 1..1000", DefaultValueFactory = static _ => 50 };
        var (site, watch) = (Site(), Watch());
        return new Command("events", "what happened to BGP neighbors, oldest first") { peer, since, limit, site, watch }.With(host, async (parsed, session, cancellationToken) =>
        {
            IEnumerable<(string, string?)> query = [("site", parsed.GetValue(site)), ("peer", parsed.GetValue(peer)), ("since", parsed.GetValue(since))];
            if (parsed.GetValue(watch))
            {
                return await WatchAsync(session, Endpoints.WithQuery(Endpoints.BgpWatch, [.. query, ("what", "events")]), cancellationToken);
            }

            var answer = await session.Api.GetAsync(Endpoints.WithQuery(Endpoints.BgpEvents, [.. query, ("limit", $"{parsed.GetValue(limit)}")]), cancellationToken);
            if (!session.Print.Data(answer))
            {
                session.Print.Table(
                    ["number", "time", "peer", "event", "text"],
                    answer.ItemsAt("items").Select(static e => (IReadOnlyList<string>)
                        [e.TextAt("sequence"), Printer.Time(e.TextAt("time")), e.TextAt("peer"), e.TextAt("kind"), Printer.Short(e.TextAt("text"), 120)]));
            }

            return ExitCodes.Done;
        });
    }

    /// <summary><c>bgp findings</c>.</summary>
    public static Command Findings(CtlHost host)
    {
        var site = Site();
        return new Command("findings", "what contradicts itself in the EVPN routes") { site }.With(host, async (parsed, session, cancellationToken) =>
        {
            var answer = await session.Api.GetAsync(Endpoints.WithQuery(Endpoints.BgpFindings, ("site", parsed.GetValue(site))), cancellationToken);
            if (!session.Print.Data(answer))
            {
                session.Print.Table(
                    ["since", "severity", "code", "subject", "evidence"],
                    answer.ItemsAt("items").Select(static f => (IReadOnlyList<string>)
                        [Printer.Time(f.TextAt("firstSeen")), f.TextAt("severity"), f.TextAt("code"), f.TextAt("subject"), Printer.Short(string.Join("; ", f!["evidence"]!.AsArray()), 120)]));
            }

            return ExitCodes.Done;
        });
    }

    private static Option<string?> Site() => new("--site") { Description = "the site whose speaker is asked; needed only where there are several" };

    private static Option<bool> Watch() => new("--watch", "-w") { Description = "then what changes, until interrupted" };

    private static Command One(CtlHost host, string name, string description, Action<Session, JsonNode?> print)
    {
        var route = new Argument<string>("route") { Description = "its name as lists show it, in quotes; or a MAC address, an address or a prefix: all routes of it" };
        var family = new Option<string?>("--family") { Description = "l2vpn-evpn, ipv4-unicast, ipv6-unicast or route-target-membership; where a name says nothing else, l2vpn-evpn" };
        var site = Site();
        return new Command(name, description) { route, family, site }.With(host, async (parsed, session, cancellationToken) =>
        {
            var found = new JsonArray();
            var of = ("site", parsed.GetValue(site));
            foreach (var (routeFamily, routeName) in await NamesAsync(session, parsed.GetValue(route)!, parsed.GetValue(family), of, cancellationToken))
            {
                if (await session.Api.GetAsync(Endpoints.WithQuery(Endpoints.BgpRoute, of, ("family", routeFamily), ("name", routeName)), cancellationToken) is { } explained)
                {
                    found.Add(explained);
                }
            }

            if (session.Print.Data(found is [var only] ? only : new JsonObject { ["items"] = found }))
            {
                return ExitCodes.Done;
            }

            foreach (var item in found)
            {
                session.Print.Line($"{item.TextAt("family")} {item.TextAt("name")}");
                print(session, item);
            }

            return ExitCodes.Done;
        });
    }

    /// <summary>The routes that a word means.</summary>
    private static async Task<IReadOnlyList<(string Family, string Name)>> NamesAsync(
        Session session, string text, string? family, (string, string?) site, CancellationToken cancellationToken)
    {
        var filter = MacAddress.TryParse(text, out _) ? "mac" : IPAddress.TryParse(text, out _) ? "ip" : IpPrefix.TryParse(text, out _) ? "prefix" : null;
        if (filter is null)
        {
            return [(family ?? EvpnFamily, text)];
        }

        var items = await session.Api.ListAsync(
            Endpoints.WithQuery(Endpoints.BgpRoutes, site, ("family", family), (filter, text), ("limit", $"{MostExplained + 1}")), cancellationToken, MostExplained + 1);
        return items.Count switch
        {
            0 => throw new CtlException(ExitCodes.Refused, $"there is no best path to {text}; a route of which all paths are refused is found by its name only"),
            > MostExplained => throw new CtlException(ExitCodes.Refused, $"more than {MostExplained} routes are of {text}: give the name of one, as 'fabricctl bgp routes' shows it"),
            _ => [.. items.Select(static r => (r.TextAt("family"), r.TextAt("name")))],
        };
    }

    private static async Task<int> WatchAsync(Session session, string path, CancellationToken cancellationToken)
    {
        await foreach (var (name, data) in session.Api.WatchAsync(path, cancellationToken))
        {
            if (session.Print.ForPeople)
            {
                session.Print.Line($"{session.Host.Time.GetLocalNow():HH:mm:ss} {Describe(name, data)}");
            }
            else
            {
                session.Host.Out.WriteLine(data);
            }

            await session.Host.Out.FlushAsync(cancellationToken);
        }

        throw new CtlException(ExitCodes.NoAccess, "the server has ended the stream");
    }

    private static string Describe(string name, string data)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(data);
        }
        catch (JsonException)
        {
            return $"{name} {data}";
        }

        return name switch
        {
            "neighbor" => $"{node.TextAt("address")} {node.TextAt("state")}, routes: {(Counts(node) is { Length: > 0 } counts ? counts : "none")}{(node.TextAt("state") != "Established" && node.TextAt("lastError") is { Length: > 0 } error ? $" ({error})" : "")}",
            "neighbor-removed" => $"{node.TextAt("address")} removed",
            "route" when node.TextAt("withdrawn") == "true" => $"- {node.TextAt("route.name")}",
            "route" => $"* {node.TextAt("route.name")} via {node.TextAt("route.attributes.nextHop")} from {From(node.At("route"))}",
            "event" => $"{node.TextAt("sequence")} {node.TextAt("peer")} {node.TextAt("kind")} {node.TextAt("text")}",
            _ => $"{name} {data}",
        };
    }

    private static void PrintMembers(Session session, JsonNode? node, string indent = "")
    {
        foreach (var (name, value) in node as JsonObject ?? [])
        {
            session.Print.Line($"{indent}{name,-20} {(name == "routes" ? Counts(node) : JsonText.Text(value))}");
        }
    }

    private static string Counts(JsonNode? neighbor) => string.Join(", ", neighbor.ItemsAt("routes").Select(static r => $"{r.TextAt("count")} {r.TextAt("family")}"));

    private static string From(JsonNode? route) => route.TextAt("from") is { Length: > 0 } peer ? peer : "here";

    private static string Notes(JsonNode? route) => string.Join(", ", new[]
    {
        route.TextAt("verdict") is not ("accepted" or "") and var verdict ? verdict : "",
        route.TextAt("stale") == "true" ? "stale" : "",
        route.TextAt("pending") == "true" ? "not sent yet" : "",
        route.At("received") is null ? "" : "changed by policy",
    }.Where(static n => n.Length > 0));
}
