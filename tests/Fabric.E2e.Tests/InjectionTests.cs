using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>Routes that are injected into the controller reach every device, and nothing depends on them.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class InjectionTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    private const string Mac = "02:00:00:00:00:77";
    private const string Vtep = "hypervisor2";

    [Fact]
    public async Task What_is_injected_is_on_every_device_survives_the_controllers_restart_goes_with_its_sessions_and_carries_nothing_else()
    {
        var vni = NewVni();
        await WriteAndWaitAsync(Intent.Tenant("inject"), Intent.Vpc("inject", "inject"), Intent.VNet("inject", "inject", vni));
        await Lab.AddVmAsync("i1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("i2", "hypervisor2", vni, "10.0.1.12/24");
        await Lab.PingsAsync("i1", "10.0.1.12");
        var target = (await Eventually.Get(
            "the controller has heard of the VMs", () => Api.ListAsync($"evpn/routes?vni={vni}&type=2"), r => r.Count >= 2))[0]["routeTargets"]![0]!.GetValue<string>();
        var vtep = (await Fabric.DeviceAsync(Vtep))["status"]!["routerId"]!.GetValue<string>();
        var host = string.Create(CultureInfo.InvariantCulture, $"4200:77 [2]:[0]:[48]:[{Mac}]:[32]:[10.0.1.77]");
        const string Prefix = "4200:77 [5]:[0]:[24]:[10.77.0.0]";
        var routes = $$"""
            name: "{{host}}"
            vni: {{vni}}
            attributes: {nextHop: {{vtep}}, extendedCommunities: ["rt:{{target}}", "encap:vxlan"]}
            ---
            name: "{{Prefix}}"
            vni: {{vni}}
            attributes: {nextHop: {{vtep}}, extendedCommunities: ["rt:{{target}}", "encap:vxlan", "router-mac:02:00:00:00:00:78"]}
            """;
        try
        {
            (await CtlAsync(routes, "bgp", "inject", "-f", "-", "-m", "an appliance")).Must();
            await PresentAsync(vtep, host, Prefix);
            await Eventually.Get(
                "the hypervisor sends to the injected MAC", () => Lab.ExecAsync("hypervisor1", "bridge", "fdb", "show"),
                t => t.Split('\n').Any(l => l.StartsWith(Mac, StringComparison.Ordinal) && l.Contains($"dst {vtep}", StringComparison.Ordinal)));

            // The spines hear what was injected and nothing that the other one has said; that they would refuse, as a loop.
            foreach (var spine in Lab.Spines)
            {
                var summary = await Lab.VtyshJsonAsync(spine, "show bgp l2vpn evpn summary json");
                Assert.Equal(2, summary["peers"]![Lab.ControllerAddress]!["pfxRcd"]!.GetValue<int>());
                var address = (await Fabric.DeviceAsync(spine))["spec"]!["management"]!["address"]!.GetValue<string>();
                Assert.Equal([host, Prefix], (await Api.ListAsync($"bgp/routes?rib=out&peer={address}")).Select(r => r["name"]!.GetValue<string>()).Order(StringComparer.Ordinal));
            }

            var why = (await CtlAsync("", "bgp", "why", host)).Must().Output;
            Assert.Contains("here", why, StringComparison.Ordinal);
            Assert.Equal(Lab.Spines.Count, why.Split("is sent it").Length - 1);
            var entry = (await Api.ListAsync("audit")).First(e => e["action"]!.GetValue<string>() == "bgp.inject");
            Assert.Equal("an appliance", entry["reason"]!.GetValue<string>());

            (await CtlAsync("", "bgp", "withdraw", host)).Must();
            await AbsentAsync(host);
            await PresentAsync(vtep, Prefix);

            (await CtlAsync(routes, "bgp", "inject", "-f", "-")).Must();
            await Fabric.Fabricd.StopAsync();
            await AbsentAsync(host, Prefix);
            await Fabric.Fabricd.StartAsync();
            await PresentAsync(vtep, host, Prefix);

            // A controller that says nothing any more, with its connections open: its routes go with the hold time, packets do not.
            await using var pings = Lab.Start("i1", "ping", "-n", "-i", "0.2", "10.0.1.12");
            await Fabric.Fabricd.FreezeAsync();
            await AbsentAsync(host, Prefix);
            await Fabric.Fabricd.KillAsync();
            await Lab.PingsAsync("i2", "10.0.1.11");
            var seen = await pings.StopAsync();
            Assert.Contains(" 0% packet loss", seen, StringComparison.Ordinal);
        }
        finally
        {
            if (!Fabric.Fabricd.IsRunning)
            {
                await Fabric.Fabricd.StartAsync();
            }

            await Eventually.Fine("the speaker is there", async () => (await Api.SendAsync(HttpMethod.Get, "bgp/injected")) is { Ok: false } answer ? answer.ToString() : null);
            await CtlAsync(routes, "bgp", "withdraw", "-f", "-");
        }

        await AbsentAsync(host, Prefix);
    }

    private Task<CommandResult> CtlAsync(string input, params string[] arguments) => Command.RunAsync(
        Repository.Program("fabricctl"),
        [.. arguments, "--server", Fabric.Fabricd.Root.ToString(), "--token-file", Fabric.Fabricd.TokenFile, "--ca", Fabric.Fabricd.CaFile],
        input, TimeSpan.FromMinutes(1));

    private Task PresentAsync(string vtep, params string[] names) => Eventually.Fine("the routes are everywhere", async () =>
    {
        // The VTEP itself takes no route that leads to it.
        foreach (var (device, table) in await Lab.OnAllAsync(d => Lab.VtyshJsonAsync(d, "show bgp l2vpn evpn json"), Lab.Managed.Except([Vtep])))
        {
            foreach (var name in names)
            {
                var paths = PathsOf(table, name);
                if (paths.Count == 0)
                {
                    return $"{device} has no {name}";
                }

                if (!paths.All(p => p["nexthops"]![0]!["ip"]!.GetValue<string>() == vtep))
                {
                    return $"{device} has {name} with another next hop: {paths[0].ToJsonString()}";
                }

                if (!paths.Any(p => p["valid"]!.GetValue<bool>()))
                {
                    return $"{device} does not use {name}: {paths[0].ToJsonString()}";
                }
            }
        }

        return null;
    });

    // Longer than the hold time, 9 s.
    private Task AbsentAsync(params string[] names) => Eventually.Fine("the routes are gone everywhere", async () =>
    {
        var tables = await Lab.OnAllAsync(d => Lab.VtyshJsonAsync(d, "show bgp l2vpn evpn json"));
        var left = tables.SelectMany(t => names.Where(n => PathsOf(t.Value, n).Count > 0).Select(n => $"{t.Key}: {n}")).ToList();
        return left.Count == 0 ? null : string.Join('\n', left);
    });

    private static List<JsonObject> PathsOf(JsonObject table, string name)
    {
        var space = name.IndexOf(' ', StringComparison.Ordinal);
        return table[name[..space]]?[name[(space + 1)..]]?["paths"] is JsonArray paths
            ? [.. paths.SelectMany(p => p is JsonArray nested ? nested.Select(n => n!.AsObject()) : [p!.AsObject()])]
            : [];
    }
}
