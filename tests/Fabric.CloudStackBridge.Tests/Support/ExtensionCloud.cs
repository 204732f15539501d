using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Extension;
using Fabric.CloudStackBridge.Store;
using Fabric.NetworkExtension;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.CloudStackBridge.Tests.Support;

/// <summary>
/// CloudStack's side of the extension: each operation as the commands that CloudStack makes of it, in its order, through the extension itself. What
/// <c>ensure-network-device</c> prints comes back in every later envelope.
/// </summary>
public sealed class ExtensionCloud(BridgeHost host, string token) : IDisposable
{
    public const string Cloud = "east";
    public const string Password = "Xk3vTq9r-secret";
    public const string UserData = "#cloud-config\npassword: 0n1y-for-the-guest\n";
    public const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExample ops";
    private readonly Dictionary<string, JsonNode> _device = new(StringComparer.Ordinal);
    private readonly string _directory = Directory.CreateTempSubdirectory("extension-").FullName;

    /// <summary>The call at which CloudStack dies; null: it does not.</summary>
    public int? Dies { get; init; }

    /// <summary>Whether it leaves out the command before each command: it changes nothing, and a sweep over all calls has to end.</summary>
    public bool Short { get; init; }

    /// <summary>Whether the executable is started for each command, as CloudStack does, or its code is called.</summary>
    public bool Starts { get; init; }

    /// <summary>Where the bridge is; null: the one of the host.</summary>
    public Uri? Address { get; init; }

    /// <summary>The bridge's data directory; null: that of the host.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Calls made.</summary>
    public int Calls { get; private set; }

    /// <summary>All that was printed.</summary>
    public List<string> Printed { get; } = [];

    /// <summary>Makes a token for this installation.</summary>
    public static string NewToken(BridgeHost host, string name = Cloud, string use = ExtensionToken.Extension)
    {
        var token = ExtensionToken.Create();
        host.Bridge.Services.GetRequiredService<ExtensionStore>().SetToken(name, use, ExtensionToken.Hash(token));
        return token;
    }

    /// <summary>A command about a network, with the one that CloudStack makes before each.</summary>
    public async Task<string?> NetworkAsync(Net net, string command, JsonObject? fields = null)
    {
        await EnsureAsync(net.Vpc is { } vpc ? vpc.Block() : net.Block());
        return await CommandAsync(command, Merge(net.Block(), fields));
    }

    /// <summary>A command about a VPC as a whole.</summary>
    public async Task VpcAsync(Vpc vpc, string command, JsonObject? fields = null)
    {
        if (command == "implement-vpc")
        {
            await EnsureAsync(vpc.Block());
        }

        await CommandAsync(command, Merge(vpc.Block(), fields));
    }

    /// <summary>A command, whatever it is.</summary>
    /// <returns>What is printed; null: nothing.</returns>
    /// <exception cref="ExtensionException">It fails.</exception>
    public async Task<string?> CommandAsync(string command, JsonObject payload)
    {
        if (Calls == Dies)
        {
            throw new CloudStack.DeathException();
        }

        Calls++;
        var envelope = Envelope(payload).ToJsonString();
        var output = Starts ? await StartAsync(command, envelope) : await CallAsync(command, envelope);
        if (output is not null)
        {
            Printed.Add(output);
        }

        return output;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task<string?> CallAsync(string command, string envelope)
    {
        var invocation = Invocation.Of(command, envelope, TimeSpan.FromSeconds(40));
        using var end = new CancellationTokenSource(invocation.Limit);
        var output = await NetworkExtension.Bridge.RunAsync(invocation, end.Token);
        return invocation.HasOutput ? output : null;
    }

    private async Task<string?> StartAsync(string command, string envelope)
    {
        var file = Path.Combine(_directory, $"cs-extnet-{command}-{Calls}.payload");
        await File.WriteAllTextAsync(file, envelope);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "fabric-network-extension.dll"), command, file, "60"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(file);
        Assert.Equal("", await error);
        return process.ExitCode == 0 ? output.Length == 0 ? null : output.TrimEnd('\n') : throw new ExtensionException(output);
    }

