using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Store;
using Fabric.CloudStackBridge.Tests.Support;
using Fabric.Compiler;
using Fabric.Intent.Resources;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using static Fabric.CloudStackBridge.Tests.Support.ExtensionCloud;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>Whole lives of networks and VPCs through the extension, command by command as CloudStack makes them.</summary>
public sealed class ExtensionLifecycleTests : IAsyncLifetime
{
    private static readonly string[] Kinds = ["vpcs", "vnets", "ipam-allocations", "ipam-subnets", "public-addresses", "nat-rules", "load-balancers", "acl-lists"];
    private static readonly JsonObject Ssh = Forward("203.0.113.18", "22", "10.1.1.74", "22");
    private static readonly JsonObject Web = Forward("203.0.113.18", "8080-8090", "10.1.1.75", "9080-9090");
    private static readonly JsonObject TierSsh = Forward("203.0.113.32", "22", "10.12.1.10", "22");
    private static readonly JsonObject Static = Public("203.0.113.19", false, ("private_ip", "10.1.1.74"));
    private static readonly JsonObject TierStatic = Public("203.0.113.33", false, ("private_ip", "10.12.1.11"));
    private static readonly JsonObject Shop = Balancer(55, "203.0.113.20", 80, false, "leastconn", ("10.1.1.74", 8080, false), ("10.1.1.75", 8080, false));
    private static readonly JsonObject ShopGone = Balancer(55, "203.0.113.20", 80, true, "leastconn", ("10.1.1.74", 8080, true), ("10.1.1.75", 8080, true));
    private static readonly JsonObject TierShop = Balancer(56, "203.0.113.34", 443, false, "source", ("10.12.1.10", 8443, false));
    private static readonly JsonObject TierShopGone = Balancer(56, "203.0.113.34", 443, true, "source", ("10.12.1.10", 8443, true));

    private static readonly JsonArray Rules =
    [
        Rule("""{"id": 77, "type": "ingress", "protocol": "tcp", "portStart": 8080, "portEnd": 8090, "publicIp": "203.0.113.18", "sourceCidrs": ["198.51.100.0/24", "192.0.2.7/32"], "destCidrs": []}"""),
        Rule("""{"id": 78, "type": "ingress", "protocol": "icmp", "icmpType": -1, "icmpCode": -1, "publicIp": "203.0.113.19", "sourceCidrs": ["0.0.0.0/0"], "destCidrs": []}"""),
        Rule("""{"id": 79, "type": "egress", "protocol": "tcp", "portStart": 443, "portEnd": 443, "sourceCidrs": ["10.1.1.0/24"], "destCidrs": ["0.0.0.0/0"]}"""),
    ];

    private static readonly JsonArray Acl =
    [
        Rule("""{"number": 10, "action": "allow", "trafficType": "ingress", "protocol": "tcp", "portStart": 443, "portEnd": 443, "sourceCidrs": ["0.0.0.0/0"]}"""),
        Rule("""{"number": 15, "action": "deny", "trafficType": "ingress", "protocol": "all", "sourceCidrs": ["198.51.100.66/32"]}"""),
        Rule("""{"number": 20, "action": "allow", "trafficType": "ingress", "protocol": "icmp", "icmpType": 8, "icmpCode": 0, "sourceCidrs": ["10.12.0.0/16", "2001:db8::/32"]}"""),
        Rule("""{"number": 30, "action": "deny", "trafficType": "egress", "protocol": "tcp", "portStart": 25, "portEnd": 25, "sourceCidrs": ["0.0.0.0/0"]}"""),
        Rule("""{"number": 40, "action": "allow", "trafficType": "egress", "protocol": "all", "sourceCidrs": ["0.0.0.0/0"]}"""),
    ];

    private readonly BridgeHost _host = new();
    private string _token = null!;

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        _token = NewToken(_host);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_life_leaves_nothing_behind_and_twice_is_as_good_as_once()
    {
        var empty = await StateAsync();
        using var birth = Cloud();
        await LiveAsync(birth);
        var once = await StateAsync();
        Assert.Equal(Expected, once.Where(s => !empty.Contains(s)).Select(s => string.Join(' ', s.Split('|').Take(2))));
        using var again = Cloud();
        await LiveAsync(again);
        Assert.Equal(once, await StateAsync());

        using var death = Cloud();
        await DieAsync(death);
        await DieAsync(death);
        Assert.Equal([.. empty, .. (await StateAsync()).Where(s => s.StartsWith("ipam-allocations|public 203.0.113.0/24|", StringComparison.Ordinal))], await StateAsync());
        Assert.Equal([], Rows());
    }

