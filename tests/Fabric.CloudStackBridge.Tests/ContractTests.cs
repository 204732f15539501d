using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Tests.Support;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>What every endpoint answers, field by field and type by type, and what it takes.</summary>
public sealed class ContractTests(BridgeHost host) : IClassFixture<BridgeHost>
{
    private const string Ref = """{"id":1,"name":"x"}""";
    private const string VpcRef = """{"id":1,"name":"x","isDefault":false,"isSystem":false}""";
    private static int _next = 100;

    [Fact]
    public async Task Sites_and_tenants_have_ids_and_names()
    {
        Sample.Like($"[{Ref}]", (await host.GetAsync("/api/sites"))["data"]);
        Sample.Like($"[{Ref}]", (await host.GetAsync("/api/tenants"))["data"]);
        Assert.Equal("1", (await host.GetAsync("/api/sites"))["meta"]!["apiVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_vpc_is_created_as_one_object_and_listed_with_what_the_plugin_unboxes()
    {
        var (name, vpc) = await VpcAsync();
        const string Row = $$"""{"id":1,"name":"x","adminTenant":{{Ref}},"guestTenant":[],"tags":[],"isSystem":true,"isDefault":true}""";
        var again = await host.OkAsync("POST", "/api/v2/vpc", new { name, adminTenant = Tenant });
        Sample.Like(Row, again["data"]);
        Assert.Equal(vpc, again["data"]!["id"]!.GetValue<int>());
        var rows = await host.RowsAsync("/api/v2/vpc");
        Sample.Like($"[{Row}]", new JsonArray([.. rows.Select(r => r.DeepClone())]));
        Assert.Equal(name, Assert.Single(rows, r => Id(r) == vpc)["name"]!.GetValue<string>());
        Assert.Equal(host.SystemVpc, Id(rows.First(r => r["isSystem"]!.GetValue<bool>())));
        Assert.Single(rows, r => r["isDefault"]!.GetValue<bool>());
        Sample.Like(Row, (await host.GetAsync($"/api/v2/vpc/{vpc}"))["data"]);

        // Absent is kept; and what a client reads after a change is an object.
        Sample.Like("""{"id":1}""", (await host.OkAsync("PUT", $"/api/v2/vpc/{vpc}", new { }))["data"]);
        Assert.Equal(name, (await host.GetAsync($"/api/v2/vpc/{vpc}"))["data"]!["name"]!.GetValue<string>());
        Assert.Null((await host.OkAsync("DELETE", $"/api/v2/vpc/{vpc}"))["data"]);
        Assert.True((await host.OkAsync("DELETE", $"/api/v2/vpc/{vpc}"))["isSuccess"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Resources_of_a_vpc_have_one_element_even_when_it_is_empty()
    {
        var (name, vpc) = await VpcAsync();
        Sample.Like("""[{"id":1,"allocation":[],"resources":[]}]""", (await host.GetAsync($"/api/v2/vpc/{vpc}/resources"))["data"]);
        var first = await AllocateAsync(vpc, $"{name}-10.0.0.0/16", "10.0.0.0/16");
        var second = await AllocateAsync(vpc, $"{name}-10.1.0.0/16", "10.1.0.0/16");
        var data = (await host.GetAsync($"/api/v2/vpc/{vpc}/resources"))["data"]!.AsArray();
        Sample.Like($$"""{"allocation":[{{Ref}}]}""", Assert.Single(data));
        Assert.Equal([first, second], data[0]!["allocation"]!.AsArray().Select(a => Id(a!)));
        await host.RefusedAsync(404, "GET", "/api/v2/vpc/999999/resources");
    }

    [Fact]
    public async Task A_vpc_with_tiers_and_the_system_vpc_are_not_removed()
    {
        var (_, vpc) = await VpcAsync();
        await TierAsync(vpc, "10.0.1.0/24", "10.0.1.1/24");
        await host.RefusedAsync(409, "DELETE", $"/api/v2/vpc/{vpc}");
        await host.RefusedAsync(409, "DELETE", $"/api/v2/vpc/{host.SystemVpc}");
    }

    [Fact]
    public async Task Ipam_nests_subnets_and_shows_the_system_vpc_beside_a_tenants()
    {
        var (name, vpc) = await VpcAsync();
        var allocation = await AllocateAsync(vpc, $"{name}-10.0.0.0/16", "10.0.0.0/16");
        Assert.Equal(allocation, await AllocateAsync(vpc, $"{name}-10.0.0.0/16", "10.0.0.0/16"));
        var outer = await SubnetAsync(vpc, $"{name}-10.0.1.0/24", "10.0.1.0/24", "common");
        var block = await PublicAsync();
        var range = await SubnetAsync(host.SystemVpc, "Z1-198.51.100.0/25", "198.51.100.0/25", "common");
        var address = await SubnetAsync(host.SystemVpc, $"{name}-198.51.100.5/32", "198.51.100.5/32", "nat");
        var inner = await SubnetAsync(host.SystemVpc, $"{name}-198.51.100.7/32", "198.51.100.7/32", "nat");
        Assert.Equal(inner, await SubnetAsync(host.SystemVpc, "renamed", "198.51.100.7/32", "load-balancer"));

        var tree = await host.GetAsync($"/api/v2/ipam?filterBySites={host.Site}&filterByVpc={vpc}");
        const string Subnet = $$"""
            {"id":1,"type":"x","allocationID":1,"parentID":1,"name":"x","description":"","prefix":"x","subnet":{"prefix":"x","length":1},"purpose":"x","ipFamily":"x",
             "readonly":"no","tenant":{{Ref}},"sites":[{{Ref}}],"vpc":{{VpcRef}},"children":[]}
            """;
        Sample.Like(
            $$"""
            {"statusCode":1,"status":1,"error":1,"data":[{"id":1,"type":"x","name":"x","description":"","prefix":"x","subnet":{"prefix":"x","length":1},"ipFamily":"x","readonly":"no",
             "tenant":{{Ref}},"vpc":{{Ref}},"children":[{{Subnet}}]}]}
            """,
            tree);
        var top = Assert.Single(tree["data"]!.AsArray())!;
        Assert.Equal((allocation, outer), (Id(top), Id(Assert.Single(top["children"]!.AsArray())!)));
        var nested = (await host.GetAsync($"/api/v2/ipam?filterByVpc={host.SystemVpc}"))["data"]!.AsArray().Single(a => Id(a!) == block)!["children"]!.AsArray().Single()!;
        Assert.Equal(range, Id(nested));
        Assert.Equal([(address, range), (inner, range)], nested["children"]!.AsArray().Select(c => (Id(c!), c!["parentID"]!.GetValue<int>())));

        var rows = await host.RowsAsync($"/api/v2/ipam/subnets?filterByVpc={vpc}");
        Sample.Like($"[{Subnet}]", new JsonArray([.. rows.Select(r => r.DeepClone())]));
        Assert.Equal(block, Row(rows, address)["allocationID"]!.GetValue<int>());
        Assert.Equal(("renamed", "load-balancer"), ((string)Row(rows, inner)["name"]!, (string)Row(rows, inner)["purpose"]!));

        // An allocation has no site: another filter by sites does not hide it. Without a VPC the default one is meant.
        Assert.Single((await host.GetAsync($"/api/v2/ipam?filterBySites=999&filterByVpc={vpc}"))["data"]!.AsArray());
        Assert.Contains(await host.RowsAsync("/api/v2/ipam"), r => Id(r) == block);

        // Turning a purpose around, the plugin sends everything; others send only what changes.
        Assert.Equal(address, Id((await host.OkAsync("PUT", $"/api/v2/ipam/subnet/{address}", new { purpose = "load-balancer" }))["data"]!));
        Assert.Equal($"{name}-198.51.100.5/32", (string)Row(await host.RowsAsync("/api/v2/ipam/subnets"), address)["name"]!);
        foreach (var path in new[] { $"subnet/{address}", $"subnet/{address}", "subnet/198.51.100.7%2F32", $"allocation/{allocation}", "subnet/999999" })
        {
            Assert.Null((await host.OkAsync("DELETE", $"/api/v2/ipam/{path}"))["data"]);
        }

        Assert.DoesNotContain(await host.RowsAsync($"/api/v2/ipam/subnets?filterByVpc={vpc}"), r => Id(r) == outer);
    }

    [Fact]
    public async Task A_prefix_outside_of_any_allocation_is_refused_by_its_field()
    {
        var (_, vpc) = await VpcAsync();
        var refusal = await host.RefusedAsync(400, "POST", "/api/v2/ipam/subnet", new { name = "n", prefix = "10.9.0.0/24", purpose = "common", vpc = new { id = vpc } });
        Assert.NotNull(refusal["errors"]!["prefix"]);
    }

    [Fact]
    public async Task A_vnet_keeps_its_number_the_order_of_its_gateways_and_its_tags()
    {
        var (name, vpc) = await VpcAsync();
        await AllocateAsync(vpc, $"{name}-2001:db8:7::/64", "2001:db8:7::/64");
        await SubnetAsync(vpc, $"{name}-2001:db8:7::/64", "2001:db8:7::/64", "common");
        var (vnet, vni) = await TierAsync(vpc, "10.0.1.0/24", "10.0.1.1/24", "2001:db8:7::1");
        var row = Assert.Single(await host.RowsAsync($"/api/v2/vnet?filterByVpc={vpc}"));
        Sample.Like(
            $$"""
            {"id":1,"name":"x","vxlanID":1,"state":"x","l3vpn":false,"vlanAware":false,"customAnycastMac":null,"vlans":"","tags":["x"],"guestTenants":[],"tenant":{{Ref}},
             "vpc":{{VpcRef}},"sites":[{{Ref}}],"gateways":[{"prefix":"x","dhcpEnabled":false}]}
            """,
            row);
        Assert.Equal(["10.0.1.1/24", "2001:db8:7::1/64"], row["gateways"]!.AsArray().Select(g => (string)g!["prefix"]!));
        Assert.Equal((vnet, vni, "CS-Compute"), (Id(row), row["vxlanID"]!.GetValue<int>(), (string)row["tags"]![0]!));

        // A new name; ports [] and an absent MAC mean keep, and so does an absent list of gateways.
        Assert.Equal(vnet, Id((await host.OkAsync("PUT", $"/api/v2/vnet/{vnet}", new { name = "other", vxlanID = vni, ports = Array.Empty<int>(), state = "active" }))["data"]!));
        var after = Assert.Single(await host.RowsAsync($"/api/v2/vnet?filterByVpc={vpc}"));
        Assert.Equal("other", (string)after["name"]!);
        row["name"] = "other";
        Assert.Equal(row.ToJsonString(), after.ToJsonString());
        await host.RefusedAsync(400, "PUT", $"/api/v2/vnet/{vnet}", new { vxlanID = vni + 1 });
        Assert.Contains(await host.RowsAsync("/api/v2/vnet"), r => Id(r) == vnet);
        Assert.True((await host.OkAsync("DELETE", $"/api/v2/vnet/{vnet}"))["isSuccess"]!.GetValue<bool>());
        Assert.Empty(await host.RowsAsync($"/api/v2/vnet?filterByVpc={vpc}"));
    }

    [Fact]
    public async Task A_number_that_another_vnet_has_is_refused()
    {
        var (_, vpc) = await VpcAsync();
        var (_, vni) = await TierAsync(vpc, "10.0.1.0/24", "10.0.1.1/24");
        var refusal = await host.CallAsync("POST", "/api/v2/vnet", new { name = "second", vxlanID = vni, vpc = new { id = vpc } });
        Assert.InRange(refusal.Status, 400, 409);
        Assert.Single(await host.RowsAsync($"/api/v2/vnet?filterByVpc={vpc}"));
    }

    [Fact]
    public async Task Nat_rules_are_sent_as_texts_and_listed_as_objects_for_all_vpcs()
    {
        var (name, vpc) = await VpcAsync();
        await PublicAsync();
        var snat = await host.CreateAsync("/api/v2/nat", new { name = $"{name}-SNAT", action = "SNAT", sourceAddress = "10.0.0.0/16", destinationAddress = "0.0.0.0/0", snatToIP = Host(vpc), vpc = new { id = vpc } });
        var forward = await host.CreateAsync("/api/v2/nat", Forward(name, vpc, "80-90", 8080));
        Assert.Equal(forward, await host.CreateAsync("/api/v2/nat", Forward(name, vpc, "80-91", 8080)));
        var rows = await host.RowsAsync("/api/v2/nat");
        const string Choice = """{"label":"x","value":"x"}""";
        Sample.Like(
            $$"""
            [{"id":1,"name":"x","site":{{Ref}},"vpc":{{Ref}},"state":{"label":"x","value":"x","status":"x"},"action":{{Choice}},"protocol":{{Choice}},"sourceAddress":"x","sourcePort":"x",
             "destinationAddress":"x","destinationPort":"x","snatToIP":"x","snatToPool":"","dnatToIP":"x","dnatToPort":null,"portGroup":null,"comment":"x"}]
            """,
            new JsonArray([.. rows.Select(r => r.DeepClone())]));
        Assert.Equal(("SNAT", "all", "enabled", Host(vpc)), ((string)Row(rows, snat)["action"]!["value"]!, (string)Row(rows, snat)["protocol"]!["value"]!, (string)Row(rows, snat)["state"]!["value"]!, (string)Row(rows, snat)["snatToIP"]!));
        Assert.Equal(("tcp", "80-91", 8080), ((string)Row(rows, forward)["protocol"]!["value"]!, (string)Row(rows, forward)["destinationPort"]!, (int)Row(rows, forward)["dnatToPort"]!));

        // The public address changes; what is absent stays.
        await host.OkAsync("PUT", $"/api/v2/nat/{snat}", new { state = "disabled" });
        var changed = await host.OkAsync("PUT", $"/api/v2/nat/{snat}", new { name = $"{name}-SNAT", action = "SNAT", protocol = "all", sourceAddress = "10.0.0.0/16", destinationAddress = "0.0.0.0/0", snatToIP = "198.51.100.99/32" });
        Assert.Equal("Successfully updated.", (string)changed["message"]!);
        var row = Row(await host.RowsAsync("/api/v2/nat"), snat);
        Assert.Equal(("disabled", "198.51.100.99/32"), ((string)row["state"]!["value"]!, (string)row["snatToIP"]!));
        foreach (var id in new[] { snat, forward, forward })
        {
            Assert.Equal("Successfully deleted.", (string)(await host.OkAsync("DELETE", $"/api/v2/nat/{id}"))["message"]!);
        }
    }

    [Fact]
    public async Task A_vms_static_translations_share_a_name_and_are_two_rules()
    {
        var (name, vpc) = await VpcAsync();
        await PublicAsync();
        object Static(string address, string inside) => new { name = $"{name}-VM42-STATICNAT", action = "DNAT", protocol = "all", state = "enabled", sourceAddress = "0.0.0.0/0", destinationAddress = address, dnatToIP = inside, vpc = new { id = vpc } };
        var first = await host.CreateAsync("/api/v2/nat", Static("198.51.100.101/32", "10.0.1.23/32"));
        var second = await host.CreateAsync("/api/v2/nat", Static("198.51.100.102/32", "10.0.2.23/32"));
        Assert.NotEqual(first, second);
        Assert.Equal(second, await host.CreateAsync("/api/v2/nat", Static("198.51.100.102/32", "10.0.2.23/32")));
        Assert.Null(Row(await host.RowsAsync("/api/v2/nat"), first)["dnatToPort"]);
    }

    [Fact]
    public async Task A_load_balancer_takes_no_back_ends_and_every_spelling_of_them()
    {
        var (name, vpc) = await VpcAsync();
        await PublicAsync();
        object Balancer(string member, object backends) => new Dictionary<string, object>
        {
            ["name"] = $"{name}-LB31",
            ["protocol"] = "TCP",
            ["siteID"] = host.Site,
            ["vpc"] = new { id = vpc },
            ["automatic"] = "false",
            ["ipFamily"] = "IPv4",
            ["ip"] = "198.51.100.110",
            ["port"] = "80",
            ["status"] = "enable",
            ["healthCheck"] = "None",
            [member] = backends,
        };
        var balancer = await host.CreateAsync("/api/v2/l4lb", Balancer("backend", Array.Empty<int>()));
        Assert.Equal(balancer, await host.CreateAsync("/api/v2/l4lb", Balancer("backend", new[] { new { ip = "10.0.1.23", port = 8080 } })));
        Assert.Null((await host.OkAsync("PUT", $"/api/v2/l4lb/{balancer}", Balancer("backendIps", new object[] { new { ip = "10.0.1.24", port = "8081", maintenance = true }, "10.0.1.25:8082" })))["data"]);
        var row = Assert.Single(await host.RowsAsync($"/api/v2/l4lb?filterBySites={host.Site}&filterByVpc={vpc}"));
        Sample.Like(
            $$"""
            {"id":1,"name":"x","description":"","vpc":{{Ref}},"site":{{Ref}},"tenant":{{Ref}},"protocol":"x","ipFamily":"x","ip":"x","port":1,"status":"x","state":{"label":"x","value":"x"},"internal":1,
             "backendIps":[{"id":1,"ip":"x","port":1,"maintenance":false}],"tags":[]}
            """,
            row);
        Assert.Equal(("TCP", "ipv4", 80), ((string)row["protocol"]!, (string)row["ipFamily"]!, (int)row["port"]!));
        Assert.Equal(["10.0.1.24:8081", "10.0.1.25:8082"], row["backendIps"]!.AsArray().Select(b => $"{b!["ip"]}:{b["port"]}"));
        await host.OkAsync("PUT", $"/api/v2/l4lb/{balancer}", new { status = "disable" });
        Assert.Equal(2, (await host.GetAsync($"/api/v2/l4lb/{balancer}"))["data"]!["backendIps"]!.AsArray().Count);
        Assert.Null((await host.OkAsync("DELETE", $"/api/v2/l4lb/{balancer}"))["data"]);
    }

    [Fact]
    public async Task Access_rules_are_listed_at_once_and_removed_by_a_delete_with_a_body()
    {
        var (name, vpc) = await VpcAsync();
        await TierAsync(vpc, "10.0.1.0/24", "10.0.1.1/24");
        var first = await host.CreateAsync("/api/acl", Acl(vpc, $"{name}-ACL1"));
        Assert.Equal(first, await host.CreateAsync("/api/acl", Acl(vpc, $"{name}-ACL1")));
        var second = await host.CreateAsync("/api/acl", Acl(vpc, $"{name}-ACL2", "icmp"));
        var path = $"/api/acl?filterBySites={host.Site}&filterByVpc={vpc}";
        var rows = await host.RowsAsync(path);
        Sample.Like(
            $$"""
            [{"id":1,"name":"x","action":"x","proto":"x","src_prefix":"x","dst_prefix":"x","dst_port_from":1,"dst_port_to":1,"src_port_from":1,"src_port_to":1,"established":null,"reverse":"x",
             "comment":"x","vpc":{{Ref}}}]
            """,
            new JsonArray([.. rows.Select(r => r.DeepClone())]));
        Assert.Equal([first, second], rows.Select(Id));

        // Only the action changes.
        Assert.Equal(first, Id((await host.OkAsync("PUT", "/api/acl", new { id = first, action = "deny" }))["data"]!));
        Assert.Equal(("deny", "tcp", 22), ((string)Row(await host.RowsAsync(path), first)["action"]!, (string)Row(await host.RowsAsync(path), first)["proto"]!, (int)Row(await host.RowsAsync(path), first)["dst_port_from"]!));
        Assert.Contains("This kind of acl already exists", (string)(await host.RefusedAsync(409, "PUT", "/api/acl", new { id = first, name = $"{name}-ACL2" }))["message"]!);
        await host.RefusedAsync(404, "PUT", "/api/acl", new { id = 999_999, action = "deny" });
        Assert.Null((await host.OkAsync("DELETE", "/api/acl", new { id = new[] { first, second, 999_999 }, tenantsID = $"{host.Tenant}" }))["data"]);
        Assert.Empty(await host.RowsAsync(path));
    }

    [Fact]
    public async Task The_name_of_a_route_is_the_prefix_that_was_posted()
    {
        var (_, vpc) = await VpcAsync();
        await TierAsync(vpc, "10.0.1.0/24", "10.0.1.1/24");
        object Route(string prefix) => new { prefix, next_hop = "10.0.1.50", site_id = host.Site, stateStatus = "active", switches = Array.Empty<int>(), description = "d", vpc = new { id = vpc } };
        var made = (await host.OkAsync("POST", "/api/routes", Route("172.20.0.1/16")))["data"]!;
        Sample.Like("""{"staticRouteID":1,"id":1}""", made);
        Assert.Equal(Id(made), Id((await host.OkAsync("POST", "/api/routes", Route("172.20.0.1/16")))["data"]!));
        var path = $"/api/routes?filterBySites={host.Site}&filterByVpc={vpc}";
        var row = Assert.Single(await host.RowsAsync(path));
        Sample.Like(
            $$"""
            {"id":1,"name":"x","prefix":"x","prefix_length":1,"next_hop":"x","description":"x","site_id":1,"stateStatus":"x","switches":[],"filteredSwitches":[],"vpc":{{VpcRef}}}
            """,
            row);
        Assert.Equal(("172.20.0.1/16", 16), ((string)row["name"]!, (int)row["prefix_length"]!));
        Assert.Equal(Id(made), Id((await host.OkAsync("PUT", "/api/routes", new { route_id = Id(made), next_hop = "10.0.1.51" }))["data"]!));
        Assert.Equal(("10.0.1.51", "d"), ((string)(await host.RowsAsync(path))[0]["next_hop"]!, (string)(await host.RowsAsync(path))[0]["description"]!));
        Assert.IsType<JsonObject>((await host.OkAsync("DELETE", "/api/routes", new { id = Id(made) }))["data"]);
        Assert.IsType<JsonObject>((await host.OkAsync("DELETE", "/api/routes", new { id = Id(made) }))["data"]);
        Assert.Empty(await host.RowsAsync(path));
    }

    [Theory]
    [InlineData("//api//v2/vpc")]
    [InlineData("/api/v2/vpc/")]
    [InlineData("//api/v2/vpc//")]
    [InlineData("/api/v2/vnet/?filterByVpc=1")]
    [InlineData("/api/v2/vnet?filterByVpc=1,2&filterByVpc=3")]
    [InlineData("/api/v2/vnet?filterByVpc[]=1")]
    [InlineData("/api/v2/vnet?unknown=1")]
    public Task Slashes_and_filters_are_taken_in_every_spelling(string path) => host.OkAsync("GET", path);

    [Fact]
    public async Task Unknown_members_are_passed_over()
    {
        var name = Name();
        Assert.Equal(name, (string)(await host.OkAsync("POST", "/api/v2/vpc/", new { name, adminTenant = new { id = (double)host.Tenant, more = new[] { 1 } }, surprise = new { deep = true } }))["data"]!["name"]!);
    }

    private object Tenant => new { id = host.Tenant, name = "Admin" };

    private static string Name() => $"D1-A2-Z1-V{Interlocked.Increment(ref _next)}-vpc / ü";

    private async Task<(string Name, int Id)> VpcAsync()
    {
        var name = Name();
        return (name, await host.CreateAsync("/api/v2/vpc", new { name, adminTenant = Tenant }));
    }

    private Task<int> AllocateAsync(int vpc, string name, string prefix) => host.CreateAsync("/api/v2/ipam/allocation", new { name, prefix, tenant = Tenant, vpc = new { id = vpc } });

    private Task<int> PublicAsync() => AllocateAsync(host.SystemVpc, "Z1-198.51.100.0/25", "198.51.100.0/25");

    private Task<int> SubnetAsync(int vpc, string name, string prefix, string purpose) =>
        host.CreateAsync("/api/v2/ipam/subnet", new { name, prefix, purpose, tenant = Tenant, vpc = new { id = vpc }, sites = new[] { new { id = host.Site, name = "Datacenter-1" } } });

    private async Task<(int Id, int Vni)> TierAsync(int vpc, string cidr, params string[] gateways)
    {
        await AllocateAsync(vpc, $"V{vpc}-10.0.0.0/16", "10.0.0.0/16");
        await SubnetAsync(vpc, $"V{vpc}-{cidr}", cidr, "common");
        var vni = 1_000_000 + Interlocked.Increment(ref _next);
        return (await host.CreateAsync("/api/v2/vnet", new
        {
            name = $"V{vpc}-N{vni}-tier",
            vxlanID = vni,
            vpc = new { id = vpc },
            sites = new[] { new { id = host.Site } },
            state = "active",
            customAnycastMac = "",
            guestTenants = Array.Empty<int>(),
            l3vpn = false,
            nativeVlan = 0,
            ports = Array.Empty<int>(),
            tags = new[] { "CS-Compute" },
            vlan = 0,
            vlanAware = false,
            vlans = "",
            gateways = gateways.Select(g => new { prefix = g, dhcpEnabled = false, dhcp = new { start = "", end = "", optionSet = new { } } }),
        }), vni);
    }

    private static object Forward(string name, int vpc, string ports, int inside) => new
    {
        name = $"{name}-DNAT-R77",
        action = "DNAT",
        protocol = "tcp",
        state = "enabled",
        sourceAddress = "0.0.0.0/0",
        sourcePort = "1-65535",
        destinationAddress = "198.51.100.100/32",
        destinationPort = ports,
        dnatToIP = "10.0.1.23/32",
        dnatToPort = inside,
        vpc = new { id = vpc },
        comment = "c",
    };

    private static object Acl(int vpc, string name, string proto = "tcp") => new
    {
        name,
        action = "permit",
        comment = "c",
        proto,
        established = 1,
        src_prefix = "0.0.0.0/0",
        src_port_from = 1,
        src_port_to = 65535,
        dst_prefix = "10.0.1.0/24",
        dst_port_from = 22,
        dst_port_to = 22,
        icmp_type = -1,
        vpc = new { id = vpc },
    };

    private static string Host(int vpc) => $"198.51.100.{10 + (vpc % 80)}/32";

    private static JsonNode Row(IEnumerable<JsonNode> rows, int id) => Assert.Single(rows, r => Id(r) == id);

    private static int Id(JsonNode row) => row["id"]!.GetValue<int>();
}
