using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>The controller's own BGP sessions follow the intent.</summary>
public sealed class EvpnTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";

    [Fact]
    public async Task SpinesOfASiteWithALocalControllerAddressArePeers()
    {
        Assert.Empty(await SessionsAsync());
        (await host.Admin.PostAsync("/api/v1/change-sets", new
        {
            changes = new object[]
            {
                new { operation = "create", kind = "Site", name = "here", spec = new { controllers = new[] { "192.0.2.1", "127.0.0.1" } } },
                new { operation = "create", kind = "Site", name = "elsewhere", spec = new { controllers = new[] { "192.0.2.1" } } },
                Spine("spine1", "here", "127.0.0.2", 65001),
                Spine("spine2", "here", "127.0.0.3", null),
                Spine("far", "elsewhere", "127.0.0.4", null),
            },
        })).Expect(200);
        var sessions = await UntilAsync(s => s.Count == 2 && s.All(p => p!["lastError"] is not null));
        Assert.Equal(["spine1", "spine2"], sessions.Select(s => s!["device"]!.GetValue<string>()));
        Assert.All(sessions, s => Assert.Equal("here", s!["site"]!.GetValue<string>()));
        Assert.Equal(65001, sessions[0]!["remoteAsn"]!.GetValue<long>());
        var site = (await host.Admin.GetAsync("/api/v1/sites/here")).Expect(200);
        Assert.Equal(site["status"]["spinesAsn"]!.GetValue<long>(), sessions[1]!["remoteAsn"]!.GetValue<long>());
        Assert.Empty((await host.Admin.GetAsync("/api/v1/evpn/routes?site=here&type=2&mac=02:00:00:00:00:01&ip=10.0.0.1&vni=5001&vtep=10.255.0.1")).Expect(200)["items"].AsArray());

        (await host.Admin.DeleteAsync("/api/v1/devices/spine1", ("If-Match", "*"))).Expect(204);
        Assert.Equal("spine2", Assert.Single(await UntilAsync(s => s.Count == 1))!["device"]!.GetValue<string>());
        (await host.Admin.SendAsync(HttpMethod.Patch, "/api/v1/sites/here", new { spec = new { controllers = new[] { "192.0.2.1" } } },
            ("If-Match", "*"), ("Content-Type", "application/merge-patch+json"))).Expect(200);
        await UntilAsync(s => s.Count == 0);
    }

    private static object Spine(string name, string site, string address, int? asn) => new
    {
        operation = "create",
        kind = "Device",
        name,
        spec = new { site, role = "spine", os = "frr-linux", asn, management = new { address, hostKeys = new[] { HostKey } } },
    };

    private async Task<JsonArray> SessionsAsync() => (await host.Admin.GetAsync("/api/v1/evpn/sessions")).Expect(200)["items"].AsArray();

    private async Task<JsonArray> UntilAsync(Func<JsonArray, bool> condition)
    {
        for (var deadline = TimeProvider.System.GetUtcNow().AddSeconds(30); ;)
        {
            var sessions = await SessionsAsync();
            if (condition(sessions))
            {
                return sessions;
            }

            Assert.True(TimeProvider.System.GetUtcNow() < deadline, $"still {sessions.ToJsonString()}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}
