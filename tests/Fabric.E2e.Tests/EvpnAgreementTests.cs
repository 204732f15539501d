using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>What the controller's own BGP speaker knows is what the spines know.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed partial class EvpnAgreementTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task Routes_of_the_Api_are_the_best_routes_of_the_spines()
    {
        var vnis = new[] { NewVni(), NewVni(), NewVni() };
        await WriteAndWaitAsync(
        [
            Intent.Tenant("agree"), Intent.Vpc("agree", "agree"),
            .. vnis.Select((v, i) => Intent.VNet($"agree {i}", "agree", v)),
        ]);
        for (var i = 0; i < vnis.Length; i++)
        {
            await Lab.AddVmAsync($"a{i}", "hypervisor1", vnis[i], $"10.0.{i}.11/24");
            await Lab.AddVmAsync($"b{i}", "hypervisor2", vnis[i], $"10.0.{i}.12/24");
        }

        await Lab.PingsAsync("a2", "10.0.2.12");
        await AgreesAsync(atLeast: 12);

        await Lab.DoAsync("vm", "move", "a0", "--host", "hypervisor2");
        await Lab.PingsAsync("b0", "10.0.0.11");
        await AgreesAsync(atLeast: 11);

        // The controller's side of the sessions is lost and made anew.
        await Fabric.Fabricd.KillAsync();
        await Fabric.Fabricd.StartAsync();
        await AgreesAsync(atLeast: 11);

        await Lab.RemoveVmsAsync();
        await DeleteAllAsync();
        await AgreesAsync(atLeast: 0);
    }

    private async Task AgreesAsync(int atLeast)
    {
        // Both views change until all is quiet: they must agree at one moment, with the routes that we know must be there.
        await Eventually.Fine("the API and the spines agree", async () =>
        {
            var routes = await Api.ListAsync("evpn/routes");
            foreach (var spine in Lab.Spines)
            {
                var ours = routes.SelectMany(r => OfApi(r, spine)).ToHashSet(StringComparer.Ordinal);
                var theirs = OfFrr(await Lab.VtyshJsonAsync(spine, "show bgp l2vpn evpn json"));
                if (!ours.SetEquals(theirs))
                {
                    return $"only {spine} has:\n{string.Join('\n', theirs.Except(ours))}\nonly the API has:\n{string.Join('\n', ours.Except(theirs))}";
                }
            }

            return routes.Count < atLeast ? $"only {routes.Count} routes" : null;
        });
    }

    // Type, RD, key (tag, MAC and IP), next hop, route targets, VNI.
    private static IEnumerable<string> OfApi(JsonObject r, string spine) => r["paths"]!.AsArray().Where(p => p!["device"]!.GetValue<string>() == spine).Select(p => string.Create(
        CultureInfo.InvariantCulture,
        $"{r["rd"]} {r["nlri"]} via {p!["nextHop"]} rt {string.Join(',', r["routeTargets"]!.AsArray().Select(t => t!.GetValue<string>()).Order(StringComparer.Ordinal))} vni {r["vni"]}"));

    private static HashSet<string> OfFrr(JsonObject table)
    {
        var routes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (rd, entries) in table.Where(e => e.Value is JsonObject))
        {
            foreach (var (key, route) in entries!.AsObject().Where(e => e.Value is JsonObject))
            {
                var best = route!["paths"]!.AsArray()
                    .SelectMany(p => p is JsonArray nested ? nested.Select(n => n!.AsObject()) : [p!.AsObject()])
                    .First(p => p["bestpath"] is JsonValue flag ? flag.GetValue<bool>() : p["bestpath"]?["overall"]?.GetValue<bool>() == true);
                var communities = best["extendedCommunity"]?["string"]?.GetValue<string>() ?? "";
                var targets = string.Join(',', Target().Matches(communities).Select(m => m.Groups["rt"].Value).Order(StringComparer.Ordinal));
                var hop = best["nexthops"]![0]!["ip"]!.GetValue<string>();
                routes.Add($"{rd} {key} via {hop} rt {targets} vni {VniOf(best, rd)}");
            }
        }

        return routes;
    }

    // FRR shows no label in this table; the route distinguisher ends in the VNI by our own rule.
    private static string VniOf(JsonObject path, string rd) => path["vni"]?.ToString() ?? rd.Split(':')[^1];

    [GeneratedRegex(@"RT:(?<rt>\d+:\d+)", RegexOptions.None, 5000)]
    private static partial Regex Target();
}
