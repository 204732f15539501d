using Fabric.Compiler;
using Fabric.Drivers.Contract;
using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Files;
using Fabric.TestKit.Intent;

namespace Fabric.Compiler.Tests;

public sealed class GoldenTests
{
    private static TestFabric Small() => new TestFabric().Spines(2).Leaves(2).Hypervisors(2);

    [Fact]
    public void An_underlay_needs_no_tenant() => Verify("underlay", Small());

    [Fact]
    public void A_site_without_BFD_has_none() => Verify(
        "underlay-without-bfd", new TestFabric(spec: new SiteSpec { Underlay = new UnderlaySpec { Bfd = false, Mtu = 1500 } }).Spines(1).Leaves(1));

    [Fact]
    public void Bfd_timers_are_the_sites() => Verify(
        "underlay-bfd-timers",
        new TestFabric(spec: new SiteSpec { Underlay = new UnderlaySpec { BfdIntervalMilliseconds = 300, BfdMultiplier = 5 } }).Spines(1).Leaves(1));

    [Fact]
    public void A_site_with_an_IPv6_pool_has_IPv6_loopbacks() => Verify(
        "underlay-ipv6-loopbacks",
        new TestFabric(spec: new SiteSpec
        {
            LoopbackPool = IpPrefix.Parse("10.0.0.0/24"),
            LoopbackPool6 = IpPrefix.Parse("2001:db8:0:1::/64"),
            Controllers = [IpAddr.Parse("172.31.255.1"), IpAddr.Parse("2001:db8:ffff::1")],
        }).Spines(1).Leaves(1).Hypervisors(1));

    [Fact]
    public void A_VNet_on_hypervisors_is_on_no_switch() => Verify(
        "vnet-on-hypervisors", Small().Vpc("blue").VNet("web", "blue", vni: 5001, gateways: ["10.0.1.1/24"], on: "hypervisors"));

    [Fact]
    public void A_VNet_on_ports_is_on_their_leaves_only() => Verify(
        "vnet-on-ports",
        new TestFabric().Spines(1).Leaves(3, tags: p => p == 4 ? ["rack"] : []).Hypervisors(1).Vpc("blue")
            .VNet("untagged", "blue", on: ["leaf1:srv1", "leaf1:srv2"])
            .VNet("tagged", "blue", vni: 5002, on: ["leaf1:srv2 vlan 100", "leaf2:srv1 vlan 200"])
            .VNet("by-tag", "blue", on: ["tag rack vlan 300"])
            .VNet("nowhere", "blue", on: ["tag nobody"]));

    [Fact]
    public void A_VPC_is_routed_on_the_leaves_that_have_its_gateways() => Verify(
        "vpc-with-leaf-gateways",
        Small().Vpc("blue").Vpc("red")
            .VNet("web", "blue", gateways: ["10.0.1.1/24", "2001:db8:1::1/64"], on: ["leaf1:srv1", "leaf2:srv1"])
            .VNet("db", "blue", gateways: ["2001:db8:2::1/64", "10.0.2.1/24"], on: "leaf2:srv2")
            .VNet("web of red", "red", gateways: ["10.0.1.1/24"], on: "leaf1:srv3"));

    [Fact]
    public void A_VNet_on_ports_and_hypervisors_leaves_its_gateway_to_SoftGates() => Verify(
        "vnet-on-ports-and-hypervisors",
        Small().Vpc("blue")
            .VNet("mixed", "blue", vni: 5001, gateways: ["10.0.1.1/24"], on: ["hypervisors", "leaf1:srv1"])
            .VNet("leaf", "blue", gateways: ["10.0.2.1/24"], on: "leaf1:srv2"));

    [Fact]
    public void A_leaf_that_cannot_route_bridges_and_says_so() => Verify(
        "leaf-without-vrf", RoutedVNet(), new DeviceCapabilities(BridgesPorts: true, RoutesVpcs: false, RunsBfd: true));

    [Fact]
    public void A_leaf_that_cannot_bridge_has_the_underlay_and_says_so() => Verify("leaf-without-bridge", RoutedVNet(), DeviceCapabilities.None);

    [Fact]
    public void A_given_VNI_waits_where_its_previous_owner_was()
    {
        var fabric = Small().Vpc("blue").VNet("old", "blue", vni: 5001, on: ["leaf1:srv1", "hypervisors"]);
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "old").VNet("new", "blue", vni: 5001, on: ["leaf1:srv1", "leaf2:srv1", "hypervisors"]);
        fabric.Prove("hypervisor1");
        Verify("waiting-for-release", fabric);
        fabric.Prove("leaf1").Prove("hypervisor2");
        Verify("waiting-for-release-over", fabric);
    }

    private static TestFabric RoutedVNet() =>
        new TestFabric().Spines(1).Leaves(1).Vpc("blue").VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "leaf1:srv1");

    private static void Verify(string name, TestFabric fabric, DeviceCapabilities? capabilities = null) =>
        Golden.Verify(name + ".txt", StateText.Of(fabric.Snapshot.CompileAll(capabilities)));
}
