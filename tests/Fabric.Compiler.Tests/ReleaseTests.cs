using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Intent;

namespace Fabric.Compiler.Tests;

/// <summary>When a VNI that was taken from one V-Net may be another's.</summary>
public sealed class ReleaseTests
{
    [Fact]
    public void A_VNI_waits_for_a_leaf_that_its_VNet_left_before_it_was_deleted()
    {
        // leaf1 is not reached while the V-Net moves to leaf2 and is deleted there.
        var fabric = Fabric().VNet("old", "blue", vni: 5001, on: "leaf1:srv1");
        fabric.Commit();
        fabric.VNet("old", "blue", vni: 5001, on: "leaf2:srv1");
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "old");
        fabric.Prove("leaf2");
        fabric.VNet("new", "blue", vni: 5001, on: ["leaf1:srv1", "leaf2:srv1"]);

        Assert.Equal([ShortfallReason.WaitingForRelease], fabric.Snapshot.Compile("leaf1").Shortfalls.Select(s => s.Reason));
        Assert.Empty(fabric.Snapshot.Compile("leaf2").Shortfalls);
        Assert.Empty(fabric.Prove("leaf1").Snapshot.Compile("leaf1").Shortfalls);
    }

    [Fact]
    public void A_pool_keeps_a_VNI_that_a_leaf_still_has_because_its_port_lost_its_tag()
    {
        var fabric = Fabric().VNet("old", "blue", on: ["tag red", "leaf2:srv1"]);
        Tag(fabric, "leaf1", "red").Commit();
        Tag(fabric, "leaf1").Commit();
        fabric.Delete(ResourceKind.VNet, "old");
        fabric.Prove("leaf2");
        fabric.VNet("new", "blue", on: "leaf2:srv1");

        Assert.Equal(10_001, VniOf(fabric, "new"));
        fabric.Prove("leaf1").Delete(ResourceKind.VNet, "new").Prove("leaf2");
        Assert.Equal(10_000, VniOf(fabric.VNet("newer", "blue", on: "leaf2:srv1"), "newer"));
    }

    [Fact]
    public void A_VNI_waits_for_hypervisors_that_its_VNet_left()
    {
        var fabric = Fabric().Hypervisors(1).VNet("old", "blue", vni: 5001, on: "hypervisors");
        fabric.Commit();
        fabric.VNet("old", "blue", vni: 5001);
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "old");
        fabric.Commit();
        fabric.VNet("new", "blue", vni: 5001, on: "hypervisors");

        Assert.Single(fabric.Snapshot.Compile("hypervisor1").Shortfalls);
    }

    [Fact]
    public void A_VNet_with_a_pool_VNI_that_returns_to_a_leaf_does_not_wait_for_itself()
    {
        var fabric = Fabric().VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "leaf1:srv1");
        fabric.Commit();
        fabric.VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "leaf2:srv1");
        fabric.Commit();
        fabric.VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "leaf1:srv1");

        Assert.Empty(fabric.Snapshot.Compile("leaf1").Shortfalls);
        Assert.Contains(fabric.Last!.Forgotten, p => p is { Scope.Space: IdentifierSpace.Vni, Value: 10_000 });
        Assert.Contains(fabric.Last!.Forgotten, p => p is { Scope.Space: IdentifierSpace.Vni, Value: 100_000 });
    }

    [Fact]
    public void A_VPC_releases_its_L3VNI_on_the_leaves_that_were_its_gateways_only()
    {
        var fabric = new TestFabric().Spines(1).Leaves(3).Vpc("blue").Vpc("red")
            .VNet("web", "blue", gateways: ["10.0.1.1/24"], on: ["leaf1:srv1", "leaf2:srv1"]).VNet("l2", "blue", on: "leaf3:srv1");
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "web").Delete(ResourceKind.VNet, "l2").Delete(ResourceKind.Vpc, "blue");
        var l3Vni = new IdentifierScope(IdentifierSpace.Vni, fabric.Snapshot.Find(ResourceKind.Site, "dc1")!.Uid);

        Assert.Equal(
            ["leaf1", "leaf2"],
            fabric.Last!.Releases.Where(r => r.Scope == l3Vni && r.Value == 100_000).Select(r => fabric.Snapshot.Find(r.DeviceUid)!.Key.Name).Order());
        Assert.Null(fabric.Snapshot.Identifiers.OwnerOf(l3Vni, 100_000));
    }

    [Fact]
    public void A_VNet_without_gateways_leaves_the_L3VNI_to_its_VPC_and_gives_back_the_VLAN()
    {
        var fabric = Fabric().VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "leaf1:srv1");
        fabric.Commit();
        fabric.VNet("web", "blue", on: "leaf1:srv1");
        var vpc = fabric.Snapshot.Find(ResourceKind.Vpc, "blue")!.Uid;
        var site = fabric.Snapshot.Find(ResourceKind.Site, "dc1")!.Uid;
        var leaf = fabric.Snapshot.Find(ResourceKind.Device, "leaf1")!.Uid;

        Assert.Empty(fabric.Snapshot.Compile("leaf1").State.All<Vrf>());
        Assert.Equal(100_000, fabric.Snapshot.NumberOf(IdentifierSpace.Vni, site, new(vpc)));
        Assert.Null(fabric.Snapshot.Identifiers.Find(new(IdentifierSpace.Vlan, leaf), new(vpc)));
    }

    [Fact]
    public void Two_VNets_that_swap_their_VNIs_wait_on_every_device()
    {
        var fabric = Fabric().VNet("a", "blue", vni: 5001, on: "leaf1:srv1").VNet("b", "blue", vni: 5002, on: "leaf1:srv2");
        fabric.Commit();
        fabric.VNet("a", "blue", vni: 5002, on: "leaf1:srv1").VNet("b", "blue", vni: 5001, on: "leaf1:srv2");

        Assert.Equal(2, fabric.Snapshot.Compile("leaf1").Shortfalls.Length);
        Assert.Empty(fabric.Snapshot.Compile("leaf1").State.All<EvpnVni>());
        Assert.Equal([new Vni(5001), new Vni(5002)], fabric.Prove("leaf1").Snapshot.Compile("leaf1").State.All<EvpnVni>().Select(v => v.Vni));
    }

    [Fact]
    public void A_leaf_that_gets_a_tag_gets_VLANs_for_the_VNets_of_the_tag()
    {
        var fabric = Fabric().VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "tag red");
        fabric.Commit();
        Tag(fabric, "leaf2", "red");

        Assert.Single(fabric.Snapshot.Compile("leaf2").State.All<GatewayInterface>());
        Assert.Equal(["leaf2"], Impact.DevicesOf(fabric.Last!.Before, fabric.Last.After, fabric.Last.Changes).Where(d => d.StartsWith("leaf", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_device_that_leaves_with_its_links_is_forgotten_and_its_neighbours_drop_it()
    {
        var fabric = Fabric().VNet("web", "blue", vni: 5001, on: ["tag red", "leaf1:srv1"]);
        Tag(fabric, "leaf2", "red").Commit();
        fabric.Delete(ResourceKind.VNet, "web");
        fabric.Commit();
        var gone = fabric.Snapshot.Find(ResourceKind.Device, "leaf2")!.Uid;
        Assert.NotEmpty(fabric.Snapshot.Identifiers.PendingOn(gone));
        fabric.Delete(ResourceKind.Link, "spine1:up2-leaf2:up1").Delete(ResourceKind.Device, "leaf2");

        Assert.Equal(["spine1"], Impact.DevicesOf(fabric.Snapshot, fabric.Snapshot, fabric.Last!.Changes).Except(["leaf1"]));
        Assert.Empty(fabric.Snapshot.Identifiers.PendingOn(gone));
        Assert.Equal(["up1"], fabric.Snapshot.Compile("spine1").State.All<FabricNeighbor>().Select(n => n.Port));
        Assert.Contains(fabric.Last!.Forgotten, p => p.DeviceUid == gone && p.Value == 5001);
    }

    [Fact]
    public void A_VPC_that_comes_when_another_goes_gets_another_L3VNI()
    {
        var fabric = Fabric().VNet("web", "blue", gateways: ["10.0.1.1/24"], on: "leaf1:srv1");
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "web").Delete(ResourceKind.Vpc, "blue").Vpc("red").VNet("new", "red", gateways: ["10.0.1.1/24"], on: "leaf2:srv1");

        Assert.Equal(new Vni(100_001), Assert.Single(fabric.Snapshot.Compile("leaf2").State.All<Vrf>()).L3Vni);
    }

    [Fact]
    public void A_given_loopback_that_is_taken_is_named_as_an_address()
    {
        var fabric = Fabric();
        fabric.Commit();
        fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf2", d => d with { Loopback = IpAddr.Parse("10.255.0.2") });

        Assert.Equal("loopback 10.255.0.2 is taken by Device 'leaf1'; choose another", Assert.Single(fabric.Try().Errors).Message);
    }

    private static TestFabric Fabric() => new TestFabric().Spines(1).Leaves(2).Vpc("blue");

    private static TestFabric Tag(TestFabric fabric, string leaf, params string[] tags) => fabric.Change<DeviceSpec>(
        ResourceKind.Device, leaf, d => d with { Ports = [.. d.Ports.Select(p => p.Name == "srv4" ? p with { Tags = tags } : p)] });

    private static long VniOf(TestFabric fabric, string vnet) => fabric.Snapshot.NumberOf(
        IdentifierSpace.Vni, fabric.Snapshot.Find(ResourceKind.Site, "dc1")!.Uid, new(fabric.Snapshot.Find(ResourceKind.VNet, vnet)!.Uid));
}