    [Fact]
    public async Task Interrupted_at_every_call_and_begun_anew_the_end_is_the_same()
    {
        using var birth = Cloud(null, true);
        await LiveAsync(birth);
        var (once, onceRows) = (await StateAsync(), Rows());
        using var death = Cloud(null, true);
        await DieAsync(death);
        var gone = await StateAsync();
        for (var call = 0; call < Math.Max(birth.Calls, death.Calls); call++)
        {
            using (var interrupted = Cloud(Math.Min(call, birth.Calls - 1), true))
            {
                await Assert.ThrowsAsync<CloudStack.DeathException>(() => LiveAsync(interrupted));
            }

            using (var anew = Cloud(null, true))
            {
                await LiveAsync(anew);
            }

            Assert.Equal(once, await StateAsync());
            Assert.Equal(onceRows, Rows());
            using (var interrupted = Cloud(Math.Min(call, death.Calls - 1), true))
            {
                await Assert.ThrowsAsync<CloudStack.DeathException>(() => DieAsync(interrupted));
            }

            using (var anew = Cloud(null, true))
            {
                await DieAsync(anew);
            }

            Assert.Equal(gone, await StateAsync());
            Assert.Equal([], Rows());
        }
    }

    [Fact]
    public async Task Started_as_CloudStack_starts_it_the_extension_prints_nothing_but_what_is_asked_for_and_nothing_secret()
    {
        using var cloud = new ExtensionCloud(_host, _token) { Starts = true };
        await LiveAsync(cloud);
        var once = await StateAsync();
        Assert.All(cloud.Printed, p => Assert.Matches("""^\{"fabric":"east-z1-(vpc-12|network-241)"\}$""", p));
        Assert.Equal(Expected.Length, once.Count(s => Expected.Contains(string.Join(' ', s.Split('|').Take(2)))));
        AssertNoSecret(string.Join('\n', cloud.Printed.Concat(once)));
        AssertNoSecret((await _host.Controller.Admin.GetAsync("/api/v1/audit?limit=1000")).Text);
    }

    [Fact]
    public async Task What_is_as_wanted_is_not_written_again()
    {
        using var cloud = Cloud();
        await LiveAsync(cloud);
        var before = await RevisionAsync();
        var (net, vpc, tier) = Networks();
        (net.Vlan, net.State, tier.Vlan, tier.State) = ("1010777", "implemented", "1010260", "implemented");
        await cloud.RestartAsync(net, "203.0.113.17", Rules, (1, "10.1.1.74", "shop-01"), (2, "10.1.1.75", "shop-02"));
        await cloud.NetworkAsync(net, "add-port-forward", Ssh);
        await cloud.BalanceAsync(net, Shop);
        await cloud.VpcAsync(vpc, "implement-vpc", Public("203.0.113.31", true));
        await cloud.NetworkAsync(tier, "implement-network", new JsonObject { ["extension_ip"] = tier.Gateway });
        await cloud.RulesAsync(tier, Acl);
        await cloud.NetworkAsync(tier, "add-static-nat", TierStatic);
        Assert.Equal(before, await RevisionAsync());
    }

