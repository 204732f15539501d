using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Attributes;

/// <summary>Communities: octets, values and texts side by side.</summary>
public sealed class CommunityTests
{
    [Theory]
    [InlineData(0x0002_fde8_0000_0064, "rt:65000:100")]
    [InlineData(0x0102_0a00_0001_0064, "rt:10.0.0.1:100")]
    [InlineData(0x0202_fa56_ea00_0064, "rt:4200000000:100")]
    [InlineData(0x0003_fde8_0000_0064, "soo:65000:100")]
    [InlineData(0x0103_0a00_0001_0064, "soo:10.0.0.1:100")]
    [InlineData(0x0203_0000_fde8_0064, "soo:65000L:100")]
    [InlineData(0x030c_0000_0000_0008, "encap:vxlan")]
    [InlineData(0x030c_0000_0000_0013, "encap:geneve")]
    [InlineData(0x030c_0000_0000_00ff, "encap:255")]
    [InlineData(0x030b_0000_0000_0064, "color:100")]
    [InlineData(0x030d_0000_0000_0000, "default-gateway")]
    [InlineData(0x0600_0100_0000_0007, "mac-mobility:7 sticky")]
    [InlineData(0x0600_0000_0000_0007, "mac-mobility:7")]
    [InlineData(0x0601_0100_0000_0064, "esi-label:100 single-active")]
    [InlineData(0x0601_0000_0000_0000, "esi-label:0 all-active")]
    [InlineData(0x0602_1122_3344_5566, "es-import:11:22:33:44:55:66")]
    [InlineData(0x0603_0200_0000_0001, "router-mac:02:00:00:00:00:01")]
    [InlineData(0x0604_0002_05dc_0000, "l2:flags 0x0002 mtu 1500")]
    [InlineData(0x0606_0000_0000_0000, "df:modulo")]
    [InlineData(0x0606_0140_0000_0000, "df:hrw ac")]
    [InlineData(0x0606_0280_0000_0064, "df:highest-preference 100 dp")]
    [InlineData(0x0606_03d0_0000_0064, "df:lowest-preference 100 dp ac time-sync")]
    [InlineData(0x0606_1f00_0100_0064, "df:algorithm-31 100 0x0001")]
    [InlineData(0x0608_0900_0000_0000, "nd:RI")]
    [InlineData(0x0608_0200_0000_0000, "nd:O")]
    [InlineData(0x0608_8000_0000_0000, "nd:+0x80")]
    [InlineData(0x0608_0000_0000_0000, "nd:-")]
    [InlineData(0x4004_fde8_4b18_9680, "link-bandwidth:65000:10000000")]
    [InlineData(0x0004_fde8_4b18_9680, "link-bandwidth:65000:10000000")]
    [InlineData(0x0003_0000_0000_0000, "soo:0:0")]
    [InlineData(0x0605_0000_0000_0001, "0x0605000000000001")]
    public void An_extended_community_has_its_text(long bits, string text) => Assert.Equal(text, new ExtendedCommunity((ulong)bits).ToString());

    [Fact]
    public void The_import_target_of_a_segment_is_the_high_part_of_its_identifier() => Assert.Equal(
        0x0602_1122_3344_5566UL, ExtendedCommunity.EsImportOf(EthernetSegmentId.Parse("00:11:22:33:44:55:66:77:88:99")).Bits);

    [Fact]
    public void Values_are_these_octets()
    {
        Assert.Equal(0x0606_0280_0000_0064UL, ExtendedCommunity.Of(new DfElection(DfElection.HighestPreference, DfElection.DoNotPreempt, 100)).Bits);
        Assert.Equal(0x0601_0100_0000_0064UL, ExtendedCommunity.Of(new EsiLabel(true, new EvpnLabel(100))).Bits);
        Assert.Equal(0x0608_0900_0000_0000UL, ExtendedCommunity.Of(NeighborFlags.Router | NeighborFlags.Immutable).Bits);
        Assert.Equal(0x4004_fde8_4b18_9680UL, ExtendedCommunity.Of(new LinkBandwidth(65000, 1e7f)).Bits);
        Assert.Equal(0x0203_0000_fde8_0064UL, ExtendedCommunity.OfRouteOrigin(RouteDistinguisher.Parse("65000L:100")).Bits);
    }

    [Theory]
    [InlineData(0xffff_ff01, "no-export")]
    [InlineData(0xffff_ff02, "no-advertise")]
    [InlineData(0xffff_0000, "graceful-shutdown")]
    [InlineData(0xffff_029a, "blackhole")]
    [InlineData(0xffff_0003, "65535:3")]
    [InlineData(0xfde8_0064, "65000:100")]
    public void A_standard_community_has_its_text(uint value, string text)
    {
        Assert.Equal(text, StandardCommunity.Text(value));
        Assert.True(StandardCommunity.TryParse(text, out var back));
        Assert.Equal(value, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("65536:1")]
    [InlineData("1:65536")]
    [InlineData("1")]
    [InlineData("-1:1")]
    [InlineData("no-such-name")]
    public void Other_text_is_no_standard_community(string text) => Assert.False(StandardCommunity.TryParse(text, out _));
}
