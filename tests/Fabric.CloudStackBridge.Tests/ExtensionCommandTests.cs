using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Extension;
using Fabric.CloudStackBridge.Store;
using Fabric.CloudStackBridge.Tests.Support;
using Fabric.NetworkExtension;
using Fabric.Primitives;
using Microsoft.Extensions.DependencyInjection;
using static Fabric.CloudStackBridge.Tests.Support.ExtensionCloud;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>What single commands of the extension mean, and what is not one.</summary>
public sealed class ExtensionCommandTests : IAsyncLifetime
{
    private static readonly (string Command, string Fields, string Message)[] Wrong =
    [
        ("implement-network", """{"vlan": "untagged"}""", "vlan: 'untagged' is no VNI"),
        ("implement-network", """{"gateway": "10.9.9.9"}""", "gateway: 10.9.9.9 is outside 10.1.1.0/24"),
        ("implement-network", """{"cidr": "10.1.1.0/33"}""", "cidr: '10.1.1.0/33' is no prefix"),
        ("implement-network", """{"network_id": "-1"}""", "network_id: must be an integer"),
        ("implement-network", """{"network_id": null}""", "network_id: is missing"),
        ("implement-network", """{"zone_id": "east"}""", "zone_id: must be an integer"),
        ("implement-network", """{"vlan": "10241", "extension_ip": "10.1.1.1"}""", "inside the site's vniPool"),
        ("assign-ip", """{"public_ip": ""}""", "public_ip: is missing"),
        ("assign-ip", """{"public_ip": "203.0.113.300"}""", "public_ip: '203.0.113.300' is no address"),
        ("add-static-nat", """{"public_ip": "203.0.113.9"}""", "private_ip: is missing"),
        ("add-port-forward", """{"public_ip": "203.0.113.9", "private_ip": "10.1.1.9", "public_port": "0", "private_port": "1", "protocol": "tcp"}""", "public_port: '0' is no port"),
        ("add-port-forward", """{"public_ip": "203.0.113.9", "private_ip": "10.1.1.9", "public_port": "80-81", "private_port": "80", "protocol": "tcp"}""", "another number of ports"),
        ("add-port-forward", """{"public_ip": "203.0.113.9", "private_ip": "10.1.1.9", "public_port": "80", "private_port": "80", "protocol": "sctp"}""", "protocol: must be tcp or udp"),
        ("add-port-forward", """{"public_ip": "192.0.2.9", "private_ip": "10.1.1.9", "public_port": "80", "private_port": "80", "protocol": "tcp"}""", "192.0.2.9/32 is in no IpamAllocation of a system VPC"),
        ("apply-fw-rules", "{}", "fw_rules: must be an object"),
        ("apply-fw-rules", """{"fw_rules": "e30"}""", "fw_rules: must be a list or an object"),
        ("apply-fw-rules", """{"fw_rules": {"rules": []}}""", "default_egress_allow: is missing"),
        ("apply-fw-rules", """{"fw_rules": {"default_egress_allow": true, "rules": {}}}""", "fw_rules.rules: must be a list"),
        ("apply-fw-rules", """{"fw_rules": {"default_egress_allow": true, "rules": [{"type": "ingress", "protocol": "tcp"}]}}""", "publicIp: is missing"),
        ("apply-fw-rules", """{"fw_rules": {"default_egress_allow": true, "rules": [{"type": "egress", "protocol": "gre"}]}}""", "protocol: must be tcp, udp, icmp, all or a number"),
        ("apply-fw-rules", """{"fw_rules": {"default_egress_allow": true, "rules": [{"type": "egress", "protocol": "tcp", "portStart": 70000}]}}""", "portStart: must be an integer"),
        ("apply-fw-rules", """{"fw_rules": {"default_egress_allow": true, "rules": [{"type": "egress", "protocol": "tcp", "destCidrs": ["x"]}]}}""", "destCidrs: 'x' is no prefix"),
        ("apply-network-acl", """{"acl_rules": [{"number": 1, "trafficType": "ingress", "action": "maybe"}]}""", "action: must be allow or deny"),
        ("apply-network-acl", """{"acl_rules": [{"trafficType": "ingress", "action": "allow"}]}""", "number: is missing"),
        ("apply-network-acl", """{"acl_rules": [7]}""", "acl_rules: must be a list of objects"),
        ("apply-lb-rules", """{"lb_rules": [{"id": 1, "publicIp": "203.0.113.17", "publicPort": 80, "protocol": "tcp-proxy"}]}""", "the PROXY protocol is not there"),
        ("apply-lb-rules", """{"lb_rules": [{"id": 1, "publicIp": "203.0.113.17", "publicPort": 80, "protocol": "tcp", "algorithm": "random"}]}""", "algorithm: must be"),
        ("apply-lb-rules", """{"lb_rules": [{"id": 1, "publicIp": "203.0.113.17", "publicPort": 80, "protocol": "tcp", "backends": [{"ip": "10.1.1.9"}]}]}""", "a member has a port"),
        ("prepare-nic", """{"mac": "", "ip": "10.1.1.9"}""", "mac: is missing"),
        ("prepare-nic", """{"mac": "ff:ff:ff:ff:ff:ff", "ip": "10.1.1.9"}""", "is no MAC address of one interface"),
        ("add-dhcp-entry", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "netmask": "255.0.255.0", "gateway": "10.1.1.1"}""", "netmask: 255.0.255.0 is no netmask"),
        ("add-dhcp-entry", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "hostname": "a\nb"}""", "is no DNS name"),
        ("config-dns-subnet", """{"dns": "9.9.9.9,x"}""", "dns: 'x' is no address"),
        ("save-vm-data", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "vm_data": [{"dir": "../etc", "file": "Xk3vTq9r-secret", "content": "Xk3vTq9r-secret"}]}""", "a dir must be userdata, metadata or password"),
        ("save-vm-data", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "vm_data": [{"dir": "metadata", "file": "../../x", "content": "Xk3vTq9r-secret"}]}""", "a file's name has 1 to 255"),
        ("save-vm-data", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "vm_data": "Xk3vTq9r-secret"}""", "vm_data: must be a list or an object"),
        ("save-password", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "password": ["Xk3vTq9r-secret"]}""", "password: must be a text"),
        ("save-password", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9"}""", "password: is missing"),
        ("restore-network", """{"restore_data": []}""", "restore_data: must be an object"),
        ("restore-network", """{"restore_data": {"vms": [{"ip": "10.1.1.9"}]}}""", "mac: is missing"),
        ("release-ip", "{}", "public_ip: is missing"),
        ("delete-static-nat", """{"public_ip": "x"}""", "public_ip: 'x' is no address"),
        ("delete-port-forward", """{"public_ip": "203.0.113.9", "public_port": "80-79", "protocol": "tcp"}""", "public_port: '80-79' is no port"),
        ("release-nic", """{"mac": "02-00"}""", "mac: '02-00' is no MAC address"),
        ("remove-dhcp-entry", """{"mac": ""}""", "mac: is missing"),
        ("remove-dns-entry", "{}", "mac: is missing"),
        ("config-dhcp-subnet", """{"dns": "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9"}""", "dns: has more than 8 resolvers"),
        ("add-dns-entry", """{"mac": "02:00:00:00:00:01", "ip": "10.1.1.9", "domain": "a b"}""", "domain: 'a b' is no DNS name"),
        ("save-userdata", """{"mac": "02:00:00:00:00:01"}""", "userdata: is missing"),
        ("save-sshkey", """{"mac": "02:00:00:00:00:01"}""", "sshkey: is missing"),
        ("save-hypervisor-hostname", """{"mac": "02:00:00:00:00:01"}""", "hypervisor_hostname: is missing"),
        ("implement-vpc", """{"vpc_id": "0"}""", "vpc_id: must be an integer"),
        ("implement-vpc", """{"vpc_id": "12", "vpc_cidr": "10.0.0.0.0/8"}""", "vpc_cidr: '10.0.0.0.0/8' is no prefix"),
        ("update-vpc-source-nat-ip", """{"vpc_id": "12"}""", "public_ip: is missing"),
        ("shutdown-vpc", """{"vpc_id": "x"}""", "vpc_id: must be an integer"),
        ("shutdown-network", """{"network_id": "2147483648"}""", "network_id: must be an integer"),
        ("destroy-network", """{"zone_id": ""}""", "zone_id: is missing"),
        ("ensure-network-device", """{"network_id": ""}""", "network_id: is missing, and so is vpc_id"),
        ("custom-action", """{"action": "reboot"}""", "action: must be show-state or resync"),
        ("self-destruct", "{}", "there is no command self-destruct"),
    ];

    private readonly BridgeHost _host = new();
    private readonly Net _net = new(241, "10.1.1.1", "10.1.1.0/24");
    private string _token = null!;
    private ExtensionCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        _token = NewToken(_host);
        _cloud = new ExtensionCloud(_host, _token);
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_network_forwards_nothing_until_its_first_rules_and_then_what_they_say()
    {
        (_net.Vlan, _net.State) = ("1010241", "implementing");
        await _cloud.NetworkAsync(_net, "implement-network", new JsonObject { ["extension_ip"] = "10.1.1.1" });
        var vnet = await SpecAsync("vnets", "east-z1-network-241");
        Assert.True(vnet["awaitRules"]!.GetValue<bool>());
        Assert.Equal((1010241, "10.1.1.1/24", "Datacenter-1"), (vnet["vni"]!.GetValue<int>(), vnet["gateways"]![0]!.GetValue<string>(), vnet["site"]!.GetValue<string>()));
        Assert.Equal("""[{"hypervisors":true}]""", vnet["attachments"]!.ToJsonString());

        await _cloud.NetworkAsync(_net, "assign-ip", Public("203.0.113.18", true));
        await FirewallAsync(allowed: true, """{"id": 3, "type": "egress", "protocol": "tcp", "portStart": 25, "sourceCidrs": [], "destCidrs": ["192.0.2.0/24"]}""",
            """{"id": 1, "type": "ingress", "protocol": "icmp", "icmpType": 8, "icmpCode": -1, "publicIp": "203.0.113.18", "sourceCidrs": ["198.51.100.0/24", "2001:db8::/32"]}""",
            """{"id": 2, "type": "ingress", "protocol": "udp", "portStart": 1, "portEnd": 65535, "publicIp": "203.0.113.18", "sourceCidrs": []}""");
        vnet = await SpecAsync("vnets", "east-z1-network-241");
        Assert.False(vnet["awaitRules"]!.GetValue<bool>());
        var egress = await SpecAsync("acl-lists", vnet["egressAccessList"]!.GetValue<string>());
        Assert.Equal("permit", egress["default"]!.GetValue<string>());
        Same("""[{"number": 1, "action": "deny", "protocol": "tcp", "destinations": ["192.0.2.0/24"], "ports": [{"first": 25, "last": 25}]}]""", egress["rules"]!);
        var address = await SpecAsync("public-addresses", "east-z1-network-241 203.0.113.18");
        Assert.Equal(("203.0.113.18/32", "east-z1-network-241"), (address["prefix"]!.GetValue<string>(), address["vpc"]!.GetValue<string>()));
        var outside = await SpecAsync("acl-lists", address["accessList"]!.GetValue<string>());
        Assert.Equal("deny", outside["default"]!.GetValue<string>());
        Same(
            """
            [{"number": 1, "action": "permit", "protocol": "icmp", "sources": ["198.51.100.0/24"], "icmpType": 8},
             {"number": 2, "action": "permit", "protocol": "icmpv6", "sources": ["2001:db8::/32"], "icmpType": 8},
             {"number": 3, "action": "permit", "protocol": "udp"}]
            """,
            outside["rules"]!);

        // Closed egress: the same rule now opens.
        await FirewallAsync(allowed: false, """{"id": 3, "type": "egress", "protocol": "all", "sourceCidrs": ["10.1.1.0/25"], "destCidrs": []}""");
        egress = await SpecAsync("acl-lists", vnet["egressAccessList"]!.GetValue<string>());
        Assert.Equal("deny", egress["default"]!.GetValue<string>());
        Same("""[{"number": 1, "action": "permit", "sources": ["10.1.1.0/25"]}]""", egress["rules"]!);
        Assert.Empty((await SpecAsync("acl-lists", address["accessList"]!.GetValue<string>()))["rules"]!.AsArray());
    }

    [Fact]
    public async Task A_tier_has_its_list_with_its_numbers_and_the_defaults_of_CloudStack()
    {
        var vpc = new Vpc(12, "10.12.0.0/16");
        var tier = new Net(260, "10.12.1.1", "10.12.1.0/24", vpc);
        await _cloud.VpcAsync(vpc, "implement-vpc");
        await _cloud.ImplementAsync(tier, "1010260", "203.0.113.30");
        var snat = await SpecAsync("nat-rules", "east-z1-vpc-12 source NAT");
        Assert.Equal(("10.12.0.0/16", "203.0.113.30"), (snat["inside"]!.GetValue<string>(), snat["public"]![0]!.GetValue<string>()));
        Assert.Empty(await _host.IntentAsync("public-addresses"));
        var vnet = await SpecAsync("vnets", "east-z1-network-260");

        // No list: nothing comes in, everything goes out.
        Assert.Equal(("deny", 0), await ListAsync("ingressAccessList"));
        Assert.Equal(("permit", 0), await ListAsync("egressAccessList"));
        await _cloud.RulesAsync(tier, Array(
            """{"number": 40, "action": "deny", "trafficType": "ingress", "protocol": "all", "sourceCidrs": ["198.51.100.66/32"]}""",
            """{"number": 7, "action": "allow", "trafficType": "ingress", "protocol": "47", "sourceCidrs": ["0.0.0.0/0"]}""",
            """{"number": 30, "action": "deny", "trafficType": "egress", "protocol": "tcp", "portStart": 25, "portEnd": 26, "sourceCidrs": ["192.0.2.0/24"]}"""));
        Assert.Equal(("deny", 2), await ListAsync("ingressAccessList"));
        Assert.Equal(("deny", 1), await ListAsync("egressAccessList"));
        Same("""[{"number": 7, "action": "permit", "protocol": "47", "sources": ["0.0.0.0/0"]}, {"number": 40, "action": "deny", "sources": ["198.51.100.66/32"]}]""", await RulesAsync("ingressAccessList"));
        Same("""[{"number": 30, "action": "deny", "protocol": "tcp", "destinations": ["192.0.2.0/24"], "ports": [{"first": 25, "last": 26}]}]""", await RulesAsync("egressAccessList"));

        async Task<(string, int)> ListAsync(string member)
        {
            var list = await SpecAsync("acl-lists", vnet[member]!.GetValue<string>());
            return (list["default"]!.GetValue<string>(), list["rules"]!.AsArray().Count);
        }

        async Task<JsonNode> RulesAsync(string member) => (await SpecAsync("acl-lists", vnet[member]!.GetValue<string>()))["rules"]!;
    }

    [Fact]
    public async Task Forwards_and_static_NAT_are_known_by_their_public_side_and_late_deletes_take_nothing_newer()
    {
        await ImplementAsync();
        await _cloud.NetworkAsync(_net, "add-port-forward", Forward("203.0.113.18", "8080-8090", "10.1.1.74", "9080-9090", "TCP"));
        var rule = await SpecAsync("nat-rules", "east-z1-network-241 forward 203.0.113.18 tcp 8080-8090");
        Assert.Equal(("dnat", "tcp", 8080, 8090, "10.1.1.74", 9080), (rule["type"]!.GetValue<string>(), rule["protocol"]!.GetValue<string>(), rule["ports"]!["first"]!.GetValue<int>(),
            rule["ports"]!["last"]!.GetValue<int>(), rule["insideAddress"]!.GetValue<string>(), rule["insidePort"]!.GetValue<int>()));
        await _cloud.NetworkAsync(_net, "add-port-forward", Forward("203.0.113.18", "8080-8090", "10.1.1.75", "8080-8090"));
        await _cloud.NetworkAsync(_net, "delete-port-forward", Forward("203.0.113.18", "8080-8090", "10.1.1.74", "8080-8090"));
        await _cloud.NetworkAsync(_net, "delete-port-forward", Forward("203.0.113.18", "8080-8090", "10.1.1.75", "9080-9090"));
        Assert.Equal("10.1.1.75", (await SpecAsync("nat-rules", "east-z1-network-241 forward 203.0.113.18 tcp 8080-8090"))["insideAddress"]!.GetValue<string>());
        await _cloud.NetworkAsync(_net, "delete-port-forward", Forward("203.0.113.18", "8080:8090", "10.1.1.75", "8080:8090"));

        await _cloud.NetworkAsync(_net, "add-static-nat", Public("203.0.113.19", false, ("private_ip", "10.1.1.74")));
        await _cloud.NetworkAsync(_net, "add-static-nat", Public("203.0.113.19", false, ("private_ip", "10.1.1.75")));
        await _cloud.NetworkAsync(_net, "delete-static-nat", Public("203.0.113.19", false, ("private_ip", "10.1.1.74")));
        var nat = Assert.Single(await _host.IntentAsync("nat-rules"), r => r["spec"]!["type"]!.GetValue<string>() != "snat")["spec"]!;
        Assert.Equal(("static", "203.0.113.19", "10.1.1.75"), (nat["type"]!.GetValue<string>(), nat["public"]![0]!.GetValue<string>(), nat["insideAddress"]!.GetValue<string>()));
        await _cloud.NetworkAsync(_net, "delete-static-nat", Public("203.0.113.19", false, ("private_ip", "")));
        Assert.Single(await _host.IntentAsync("nat-rules"));
    }

    [Fact]
    public async Task Balancers_come_and_go_one_by_one_with_members_and_algorithm()
    {
        await ImplementAsync();
        await _cloud.BalanceAsync(_net, Balancer(55, "203.0.113.17", 80, false, "roundrobin", ("10.1.1.74", 8080, false), ("10.1.1.75", 8080, true)));
        await _cloud.BalanceAsync(_net, Balancer(56, "203.0.113.17", 443, false, "source", ("10.1.1.74", 8443, false)));
        var web = await SpecAsync("load-balancers", "east-z1-network-241 balancer 55");
        Assert.Equal(("roundRobin", "203.0.113.17", "tcp", 80, false), (web["algorithm"]!.GetValue<string>(), web["address"]!.GetValue<string>(), web["protocol"]!.GetValue<string>(),
            web["ports"]!["first"]!.GetValue<int>(), web["internal"]!.GetValue<bool>()));
        Assert.Equal("10.1.1.74", Assert.Single(web["backends"]!.AsArray())!["address"]!.GetValue<string>());
        Assert.Equal("sourceAffinity", (await SpecAsync("load-balancers", "east-z1-network-241 balancer 56"))["algorithm"]!.GetValue<string>());

        // Each call has only what it is about.
        await _cloud.BalanceAsync(_net, Balancer(55, "203.0.113.17", 80, true, "roundrobin"));
        Assert.Equal("east-z1-network-241 balancer 56", Assert.Single(await _host.IntentAsync("load-balancers"))["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Of_two_source_NAT_addresses_the_newer_one_counts_and_the_other_stays_allocated()
    {
        await ImplementAsync();
        await _cloud.NetworkAsync(_net, "assign-ip", Public("203.0.113.40", true));
        Assert.Equal("203.0.113.40", (await SpecAsync("nat-rules", "east-z1-network-241 source NAT"))["public"]![0]!.GetValue<string>());
        Assert.Equal("east-z1-network-241 203.0.113.40", Assert.Single(await _host.IntentAsync("public-addresses"))["name"]!.GetValue<string>());
        await _cloud.NetworkAsync(_net, "add-port-forward", Forward("203.0.113.17", "22", "10.1.1.74", "22"));
        Assert.Equal(2, (await _host.IntentAsync("public-addresses")).Count);
        await _cloud.NetworkAsync(_net, "delete-port-forward", Forward("203.0.113.17", "22", "10.1.1.74", "22"));
        await _cloud.NetworkAsync(_net, "release-ip", Public("203.0.113.17"));
        Assert.Single(await _host.IntentAsync("public-addresses"));
        Assert.Single(await _host.IntentAsync("nat-rules"));
    }

    [Fact]
    public async Task Addresses_of_a_network_that_is_shut_down_may_be_somebody_elses_when_it_comes_back()
    {
        await ImplementAsync();
        await _cloud.NetworkAsync(_net, "add-static-nat", Public("203.0.113.19", false, ("private_ip", "10.1.1.74")));
        await _cloud.NetworkAsync(_net, "shutdown-network");
        var other = new Net(242, "10.1.1.1", "10.1.1.0/24");
        await _cloud.ImplementAsync(other, "1010241", "203.0.113.17");
        await _cloud.NetworkAsync(other, "add-static-nat", Public("203.0.113.19", false, ("private_ip", "10.1.1.80")));
        await _cloud.ImplementAsync(_net, "1010242", "203.0.113.21");
        Assert.Equal(["203.0.113.17", "203.0.113.19", "203.0.113.21"], (await _host.IntentAsync("nat-rules")).Select(r => r["spec"]!["public"]![0]!.GetValue<string>()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Interfaces_are_known_from_their_preparation_until_their_machine_is_gone()
    {
        await ImplementAsync();
        await _cloud.StartVmAsync(_net, 7, "10.1.1.74", "shop-01", ExtensionCloud.Password);
        Assert.Equal([("02:01:00:c8:00:07", "10.1.1.74")], await KnownAsync());

        // A machine that stops keeps its address; who gets it anew has it instead.
        await _cloud.StopVmAsync(_net, 7, "10.1.1.74");
        Assert.Equal([("02:01:00:c8:00:07", "10.1.1.74")], await KnownAsync());
        await _cloud.NetworkAsync(_net, "prepare-nic", Nic(_net, 8, "10.1.1.74"));
        Assert.Equal([("02:01:00:c8:00:08", "10.1.1.74")], await KnownAsync());
        await _cloud.ExpungeVmAsync(_net, 7, "10.1.1.74");
        Assert.Equal([("02:01:00:c8:00:08", "10.1.1.74")], await KnownAsync());
        await _cloud.StopVmAsync(_net, 8, "10.1.1.74");
        Assert.Equal([], await KnownAsync());
        Assert.Empty(Store.Guests(ExtensionCloud.Cloud, 1, 241));
    }

    [Fact]
    public async Task A_restore_replaces_what_machines_are_served_and_keeps_passwords()
    {
        await ImplementAsync();
        await _cloud.StartVmAsync(_net, 7, "10.1.1.74", "shop-01", ExtensionCloud.Password);
        await _cloud.StartVmAsync(_net, 8, "10.1.1.75", "shop-02");
        await _cloud.NetworkAsync(_net, "save-userdata", Nic(_net, 7, "10.1.1.74", ("userdata", "changed")));
        await _cloud.NetworkAsync(_net, "save-hypervisor-hostname", Nic(_net, 7, "10.1.1.74", ("hypervisor_hostname", "kvm-07")));
        var files = Store.Guests(ExtensionCloud.Cloud, 1, 241)[0].Files;
        Assert.Equal(("changed", "kvm-07", ExtensionCloud.Password), (files[GuestFiles.UserData], files[GuestFiles.HypervisorName], files[GuestFiles.Password]));
        await _cloud.RestoreAsync(_net, (7, "10.1.1.74", "shop-01"), (9, "10.1.1.77", "shop-09"));
        var guests = Store.Guests(ExtensionCloud.Cloud, 1, 241);
        Assert.Equal(["02:01:00:c8:00:07", "02:01:00:c8:00:09"], guests.Select(g => g.Mac.ToString()));
        Assert.Equal((ExtensionCloud.UserData, ExtensionCloud.Password), (guests[0].Files[GuestFiles.UserData], guests[0].Files[GuestFiles.Password]));
        Assert.DoesNotContain(GuestFiles.HypervisorName, guests[0].Files.Keys);

        // The one that is not in it was prepared, and runs on.
        Assert.Equal(3, (await KnownAsync()).Count);
    }

    [Fact]
    public async Task Guests_are_served_only_to_who_has_a_token_for_it_and_a_fetched_password_is_forgotten()
    {
        await ImplementAsync();
        await _cloud.StartVmAsync(_net, 7, "10.1.1.74", "shop-01", ExtensionCloud.Password);
        var guests = NewToken(_host, ExtensionCloud.Cloud, ExtensionToken.Guests);
        var reply = await SendAsync(HttpMethod.Get, "/guests/v1/vnets/east-z1-network-241", guests);
        var guest = Assert.Single(JsonNode.Parse(reply.Text)!["guests"]!.AsArray())!;
        Assert.Equal(("02:01:00:c8:00:07", "10.1.1.74", ExtensionCloud.Password), (guest["mac"]!.GetValue<string>(), guest["ip"]!.GetValue<string>(), guest["files"]![GuestFiles.Password]!.GetValue<string>()));
        var service = JsonNode.Parse(reply.Text)!["service"]!;
        Assert.Equal(("east-z1-network-241", "10.1.1.1", "9.9.9.9", "cs2cloud.internal"), (service["vNet"]!.GetValue<string>(), service["address"]!.GetValue<string>(),
            service["dnsServers"]![0]!.GetValue<string>(), service["dnsSuffix"]!.GetValue<string>()));
        var binding = Assert.Single(JsonNode.Parse(reply.Text)!["bindings"]!.AsArray())!;
        Assert.Equal(("02:01:00:c8:00:07", "10.1.1.74", "shop-01", "10.1.1.1/24", true, true, true), (binding["mac"]!.GetValue<string>(), binding["ipv4"]!.GetValue<string>(),
            binding["hostname"]!.GetValue<string>(), binding["gateway"]!.GetValue<string>(), binding["defaultNic"]!.GetValue<bool>(), binding["dhcp"]!.GetValue<bool>(), binding["dns"]!.GetValue<bool>()));
        Assert.Equal(200, (await SendAsync(HttpMethod.Delete, "/guests/v1/vnets/east-z1-network-241/passwords/10.1.1.74", guests)).Status);
        Assert.DoesNotContain("password/", (await SendAsync(HttpMethod.Get, "/guests/v1/vnets/east-z1-network-241", guests)).Text, StringComparison.Ordinal);

        foreach (var (token, path, status) in new[]
        {
            (_token, "/guests/v1/vnets/east-z1-network-241", 401), ("", "/guests/v1/vnets/east-z1-network-241", 401),
            (NewToken(_host, "west", ExtensionToken.Guests), "/guests/v1/vnets/east-z1-network-241", 404), (guests, "/guests/v1/vnets/other", 404),
        })
        {
            Assert.Equal(status, (await SendAsync(HttpMethod.Get, path, token)).Status);
        }

        // And theirs is no token for commands.
        Assert.Equal(401, (await SendAsync(HttpMethod.Post, "/extension/v1/assign-ip", guests, "{}")).Status);
        var mode = File.GetUnixFileMode(_host.Bridge.Services.GetRequiredService<BridgeOptions>().StorePath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
    }

    [Fact]
    public async Task A_network_whose_segment_CloudStack_does_not_choose_gets_one_and_keeps_it()
    {
        _net.State = "implementing";
        var output = await _cloud.NetworkAsync(_net, "implement-network", new JsonObject { ["extension_ip"] = "10.1.1.1" });
        var uri = JsonNode.Parse(output!)!["network.broadcast_uri"]!.GetValue<string>();
        Assert.Matches("^vxlan://[1-9][0-9]{4}$", uri);

        // In a restart CloudStack has it, and it is still the controller's.
        (_net.Vlan, _net.State) = (uri[8..], "implemented");
        await _cloud.NetworkAsync(_net, "implement-network", new JsonObject { ["extension_ip"] = "10.1.1.1" });
        Assert.Null((await SpecAsync("vnets", "east-z1-network-241"))["vni"]);
    }

    [Fact]
    public async Task Without_the_gateway_a_network_is_only_a_segment_and_needs_no_rules()
    {
        var net = new Net(300, "10.3.0.1", "10.3.0.0/24") { Vlan = "1010300", State = "implementing" };
        await _cloud.NetworkAsync(net, "implement-network", new JsonObject { ["extension_ip"] = "10.3.0.2", ["guest_type"] = "shared" });
        var vnet = await SpecAsync("vnets", "east-z1-network-300");
        Assert.Empty(vnet["gateways"]!.AsArray());
        Assert.False(vnet["awaitRules"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Interfaces_of_a_layer_2_network_are_known_by_their_MAC_addresses_alone()
    {
        (_net.Vlan, _net.State) = ("1010241", "implementing");
        await _cloud.NetworkAsync(_net, "implement-network", new JsonObject { ["gateway"] = null, ["cidr"] = null, ["guest_type"] = "l2" });
        foreach (var nic in new[] { 7, 8, 9 })
        {
            await _cloud.NetworkAsync(_net, "prepare-nic", Nic(_net, nic, "", ("gateway", null), ("netmask", null)));
        }

        Assert.Equal([Mac(7), Mac(8), Mac(9)], Store.Load(new DomainKey(ExtensionCloud.Cloud, 1, false, 241)).Networks[241].Hosts.Select(h => h.Mac.ToString()));
        Assert.Empty((await SpecAsync("vnets", "east-z1-network-241"))["gateways"]!.AsArray());
    }

    [Fact]
    public async Task User_data_of_more_than_a_megabyte_is_kept_and_bounded()
    {
        await ImplementAsync();
        var large = new string('x', 1_500_000);
        await _cloud.NetworkAsync(_net, "save-userdata", Nic(_net, 7, "10.1.1.74", ("userdata", large)));
        Assert.Equal(large, Assert.Single(Store.Guests(ExtensionCloud.Cloud, 1, 241)).Files[GuestFiles.UserData]);
        var e = await Assert.ThrowsAsync<ExtensionException>(() => _cloud.NetworkAsync(_net, "save-userdata", Nic(_net, 7, "10.1.1.74", ("userdata", large + large))));
        Assert.Contains("userdata: has more than 2097152 characters", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removals_of_what_was_never_there_succeed_and_leave_nothing()
    {
        var nic = Nic(_net, 7, "10.1.1.74");
        foreach (var (command, fields) in new (string, JsonObject?)[]
        {
            ("shutdown-network", null), ("destroy-network", null), ("release-ip", Public("203.0.113.18")), ("delete-static-nat", Public("203.0.113.18", false, ("private_ip", ""))),
            ("delete-port-forward", Forward("203.0.113.18", "22", "10.1.1.74", "22")), ("release-nic", nic), ("remove-dhcp-entry", nic), ("remove-dns-entry", nic),
            ("remove-dhcp-subnet", null), ("remove-dns-subnet", null), ("apply-fw-rules", JsonNode.Parse("""{"fw_rules": {"default_egress_allow": true, "rules": []}}""")!.AsObject()),
            ("apply-lb-rules", new JsonObject { ["lb_rules"] = new JsonArray(Balancer(1, "203.0.113.18", 80, true, "source")) }), ("set-dhcp-options", null),
        })
        {
            await _cloud.NetworkAsync(_net, command, fields);
        }

        await _cloud.VpcAsync(new Vpc(12, "10.12.0.0/16") { State = "inactive" }, "shutdown-vpc");
        Assert.Empty(await _host.IntentAsync("vnets"));
        Assert.Equal(0, _host.Bridge.Services.GetRequiredService<BridgeDatabase>().Read(c =>
        {
            using var command = c.CreateCommand();
            command.CommandText = "select (select count(*) from extension_domain) + (select count(*) from extension_guest)";
            return (int)(long)command.ExecuteScalar()!;
        }));
    }

    /// <summary>Each command with one thing wrong with it: it is refused, says which, and nothing has changed.</summary>
    [Fact]
    public async Task What_is_wrong_is_refused_by_name_and_changes_nothing()
    {
        await ImplementAsync();
        var before = await RevisionAsync();
        foreach (var (command, fields, message) in Wrong)
        {
            var e = await Assert.ThrowsAsync<ExtensionException>(() => _cloud.CommandAsync(command, With(_net, JsonNode.Parse(fields)!.AsObject())));
            Assert.Contains(message, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(ExtensionCloud.Password, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
            Assert.True(before == await RevisionAsync(), $"{command} {fields} has changed something");
            Assert.Empty(Store.Guests(ExtensionCloud.Cloud, 1, 241));
        }
    }

    [Fact]
    public async Task Rules_for_a_network_that_is_not_here_say_what_to_do()
    {
        (_net.Vlan, _net.State) = ("1010241", "implemented");
        var e = await Assert.ThrowsAsync<ExtensionException>(() => _cloud.NetworkAsync(_net, "add-port-forward", Forward("203.0.113.18", "22", "10.1.1.74", "22")));
        Assert.Contains("network 241 of zone 1 is not implemented here; restart it in CloudStack", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Earlier_drafts_sent_lists_as_text()
    {
        await ImplementAsync();
        const string Rules = """{"default_egress_allow": true, "rules": []}""";
        await _cloud.NetworkAsync(_net, "apply-fw-rules", new JsonObject { ["fw_rules"] = Rules });
        Assert.Equal("permit", (await SpecAsync("acl-lists", "east-z1-network-241 egress"))["default"]!.GetValue<string>());
        await _cloud.NetworkAsync(_net, "apply-fw-rules", new JsonObject { ["fw_rules"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Rules.Replace("true", "false", StringComparison.Ordinal))) });
        Assert.Equal("deny", (await SpecAsync("acl-lists", "east-z1-network-241 egress"))["default"]!.GetValue<string>());
    }

    [Fact]
    public async Task Installations_zones_and_sites_do_not_meet()
    {
        await ImplementAsync();
        using var west = new ExtensionCloud(_host, NewToken(_host, "west"));
        await west.ImplementAsync(new Net(241, "10.1.1.1", "10.1.1.0/24"), "1010242", "203.0.113.50");
        Assert.Equal(["east-z1-network-241", "west-z1-network-241"], (await _host.IntentAsync("vnets")).Select(v => v["name"]!.GetValue<string>()));

        // Another installation's address is refused, and nothing of it stays.
        var e = await Assert.ThrowsAsync<ExtensionException>(() => west.CommandAsync(
            "add-static-nat", With(new Net(241, "10.1.1.1", "10.1.1.0/24") { State = "implemented" }, Public("203.0.113.17", false, ("private_ip", "10.1.1.9")))));
        Assert.Contains("a public address belongs to one VPC", e.Message, StringComparison.Ordinal);
        await west.NetworkAsync(new Net(241, "10.1.1.1", "10.1.1.0/24") { State = "implemented", Vlan = "1010242" }, "assign-ip", Public("203.0.113.51"));
    }

    [Fact]
    public async Task Commands_of_a_network_that_come_at_once_are_all_there_in_the_end()
    {
        await ImplementAsync();
        await Task.WhenAll(Enumerable.Range(1, 40).Select(async i =>
        {
            using var cloud = new ExtensionCloud(_host, _token) { Short = true };
            await cloud.NetworkAsync(_net, "prepare-nic", Nic(_net, i, $"10.1.1.{i + 10}"));
            await cloud.NetworkAsync(_net, "add-port-forward", Forward("203.0.113.18", $"{2000 + i}", $"10.1.1.{i + 10}", "22"));
        }));
        Assert.Equal(40, (await KnownAsync()).Count);
        Assert.Equal(41, (await _host.IntentAsync("nat-rules")).Count);
        Assert.Equal(0, _host.Bridge.Services.GetRequiredService<DomainLocks>().Count);
    }

    [Fact]
    public async Task Operators_see_a_network_by_a_custom_action_and_have_it_put_right()
    {
        await ImplementAsync();
        await _cloud.StartVmAsync(_net, 7, "10.1.1.74", "shop-01", ExtensionCloud.Password);
        var shown = JsonNode.Parse((await _cloud.CommandAsync("custom-action", With(_net, new JsonObject { ["action"] = "show-state" })))!)!;
        Assert.Equal(1010241, shown["networks"]![0]!["status"]!["vni"]!.GetValue<int>());
        Assert.Equal(1, shown["networks"]![0]!["hosts"]!.GetValue<int>());
        AssertNoSecret(shown.ToJsonString());
        Assert.Equal("the controller has everything as it should be", await _cloud.CommandAsync("custom-action", With(_net, new JsonObject { ["action"] = "resync" })));
        (await _host.Controller.Admin.DeleteAsync("/api/v1/nat-rules/east-z1-network-241%20source%20NAT", ("If-Match", "*"))).Expect(204);
        await BridgeHost.UntilAsync(async () => (await _cloud.CommandAsync("custom-action", With(_net, new JsonObject { ["action"] = "resync" })))!.StartsWith("put right", StringComparison.Ordinal));
        Assert.Single(await _host.IntentAsync("nat-rules"));
    }

    [Fact]
    public async Task What_an_operator_has_made_is_not_taken_over()
    {
        await _host.ApplyAsync("Vpc", "east-z1-network-241", """{"tenant": "Admin"}""");
        (_net.Vlan, _net.State) = ("1010241", "implementing");
        var e = await Assert.ThrowsAsync<ExtensionException>(() => _cloud.NetworkAsync(_net, "implement-network", new JsonObject { ["extension_ip"] = "10.1.1.1" }));
        Assert.Contains("Vpc 'east-z1-network-241' is there, and CloudStack has not made it", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_void_when_it_is_replaced_and_what_it_has_made_goes_on()
    {
        await ImplementAsync();
        var next = NewToken(_host);
        var e = await Assert.ThrowsAsync<ExtensionException>(() => _cloud.CommandAsync("shutdown-network", _net.Block()));
        Assert.Contains("does not know the token", e.Message, StringComparison.Ordinal);
        using var cloud = new ExtensionCloud(_host, next);
        await cloud.CommandAsync("destroy-network", _net.Block());
        Assert.Empty(await _host.IntentAsync("vnets"));
        Assert.Equal(401, (await SendAsync(HttpMethod.Post, "/extension/v1/assign-ip", "", "{}")).Status);
        Assert.Equal(400, (await SendAsync(HttpMethod.Post, "/extension/v1/assign-ip", next, """{"payload": """)).Status);
    }

    private static JsonObject With(Net net, JsonObject fields)
    {
        var whole = net.Block();
        foreach (var (name, value) in fields)
        {
            whole[name] = value?.DeepClone();
        }

        return whole;
    }

    private static JsonArray Array(params string[] items) => [.. items.Select(i => JsonNode.Parse(i)!)];

    /// <summary>Compares rules by what they say; what a list's rules have besides is empty.</summary>
    private static void Same(string expected, JsonNode actual)
    {
        var said = actual.DeepClone().AsArray();
        foreach (var rule in said.Select(r => r!.AsObject()))
        {
            foreach (var member in new[] { "sources", "destinations", "ports" }.Where(m => rule[m] is JsonArray { Count: 0 }))
            {
                rule.Remove(member);
            }

            foreach (var range in rule["ports"]?.AsArray() ?? [])
            {
                range!.AsObject().Remove("count");
            }

            rule.Remove("log");
            rule.Remove("comment");
        }

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), said), said.ToJsonString());
    }

    private ExtensionStore Store => _host.Bridge.Services.GetRequiredService<ExtensionStore>();

    private Task ImplementAsync() => _cloud.ImplementAsync(_net, "1010241", "203.0.113.17");

    private Task FirewallAsync(bool allowed, params string[] rules) => _cloud.NetworkAsync(
        _net, "apply-fw-rules", new JsonObject { ["fw_rules"] = new JsonObject { ["default_egress_allow"] = allowed, ["rules"] = Array(rules) } });

    private async Task<JsonNode> SpecAsync(string path, string name) => (await _host.IntentAsync(path)).Single(r => r["name"]!.GetValue<string>() == name)["spec"]!;

    private async Task<long> RevisionAsync() => (await _host.Controller.Admin.GetAsync("/api/v1/vpcs?limit=1")).Expect(200)["revision"].GetValue<long>();

    private async Task<List<(string, string)>> KnownAsync() =>
        [.. (await SpecAsync("vnets", "east-z1-network-241"))["knownHosts"]!.AsArray().Select(h => (h!["mac"]!.GetValue<string>(), h["address"]!.GetValue<string>()))];

    private void AssertNoSecret(string text)
    {
        foreach (var secret in new[] { ExtensionCloud.Password, "0n1y-for-the-guest", "AAAAC3NzaC1lZDI1NTE5AAAAIExample", _token })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    private async Task<(int Status, string Text)> SendAsync(HttpMethod method, string path, string token, string? body = null)
    {
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null } };
        using var http = new HttpClient(handler) { BaseAddress = _host.Bridge.Address };
        using var request = new HttpRequestMessage(method, path);
        if (token.Length > 0)
        {
            request.Headers.Authorization = new("Bearer", token);
        }

        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
