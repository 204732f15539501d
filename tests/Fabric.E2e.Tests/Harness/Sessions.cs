using System.Globalization;

namespace Fabric.E2e.Tests.Harness;

/// <summary>The BGP sessions of devices and how often each has been made.</summary>
internal static class Sessions
{
    /// <summary>For each session, as <c>device peer</c>, how often it was established and lost.</summary>
    public static async Task<SortedDictionary<string, string>> OfAllAsync(Lab lab)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (device, peers) in await lab.OnAllAsync(d => lab.VtyshJsonAsync(d, "show bgp neighbors json")))
        {
            foreach (var (peer, state) in peers)
            {
                if (state is System.Text.Json.Nodes.JsonObject && state["bgpState"] is { } name)
                {
                    all[$"{device} {peer}"] = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{name} established {state["connectionsEstablished"]} dropped {state["connectionsDropped"]}");
                }
            }
        }

        return all;
    }

    /// <summary>What differs; null when nothing.</summary>
    public static string? Difference(SortedDictionary<string, string> before, SortedDictionary<string, string> after, Func<string, bool>? except = null)
    {
        var wrong = before.Keys.Union(after.Keys, StringComparer.Ordinal)
            .Where(k => except?.Invoke(k) != true && before.GetValueOrDefault(k) != after.GetValueOrDefault(k))
            .Select(k => $"{k}: {before.GetValueOrDefault(k) ?? "not there"} -> {after.GetValueOrDefault(k) ?? "gone"}").ToList();
        return wrong.Count == 0 ? null : string.Join('\n', wrong);
    }
}
