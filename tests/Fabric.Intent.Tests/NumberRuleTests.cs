using System.Diagnostics;
using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Intent;

namespace Fabric.Intent.Tests;

/// <summary>Numbers that intent brings along meet those that are given out, and pools that change meet both.</summary>
public sealed class NumberRuleTests
{
    [Theory]
    [InlineData("leaf2", 4_200_000_000, "ASN 4200000000 was given to the site's spines; choose one outside the site's asnPool 4200000000..4200065535")]
    [InlineData("leaf2", 4_200_000_001, "ASN 4200000001 was given to the site's controllers; choose one outside the site's asnPool 4200000000..4200065535")]
    [InlineData("leaf2", 4_200_000_002, "ASN 4200000002 was given to Device 'leaf1'; choose one outside the site's asnPool 4200000000..4200065535")]
    [InlineData("spine1", 4_200_000_002, "ASN 4200000002 was given to Device 'leaf1'; choose one outside the site's asnPool 4200000000..4200065535")]
    [InlineData("leaf2", 1, "1 is the fabric number of Site 'dc1', which is no device's ASN; choose another")]
    public void An_ASN_that_is_anothers_is_refused(string device, long asn, string message) =>
        Assert.Equal(message, Assert.Single(WithAsn(Fabric(), device, asn).Try().Errors).Message);

    [Fact]
    public void Spines_share_an_ASN_and_leaves_do_but_not_with_each_other()
    {
        var fabric = WithAsn(WithAsn(Fabric(), "spine1", 65_001), "spine2", 65_001);
        WithAsn(WithAsn(fabric, "leaf1", 65_002), "leaf2", 65_002).Commit();

        Assert.Equal(
            "ASN 65001 is that of Device 'spine1'; only spines share one, or leaves",
            Assert.Single(WithAsn(fabric, "leaf1", 65_001).Try().Errors).Message);
        Assert.Equal(
            "ASN 65002 is that of Device 'leaf1'; only spines share one, or leaves",
            Assert.Single(WithAsn(fabric, "hypervisor1", 65_002).Try().Errors).Message);
        Assert.True(WithAsn(fabric, "spine1", 4_200_000_000).Try().Accepted);
    }

    [Fact]
    public void Hypervisors_share_no_ASN()
    {
        var fabric = WithAsn(Fabric(), "hypervisor1", 65_003);
        fabric.Commit();
        Assert.False(WithAsn(fabric, "hypervisor2", 65_003).Try().Accepted);
    }

    [Fact]
    public void A_VLAN_pool_that_would_hold_a_given_tag_is_refused()
    {
        var fabric = Fabric().Vpc("blue").VNet("web", "blue", on: "leaf1:srv1 vlan 100");
        fabric.Commit();
        fabric.Change<SiteSpec>(ResourceKind.Site, "dc1", s => s with { VlanPool = new NumberRange(100, 200) });

        var error = Assert.Single(fabric.Try().Errors);
        Assert.Equal("/spec/vlanPool", error.Pointer);
        Assert.Equal("vlan 100 of VNet 'web' would be inside the new pool 100..200", error.Message);
    }

    [Fact]
    public void Loopback_pools_hold_the_same_places()
    {
        Assert.Throws<InvalidOperationException>(() => new TestFabric(spec: new SiteSpec { LoopbackPool = IpPrefix.Parse("10.0.0.0/8") }).Snapshot);
        var fabric = Fabric();
        fabric.Commit();
        fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf1", d => d with { Loopback = IpAddr.Parse("10.255.0.0") });
        Assert.Equal("/spec/loopback", Assert.Single(fabric.Try().Errors).Pointer);
    }

    [Fact]
    public void Deleting_everything_gives_every_number_back()
    {
        var fabric = Fabric().Vpc("blue").VNet("web", "blue", gateways: ["10.0.1.1/24"], on: ["leaf1:srv1", "hypervisors"]);
        fabric.Commit();
        foreach (var resource in ResourceKindInfo.All.SelectMany(k => fabric.Snapshot.All(k.Kind)).ToList())
        {
            fabric.Delete(resource.Key.Kind, resource.Key.Name);
        }

        Assert.Empty(fabric.Snapshot.Identifiers.Held);
        Assert.Empty(fabric.Snapshot.Identifiers.Pending);
    }

    [Fact]
    public void A_conflict_on_a_leaf_is_told_to_every_VNet_written()
    {
        var fabric = Fabric().Vpc("blue").VNet("there", "blue", on: "leaf1:srv1");
        fabric.Commit();
        fabric.VNet("a", "blue", on: "leaf1:srv2").VNet("b", "blue", on: "leaf1:srv2").VNet("c", "blue", on: "leaf1:srv1").VNet("d", "blue", on: "leaf1:up1 vlan 9");

        Assert.Equal(
            ["a", "b", "c", "d"], fabric.Try().Errors.Where(e => e is { Kind: ChangeErrorKind.Conflict, Pointer: "/spec/attachments" }).Select(e => e.Key.Name).Order());
    }

    [Fact]
    public void A_large_change_set_on_one_leaf_takes_no_time_that_grows_with_its_square()
    {
        // By pairs it would take minutes: every V-Net's check would look at every other.
        var fabric = Fabric().Vpc("blue");
        fabric.Commit();
        for (var i = 0; i < 1_900; i++)
        {
            fabric.VNet($"vnet{i}", "blue", on: [$"leaf1:srv{(i % 4) + 1} vlan {i + 2}", $"leaf2:srv{(i % 4) + 1} vlan {i + 2}"]);
        }

        var start = Stopwatch.GetTimestamp();
        Assert.True(fabric.Try().Accepted);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_pool_gives_its_lowest_gap_once_its_end_is_reached()
    {
        var scope = new IdentifierScope(IdentifierSpace.Vni, 1);
        var table = IdentifierTable.Empty;
        var range = new NumberRange(10_000, 99_999);
        for (var value = range.First; value <= range.Last; value++)
        {
            if (value is not (50_000 or 50_001 or 70_000))
            {
                table = table.Hold(new Identifier(scope, new IdentifierOwner((int)value), value, Given: false));
            }
        }

        Assert.Equal(50_000, table.NextFree(scope, range));
        Assert.Equal(70_000, table.NextFree(scope, range, value => value < 60_000));
        table = table.Await(new PendingRelease(scope, 50_000, 7, 1));
        Assert.Equal(50_001, table.NextFree(scope, range));
        table = table.Hold(new Identifier(scope, new IdentifierOwner(1), 50_001, Given: false)).Hold(new Identifier(scope, new IdentifierOwner(2), 70_000, Given: false));
        Assert.Null(table.NextFree(scope, range));
        Assert.Null(table.NextFree(scope, new NumberRange(50_000, 50_000)));

        // Without walking over the numbers in use: a hundred thousand searches at the full pool's end.
        table = table.Drop(scope, new IdentifierOwner(98_000));
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 100_000; i++)
        {
            Assert.Equal(98_000, table.NextFree(scope, range));
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30));
    }

    private static TestFabric Fabric() => new TestFabric().Spines(2).Leaves(2).Hypervisors(2);

    private static TestFabric WithAsn(TestFabric fabric, string device, long asn)
    {
        if (fabric.Last is null)
        {
            fabric.Commit();
        }

        return fabric.Change<DeviceSpec>(ResourceKind.Device, device, d => d with { Asn = new Asn(asn) });
    }
}
