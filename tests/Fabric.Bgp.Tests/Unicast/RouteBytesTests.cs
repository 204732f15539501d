using Fabric.Bgp.RtMembership;
using Fabric.Bgp.Unicast;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Unicast;

/// <summary>Unicast prefixes and route target memberships as octets.</summary>
public sealed class RouteBytesTests
{
    [Theory]
    [InlineData("00", IpFamily.V4, "0.0.0.0/0")]
    [InlineData("18 0a0102", IpFamily.V4, "10.1.2.0/24")]
    [InlineData("17 0a0103", IpFamily.V4, "10.1.2.0/23")]
    [InlineData("20 0a010203", IpFamily.V4, "10.1.2.3/32")]
    [InlineData("00", IpFamily.V6, "::/0")]
    [InlineData("2d 20010db800ff", IpFamily.V6, "2001:db8:f8::/45")]
    [InlineData("80 20010db8000000000000000000000001", IpFamily.V6, "2001:db8::1/128")]
    public void A_prefix_is_read_and_bits_behind_its_length_are_dropped(string hex, IpFamily family, string prefix)
    {
        var reader = new WireReader(Samples.Hex(hex));
        Assert.True(UnicastRoute.TryDecode(ref reader, family, addPath: false, out var route, out _));
        Assert.Equal(new UnicastRoute(IpPrefix.Parse(prefix)), route);
        var withPath = new WireReader(Samples.Hex("00000007" + hex));
        Assert.True(UnicastRoute.TryDecode(ref withPath, family, addPath: true, out route, out _));
        Assert.Equal($"{prefix} path 7", route.ToString());
    }

    [Theory]
    [InlineData("", IpFamily.V4, false)]
    [InlineData("21 0a01020300", IpFamily.V4, false)]
    [InlineData("18 0a01", IpFamily.V4, false)]
    [InlineData("81 0000000000000000000000000000000000", IpFamily.V6, false)]
    [InlineData("000000", IpFamily.V4, true)]
    [InlineData("00000000", IpFamily.V4, true)]
    public void A_prefix_that_does_not_fit_is_refused(string hex, IpFamily family, bool addPath)
    {
        var reader = new WireReader(Samples.Hex(hex));
        Assert.False(UnicastRoute.TryDecode(ref reader, family, addPath, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("00", "default")]
    [InlineData("60 0000fde8 0002fde800000064", "65000:rt:65000:100")]
    [InlineData("40 0000fde8 0002fde8", "65000:0x0002fde800000000/32")]
    [InlineData("2f 0000fde8 0003", "65000:0x0002000000000000/15")]
    [InlineData("20 0000fde8", "65000:0x0000000000000000/0")]
    public void A_membership_is_read(string hex, string text)
    {
        var reader = new WireReader(Samples.Hex(hex));
        Assert.True(RtMembershipRoute.TryDecode(ref reader, addPath: false, out var route, out _));
        Assert.True(reader.AtEnd);
        Assert.Equal(text, route.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("01 80")]
    [InlineData("1f 0000fde8")]
    [InlineData("61 0000fde8 0002fde80000006400")]
    [InlineData("60 0000fde8 0002fde8000000")]
    public void A_membership_of_a_wrong_length_is_refused(string hex)
    {
        var reader = new WireReader(Samples.Hex(hex));
        Assert.False(RtMembershipRoute.TryDecode(ref reader, addPath: false, out _, out _));
    }

    [Fact]
    public void A_membership_matches_the_targets_that_begin_with_its_bits()
    {
        var (one, other) = (RouteTarget.Parse("65000:100"), RouteTarget.Parse("65000:101"));
        Assert.True(RtMembershipRoute.Of(65000, one).Matches(one));
        Assert.False(RtMembershipRoute.Of(65000, one).Matches(other));
        Assert.True(RtMembershipRoute.OfPrefix(65000, one.Bits, 63).Matches(other));
        Assert.False(RtMembershipRoute.OfPrefix(65000, one.Bits, 32).Matches(RouteTarget.Parse("65001:100")));
        Assert.True(RtMembershipRoute.OfPrefix(65000, 0, 0).Matches(other));
        Assert.True(RtMembershipRoute.Default.Matches(other));
    }
}
