using System.Text.Json.Nodes;

namespace Fabric.CloudStackBridge.Tests.Support;

/// <summary>
/// Makes the calls that CloudStack's plugin makes, one after another, with its names, looking things up by name as it does. After a
/// number of calls it can fall silent, like a management server that dies.
/// </summary>
public sealed class CloudStack(BridgeHost host, int domain = 1, int account = 2, int zone = 1)
{
    private const string Public = "198.51.100.0/25";

    /// <summary>Calls made so far.</summary>
    public int Calls { get; private set; }

    /// <summary>After how many calls it dies; null: never.</summary>
    public int? Dies { get; set; }

    private string Prefix => $"D{domain}-A{account}-Z{zone}";

    private object Tenant => new { id = host.Tenant, name = "Admin" };

    private object[] Sites => [new { id = host.Site, name = "Datacenter-1" }];

    private object Site => new { id = host.Site, name = "Datacenter-1" };

    public sealed class DeathException : Exception;

    // Section 2 of the flows: public ranges.
    public async Task AddPublicRangeAsync()
    {
        var system = await SystemAsync();
        var blocks = await ListAsync($"/api/v2/ipam?filterBySites={host.Site}&filterByVpc={system["id"]}");
        var block = blocks.Find(b => b["prefix"]!.GetValue<string>() == Public);
        var allocation = block?["id"]!.GetValue<int>()
            ?? await IdAsync("/api/v2/ipam/allocation", new { name = $"Z{zone}-{Public}", prefix = Public, tenant = Tenant, vpc = Ref(system) });
        var subnets = await ListAsync($"/api/v2/ipam/subnets?filterByVpc={system["id"]}");
        if (!subnets.Exists(s => s["allocationID"]!.GetValue<int>() == allocation && s["prefix"]!.GetValue<string>() == Public && s["purpose"]!.GetValue<string>() == "common"))
        {
            await IdAsync("/api/v2/ipam/subnet", new { name = $"Z{zone}-{Public}", prefix = Public, purpose = "common", tenant = Tenant, vpc = Ref(system), sites = Sites });
        }
    }

    // Section 3.
    public async Task CreateVpcAsync(int vpc, string name, string cidr)
    {
        var made = await CallAsync("POST", "/api/v2/vpc", new { name = Vpc(vpc, name), adminTenant = Tenant });
        await IdAsync("/api/v2/ipam/allocation", new { name = $"{Prefix}-V{vpc}-{cidr}", prefix = cidr, tenant = Tenant, vpc = Ref(made["data"]!) });
    }

    // Section 4.
    public async Task SourceNatAsync(int vpc, string name, string cidr, string address)
    {
        await AddressAsync(vpc, name, address, "nat");
        var rules = await ListAsync("/api/v2/nat");
        var owner = await VpcAsync(vpc, name);
        var rule = rules.Find(r => Name(r) == $"{Prefix}-V{vpc}-SNAT");
        if (rule is null)
        {
            await IdAsync("/api/v2/nat", new
            {
                name = $"{Prefix}-V{vpc}-SNAT",
                action = "SNAT",
                protocol = "all",
                state = "enabled",
                sourceAddress = cidr,
                sourcePort = "1-65535",
                destinationAddress = "0.0.0.0/0",
                snatToIP = $"{address}/32",
                site = Site,
                vpc = Ref(owner),
                comment = "NAT rule with action SNAT",
            });
        }
        else
        {
            await CallAsync("PUT", $"/api/v2/nat/{rule["id"]}", new
            {
                name = $"{Prefix}-V{vpc}-SNAT",
                action = "SNAT",
                protocol = "all",
                sourceAddress = cidr,
                destinationAddress = "0.0.0.0/0",
                snatToIP = $"{address}/32",
                site = Site,
                vpc = Ref(owner),
            });
        }
    }

