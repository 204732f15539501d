using System.Net;
using System.Text.Json;

namespace Fabric.Primitives.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("2001:DB8:0:0:0:0:0:1", "2001:db8::1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:0:0:1:0:0:0:1", "2001:0:0:1::1")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("1::", "1::")]
    [InlineData("fe80::0001", "fe80::1")]
    [InlineData("::ffff:10.0.0.1", "::ffff:10.0.0.1")]
    [InlineData("::FFFF:0A00:0001", "::ffff:10.0.0.1")]
    [InlineData("64:ff9b::192.0.2.33", "64:ff9b::c000:221")]
    [InlineData("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0")]
    [InlineData("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    public void Address_text_is_canonical(string text, string canonical)
    {
        var address = IpAddr.Parse(text);
        Assert.Equal(canonical, address.ToString());
        Assert.Equal(address, IpAddr.Parse(canonical));
        Assert.Equal(IPAddress.Parse(text), address.ToIPAddress());
        Assert.Equal(address, IpAddr.From(address.ToIPAddress()));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("12345::")]
    [InlineData("::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("::1.2.3.4:5")]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.01")]
    [InlineData("10.0.0.1.2")]
    [InlineData("0x0a.0.0.1")]
    [InlineData(" 10.0.0.1")]
    [InlineData("١٠.0.0.1")]
    public void Address_text_is_refused(string text)
    {
        Assert.False(IpAddr.TryParse(text, out _, out var error));
        Assert.StartsWith("an IP address is written like", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_text_is_quoted_short_and_without_control_characters()
    {
        Assert.False(IpAddr.TryParse("\u001b[31m" + new string('x', 100_000), out _, out var error));
        Assert.True(error!.Length < 160);
        Assert.DoesNotContain('\u001b', error);
    }

    [Theory]
    [InlineData("10.0.1.1/24", "10.0.1.1/24 has host bits set; the network is 10.0.1.0/24")]
    [InlineData("10.0.1.0/33", "a prefix length of IPv4 is 0..32, got 33")]
    [InlineData("2001:db8::/129", "a prefix length of IPv6 is 0..128, got 129")]
    [InlineData("2001:db8::1/64", "2001:db8::1/64 has host bits set; the network is 2001:db8::/64")]
    [InlineData("10.0.1.0", "a prefix is written like 10.0.1.0/24 or 2001:db8::/64, got \"10.0.1.0\"")]
    [InlineData("10.0.1.0/", "a prefix is written like 10.0.1.0/24 or 2001:db8::/64, got \"10.0.1.0/\"")]
    [InlineData("10.0.1.0/-1", "a prefix is written like 10.0.1.0/24 or 2001:db8::/64, got \"10.0.1.0/-1\"")]
    public void Prefix_is_refused_with_reason(string text, string reason)
    {
        Assert.False(IpPrefix.TryParse(text, out _, out var error));
        Assert.Equal(reason, error);
        Assert.StartsWith(reason, Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<IpPrefix>(JsonSerializer.Serialize(text))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prefixes_contain_and_overlap()
    {
        var ten = IpPrefix.Parse("10.0.0.0/8");
        Assert.True(ten.Contains(IpPrefix.Parse("10.1.0.0/16")));
        Assert.False(IpPrefix.Parse("10.1.0.0/16").Contains(ten));
        Assert.False(IpPrefix.Parse("10.0.0.0/16").Contains(ten));
        Assert.True(ten.Overlaps(IpPrefix.Parse("10.1.0.0/16")));
        Assert.True(IpPrefix.Parse("10.1.0.0/16").Overlaps(ten));
        Assert.False(IpPrefix.Parse("10.0.1.0/24").Overlaps(IpPrefix.Parse("10.0.2.0/24")));
        Assert.False(IpPrefix.Parse("0.0.0.0/0").Contains(IpAddr.Parse("::1")));
        Assert.False(IpPrefix.Parse("0.0.0.0/0").Overlaps(IpPrefix.Parse("::/0")));
        Assert.True(IpPrefix.Parse("::/0").Contains(IpAddr.Parse("ffff::")));
        Assert.True(default(IpPrefix).Contains(IpAddr.Parse("1.2.3.4")));
        Assert.Equal("10.255.255.255", ten.LastAddress.ToString());
        Assert.Equal(UInt128.One << 24, ten.AddressCount);
        Assert.Equal(UInt128.Zero, IpPrefix.Parse("::/0").AddressCount);
        Assert.True(IpPrefix.Host(IpAddr.Parse("::1")).IsHost);
    }

    [Fact]
    public void Interface_keeps_host_bits_and_knows_its_network()
    {
        var gateway = IpInterface.Parse("10.0.1.1/24");
        Assert.Equal("10.0.1.1/24", gateway.ToString());
        Assert.Equal(IpPrefix.Parse("10.0.1.0/24"), gateway.Network);
        Assert.Equal("\"10.0.1.1/24\"", JsonSerializer.Serialize(gateway));
        Assert.False(IpInterface.TryParse("10.0.1.1/64", out _, out var error));
        Assert.Equal("a prefix length of IPv4 is 0..32, got 64", error);
    }

    [Fact]
    public void Order_is_family_then_number()
    {
        string[] expected = ["0.0.0.0", "9.0.0.0", "10.0.0.0", "10.0.0.2", "10.0.0.10", "::", "::1", "2001:db8::"];
        Assert.Equal(expected, expected.Reverse().Select(IpAddr.Parse).Order().Select(a => a.ToString()));
        Assert.True(IpPrefix.Parse("10.0.0.0/8") < IpPrefix.Parse("10.0.0.0/16"));
    }

    [Fact]
    public void Adding_stays_in_the_family()
    {
        Assert.True(IpAddr.Parse("10.0.0.255").TryAdd(1, out var next));
        Assert.Equal("10.0.1.0", next.ToString());
        Assert.False(IpAddr.Parse("255.255.255.255").TryAdd(1, out _));
        Assert.False(IpAddr.V6(UInt128.MaxValue).TryAdd(1, out _));
        Assert.False(IpAddr.Parse("255.255.255.255").TryAdd(UInt128.MaxValue, out _));
    }

    [Theory]
    [InlineData("127.0.0.1", true, false, false)]
    [InlineData("::1", true, false, false)]
    [InlineData("224.0.0.5", false, true, false)]
    [InlineData("ff02::1", false, true, false)]
    [InlineData("169.254.1.1", false, false, true)]
    [InlineData("fe80::1", false, false, true)]
    [InlineData("febf::1", false, false, true)]
    [InlineData("fec0::1", false, false, false)]
    public void Address_classes_are_known(string text, bool loopback, bool multicast, bool linkLocal)
    {
        var address = IpAddr.Parse(text);
        Assert.Equal((loopback, multicast, linkLocal), (address.IsLoopback, address.IsMulticast, address.IsLinkLocal));
    }

    [Theory]
    [InlineData("02:00:00:AB:cd:ef")]
    [InlineData("02-00-00-ab-cd-ef")]
    [InlineData("0200.00ab.cdef")]
    public void Mac_reads_the_usual_forms(string text)
    {
        var mac = MacAddress.Parse(text);
        Assert.Equal("02:00:00:ab:cd:ef", mac.ToString());
        Assert.Equal(0x020000abcdefUL, mac.Bits);
        Assert.True(mac.IsLocal);
        Assert.False(mac.IsMulticast);
        var octets = new byte[6];
        mac.WriteTo(octets);
        Assert.Equal(mac, MacAddress.FromBytes(octets));
    }

    [Theory]
    [InlineData("")]
    [InlineData("02:00:00:ab:cd")]
    [InlineData("02:00:00:ab:cd:eg")]
    [InlineData("02:00-00:ab:cd:ef")]
    [InlineData("02.00.00.ab.cd.ef")]
    [InlineData("0200:00ab:cdef")]
    [InlineData("020000abcdef")]
    public void Mac_refuses_other_text(string text) => Assert.False(MacAddress.TryParse(text, out _));
}
