using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Tests.Support;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>Whole life cycles, call by call as CloudStack makes them: twice in a row and interrupted at every call the end is the same.</summary>
public sealed class LifecycleTests : IAsyncLifetime
{
    private static readonly string[] Kinds = ["vpcs", "vnets", "ipam-allocations", "ipam-subnets", "nat-rules", "load-balancers", "static-routes", "acl-lists"];
    private readonly BridgeHost _host = new();

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_life_leaves_nothing_behind_and_twice_is_as_good_as_once()
    {
        var empty = await StateAsync();
        await LiveAsync(new CloudStack(_host));
        await _host.SettledAsync();
        var once = await StateAsync();
        await LiveAsync(new CloudStack(_host));
        await _host.SettledAsync();
        Assert.Equal(once, await StateAsync());
        Assert.Equal(Expected, Summary(once));

        await DieAsync(new CloudStack(_host));
        await _host.SettledAsync();
        var after = await StateAsync();

        // CloudStack never removes public ranges.
        Assert.Equal(Summary(empty).Concat(["ipam-allocations Z1-198.51.100.0/25", "ipam-subnets Z1-198.51.100.0/25"]).Order(StringComparer.Ordinal), Summary(after));
        Assert.Empty(await _host.RowsAsync("/api/acl"));
    }

    [Fact]
    public async Task Interrupted_at_every_call_and_begun_anew_the_end_is_the_same()
    {
        await LiveAsync(new CloudStack(_host));
        await DieAsync(new CloudStack(_host));
        var birth = new CloudStack(_host);
        await LiveAsync(birth);
        await _host.SettledAsync();
        var once = Summary(await StateAsync());
        var death = new CloudStack(_host);
        await DieAsync(death);
        await _host.SettledAsync();
        var gone = Summary(await StateAsync());
        var (living, dying) = (birth.Calls, death.Calls);

        // Every call of building up, and every call of tearing down, in steps that share nothing.
        for (var call = 0; call < Math.Max(living, dying); call++)
        {
            await Assert.ThrowsAsync<CloudStack.DeathException>(() => LiveAsync(new CloudStack(_host) { Dies = Math.Min(call, living - 1) }));
            await LiveAsync(new CloudStack(_host));
            await _host.SettledAsync();
            Assert.Equal(once, Summary(await StateAsync()));
            await Assert.ThrowsAsync<CloudStack.DeathException>(() => DieAsync(new CloudStack(_host) { Dies = Math.Min(call, dying - 1) }));
            await DieAsync(new CloudStack(_host));
            await _host.SettledAsync();
            Assert.Equal(gone, Summary(await StateAsync()));
        }
    }