    // Section 5.
    public async Task CreateTierAsync(int vpc, string vpcName, int network, string name, int vni, string cidr, string gateway, bool routed = false, string? cidr6 = null, string? gateway6 = null)
    {
        var owner = await VpcAsync(vpc, vpcName);
        object subnet = routed
            ? new { name = $"{Prefix}-V{vpc}-{cidr}", prefix = cidr, purpose = "common", tenant = Tenant, vpc = Ref(owner), sites = Sites, globalRouting = true }
            : new { name = $"{Prefix}-V{vpc}-{cidr}", prefix = cidr, purpose = "common", tenant = Tenant, vpc = Ref(owner), sites = Sites };
        await IdAsync("/api/v2/ipam/subnet", subnet);
        var gateways = new List<object> { new { prefix = gateway, dhcpEnabled = false, dhcp = new { start = "", end = "", optionSet = new { } } } };
        if (cidr6 is not null)
        {
            var blocks = await ListAsync($"/api/v2/ipam?filterBySites={host.Site}&filterByVpc={owner["id"]}");
            if (!blocks.Exists(b => b["prefix"]!.GetValue<string>() == cidr6))
            {
                await IdAsync("/api/v2/ipam/allocation", new { name = $"{Prefix}-V{network}-{cidr6}", prefix = cidr6, tenant = Tenant, vpc = Ref(owner) });
            }

            await IdAsync("/api/v2/ipam/subnet", new { name = $"{Prefix}-V{vpc}-{cidr6}", prefix = cidr6, purpose = "common", tenant = Tenant, vpc = Ref(owner), sites = Sites });
            gateways.Add(new { prefix = gateway6, dhcpEnabled = false, dhcp = new { start = "", end = "", optionSet = new { } } });
        }

        await IdAsync("/api/v2/vnet", new
        {
            name = VNet(vpc, network, name),
            vxlanID = vni,
            vpc = Ref(owner),
            tenant = Tenant,
            sites = Sites,
            state = "active",
            customAnycastMac = "",
            guestTenants = Array.Empty<object>(),
            l3vpn = false,
            nativeVlan = 0,
            ports = Array.Empty<object>(),
            tags = new[] { "CS-Cloud1-Compute" },
            vlan = 0,
            vlanAware = false,
            vlans = "",
            gateways,
        });
    }

    public async Task RenameTierAsync(int vpc, string vpcName, int network, string name, string to)
    {
        var owner = await VpcAsync(vpc, vpcName);
        var vnet = (await ListAsync($"/api/v2/vnet?filterByVpc={owner["id"]}")).Find(n => Name(n) == VNet(vpc, network, name))!;
        await CallAsync("PUT", $"/api/v2/vnet/{vnet["id"]}", new
        {
            name = VNet(vpc, network, to),
            vxlanID = vnet["vxlanID"],
            vpc = Ref(owner),
            tenant = Tenant,
            sites = Sites,
            state = "active",
            guestTenants = Array.Empty<object>(),
            l3vpn = false,
            nativeVlan = 0,
            ports = Array.Empty<object>(),
            tags = vnet["tags"],
            vlan = 0,
            vlanAware = false,
            vlans = "",
            gateways = vnet["gateways"],
        });
    }

    public async Task RenameVpcAsync(int vpc, string name, string to)
    {
        var owner = await VpcAsync(vpc, name);
        await CallAsync("PUT", $"/api/v2/vpc/{owner["id"]}", new { name = Vpc(vpc, to), adminTenant = Tenant });
    }

    public async Task DeleteTierAsync(int vpc, string vpcName, int network, string name, string cidr, string? cidr6 = null)
    {
        var owner = await VpcAsync(vpc, vpcName);
        if ((await ListAsync($"/api/v2/vnet?filterByVpc={owner["id"]}")).Find(n => Name(n) == VNet(vpc, network, name)) is { } vnet)
        {
            await CallAsync("DELETE", $"/api/v2/vnet/{vnet["id"]}");
        }

        await DeleteSubnetAsync(owner, $"{Prefix}-V{vpc}-{cidr}");
        if (cidr6 is not null)
        {
            await DeleteSubnetAsync(owner, $"{Prefix}-V{vpc}-{cidr6}");
            await DeleteAllocationAsync(owner, $"{Prefix}-V{network}-{cidr6}");
        }
    }