    [Fact]
    public async Task A_command_whose_outcome_the_bridge_could_not_keep_has_failed_and_the_next_one_puts_the_intent_right()
    {
        using var cloud = Cloud();
        var (net, _, _) = Networks();
        await cloud.ImplementAsync(net, "1010241", "203.0.113.17");
        var before = await StateAsync();

        // Somebody else holds the store: the controller has accepted the rule, and then the bridge dies with it.
        await using (var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _host.Bridge.Services.GetRequiredService<BridgeOptions>().StorePath, Pooling = false }.ToString()))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var hold = await other.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<NetworkExtension.ExtensionException>(() => cloud.CommandAsync("add-port-forward", Whole(net, Ssh)));
        }

        Assert.Single(await _host.IntentAsync("nat-rules"), r => r["spec"]!["type"]!.GetValue<string>() == "dnat");
        await _host.RestartAsync();
        await cloud.NetworkAsync(net, "implement-network", new JsonObject { ["extension_ip"] = net.Gateway });
        Assert.Equal(before, await StateAsync());
    }

    [Fact]
    public async Task All_of_it_reaches_what_the_SoftGate_is_told()
    {
        using var cloud = Cloud();
        await LiveAsync(cloud);
        var snapshot = _host.Controller.Fabricd.Store.Intent.Current;
        var state = SoftGateCompiler.Compile(snapshot, snapshot.Find(ResourceKind.Device, "sg1")!)!;
        var vpcs = state.Vpcs.ToDictionary(v => v.Uid, v => v.Name);
        var lists = state.AccessLists.ToDictionary(l => l.Uid);
        Assert.Equal(
            ["east-z1-network-241 1010777 10.1.1.1/24 False 10.1.1.74 10.1.1.75", "east-z1-vpc-12 1010260 10.12.1.1/24 2001:db8:5::1/64 False 10.12.1.10"],
            state.VNets.Select(n => $"{vpcs[n.Vpc]} {n.Vni} {string.Join(' ', n.Gateways)} {n.Blocked} {string.Join(' ', n.KnownHosts.Select(h => h.Address))}").Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                "Destination 203.0.113.18 22 10.1.1.74 22", "Destination 203.0.113.18 8080-8090 10.1.1.75 9080", "Destination 203.0.113.32 22 10.12.1.10 22", "Source 203.0.113.17 10.1.1.0/24", "Source 203.0.113.31 10.12.0.0/16",
                "Static 203.0.113.19 10.1.1.74", "Static 203.0.113.33 10.12.1.11",
            ],
            state.Nat.Select(n => $"{n.Kind} {n.Public[0]} {n.Ports?.First}{(n.Ports is { } p && p.Last != p.First ? $"-{p.Last}" : "")} {n.Inside}{n.InsideAddress} {n.InsidePort}".Replace("  ", " ", StringComparison.Ordinal).Trim())
                .Order(StringComparer.Ordinal));
        Assert.Equal(
            ["203.0.113.20 LeastConnections 10.1.1.74:8080 10.1.1.75:8080", "203.0.113.34 SourceAffinity 10.12.1.10:8443"],
            state.Balancers.Select(b => $"{b.Address} {b.Balancing} {string.Join(' ', b.Backends.Select(m => $"{m.Address}:{m.Port}"))}").Order(StringComparer.Ordinal));
        Assert.Equal(
            ["203.0.113.17/32", "203.0.113.18/32 6 198.51.100.0/24,192.0.2.7/32 8080-8090", "203.0.113.19/32 1 0.0.0.0/0", "203.0.113.20/32"],
            state.PublicAddresses.Select(a => $"{a.Prefix} {string.Join(' ', lists[a.AccessList!.Value].Rules.Select(r => $"{r.Protocol} {string.Join(',', r.Sources)} {string.Join(',', r.Ports.Select(p => $"{p.First}-{p.Last}"))}"))}".Trim())
                .Order(StringComparer.Ordinal));
        Assert.All(state.PublicAddresses, a => Assert.False(lists[a.AccessList!.Value].PermitByDefault));
    }

    /// <summary>Everything that CloudStack can ask for, once.</summary>
    private static async Task LiveAsync(ExtensionCloud cloud)
    {
        var (net, vpc, tier) = Networks();

        // An isolated network with its first machine, an address with a forward and one with a static NAT, a balancer, a second machine.
        await cloud.ImplementAsync(net, "1010241", "203.0.113.17", (1, "10.1.1.74", "shop-01"));
        await cloud.StartVmAsync(net, 1, "10.1.1.74", "shop-01", ExtensionCloud.Password);
        await cloud.NetworkAsync(net, "assign-ip", Public("203.0.113.18"));
        await cloud.NetworkAsync(net, "add-port-forward", Ssh);
        await cloud.NetworkAsync(net, "add-static-nat", Static);
        await cloud.StartVmAsync(net, 2, "10.1.1.75", "shop-02");
        await cloud.NetworkAsync(net, "assign-ip", Public("203.0.113.20"));
        await cloud.BalanceAsync(net, Shop);
        await cloud.RulesAsync(net, Rules);

        // Everything stops, the segment goes; it comes back with another VNI and all that CloudStack has stored.
        await cloud.StopVmAsync(net, 1, "10.1.1.74");
        await cloud.StopVmAsync(net, 2, "10.1.1.75");
        await cloud.ShutDownAsync(net, [Ssh], [ShopGone], [Static], Rules, "203.0.113.17", "203.0.113.18", "203.0.113.19", "203.0.113.20");
        await cloud.NetworkAsync(net, "save-password", Nic(net, 1, "10.1.1.74", ("password", ExtensionCloud.Password + "-2")));
        await cloud.ImplementAsync(net, "1010777", "203.0.113.17", (1, "10.1.1.74", "shop-01"), (2, "10.1.1.75", "shop-02"));
        foreach (var address in new[] { "203.0.113.18", "203.0.113.19", "203.0.113.20" })
        {
            await cloud.NetworkAsync(net, "assign-ip", Public(address));
        }

        await cloud.NetworkAsync(net, "add-static-nat", Static);
        await cloud.RulesAsync(net, Rules);
        await cloud.NetworkAsync(net, "add-port-forward", Ssh);
        await cloud.NetworkAsync(net, "add-port-forward", Web);
        await cloud.BalanceAsync(net, Shop);
        await cloud.StartVmAsync(net, 1, "10.1.1.74", "shop-01");
        await cloud.StartVmAsync(net, 2, "10.1.1.75", "shop-02");
        await cloud.NetworkAsync(net, "save-sshkey", Nic(net, 2, "10.1.1.75", ("sshkey", Key)));

        // A third machine comes and is expunged.
        await cloud.StartVmAsync(net, 3, "10.1.1.76", "shop-03", "other-" + ExtensionCloud.Password);
        await cloud.StopVmAsync(net, 3, "10.1.1.76");
        await cloud.ExpungeVmAsync(net, 3, "10.1.1.76");

        // A VPC whose source NAT address is only told with its first tier, and changes.
        await cloud.VpcAsync(vpc, "implement-vpc");
        await cloud.ImplementAsync(tier, "1010260", "203.0.113.30", (9, "10.12.1.10", "tier-01"));
        await cloud.RulesAsync(tier, Acl);
        await cloud.StartVmAsync(tier, 9, "10.12.1.10", "tier-01");
        await cloud.NetworkAsync(tier, "assign-ip", Public("203.0.113.32"));
        await cloud.NetworkAsync(tier, "add-port-forward", TierSsh);
        await cloud.NetworkAsync(tier, "add-static-nat", TierStatic);
        await cloud.NetworkAsync(tier, "assign-ip", Public("203.0.113.34"));
        await cloud.BalanceAsync(tier, TierShop);
        await cloud.VpcAsync(vpc, "update-vpc-source-nat-ip", Public("203.0.113.31", true));

        // The VPC is restarted with cleanup, without rolling: its tier comes back only by its own restart.
        await cloud.NetworkAsync(tier, "destroy-network");
        await cloud.VpcAsync(vpc, "shutdown-vpc");
        await cloud.VpcAsync(vpc, "implement-vpc", Public("203.0.113.31", true));
    }

    /// <summary>And its end.</summary>
    private static async Task DieAsync(ExtensionCloud cloud)
    {
        var (net, vpc, tier) = Networks();
        foreach (var (nic, ip) in new[] { (1, "10.1.1.74"), (2, "10.1.1.75") })
        {
            (net.Vlan, net.State) = ("1010777", "implemented");
            await cloud.StopVmAsync(net, nic, ip);
            await cloud.ExpungeVmAsync(net, nic, ip);
        }

        await cloud.ShutDownAsync(net, [Ssh, Web], [ShopGone], [Static], Rules, "203.0.113.17", "203.0.113.18", "203.0.113.19", "203.0.113.20");
        await cloud.DeleteAsync(net, [Ssh, Web], [ShopGone], [Static], "203.0.113.17", "203.0.113.18", "203.0.113.19", "203.0.113.20");
        (tier.Vlan, tier.State) = ("1010260", "implemented");
        await cloud.StopVmAsync(tier, 9, "10.12.1.10");
        await cloud.ExpungeVmAsync(tier, 9, "10.12.1.10");
        await cloud.ShutDownAsync(tier, [TierSsh], [TierShopGone], [TierStatic], [], "203.0.113.32", "203.0.113.33", "203.0.113.34");
        await cloud.DeleteAsync(tier, [TierSsh], [TierShopGone], [TierStatic], "203.0.113.32", "203.0.113.33", "203.0.113.34");
        vpc.State = "inactive";
        await cloud.VpcAsync(vpc, "shutdown-vpc");
    }

    private static (Net Isolated, Vpc Vpc, Net Tier) Networks()
    {
        var vpc = new Vpc(12, "10.12.0.0/16");
        return (new Net(241, "10.1.1.1", "10.1.1.0/24"), vpc, new Net(260, "10.12.1.1", "10.12.1.0/24", vpc) { Gateway6 = "2001:db8:5::1", Cidr6 = "2001:db8:5::/64" });
    }

    private static JsonObject Whole(Net net, JsonObject fields)
    {
        var whole = net.Block();
        foreach (var (name, value) in fields)
        {
            whole[name] = value?.DeepClone();
        }

        return whole;
    }

    private static JsonNode Rule(string json) => JsonNode.Parse(json)!;

    private ExtensionCloud Cloud(int? dies = null, bool brief = false) => new(_host, _token) { Dies = dies, Short = brief };

    /// <summary>All of the intent by kind and name, without what only counts.</summary>
    private async Task<List<string>> StateAsync()
    {
        var state = new List<string>();
        foreach (var kind in Kinds)
        {
            state.AddRange((await _host.IntentAsync(kind)).Select(r => $"{kind}|{r["name"]}|{r["labels"]?.ToJsonString()}|{r["spec"]!.ToJsonString()}").Order(StringComparer.Ordinal));
        }

        return state;
    }

    private async Task<long> RevisionAsync() => (await _host.Controller.Admin.GetAsync("/api/v1/vpcs?limit=1")).Expect(200)["revision"].GetValue<long>();

    /// <summary>What the bridge keeps of the extension.</summary>
    private List<string> Rows() => _host.Bridge.Services.GetRequiredService<BridgeDatabase>().Read(c =>
    {
        using var command = c.CreateCommand();
        command.CommandText = "select scope || ' ' || state from extension_domain union all select network || ' ' || mac || ' ' || ip || ' ' || files from extension_guest order by 1";
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    });

    private void AssertNoSecret(string text)
    {
        foreach (var secret in new[] { ExtensionCloud.Password, "0n1y-for-the-guest", "AAAAC3NzaC1lZDI1NTE5AAAAIExample", _token })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    private static readonly string[] Expected =
    [
        "vpcs east-z1-network-241", "vpcs east-z1-vpc-12",
        "vnets east-z1-network-241", "vnets east-z1-network-260",
        "ipam-allocations east-z1-network-241 10.1.1.0/24", "ipam-allocations east-z1-vpc-12 10.12.0.0/16", "ipam-allocations east-z1-vpc-12 2001:db8:5::/64", "ipam-allocations public 203.0.113.0/24",
        "ipam-subnets east-z1-network-241 10.1.1.0/24", "ipam-subnets east-z1-vpc-12 10.12.1.0/24", "ipam-subnets east-z1-vpc-12 2001:db8:5::/64",
        "public-addresses east-z1-network-241 203.0.113.17", "public-addresses east-z1-network-241 203.0.113.18", "public-addresses east-z1-network-241 203.0.113.19",
        "public-addresses east-z1-network-241 203.0.113.20",
        "nat-rules east-z1-network-241 forward 203.0.113.18 tcp 22", "nat-rules east-z1-network-241 forward 203.0.113.18 tcp 8080-8090", "nat-rules east-z1-network-241 source NAT",
        "nat-rules east-z1-network-241 static NAT 203.0.113.19", "nat-rules east-z1-network-260 forward 203.0.113.32 tcp 22", "nat-rules east-z1-network-260 static NAT 203.0.113.33",
        "nat-rules east-z1-vpc-12 source NAT",
        "load-balancers east-z1-network-241 balancer 55", "load-balancers east-z1-network-260 balancer 56",
        "acl-lists east-z1-network-241 egress", "acl-lists east-z1-network-241 from outside 203.0.113.17", "acl-lists east-z1-network-241 from outside 203.0.113.18",
        "acl-lists east-z1-network-241 from outside 203.0.113.19", "acl-lists east-z1-network-241 from outside 203.0.113.20", "acl-lists east-z1-network-241 ingress",
        "acl-lists east-z1-network-260 egress", "acl-lists east-z1-network-260 ingress",
    ];
}
