using Fabric.Bgp.Display;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Evpn;

/// <summary>EVPN routes of every type as octets, laid out by hand from the RFCs.</summary>
public sealed class EvpnRouteBytesTests
{
    private const string Rd = "0001 0a000001 0064 ";
    private const string Esi = "00 11 22 33 44 55 66 77 88 99 ";

    [Fact]
    public void Type_1_is_these_octets()
    {
        var route = new EthernetAutoDiscoveryRoute(
            new(RouteDistinguisher.Parse("10.0.0.1:100"), EthernetSegmentId.Parse("00:11:22:33:44:55:66:77:88:99"), EthernetAutoDiscoveryRoute.WholeSegment), default);
        Assert.True(route.IsPerSegment);
        Check<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(route, "01 19 " + Rd + Esi + "ffffffff 000000", static s => s.AutoDiscovery);
    }

    [Fact]
    public void Type_4_is_these_octets()
    {
        var (rd, esi) = (RouteDistinguisher.Parse("10.0.0.1:100"), EthernetSegmentId.Parse("00:11:22:33:44:55:66:77:88:99"));
        Check<EthernetSegmentRoute, EthernetSegmentKey>(
            new(new(rd, esi, IpAddr.Parse("10.0.0.1"))), "04 17 " + Rd + Esi + "20 0a000001", static s => s.Segment);
        Check<EthernetSegmentRoute, EthernetSegmentKey>(
            new(new(rd, esi, IpAddr.Parse("2001:db8::1"))), "04 23 " + Rd + Esi + "80 20010db8000000000000000000000001", static s => s.Segment);
    }

    [Theory]
    [InlineData(1, Rd + Esi + "00000000 0000", "too short")]
    [InlineData(1, Rd + Esi + "00000000 000000 00", "octets left over")]
    [InlineData(2, Rd + Esi + "00000000 2f 020000000001 00 000064", "MAC length is not 48")]
    [InlineData(2, Rd + Esi + "00000000 30 020000000001 18 0a0000 000064", "IP length is not 0, 32 or 128")]
    [InlineData(2, Rd + Esi + "00000000 30 020000000001 00", "too short")]
    [InlineData(2, Rd + Esi + "00000000 30 020000000001 00 000064 00", "too short")]
    [InlineData(2, Rd + Esi + "00000000 30 020000000001 00 000064 000065 000066", "octets left over")]
    [InlineData(3, Rd + "00000000 00", "IP length is not 32 or 128")]
    [InlineData(3, Rd + "00000000 20 0a00000100", "octets left over")]
    [InlineData(4, Rd + Esi + "18 0a0000", "IP length is not 32 or 128")]
    [InlineData(4, Rd + Esi + "80 0a000001", "too short")]
    [InlineData(4, Rd + Esi + "20 0a00000100", "octets left over")]
    [InlineData(5, Rd + Esi + "00000000 21 0a000000 00000000 000064", "prefix length too large")]
    [InlineData(5, Rd + Esi + "00000000 18 0a000000 00000000 0000", "length is not 34 or 58")]
    public void A_malformed_value_is_refused_with_its_reason(byte type, string hex, string reason)
    {
        var value = Samples.Hex(hex);
        Assert.Equal(reason, EvpnNlri.FaultOf(type, value));
        Assert.False(EvpnRouteFields.TryDecode(type, value, [], out var error));
        Assert.Equal(reason, error);
        var (set, problems) = (new EvpnRouteSet(), new List<string>());
        Assert.True(EvpnNlri.TryDecode([type, (byte)value.Length, .. value], set, problems));
        Assert.Equal(0, set.Count);
        Assert.Equal([$"EVPN route type {type}: {reason}"], problems);
    }