    // Section 7.
    public async Task StaticNatAsync(int vpc, string name, int vm, string address, string inside)
    {
        var owner = await VpcAsync(vpc, name);
        await AddressAsync(vpc, name, address, "nat");
        await IdAsync("/api/v2/nat", new
        {
            name = $"{Prefix}-V{vpc}-VM{vm}-STATICNAT",
            action = "DNAT",
            protocol = "all",
            state = "enabled",
            sourceAddress = "0.0.0.0/0",
            destinationAddress = $"{address}/32",
            dnatToIP = $"{inside}/32",
            site = Site,
            vpc = Ref(owner),
            comment = "Static NAT rule",
        });
    }

    public Task DeleteStaticNatAsync(int vpc, string name, int vm) => DeleteNatAsync(vpc, name, $"{Prefix}-V{vpc}-VM{vm}-STATICNAT");

    // Section 8.
    public async Task ForwardAsync(int vpc, string name, int rule, string address, string publicPort, string inside, int insidePort)
    {
        var owner = await VpcAsync(vpc, name);
        await AddressAsync(vpc, name, address, "nat");
        if (!(await ListAsync("/api/v2/nat")).Exists(r => Name(r) == $"{Prefix}-V{vpc}-DNAT-R{rule}"))
        {
            await IdAsync("/api/v2/nat", new
            {
                name = $"{Prefix}-V{vpc}-DNAT-R{rule}",
                action = "DNAT",
                protocol = "tcp",
                state = "enabled",
                sourceAddress = "0.0.0.0/0",
                sourcePort = "1-65535",
                destinationAddress = $"{address}/32",
                destinationPort = publicPort,
                dnatToIP = $"{inside}/32",
                dnatToPort = insidePort,
                site = Site,
                vpc = Ref(owner),
                comment = "NAT rule with action DNAT",
            });
        }
    }

    public Task DeleteForwardAsync(int vpc, string name, int rule) => DeleteNatAsync(vpc, name, $"{Prefix}-V{vpc}-DNAT-R{rule}");

    // Section 9.
    public async Task ReleaseAsync(string address)
    {
        var system = await SystemAsync();
        if ((await ListAsync($"/api/v2/ipam/subnets?filterByVpc={system["id"]}")).Find(s => s["prefix"]!.GetValue<string>() == $"{address}/32") is { } subnet)
        {
            await CallAsync("DELETE", $"/api/v2/ipam/subnet/{subnet["id"]}");
        }
    }

    // Section 10.
    public async Task BalanceAsync(int vpc, string name, int rule, string ruleName, string address, int port, (string Ip, int Port)[] backends, params string[] sources)
    {
        var owner = await VpcAsync(vpc, name);
        await AddressAsync(vpc, name, address, "load-balancer");
        var body = new
        {
            name = $"{Prefix}-V{vpc}-LB{rule}",
            protocol = "TCP",
            site = Site,
            siteID = host.Site,
            tenant = Tenant,
            vpc = new { id = Id(owner) },
            automatic = false,
            ipFamily = "IPv4",
            ip = address,
            port,
            status = "enable",
            healthCheck = "None",
            backend = backends.Select(b => new { ip = b.Ip, port = b.Port }),
        };
        var present = (await ListAsync($"/api/v2/l4lb?filterBySites={host.Site}&filterByVpc={Id(owner)}")).Find(b => Name(b) == body.name);
        await CallAsync(present is null ? "POST" : "PUT", present is null ? "/api/v2/l4lb" : $"/api/v2/l4lb/{present["id"]}", body);
        if (sources.Length > 0)
        {
            var system = await SystemAsync();
            for (var i = 0; i <= sources.Length; i++)
            {
                await PutAclAsync(system, $"{Prefix}-V{vpc}-LBACL{i}-{ruleName}", i == 0 ? "deny" : "permit", "tcp", i == 0 ? "0.0.0.0/0" : sources[i - 1], $"{address}/32", port, port);
            }
        }
    }

