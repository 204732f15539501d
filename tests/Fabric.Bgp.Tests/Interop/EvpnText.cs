using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>An EVPN route as a daemon knows it.</summary>
/// <param name="Route">All that must be the same at both ends, in one text.</param>
/// <param name="Path">AS path.</param>
/// <param name="Originator">ORIGINATOR_ID, or nothing.</param>
/// <param name="Clusters">CLUSTER_LIST, or nothing.</param>
internal readonly record struct EvpnSeen(string Route, string Path, string Originator, string Clusters);

/// <summary>GoBGP's and FRR's own words for EVPN routes, field by field in one form, so that they can be compared.</summary>
internal static partial class EvpnText
{
    private const string NoSegment = "00:00:00:00:00:00:00:00:00:00";

    /// <summary>From <c>gobgp global rib -a evpn -j</c>: the best path of each route.</summary>
    public static List<EvpnSeen> OfGoBgp(JsonElement rib)
    {
        var seen = new List<EvpnSeen>();
        foreach (var path in rib.EnumerateObject().Select(static r => r.Value[0]))
        {
            var nlri = path.GetProperty("nlri");
            var (type, value) = (nlri.GetProperty("type").GetInt32(), nlri.GetProperty("value"));
            var attributes = path.GetProperty("attrs").EnumerateArray().ToLookup(static a => a.GetProperty("type").GetInt32());
            var communities = attributes[16].SelectMany(static a => a.GetProperty("value").EnumerateArray()).ToList();
            var labels = value.TryGetProperty("labels", out var several) ? string.Join('/', several.EnumerateArray())
                : type switch { 3 => attributes[22].Single().GetProperty("label").GetRawText(), 5 => value.GetProperty("label").GetRawText(), _ => "" };
            var rd = value.GetProperty("rd");
            seen.Add(new(
                Text(
                    type, $"{rd.GetProperty("admin")}:{rd.GetProperty("assigned")}", Text(value, "etag", "0"), SegmentOf(Text(value, "esi", "")), Text(value, "mac", ""),
                    Text(value, "prefix", Text(value, "ip", "")).Replace("<nil>", "", StringComparison.Ordinal), labels, attributes[14].Concat(attributes[3]).First().GetProperty("nexthop").GetString()!,
                    communities.Select(static c => (c.GetProperty("type").GetInt32() & 0x3f, c.GetProperty("subtype").GetInt32()) switch
                    {
                        ( < 3, 2) => $"RT:{c.GetProperty("value")}",
                        (3, 12) => $"ET:{c.GetProperty("tunnel_type")}",
                        (6, 0) => $"MM:{c.GetProperty("sequence")}",
                        (6, 2) => $"ES-Import-Rt:{c.GetProperty("value")}",
                        (6, 3) => $"Rmac:{c.GetProperty("mac")}",
                        _ => "",
                    })),
                string.Join(' ', attributes[2].SelectMany(static a => a.GetProperty("as_paths").EnumerateArray()).SelectMany(static s => s.GetProperty("asns").EnumerateArray())),
                attributes[9].Select(static a => a.GetProperty("value").GetString()!).FirstOrDefault() ?? "",
                string.Join(' ', attributes[10].SelectMany(static a => a.GetProperty("value").EnumerateArray()))));
        }

        return seen;
    }

    /// <summary>From <c>show bgp l2vpn evpn route detail json</c>: the first path of each route.</summary>
    public static List<EvpnSeen> OfFrr(JsonElement table)
    {
        var seen = new List<EvpnSeen>();
        foreach (var rd in table.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.Object))
        {
            foreach (var route in rd.Value.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.Object))
            {
                var path = route.Value.GetProperty("paths")[0][0];
                var key = Brackets().Matches(route.Name).Select(static m => m.Groups["text"].Value).ToArray();
                var type = int.Parse(key[0], System.Globalization.CultureInfo.InvariantCulture);
                var (tag, segment, mac, ip) = type switch
                {
                    1 => (key[1], key[2], "", ""),
                    2 => (key[1], Text(path, "esi", NoSegment), key[3], key.Length > 5 ? key[5] : ""),
                    4 => ("0", key[1], "", key[3]),
                    5 => (key[1], NoSegment, "", $"{key[3]}/{key[2]}"),
                    _ => (key[1], "", "", key[3]),
                };
                var labels = type == 3 && path.TryGetProperty("pmsi", out var pmsi) ? pmsi.GetProperty("label").GetRawText() : Text(path, "vni", "");
                seen.Add(new(
                    Text(type, rd.Name, tag, segment, mac, ip, labels, path.GetProperty("nexthops")[0].GetProperty("ip").GetString()!, path.GetProperty("extendedCommunity").GetProperty("string").GetString()!.Split(' ')),
                    path.GetProperty("aspath").GetProperty("string").GetString()!.Replace("Local", "", StringComparison.Ordinal),
                    Text(path, "originatorId", ""),
                    path.TryGetProperty("clusterList", out var clusters) ? string.Join(' ', clusters.GetProperty("list").EnumerateArray()) : ""));
            }
        }

        return seen;
    }

    private static string Text(
        int type, string rd, string tag, string segment, string mac, string ip, string labels, string nextHop, IEnumerable<string> communities)
    {
        var shown = communities.Where(static c => c.StartsWith("RT:", StringComparison.Ordinal) || c.StartsWith("ET:", StringComparison.Ordinal)
            || c.StartsWith("MM:", StringComparison.Ordinal) || c.StartsWith("Rmac:", StringComparison.Ordinal) || c.StartsWith("ES-Import", StringComparison.Ordinal));
        return $"[{type}] rd {rd} tag {tag} esi {(segment == NoSegment ? "" : segment)} mac {mac} ip {ip} labels {labels} via {nextHop} {string.Join(' ', shown.Order(StringComparer.Ordinal))}";
    }

    private static string Text(JsonElement json, string name, string without) => json.TryGetProperty(name, out var value) ? value.ToString() : without;

    /// <summary>"ESI_LACP | system mac 00:11:22:33:44:55, port key 10", in octets (RFC 7432 section 5).</summary>
    private static string SegmentOf(string text)
    {
        var lacp = Lacp().Match(text);
        if (!lacp.Success)
        {
            return text == "single-homed" ? NoSegment : text;
        }

        var key = ushort.Parse(lacp.Groups["key"].Value, System.Globalization.CultureInfo.InvariantCulture);
        return $"01:{lacp.Groups["mac"].Value}:{key >> 8:x2}:{key & 255:x2}:00";
    }

    [GeneratedRegex(@"\[(?<text>[^]]*)\]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Brackets();

    [GeneratedRegex("^ESI_LACP \\| system mac (?<mac>[0-9a-f:]+), port key (?<key>[0-9]+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Lacp();
}
