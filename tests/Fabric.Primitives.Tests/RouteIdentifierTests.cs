using System.Text.Json;

namespace Fabric.Primitives.Tests;

public sealed class RouteIdentifierTests
{
    [Theory]
    [InlineData("65000:10100", 0x0000_fde8_0000_2774UL)]
    [InlineData("10.0.0.1:7", 0x0001_0a00_0001_0007UL)]
    [InlineData("4200000000:7", 0x0002_fa56_ea00_0007UL)]
    [InlineData("7L:7", 0x0002_0000_0007_0007UL)]
    [InlineData("0x0003000000000007", 0x0003_0000_0000_0007UL)]
    public void Distinguisher_text_and_octets_are_one_to_one(string text, ulong bits)
    {
        Assert.Equal(bits, RouteDistinguisher.Parse(text).Bits);
        Assert.Equal(text, RouteDistinguisher.FromBits(bits).ToString());
    }

    [Theory]
    [InlineData("65000:10100", 0x0002_fde8_0000_2774UL, 10100u)]
    [InlineData("10.0.0.1:7", 0x0102_0a00_0001_0007UL, 7u)]
    [InlineData("4200000000:7", 0x0202_fa56_ea00_0007UL, 7u)]
    public void Target_text_and_community_are_one_to_one(string text, ulong bits, uint number)
    {
        var target = RouteTarget.Parse(text);
        Assert.Equal(bits, target.Bits);
        Assert.Equal(number, target.Number);
        Assert.True(RouteTarget.TryFromCommunity(bits, out var back));
        Assert.Equal(target, back);
        Assert.Equal(text, back.ToString());
        Assert.Equal($"\"{text}\"", JsonSerializer.Serialize(target));
    }

    [Theory]
    [InlineData(0x0003_fde8_0000_2774UL)]
    [InlineData(0x030c_0000_0000_0008UL)]
    [InlineData(0x4002_fde8_0000_2774UL)]
    public void Other_communities_are_no_targets(ulong bits) => Assert.False(RouteTarget.TryFromCommunity(bits, out _));

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("L:1")]
    [InlineData("65000:4294967296")]
    [InlineData("65536:65536")]
    [InlineData("10.0.0.1:65536")]
    [InlineData("4294967296:1")]
    [InlineData("65000:1:2")]
    [InlineData("*:1")]
    public void Bad_text_is_refused(string text)
    {
        Assert.False(RouteDistinguisher.TryParse(text, out _, out var error));
        Assert.StartsWith("a route distinguisher is written like", error, StringComparison.Ordinal);
        Assert.False(RouteTarget.TryParse(text, out _, out error));
        Assert.StartsWith("a route target is written like", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Segment_identifier_text_and_octets_are_one_to_one()
    {
        var esi = EthernetSegmentId.Parse("03:44:38:39:FF:ff:01:00:00:01");
        Assert.Equal("03:44:38:39:ff:ff:01:00:00:01", esi.ToString());
        Assert.Equal(3, esi.Type);
        Assert.False(esi.IsZero);
        Assert.True(default(EthernetSegmentId).IsZero);
        var octets = new byte[10];
        esi.WriteTo(octets);
        Assert.Equal(esi, EthernetSegmentId.FromBytes(octets));
        Assert.False(EthernetSegmentId.TryParse("03:44:38:39:ff:ff:01:00:00", out _));
        Assert.False(EthernetSegmentId.TryParse("03:44:38:39:ff:ff:01:00:00-01", out _));
    }
}
