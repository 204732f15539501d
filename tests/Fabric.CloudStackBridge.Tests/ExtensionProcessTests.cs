using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Tests.Support;
using Fabric.NetworkExtension;
using static Fabric.CloudStackBridge.Tests.Support.ExtensionCloud;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>Extension and bridge as processes of their own.</summary>
public sealed class ExtensionProcessTests : IAsyncLifetime
{
    private readonly BridgeHost _host = new();

    private string Data => Path.Combine(_host.Controller.Directory.Path, "bridge-process");

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Nothing_secret_is_in_what_either_writes_and_the_file_that_has_it_is_for_its_owner_only()
    {
        await using var bridge = await BridgeProcess.StartAsync(_host, Data, 0);
        var token = await TokenAsync();
        var net = new Net(241, "10.1.1.1", "10.1.1.0/24");
        using var cloud = new ExtensionCloud(_host, token) { Starts = true, Address = bridge.Address, DataDirectory = Data };
        await cloud.ImplementAsync(net, "1010241", "203.0.113.17");
        await cloud.StartVmAsync(net, 7, "10.1.1.74", "shop-01", ExtensionCloud.Password);
        await cloud.NetworkAsync(net, "save-password", Nic(net, 7, "10.1.1.74", ("password", ExtensionCloud.Password)));

        // What is refused has secrets too, where none belong.
        var errors = new List<string>();
        foreach (var (command, fields) in new[]
        {
            ("save-vm-data", $$"""[{"dir": "{{ExtensionCloud.Password}}", "file": "{{ExtensionCloud.Password}}", "content": "{{ExtensionCloud.Password}}"}]"""),
            ("save-vm-data", $$"""{"{{ExtensionCloud.Password}}": 1}"""), ("save-vm-data", $"\"{ExtensionCloud.Password}\""),
        })
        {
            errors.Add((await Assert.ThrowsAsync<ExtensionException>(() => cloud.NetworkAsync(net, command, Nic(net, 7, "10.1.1.74", ("vm_data", JsonNode.Parse(fields)))))).Message);
        }

        using (var stranger = new ExtensionCloud(_host, "fcb_not-a-token") { Starts = true, Address = bridge.Address, DataDirectory = Data })
        {
            errors.Add((await Assert.ThrowsAsync<ExtensionException>(() => stranger.CommandAsync("save-password", Secret(net)))).Message);
        }

        await bridge.KillAsync();
        errors.Add((await Assert.ThrowsAsync<ExtensionException>(() => cloud.CommandAsync("save-password", Secret(net)))).Message);
        Assert.Contains("/extension/v1/save-vm-data refused", bridge.Said, StringComparison.Ordinal);
        foreach (var secret in new[] { ExtensionCloud.Password, "0n1y-for-the-guest", "AAAAC3NzaC1lZDI1NTE5AAAAIExample", token, "fcb_not-a-token" })
        {
            Assert.DoesNotContain(secret, string.Join('\n', [bridge.Said, .. errors, .. cloud.Printed]), StringComparison.Ordinal);
        }

        foreach (var file in Directory.GetFiles(Data, "bridge.db*"))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Killed_in_the_middle_of_commands_it_ends_where_an_undisturbed_one_does()
    {
        var bridge = await BridgeProcess.StartAsync(_host, Data, 0);
        var token = await TokenAsync();
        var net = new Net(241, "10.1.1.1", "10.1.1.0/24");
        using var cloud = new ExtensionCloud(_host, token) { Short = true, Address = bridge.Address, DataDirectory = Data };
        try
        {
            await cloud.ImplementAsync(net, "1010241", "203.0.113.17");
            var acknowledged = new HashSet<string>(StringComparer.Ordinal);
            for (var round = 0; round < 6; round++)
            {
                // Some of these are done, one is under way, some find nobody; which is which does not matter.
                var commands = Enumerable.Range(0, 8).Select(async i =>
                {
                    try
                    {
                        await cloud.NetworkAsync(net, "add-port-forward", Forward("203.0.113.18", $"{2000 + (10 * round) + i}", "10.1.1.74", "22"));
                        return $"east-z1-network-241 forward 203.0.113.18 tcp {2000 + (10 * round) + i}";
                    }
                    catch (ExtensionException)
                    {
                        return null;
                    }
                }).ToArray();
                await Task.WhenAny(commands);
                await bridge.KillAsync();
                acknowledged.UnionWith((await Task.WhenAll(commands)).OfType<string>());
                bridge = await BridgeProcess.StartAsync(_host, Data, bridge.Address.Port);
                Assert.Superset(acknowledged, (await _host.IntentAsync("nat-rules")).Select(r => r["name"]!.GetValue<string>()).ToHashSet(StringComparer.Ordinal));
            }

            Assert.NotEmpty(acknowledged);

            // CloudStack restarts the network and says everything once more.
            await cloud.NetworkAsync(net, "implement-network", new JsonObject { ["extension_ip"] = net.Gateway });
            for (var i = 0; i < 48; i++)
            {
                await cloud.NetworkAsync(net, "add-port-forward", Forward("203.0.113.18", $"{2000 + (10 * (i / 8)) + (i % 8)}", "10.1.1.74", "22"));
            }

            Assert.Equal(49, (await _host.IntentAsync("nat-rules")).Count);
            await cloud.ShutDownAsync(net, [], [], [], [], "203.0.113.17");
            await cloud.DeleteAsync(net, [], [], []);
            Assert.Empty(await _host.IntentAsync("nat-rules"));
            Assert.Empty(await _host.IntentAsync("vnets"));
        }
        finally
        {
            await bridge.DisposeAsync();
        }
    }

    [Fact]
    public async Task Tokens_are_made_listed_and_removed_on_the_command_line()
    {
        var first = await TokenAsync();
        Assert.NotEqual(first, await TokenAsync());
        Assert.Equal((0, "", ""), Without(await BridgeProcess.RunAsync("extension-token", "set", "east", "--guests", "--data-dir", Data)));
        Assert.Equal((0, "east\textension\neast\tguests\n", ""), await BridgeProcess.RunAsync("extension-token", "list", "--data-dir", Data));
        Assert.Equal((0, "", ""), await BridgeProcess.RunAsync("extension-token", "remove", "east", "--data-dir", Data));
        Assert.Equal((0, "east\tguests\n", ""), await BridgeProcess.RunAsync("extension-token", "list", "--data-dir", Data));
        Assert.Equal((0, "", "fabric-cloudstack-bridge: there was no such token\n"), await BridgeProcess.RunAsync("extension-token", "remove", "east", "--data-dir", Data));
        Assert.Equal((2, "", "fabric-cloudstack-bridge: a name has 1 to 32 lower-case letters, digits and dashes\n"), await BridgeProcess.RunAsync("extension-token", "set", "East 1", "--data-dir", Data));

        static (int, string, string) Without((int Code, string Output, string Error) result) => (result.Code, result.Output.StartsWith("fcb_", StringComparison.Ordinal) ? "" : result.Output, result.Error);
    }

    private static JsonObject Secret(Net net)
    {
        var payload = net.Block();
        (payload["mac"], payload["ip"], payload["password"]) = (Mac(7), "10.1.1.74", ExtensionCloud.Password);
        return payload;
    }

    private async Task<string> TokenAsync()
    {
        var (code, output, error) = await BridgeProcess.RunAsync("extension-token", "set", ExtensionCloud.Cloud, "--data-dir", Data);
        Assert.Equal((0, ""), (code, error));
        return output.Trim();
    }
}
