using System.Text.Json;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Every daemon's own words for IPv4 and IPv6 routes as "prefix via next hop path AS path", so that they can be compared.</summary>
internal static class UnicastText
{
    public static string Of(string prefix, string nextHop, string path) => $"{prefix} via {IpAddr.Parse(nextHop)} path {path}".TrimEnd();

    public static SortedSet<string> OfFrr(JsonElement json)
    {
        var routes = New();
        foreach (var route in json.GetProperty("routes").EnumerateObject())
        {
            foreach (var path in route.Value.EnumerateArray())
            {
                var hops = path.GetProperty("nexthops").EnumerateArray().ToList();
                routes.Add(Of(route.Name, hops[0].GetProperty("ip").GetString()!, path.GetProperty("path").GetString()!));
            }
        }

        return routes;
    }

    public static SortedSet<string> OfGoBgp(JsonElement json)
    {
        var routes = New();
        foreach (var route in json.EnumerateObject())
        {
            foreach (var path in route.Value.EnumerateArray())
            {
                var attributes = path.GetProperty("attrs").EnumerateArray().ToList();
                var nextHop = attributes.First(static a => a.TryGetProperty("nexthop", out _)).GetProperty("nexthop").GetString()!;
                var asPath = attributes.Where(static a => a.GetProperty("type").GetInt32() == 2)
                    .SelectMany(static a => a.GetProperty("as_paths").EnumerateArray()).SelectMany(static s => s.GetProperty("asns").EnumerateArray());
                routes.Add(Of(route.Name, nextHop, string.Join(' ', asPath)));
            }
        }

        return routes;
    }

    /// <summary>A line that begins with a prefix starts a route; indented lines are its attributes.</summary>
    public static SortedSet<string> OfBird(string text)
    {
        var routes = New();
        var (prefix, path) = ("", "");
        foreach (var line in text.Split('\n'))
        {
            if (line.Length > 0 && (char.IsAsciiHexDigit(line[0]) || line[0] == ':') && line.Contains('/', StringComparison.Ordinal))
            {
                (prefix, path) = (line.Split(' ')[0], "");
            }
            else if (line.Trim() is var item && item.StartsWith("BGP.as_path:", StringComparison.Ordinal))
            {
                path = item["BGP.as_path:".Length..].Trim();
            }
            else if (item.StartsWith("BGP.next_hop:", StringComparison.Ordinal))
            {
                routes.Add(Of(prefix, item["BGP.next_hop:".Length..].Trim().Split(' ')[0], path));
            }
        }

        return routes;
    }

    public static SortedSet<string> OfOpenBgpd(JsonElement json)
    {
        var routes = New();
        if (json.TryGetProperty("rib", out var rib))
        {
            foreach (var route in rib.EnumerateArray())
            {
                routes.Add(Of(route.GetProperty("prefix").GetString()!, route.GetProperty("exit_nexthop").GetString()!, route.GetProperty("aspath").GetString()!));
            }
        }

        return routes;
    }

    public static SortedSet<string> OfExaBgp(IEnumerable<JsonElement> messages)
    {
        var routes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in messages)
        {
            if (!message.GetProperty("neighbor").TryGetProperty("message", out var body) || !body.TryGetProperty("update", out var update))
            {
                continue;
            }

            foreach (var family in Members(update, "withdraw"))
            {
                foreach (var route in family.Value.EnumerateArray())
                {
                    routes.Remove(route.GetProperty("nlri").GetString()!);
                }
            }

            var path = update.TryGetProperty("attribute", out var attributes) && attributes.TryGetProperty("as-path", out var asPath) ? string.Join(' ', asPath.EnumerateArray()) : "";
            foreach (var hop in Members(update, "announce").SelectMany(static f => f.Value.ValueKind == JsonValueKind.Object ? f.Value.EnumerateObject().ToArray() : []))
            {
                foreach (var route in hop.Value.EnumerateArray().Where(static r => r.TryGetProperty("nlri", out _)))
                {
                    var prefix = route.GetProperty("nlri").GetString()!;
                    routes[prefix] = Of(prefix, hop.Name, path);
                }
            }
        }

        return new(routes.Values, StringComparer.Ordinal);
    }

    private static IEnumerable<JsonProperty> Members(JsonElement update, string name) => update.TryGetProperty(name, out var part) ? part.EnumerateObject() : [];

    private static SortedSet<string> New() => new(StringComparer.Ordinal);
}