    [Theory]
    [InlineData(1, Rd + Esi + "00000007 000064", "rd=10.0.0.1:100 esi=00:11:22:33:44:55:66:77:88:99 ethernet_tag=7 label=100")]
    [InlineData(
        2,
        Rd + Esi + "00000000 30 020000000001 20 0a000009 000064 000065",
        "rd=10.0.0.1:100 esi=00:11:22:33:44:55:66:77:88:99 ethernet_tag=0 mac=02:00:00:00:00:01 ip=10.0.0.9 label=100 label2=101")]
    [InlineData(3, Rd + "00000000 20 0a000001", "rd=10.0.0.1:100 ethernet_tag=0 originator=10.0.0.1")]
    [InlineData(4, Rd + Esi + "20 0a000001", "rd=10.0.0.1:100 esi=00:11:22:33:44:55:66:77:88:99 originator=10.0.0.1")]
    [InlineData(
        5,
        Rd + Esi + "00000000 18 0a010200 0a000009 000064",
        "rd=10.0.0.1:100 esi=00:11:22:33:44:55:66:77:88:99 ethernet_tag=0 prefix=10.1.2.0/24 gateway=10.0.0.9 label=100")]
    [InlineData(
        6, Rd + "00000064 00 20 e1010101 20 0a000001 02", "rd=10.0.0.1:100 ethernet_tag=100 source=* group=225.1.1.1 originator=10.0.0.1 flags=2")]
    [InlineData(
        7,
        Rd + Esi + "00000064 20 0a000005 20 e8010101 20 0a000001 04",
        "rd=10.0.0.1:100 esi=00:11:22:33:44:55:66:77:88:99 ethernet_tag=100 source=10.0.0.5 group=232.1.1.1 originator=10.0.0.1 flags=4")]
    [InlineData(
        8,
        Rd + Esi + "00000064 00 20 e1010101 20 0a000001 00000000 0a 02",
        "rd=10.0.0.1:100 esi=00:11:22:33:44:55:66:77:88:99 ethernet_tag=100 source=* group=225.1.1.1 originator=10.0.0.1 maximum_response_time=10 flags=2")]
    [InlineData(9, Rd + "00000064 0002 fde8 00000064", "rd=10.0.0.1:100 ethernet_tag=100 region=rt:65000:100")]
    [InlineData(10, Rd + "00000064 00 00 20 0a000001", "rd=10.0.0.1:100 ethernet_tag=100 source=* group=* originator=10.0.0.1")]
    [InlineData(
        11, "03 11 " + Rd + "00000000 20 0a000001 20 0a000002", "route_key_type=3 route_key=00010a000001006400000000200a000001 originator=10.0.0.2")]
    public void Each_type_has_named_fields(byte type, string hex, string fields)
    {
        var value = Samples.Hex(hex);
        var into = new List<NamedField>();
        Assert.True(EvpnRouteFields.TryDecode(type, value, into, out _));
        Assert.Equal(fields, string.Join(' ', into.Select(static f => $"{f.Name}={f.Text ?? f.Number.ToString()}")));
        for (var length = 0; length < value.Length; length++)
        {
            // A type-2 route may end behind its first label.
            Assert.True(type == 2 && length == value.Length - 3 || !EvpnRouteFields.TryDecode(type, value.AsSpan(0, length), [], out _), $"cut to {length}");
        }

        Assert.False(EvpnRouteFields.TryDecode(type, [.. value, 0], [], out _));
    }

    private static void Check<TRoute, TKey>(TRoute route, string hex, Func<EvpnRouteSet, List<TRoute>> pick)
        where TRoute : struct, IEvpnRoute<TRoute, TKey>
        where TKey : struct, IEquatable<TKey>
    {
        var bytes = Samples.Hex(hex);
        var writer = new WireWriter(new byte[100]);
        EvpnNlri.Encode<TRoute, TKey>(ref writer, route);
        Assert.Equal(bytes, writer.Written.ToArray());
        var set = new EvpnRouteSet();
        Assert.True(EvpnNlri.TryDecode(bytes, set, null));
        Assert.Equal([route], pick(set));
        Assert.Equal(1, set.Count);
        var all = new WireWriter(new byte[100]);
        EvpnNlri.Encode(ref all, set);
        Assert.Equal(bytes, all.Written.ToArray());
    }
}