    /// <summary>CloudStack keeps what is printed, and a failure is only a warning to it.</summary>
    private async Task EnsureAsync(JsonObject block)
    {
        if (Short)
        {
            return;
        }

        var key = DeviceKey(block);
        var payload = Merge(block, new JsonObject { ["current_details"] = _device.GetValueOrDefault(key)?.ToJsonString() ?? "{}" });
        if (await CommandAsync("ensure-network-device", payload) is { } output)
        {
            Assert.DoesNotContain('\n', output);
            Assert.InRange(output.Length, 2, 1000);
            _device[key] = JsonNode.Parse(output)!;
        }
    }

    private JsonObject Envelope(JsonObject payload) => new()
    {
        ["physical-network-extension-details"] = new JsonObject
        {
            ["url"] = (Address ?? host.Bridge.Address).ToString(),
            ["token"] = token,
            ["ca"] = Path.Combine(DataDirectory ?? host.DataDirectory, "ca.crt"),
            ["physicalnetworkname"] = "guest-evpn",
        },
        ["network-extension-details"] = _device.GetValueOrDefault(DeviceKey(payload))?.DeepClone() ?? new JsonObject(),
        ["payload"] = payload.DeepClone(),
    };

    private static string DeviceKey(JsonObject block) => block["vpc_id"] is { } vpc ? $"v{vpc}" : $"n{block["network_id"]}";

    private static JsonObject Merge(JsonObject block, JsonObject? fields)
    {
        var merged = block.DeepClone().AsObject();
        foreach (var (name, value) in fields ?? [])
        {
            merged[name] = value?.DeepClone();
        }

        return merged;
    }

    /// <summary>A VPC in CloudStack's database.</summary>
    public sealed class Vpc(int id, string cidr)
    {
        public string State { get; set; } = "enabled";

        public int Id => id;

        public JsonObject Block() => new() { ["vpc_id"] = $"{id}", ["zone_id"] = "1", ["vpc_state"] = State, ["vpc_cidr"] = cidr };
    }

    /// <summary>A network in CloudStack's database.</summary>
    public sealed class Net(int id, string gateway, string cidr, Vpc? vpc = null)
    {
        public string Vlan { get; set; } = "";

        public string State { get; set; } = "allocated";

        public Vpc? Vpc => vpc;

        public string Gateway => gateway;

        public string? Gateway6 { get; init; }

        public string? Cidr6 { get; init; }

        public JsonObject Block()
        {
            var block = new JsonObject
            {
                ["network_id"] = $"{id}",
                ["vlan"] = Vlan,
                ["zone_id"] = "1",
                ["guest_type"] = "isolated",
                ["network_state"] = State,
                ["gateway"] = gateway,
                ["cidr"] = cidr,
            };
            if (vpc is not null)
            {
                block["vpc_id"] = $"{vpc.Id}";
            }

            if (Gateway6 is not null)
            {
                block["network_ip6_gateway"] = Gateway6;
                block["network_ip6_cidr"] = Cidr6;
            }

            return block;
        }
    }

    /// <summary>The block of a public address.</summary>
    public static JsonObject Public(string ip, bool sourceNat = false, params (string Name, JsonNode? Value)[] more)
    {
        var block = new JsonObject
        {
            ["public_ip"] = ip,
            ["public_vlan"] = "vlan://210",
            ["public_gateway"] = "203.0.113.1",
            ["public_cidr"] = "203.0.113.0/24",
            ["source_nat"] = sourceNat ? "true" : "false",
        };
        foreach (var (name, value) in more)
        {
            block[name] = value;
        }

        return block;
    }

