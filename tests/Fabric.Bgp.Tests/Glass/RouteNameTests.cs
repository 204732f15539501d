using Fabric.Bgp.Evpn;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Wire;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Glass;

public sealed class RouteNameTests
{
    [Theory]
    [InlineData("1:10100 [1]:[7]:[00:11:22:33:44:55:66:77:88:99]")]
    [InlineData("1:10100 [2]:[0]:[48]:[02:00:00:00:00:01]")]
    [InlineData("10.0.0.1:5 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.1.11]")]
    [InlineData("1:10100 [2]:[4294967295]:[48]:[02:00:00:00:00:01]:[128]:[2001:db8::1]")]
    [InlineData("1:10100 [3]:[0]:[32]:[10.0.0.1]")]
    [InlineData("1:10100 [4]:[00:11:22:33:44:55:66:77:88:99]:[128]:[2001:db8::1]")]
    [InlineData("1:5000 [5]:[0]:[24]:[10.0.1.0]")]
    [InlineData("1:5000 [5]:[0]:[0]:[::]")]
    [InlineData("[6]:0x0102ff")]
    [InlineData("[200]:0x")]
    public void The_name_of_an_evpn_route_leads_back_to_it(string name)
    {
        Assert.True(RouteName.TryParse(AddressFamily.L2VpnEvpn, name, out var nlri, out _));
        Assert.Equal(name, RouteName.Of(AddressFamily.L2VpnEvpn, nlri.Span));
        Assert.Null(new RouteInjection(AddressFamily.L2VpnEvpn, nlri, null).Fault());
    }

    [Theory]
    [InlineData("ipv4", "10.0.0.0/8")]
    [InlineData("ipv4", "0.0.0.0/0")]
    [InlineData("ipv6", "2001:db8::/33")]
    [InlineData("rt", "default")]
    [InlineData("rt", "65000:rt:65000:100")]
    [InlineData("rt", "4200000000:0x0002fde800000000/32")]
    public void The_name_of_another_route_leads_back_to_it(string family, string name)
    {
        var of = family switch { "ipv4" => AddressFamily.Ipv4Unicast, "ipv6" => AddressFamily.Ipv6Unicast, _ => AddressFamily.RouteTargetMembership };
        Assert.True(RouteName.TryParse(of, name, out var nlri, out _));
        Assert.Equal(name, RouteName.Of(of, nlri.Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("1:10100")]
    [InlineData("1:10100 [2]")]
    [InlineData("1:10100 [2]:[0]:[47]:[02:00:00:00:00:01]")]
    [InlineData("1:10100 [2]:[0]:[48]:[02:00:00:00:00:01]:[128]:[10.0.1.11]")]
    [InlineData("1:10100 [2]:[-1]:[48]:[02:00:00:00:00:01]")]
    [InlineData("1:5000 [5]:[0]:[24]:[10.0.1.1]")]
    [InlineData("1:5000 [5]:[0]:[999999999999]:[10.0.1.0]")]
    [InlineData("[2]:0x00")]
    [InlineData("[6]:0x0")]
    [InlineData("[256]:0x00")]
    public void What_names_no_route_is_refused_with_an_example(string name)
    {
        Assert.False(RouteName.TryParse(AddressFamily.L2VpnEvpn, name, out _, out var error));
        Assert.Contains("65000:100 [2]", error, StringComparison.Ordinal);
        Assert.False(RouteName.TryParse(AddressFamily.Ipv4Unicast, name, out _, out _));
        Assert.False(RouteName.TryParse(AddressFamily.RouteTargetMembership, name, out _, out _));
    }

    [Fact]
    public void No_text_makes_the_parser_throw() => Prop.ForAll(
        Gen.Elements("[", "]", ":", "[2]", "[5]", "]:[", "1:2 ", "48", "0x", "rt:", "/", "10.0.0.0", "::", "02:00:00:00:00:01", "99999999999").ArrayOf().ToArbitrary(),
        static parts =>
        {
            var text = string.Concat(parts);
            foreach (var family in (AddressFamily[])[AddressFamily.L2VpnEvpn, AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.RouteTargetMembership, new(9, 9)])
            {
                if (RouteName.TryParse(family, text, out var nlri, out _))
                {
                    Assert.Null(new RouteInjection(family, nlri, null).Fault());
                }
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Only_the_octets_of_one_whole_route_can_be_injected()
    {
        var good = RouteInjection.Evpn<MacIpRoute, MacIpKey>(Samples.MacIp("02:00:00:00:00:01"), Samples.Attributes());
        Assert.Null(good.Fault());
        Assert.NotNull((good with { Nlri = new Octets(good.Nlri.Span[..^1]) }).Fault());
        Assert.NotNull((good with { Nlri = new Octets([.. good.Nlri.Span, .. good.Nlri.Span]) }).Fault());
        Assert.NotNull((good with { Nlri = default }).Fault());
        Assert.NotNull((good with { Family = new AddressFamily(1, 2) }).Fault());
        Assert.NotNull(new RouteInjection(AddressFamily.Ipv4Unicast, new Octets([33, 1, 2, 3, 4, 5]), null).Fault());
        Assert.Contains("do not fit", (good with { Attributes = new(Samples.Attributes()) { Communities = [.. Enumerable.Range(0, 1000).Select(static i => (uint)i)] } }).Fault(), StringComparison.Ordinal);
    }
}