    [Fact]
    public async Task Two_VPCs_with_the_same_addresses_do_not_meet()
    {
        var cloud = new CloudStack(_host);
        await cloud.AddPublicRangeAsync();
        foreach (var (vpc, vni, address) in new[] { (25, 1_000_001, "198.51.100.2"), (26, 1_000_002, "198.51.100.3") })
        {
            await cloud.CreateVpcAsync(vpc, "same", "10.0.0.0/16");
            await cloud.SourceNatAsync(vpc, "same", "10.0.0.0/16", address);
            await cloud.CreateTierAsync(vpc, "same", vpc * 10, "tier", vni, "10.0.1.0/24", "10.0.1.1/24");
            await cloud.AclAsync(vpc, "same", vpc * 10, vpc, "permit", "tcp", "0.0.0.0/0", "10.0.1.0/24", 22, 22);

            // Internal balancers with the same address: CloudStack notes both in the system VPC.
            await cloud.BalanceAsync(vpc, "same", vpc, "inside", "10.0.1.5", 80, [("10.0.1.10", 8080)]);
        }

        await _host.SettledAsync();
        Assert.Equal(2, (await _host.IntentAsync("vnets")).Count);
        Assert.Equal(2, (await _host.IntentAsync("nat-rules")).Count);
        Assert.All(await _host.IntentAsync("load-balancers"), b => Assert.True(b["spec"]!["internal"]!.GetValue<bool>()));
        Assert.All(await _host.IntentAsync("vnets"), n => Assert.False(n["spec"]!["awaitRules"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task Names_change_and_what_they_name_stays()
    {
        var cloud = new CloudStack(_host);
        await cloud.CreateVpcAsync(25, "old", "10.0.0.0/16");
        await cloud.CreateTierAsync(25, "old", 210, "web", 1_000_001, "10.0.1.0/24", "10.0.1.1/24");
        var before = (await _host.IntentAsync("vnets"))[0];
        var longest = new string('x', 255) + "/ ü";
        await cloud.RenameVpcAsync(25, "old", longest);
        await cloud.RenameTierAsync(25, longest, 210, "web", longest);
        var after = (await _host.IntentAsync("vnets"))[0];
        Assert.Equal(before["uid"]!.GetValue<int>(), after["uid"]!.GetValue<int>());
        Assert.Equal(before["spec"]!.ToJsonString(), after["spec"]!.ToJsonString());
        Assert.Equal($"D1-A2-Z1-V25-N210-{longest}", (await _host.RowsAsync("/api/v2/vnet"))[0]["name"]!.GetValue<string>());

        // Its old name is free again.
        await cloud.CreateVpcAsync(25, "old", "10.0.0.0/16");
        Assert.Equal(3, (await _host.RowsAsync("/api/v2/vpc")).Count);
    }

    /// <summary>Everything that CloudStack can ask for, once.</summary>
    private static async Task LiveAsync(CloudStack cloud)
    {
        await cloud.AddPublicRangeAsync();
        await cloud.CreateVpcAsync(25, "vpc1", "10.0.0.0/16");
        await cloud.SourceNatAsync(25, "vpc1", "10.0.0.0/16", "198.51.100.2");
        await cloud.CreateTierAsync(25, "vpc1", 210, "web", 1_000_001, "10.0.1.0/24", "10.0.1.1/24", cidr6: "2001:db8:1::/64", gateway6: "2001:db8:1::1");
        await cloud.CreateTierAsync(25, "vpc1", 211, "db", 1_000_002, "10.0.2.0/24", "10.0.2.1/24", routed: true);
        await cloud.AclAsync(25, "vpc1", 210, 1, "permit", "tcp", "0.0.0.0/0", "10.0.1.0/24", 22, 22);
        await cloud.AclAsync(25, "vpc1", 210, 2, "deny", "icmp", "0.0.0.0/0", "10.0.1.0/24");
        await cloud.AclAsync(25, "vpc1", 210, 3, "permit", "all", "10.0.1.0/24", "0.0.0.0/0");
        await cloud.AclAsync(25, "vpc1", 211, 4, "permit", "tcp", "10.0.1.0/24", "10.0.2.0/24", 5432, 5432);
        await cloud.StaticNatAsync(25, "vpc1", 42, "198.51.100.6", "10.0.1.23");
        await cloud.ForwardAsync(25, "vpc1", 77, "198.51.100.5", "2222", "10.0.1.23", 22);
        await cloud.ForwardAsync(25, "vpc1", 78, "198.51.100.5", "8000-8010", "10.0.1.24", 9000);
        await cloud.BalanceAsync(25, "vpc1", 31, "web", "198.51.100.7", 80, [("10.0.1.23", 8080), ("10.0.1.24", 8080)], "192.0.2.0/24", "203.0.113.7/32");
        await cloud.BalanceAsync(25, "vpc1", 32, "none", "198.51.100.8", 443, []);
        await cloud.RoutesAsync(25, "vpc1", ("172.20.0.0/16", "10.0.1.50"));
        await cloud.SourceNatAsync(25, "vpc1", "10.0.0.0/16", "198.51.100.9");
    }

    /// <summary>And its end.</summary>
    private static async Task DieAsync(CloudStack cloud)
    {
        if (await cloud.HasVpcAsync(25, "vpc1"))
        {
            await cloud.RoutesAsync(25, "vpc1");
            await cloud.DeleteBalancerAsync(25, "vpc1", 31, "web", 2);
            await cloud.DeleteBalancerAsync(25, "vpc1", 32, "none", 0);
            await cloud.DeleteForwardAsync(25, "vpc1", 77);
            await cloud.DeleteForwardAsync(25, "vpc1", 78);
            await cloud.DeleteStaticNatAsync(25, "vpc1", 42);
            await cloud.DeleteAclsAsync(25, "vpc1", 210, 1, 2, 3);
            await cloud.DeleteTierAsync(25, "vpc1", 210, "web", "10.0.1.0/24", "2001:db8:1::/64");
            await cloud.DeleteTierAsync(25, "vpc1", 211, "db", "10.0.2.0/24");
            await cloud.DeleteVpcAsync(25, "vpc1", "10.0.0.0/16");
        }

        foreach (var address in new[] { 2, 5, 6, 7, 8, 9 })
        {
            await cloud.ReleaseAsync($"198.51.100.{address}");
        }
    }

    /// <summary>All of the intent, without what counts changes.</summary>
    private async Task<List<(string Kind, JsonNode Resource)>> AllAsync()
    {
        var all = new List<(string, JsonNode)>();
        foreach (var kind in Kinds)
        {
            all.AddRange((await _host.IntentAsync(kind)).Select(r => (kind, r)));
        }

        return all;
    }

    private async Task<List<string>> StateAsync() =>
        [.. (await AllAsync()).Select(r => $"{r.Kind}|{r.Resource["uid"]}|{r.Resource["name"]}|{r.Resource["labels"]?.ToJsonString()}|{r.Resource["spec"]!.ToJsonString()}")];

    /// <summary>Kinds and names, in which a new life differs from an earlier one only by numbers.</summary>
    private static List<string> Summary(IEnumerable<string> state) =>
        [.. state.Select(s => s.Split('|')).Select(p => p[0] == "acl-lists" ? $"acl-lists {p[4].Split("\"rules\":")[1].Split(',').Count(r => r.Contains("number"))}" : $"{p[0]} {p[2]}").Order(StringComparer.Ordinal)];

    private static readonly List<string> Expected =
    [
        "acl-lists 0", "acl-lists 1", "acl-lists 1", "acl-lists 2",
        "ipam-allocations D1-A2-Z1-V210-2001:db8:1::/64", "ipam-allocations D1-A2-Z1-V25-10.0.0.0/16", "ipam-allocations Z1-198.51.100.0/25",
        "ipam-subnets D1-A2-Z1-V25-10.0.1.0/24", "ipam-subnets D1-A2-Z1-V25-10.0.2.0/24", "ipam-subnets D1-A2-Z1-V25-198.51.100.2/32", "ipam-subnets D1-A2-Z1-V25-198.51.100.5/32",
        "ipam-subnets D1-A2-Z1-V25-198.51.100.6/32", "ipam-subnets D1-A2-Z1-V25-198.51.100.7/32", "ipam-subnets D1-A2-Z1-V25-198.51.100.8/32", "ipam-subnets D1-A2-Z1-V25-198.51.100.9/32",
        "ipam-subnets D1-A2-Z1-V25-2001:db8:1::/64", "ipam-subnets Z1-198.51.100.0/25",
        "load-balancers D1-A2-Z1-V25-LB31", "load-balancers D1-A2-Z1-V25-LB32",
        "nat-rules D1-A2-Z1-V25-DNAT-R77", "nat-rules D1-A2-Z1-V25-DNAT-R78", "nat-rules D1-A2-Z1-V25-SNAT", "nat-rules D1-A2-Z1-V25-VM42-STATICNAT",
        "static-routes D1-A2-Z1-V25-vpc1 172.20.0.0/16",
        "vnets D1-A2-Z1-V25-N210-web", "vnets D1-A2-Z1-V25-N211-db", "vpcs D1-A2-Z1-V25-vpc1", "vpcs vpc-1:Default",
    ];
}
