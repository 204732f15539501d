using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests.Glass;

/// <summary>The controller shows the speaker of each site.</summary>
public sealed class ControllerGlassTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";

    [Fact]
    public async Task Viewers_look_operators_inject_and_the_site_is_named_where_there_are_several()
    {
        Assert.Empty((await host.Admin.GetAsync("/api/v1/bgp/neighbors")).Expect(200)["items"].AsArray());
        (await host.Admin.GetAsync("/api/v1/bgp/routes")).ExpectProblem(404, "not-found", says: "no BGP speaker");
        await SiteAsync("north", "127.0.0.2");
        await ReflectorWithClients.UntilAsync(async () => (await host.Admin.GetAsync("/api/v1/bgp/neighbors")).Expect(200)["items"].AsArray().Count == 1, "the first site");

        var viewer = await host.ClientAsync("viewer");
        var operators = await host.ClientAsync("operator");
        var body = new { changes = new[] { new { operation = "announce", family = "l2vpn-evpn", name = "1:100 [5]:[0]:[16]:[10.9.0.0]", vni = 100, attributes = new { nextHop = "10.255.0.11" } } } };
        (await viewer.PostAsync("/api/v1/bgp/injected", body)).ExpectProblem(403, "forbidden");
        (await operators.PostAsync("/api/v1/bgp/injected", body)).Expect(200);
        Assert.Equal("10.9.0.0/16", Assert.Single((await viewer.GetAsync("/api/v1/bgp/injected")).Expect(200)["items"].AsArray())!["prefix"]!.GetValue<string>());
        (await host.Client(null).GetAsync("/api/v1/bgp/routes")).ExpectProblem(401, "unauthorized");

        await SiteAsync("south", "127.0.0.3");
        await ReflectorWithClients.UntilAsync(async () => (await viewer.GetAsync("/api/v1/bgp/neighbors")).Expect(200)["items"].AsArray().Count == 2, "the second site");
        (await viewer.GetAsync("/api/v1/bgp/routes")).ExpectProblem(400, "bad-query", "?site", "north, south");
        Assert.Single((await viewer.GetAsync("/api/v1/bgp/routes?site=north")).Expect(200)["items"].AsArray());
        Assert.Empty((await viewer.GetAsync("/api/v1/bgp/routes?site=south")).Expect(200)["items"].AsArray());
        Assert.Equal("south", (await viewer.GetAsync("/api/v1/bgp/neighbors/127.0.0.3?site=south")).Expect(200)["site"].GetValue<string>());
        (await viewer.GetAsync("/api/v1/bgp/routes?site=east")).ExpectProblem(404, "not-found");
    }

    private async Task SiteAsync(string name, string spine) => (await host.Admin.PostAsync("/api/v1/change-sets", new
    {
        changes = new object[]
        {
            new { operation = "create", kind = "Site", name, spec = new { controllers = new[] { "127.0.0.1" } } },
            new { operation = "create", kind = "Device", name = $"{name}-spine", spec = new { site = name, role = "spine", os = "frr-linux", management = new { address = spine, hostKeys = new[] { HostKey } } } },
        },
    })).Expect(200);
}
