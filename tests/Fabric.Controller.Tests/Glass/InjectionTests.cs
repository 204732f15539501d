using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests.Glass;

/// <summary>The controller keeps what is injected.</summary>
public sealed class InjectionTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";

    [Fact]
    public async Task What_is_injected_is_kept_with_its_author_and_announced_again_after_a_restart()
    {
        await SiteAsync("east", "127.0.0.4");
        await SpeaksAsync("east");
        var author = await host.ClientAsync("operator", "ann");
        object[] first = [Announce("1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1]"), Announce("1:100 [5]:[0]:[16]:[10.9.0.0]")];
        (string, string)[] key = [("Idempotency-Key", "one"), ("X-Fabric-Reason", "the appliance")];
        var answer = (await author.PostAsync("/api/v1/bgp/injected?site=east", new { changes = first }, key)).Expect(200);
        Assert.Equal(2, answer["changes"].GetValue<int>());

        // A change of one, a withdrawal of another, and the first request once more, which must not bring it back.
        (await author.PostAsync("/api/v1/bgp/injected?site=east", new
        {
            reason = "it moved",
            changes = new[] { Announce("1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1]", "10.255.0.22"), Withdraw("1:100 [5]:[0]:[16]:[10.9.0.0]") },
        })).Expect(200);
        Assert.Equal(answer.Text, (await author.PostAsync("/api/v1/bgp/injected?site=east", new { changes = first }, key)).Expect(200).Text);
        (await author.PostAsync("/api/v1/bgp/injected?site=east", new { changes = first[..1] }, key)).ExpectProblem(422, "key-reused");

        await host.RestartAsync();
        await SpeaksAsync("east");
        var route = Assert.Single((await host.Admin.GetAsync("/api/v1/bgp/injected?site=east")).Expect(200)["items"].AsArray())!;
        Assert.Equal(
            ("02:00:00:00:00:01", "10.9.0.1", 100, 50, "10.255.0.22", "ann"),
            (Text(route, "mac"), Text(route, "ip"), route["vni"]!.GetValue<int>(), route["l3Vni"]!.GetValue<int>(), Text(route["attributes"]!, "nextHop"), Text(route, "injectedBy")));
        Assert.True(route["injectedAt"]!.GetValue<DateTimeOffset>() < route["receivedAt"]!.GetValue<DateTimeOffset>(), route.ToJsonString());
        var shown = Assert.Single((await host.Admin.GetAsync("/api/v1/evpn/routes?site=east")).Expect(200)["items"].AsArray())!;
        Assert.Null(Assert.Single(shown["paths"]!.AsArray())!["peer"]);
        var audit = (await host.Admin.GetAsync("/api/v1/audit")).Expect(200)["items"].AsArray().Where(static e => Text(e!, "action") == "bgp.inject" && Text(e!, "author") == "ann");
        Assert.Equal(
            [
                ("it moved", "Site 'east': announce l2vpn-evpn 1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1], withdraw l2vpn-evpn 1:100 [5]:[0]:[16]:[10.9.0.0]"),
                ("the appliance", "Site 'east': announce l2vpn-evpn 1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1], announce l2vpn-evpn 1:100 [5]:[0]:[16]:[10.9.0.0]"),
            ],
            audit.Select(static e => (Text(e!, "reason"), Text(e!, "target"))));
    }

    [Fact]
    public async Task What_no_spine_can_use_is_refused_with_its_place_and_with_all_that_came_with_it()
    {
        await SiteAsync("west", "127.0.0.5");
        await SpeaksAsync("west");
        (await host.Admin.PostAsync("/api/v1/bgp/injected?site=west", new
        {
            changes = new object[]
            {
                Announce("1:100 [5]:[0]:[16]:[10.9.0.0]"),
                new { operation = "announce", family = "ipv4-unicast", name = "10.9.0.0/16", attributes = new { nextHop = "10.255.0.1" } },
                new { operation = "announce", family = "l2vpn-evpn", name = "1:100 [5]:[0]:[16]:[10.8.0.0]", vni = 50, attributes = new { } },
            },
        })).ExpectProblem(422, "invalid", "/changes/1/family", "spines").ExpectProblem(422, "invalid", "/changes/2/attributes/nextHop", "VTEP");
        (await host.Admin.PostAsync("/api/v1/bgp/injected?site=west", new { reason = "a\u0007b", changes = new[] { Announce("1:100 [5]:[0]:[16]:[10.9.0.0]") } }))
            .ExpectProblem(422, "invalid", "/reason");
        (await host.Admin.PostAsync("/api/v1/bgp/injected?site=west", new { changes = new[] { Announce("1:100 [5]:[0]:[16]:[10.9.0.0]") } }, ("Idempotency-Key", "")))
            .ExpectProblem(400, "malformed");
        Assert.Empty((await host.Admin.GetAsync("/api/v1/bgp/injected?site=west")).Expect(200)["items"].AsArray());
    }

    private static object Announce(string name, string nextHop = "10.255.0.11") => new
    {
        operation = "announce",
        family = "l2vpn-evpn",
        name,
        vni = 100,
        l3Vni = name.Contains("[2]", StringComparison.Ordinal) ? 50 : (int?)null,
        attributes = new { nextHop, extendedCommunities = new[] { "rt:1:100", "encap:vxlan" } },
    };

    private static object Withdraw(string name) => new { operation = "withdraw", family = "l2vpn-evpn", name };

    private static string Text(JsonNode node, string member) => node[member]?.GetValue<string>() ?? "";

    private Task SpeaksAsync(string site) => ReflectorWithClients.UntilAsync(
        async () => (await host.Admin.GetAsync($"/api/v1/bgp/injected?site={site}")).Status == 200, $"the speaker of {site}");

    private async Task SiteAsync(string name, string spine) => (await host.Admin.PostAsync("/api/v1/change-sets", new
    {
        changes = new object[]
        {
            new { operation = "create", kind = "Site", name, spec = new { controllers = new[] { "127.0.0.1" } } },
            new { operation = "create", kind = "Device", name = $"{name}-spine", spec = new { site = name, role = "spine", os = "frr-linux", management = new { address = spine, hostKeys = new[] { HostKey } } } },
        },
    })).Expect(200);
}