    public async Task DeleteBalancerAsync(int vpc, string name, int rule, string ruleName, int sources)
    {
        var owner = await VpcAsync(vpc, name);
        if ((await ListAsync($"/api/v2/l4lb?filterBySites={host.Site}&filterByVpc={Id(owner)}")).Find(b => Name(b) == $"{Prefix}-V{vpc}-LB{rule}") is { } balancer)
        {
            await CallAsync("DELETE", $"/api/v2/l4lb/{balancer["id"]}");
        }

        var system = await SystemAsync();
        for (var i = 0; i <= sources; i++)
        {
            await DeleteAclsAsync(system, $"{Prefix}-V{vpc}-LBACL{i}-{ruleName}");
        }
    }

    // Section 11.
    public async Task AclAsync(int vpc, string name, int network, int rule, string action, string proto, string source, string destination, int from = 1, int to = 65535) =>
        await PutAclAsync(await VpcAsync(vpc, name), $"{Prefix}-V{vpc}-N{network}-ACL{rule}", action, proto, source, destination, from, to);

    public async Task DeleteAclsAsync(int vpc, string name, int network, params int[] rules) =>
        await DeleteAclsAsync(await VpcAsync(vpc, name), [.. rules.Select(r => $"{Prefix}-V{vpc}-N{network}-ACL{r}")]);

    // Section 12.
    public async Task RoutesAsync(int vpc, string name, params (string Prefix, string Hop)[] routes)
    {
        var owner = await VpcAsync(vpc, name);
        var listed = await ListAsync($"/api/routes?filterBySites={host.Site}&filterByVpc={Id(owner)}");
        foreach (var (prefix, hop) in routes)
        {
            if (!listed.Exists(r => Name(r) == prefix))
            {
                await CallAsync("POST", "/api/routes", new
                {
                    prefix,
                    next_hop = hop,
                    site_id = host.Site,
                    stateStatus = "active",
                    switches = Array.Empty<int>(),
                    description = $"{Prefix}-V{vpc}",
                    vpc = new { id = Id(owner), name = Name(owner), isDefault = owner["isDefault"], isSystem = owner["isSystem"] },
                });
            }
        }

        foreach (var unknown in listed.Where(r => routes.All(o => o.Prefix != Name(r))))
        {
            await CallAsync("DELETE", "/api/routes", new { id = Id(unknown) });
        }
    }

    // Section 14.
    public async Task DeleteVpcAsync(int vpc, string name, string cidr)
    {
        var owner = await VpcAsync(vpc, name);
        if ((await ListAsync("/api/v2/nat")).Find(r => Name(r) == $"{Prefix}-V{vpc}-SNAT") is { } nat)
        {
            await CallAsync("DELETE", $"/api/v2/nat/{nat["id"]}");
        }

        await DeleteAllocationAsync(owner, $"{Prefix}-V{vpc}-{cidr}");
        await CallAsync("DELETE", $"/api/v2/vpc/{owner["id"]}");
    }

    /// <summary>Whether a VPC is listed.</summary>
    public async Task<bool> HasVpcAsync(int vpc, string name) => (await ListAsync("/api/v2/vpc")).Exists(v => Name(v) == Vpc(vpc, name));

    private async Task AddressAsync(int vpc, string name, string address, string purpose)
    {
        var owner = await VpcAsync(vpc, name);
        var subnet = (await ListAsync($"/api/v2/ipam/subnets?filterByVpc={owner["id"]}")).Find(s => Name(s) == $"{Prefix}-V{vpc}-{address}/32");
        var system = await SystemAsync();
        var body = new { name = $"{Prefix}-V{vpc}-{address}/32", prefix = $"{address}/32", purpose, tenant = Tenant, vpc = Ref(system), sites = Sites };
        if (subnet is null)
        {
            await IdAsync("/api/v2/ipam/subnet", body);
        }
        else if (subnet["purpose"]!.GetValue<string>() != purpose)
        {
            await CallAsync("PUT", $"/api/v2/ipam/subnet/{subnet["id"]}", body);
        }
    }