    /// <summary>The block of an interface.</summary>
    public static JsonObject Nic(Net net, int nic, string ip, params (string Name, JsonNode? Value)[] more)
    {
        var block = new JsonObject
        {
            ["nic_id"] = $"{nic}",
            ["nic_uuid"] = $"6f0d2a5e-1c55-4e0a-9b7f-{nic.ToString("x12", CultureInfo.InvariantCulture)}",
            ["mac"] = Mac(nic),
            ["ip"] = ip,
            ["netmask"] = "255.255.255.0",
            ["default_nic"] = "true",
            ["device_id"] = "0",
            ["extension_ip"] = net.Gateway,
        };
        foreach (var (name, value) in more)
        {
            block[name] = value;
        }

        return block;
    }

    public static string Mac(int nic) => $"02:01:00:c8:{nic / 256:x2}:{nic % 256:x2}";

    private static JsonObject Service(Net net) => new() { ["dns"] = "9.9.9.9,1.1.1.1", ["domain"] = "cs2cloud.internal", ["extension_ip"] = net.Gateway };

    private static JsonArray VmData(string host, string ip, string? password) =>
    [
        new JsonObject { ["dir"] = "userdata", ["file"] = "user_data", ["content"] = UserData },
        new JsonObject { ["dir"] = "metadata", ["file"] = "local-hostname", ["content"] = host },
        new JsonObject { ["dir"] = "metadata", ["file"] = "local-ipv4", ["content"] = ip },
        new JsonObject { ["dir"] = "metadata", ["file"] = "public-keys", ["content"] = Key },
        .. password is null ? [] : new JsonNode[] { new JsonObject { ["dir"] = "password", ["file"] = "vm_password", ["content"] = password } },
    ];

    /// <summary>The network gets a segment: what happens before its first machine starts.</summary>
    public async Task ImplementAsync(Net net, string vlan, string sourceNat, params (int Nic, string Ip, string Name)[] machines)
    {
        (net.Vlan, net.State) = (vlan, "implementing");
        await NetworkAsync(net, "implement-network", new JsonObject { ["extension_ip"] = net.Gateway });
        await NetworkAsync(net, "assign-ip", Public(sourceNat, true));
        await RulesAsync(net, []);
        await RestoreAsync(net, machines);
        net.State = "implemented";
    }

    /// <summary>A restart without cleanup: everything once more, in its order.</summary>
    public async Task RestartAsync(Net net, string sourceNat, JsonArray rules, params (int Nic, string Ip, string Name)[] machines)
    {
        await NetworkAsync(net, "implement-network", new JsonObject { ["extension_ip"] = net.Gateway });
        await NetworkAsync(net, "assign-ip", Public(sourceNat, true));
        await RulesAsync(net, rules);
        await RestoreAsync(net, machines);
    }

    public Task RulesAsync(Net net, JsonArray rules) => net.Vpc is null
        ? NetworkAsync(net, "apply-fw-rules", new JsonObject { ["fw_rules"] = new JsonObject { ["default_egress_allow"] = false, ["cidr"] = "10.1.1.0/24", ["rules"] = rules.DeepClone() } })
        : NetworkAsync(net, "apply-network-acl", new JsonObject { ["acl_rules"] = rules.DeepClone() });