    private async Task PutAclAsync(JsonNode vpc, string name, string action, string proto, string source, string destination, int from, int to)
    {
        var present = (await ListAsync($"/api/acl?filterBySites={host.Site}&filterByVpc={vpc["id"]}")).Find(r => Name(r) == name);
        var body = new JsonObject
        {
            ["name"] = name,
            ["action"] = action,
            ["comment"] = $"ACL rule: {name}. null",
            ["proto"] = proto,
            ["src_prefix"] = source,
            ["dst_prefix"] = destination,
            ["src_port_from"] = 1,
            ["src_port_to"] = 65535,
            ["dst_port_from"] = from,
            ["dst_port_to"] = to,
            ["vpc"] = new JsonObject { ["id"] = Id(vpc) },
        };
        if (proto == "tcp")
        {
            body["established"] = 1;
        }
        else
        {
            body["reverse"] = "yes";
        }

        if (proto == "icmp")
        {
            body["icmp_type"] = -1;
        }

        if (present is not null)
        {
            body["id"] = Id(present);
        }

        await CallAsync(present is null ? "POST" : "PUT", "/api/acl", body.ToJsonString());
    }

    private async Task DeleteAclsAsync(JsonNode vpc, params string[] names)
    {
        var ids = (await ListAsync($"/api/acl?filterBySites={host.Site}&filterByVpc={vpc["id"]}")).Where(r => names.Contains(Name(r))).Select(Id).ToArray();
        if (ids.Length > 0)
        {
            await CallAsync("DELETE", "/api/acl", new { id = ids, tenantsID = $"{host.Tenant}" });
        }
    }

    private async Task DeleteNatAsync(int vpc, string name, string rule)
    {
        await VpcAsync(vpc, name);
        if ((await ListAsync("/api/v2/nat")).Find(r => Name(r) == rule) is { } nat)
        {
            await CallAsync("DELETE", $"/api/v2/nat/{nat["id"]}");
        }
    }

    private async Task DeleteSubnetAsync(JsonNode owner, string name)
    {
        if ((await ListAsync($"/api/v2/ipam/subnets?filterByVpc={owner["id"]}")).Find(s => Name(s) == name) is { } subnet)
        {
            await CallAsync("DELETE", $"/api/v2/ipam/subnet/{subnet["id"]}");
        }
    }

    private async Task DeleteAllocationAsync(JsonNode owner, string name)
    {
        var resources = await CallAsync("GET", $"/api/v2/vpc/{owner["id"]}/resources");
        if (resources["data"]![0]!["allocation"]!.AsArray().FirstOrDefault(a => Name(a!).Equals(name, StringComparison.OrdinalIgnoreCase)) is { } allocation)
        {
            await CallAsync("DELETE", $"/api/v2/ipam/allocation/{allocation["id"]}");
        }
    }

    private async Task<JsonNode> VpcAsync(int vpc, string name) => (await ListAsync("/api/v2/vpc"))
        .Find(v => Name(v) == Vpc(vpc, name) && v["adminTenant"]!["id"]!.GetValue<int>() == host.Tenant) ?? throw new InvalidOperationException($"no VPC {Vpc(vpc, name)}");

    private async Task<JsonNode> SystemAsync() => (await ListAsync("/api/v2/vpc")).First(v => v["isSystem"]!.GetValue<bool>());

    private async Task<List<JsonNode>> ListAsync(string path) => [.. (await CallAsync("GET", path))["data"]!.AsArray().Select(n => n!)];

    private async Task<int> IdAsync(string path, object body) => (await CallAsync("POST", path, body))["data"]!["id"]!.GetValue<int>();

    private async Task<JsonNode> CallAsync(string method, string path, object? body = null)
    {
        if (Calls >= Dies)
        {
            throw new DeathException();
        }

        Calls++;
        return await host.OkAsync(method, path, body);
    }

    private string Vpc(int vpc, string name) => $"{Prefix}-V{vpc}-{name}";

    private string VNet(int vpc, int network, string name) => $"{Prefix}-V{vpc}-N{network}-{name}";

    private static string Name(JsonNode row) => row["name"]!.GetValue<string>();

    private static int Id(JsonNode row) => row["id"]!.GetValue<int>();

    private static object Ref(JsonNode row) => new { id = Id(row), name = Name(row) };
}