    public Task RestoreAsync(Net net, params (int Nic, string Ip, string Name)[] machines) => NetworkAsync(net, "restore-network", new JsonObject(Service(net).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())))
    {
        ["restore_data"] = new JsonObject
        {
            ["dhcp_enabled"] = true,
            ["dns_enabled"] = true,
            ["userdata_enabled"] = true,
            ["vms"] = new JsonArray([.. machines.Select(m => new JsonObject
            {
                ["dns"] = "9.9.9.9,1.1.1.1", ["domain"] = "cs2cloud.internal", ["ip"] = m.Ip, ["ip6_address"] = "", ["mac"] = Mac(m.Nic), ["hostname"] = m.Name, ["device_id"] = "0",
                ["default_nic"] = true, ["vm_data"] = VmData(m.Name, m.Ip, null),
            })]),
        },
    });

    /// <summary>A machine starts: the commands for its interface.</summary>
    public async Task StartVmAsync(Net net, int nic, string ip, string name, string? password = null)
    {
        await NetworkAsync(net, "prepare-nic", Nic(net, nic, ip, ("hostname", name)));
        await NetworkAsync(net, "config-dhcp-subnet", Merge(Service(net), Nic(net, nic, ip)));
        await NetworkAsync(net, "add-dhcp-entry", Merge(Service(net), Nic(net, nic, ip, ("hostname", name))));
        await NetworkAsync(net, "config-dns-subnet", Merge(Service(net), Nic(net, nic, ip)));
        await NetworkAsync(net, "add-dns-entry", Merge(Service(net), Nic(net, nic, ip, ("hostname", name))));
        await NetworkAsync(net, "save-vm-data", Nic(net, nic, ip, ("vm_data", VmData(name, ip, password))));
    }

    public Task StopVmAsync(Net net, int nic, string ip) => NetworkAsync(net, "release-nic", Nic(net, nic, ip));

    /// <summary>A machine is expunged; its interface comes nearly bare.</summary>
    public Task ExpungeVmAsync(Net net, int nic, string ip) =>
        NetworkAsync(net, "remove-dhcp-entry", new JsonObject { ["nic_id"] = $"{nic}", ["mac"] = Mac(nic), ["ip"] = ip, ["default_nic"] = "false", ["extension_ip"] = net.Gateway });

    public static JsonObject Balancer(long id, string ip, int port, bool revoke, string algorithm, params (string Ip, int Port, bool Revoked)[] members) => new()
    {
        ["id"] = id,
        ["name"] = $"lb-{id}",
        ["publicIp"] = ip,
        ["publicPort"] = port,
        ["privatePort"] = 8080,
        ["protocol"] = "tcp",
        ["algorithm"] = algorithm,
        ["revoke"] = revoke,
        ["backends"] = new JsonArray([.. members.Select(m => new JsonObject { ["ip"] = m.Ip, ["port"] = m.Port, ["revoked"] = m.Revoked })]),
    };

    public Task BalanceAsync(Net net, params JsonObject[] rules) => NetworkAsync(net, "apply-lb-rules", new JsonObject { ["lb_rules"] = new JsonArray([.. rules.Select(r => r.DeepClone())]) });

    public static JsonObject Forward(string ip, string ports, string inside, string insidePorts, string protocol = "tcp") =>
        Public(ip, false, ("public_port", ports), ("private_ip", inside), ("private_port", insidePorts), ("protocol", protocol));

    /// <summary>All machines have stopped, or the network is deleted: the first wave and the segment's end.</summary>
    public async Task ShutDownAsync(Net net, JsonObject[] forwards, JsonObject[] balancers, JsonObject[] statics, JsonArray rules, params string[] addresses)
    {
        net.State = "shutdown";
        await RevokeAsync(net, forwards, balancers, statics, rules, addresses);
        await NetworkAsync(net, "shutdown-network");
        (net.Vlan, net.State) = ("", "allocated");
    }

    /// <summary>The network is deleted: after its shutdown the same revokes again, without a VLAN.</summary>
    public async Task DeleteAsync(Net net, JsonObject[] forwards, JsonObject[] balancers, JsonObject[] statics, params string[] addresses)
    {
        await RevokeAsync(net, forwards, balancers, statics, [], addresses);
        await NetworkAsync(net, "destroy-network");
    }

    private async Task RevokeAsync(Net net, JsonObject[] forwards, JsonObject[] balancers, JsonObject[] statics, JsonArray rules, string[] addresses)
    {
        foreach (var forward in forwards)
        {
            await NetworkAsync(net, "delete-port-forward", forward);
        }

        if (balancers.Length > 0)
        {
            await BalanceAsync(net, balancers);
        }

        await RulesAsync(net, rules);
        foreach (var rule in statics)
        {
            await NetworkAsync(net, "delete-static-nat", rule);
        }

        foreach (var address in addresses)
        {
            await NetworkAsync(net, "release-ip", Public(address));
        }
    }
}
