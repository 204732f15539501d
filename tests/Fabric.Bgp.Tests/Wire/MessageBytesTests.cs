using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Wire;

/// <summary>Bytes and values side by side, both directions.</summary>
public sealed class MessageBytesTests
{
    [Fact]
    public void Open_of_frr_is_understood()
    {
        var bytes = Samples.Hex(Samples.Frr.Open);
        Assert.Equal(FrameStatus.Complete, BgpFrame.Read(bytes, BgpFrame.MaxLength, out var type, out var length, out _));
        Assert.Equal((BgpMessageType.Open, bytes.Length), (type, length));
        Assert.True(OpenMessage.TryDecode(bytes.AsSpan(BgpFrame.HeaderLength), out var open, out _));
        Assert.Equal(65001u, open.AsNumber);
        Assert.True(open.FourOctetAs);
        Assert.Equal(9, open.HoldTime);
        Assert.Equal(IpAddr.Parse("10.255.0.1"), open.Identifier);
        Assert.Equal([AddressFamily.L2VpnEvpn], open.Families);
        Assert.True(open.Has(Capability.RouteRefreshCode));
        Assert.True(open.Has(Capability.GracefulRestartCode));
        Assert.True(open.Has(Capability.AddPathCode));
        Assert.Equal(10, open.Capabilities.Length);
    }

    [Fact]
    public void Own_open_is_these_bytes()
    {
        var open = Samples.Config.Open();
        Assert.Equal(
            Samples.Hex("ffffffffffffffffffffffffffffffff 0035 01 04 fde7 0009 0a000009 18 02 16 0104 00190046 0200 4600 4002 4000 4104 0000fde7 0600"),
            Samples.Encode(open));
    }

    [Fact]
    public void Open_with_a_large_as_says_as_trans_in_the_small_field()
    {
        var open = (Samples.Config with { LocalAsn = new Asn(4200000000) }).Open();
        Assert.Equal(OpenMessage.AsTrans, open.MyAs);
        Assert.Equal(4200000000u, open.AsNumber);
    }

    [Fact]
    public void Open_without_capabilities_means_ipv4_unicast_and_two_octet_as()
    {
        Assert.True(OpenMessage.TryDecode(Samples.Hex("04 fde9 0009 0aff0001 00"), out var open, out _));
        Assert.False(open.FourOctetAs);
        Assert.Equal([AddressFamily.Ipv4Unicast], open.Families);
    }

    [Fact]
    public void Open_with_extended_parameter_lengths_round_trips()
    {
        var open = new OpenMessage
        {
            MyAs = 1,
            Identifier = IpAddr.Parse("1.1.1.1"),
            Capabilities = [.. Enumerable.Range(0, 40).Select(i => new Capability((byte)(200 + i), new Octets(new byte[20])))],
        };
        var bytes = Samples.Encode(open);
        Assert.Equal([255, 255], bytes[28..30]);
        Assert.True(OpenMessage.TryDecode(bytes.AsSpan(BgpFrame.HeaderLength), out var back, out _));
        Assert.Equal(open, back);
    }

    [Theory]
    [InlineData("03 fde9 0009 0aff0001 00", BgpError.Open, BgpError.UnsupportedVersion)]
    [InlineData("04 fde9 0009 0aff0001 02 01 00", BgpError.Open, BgpError.UnsupportedParameter)]
    [InlineData("04 fde9 0009 0aff0001 05 02 02 0104", BgpError.Open, 0)]
    [InlineData("04 fde9 0009 0aff0001 03 02 04 0104", BgpError.Open, 0)]
    [InlineData("04 fde9 0009 0aff0001 00 00", BgpError.Open, 0)]
    public void Bad_open_gives_the_notification(string hex, byte code, byte subcode)
    {
        Assert.False(OpenMessage.TryDecode(Samples.Hex(hex), out _, out var error));
        Assert.Equal((code, subcode), (error.Code, error.Subcode));
    }

    [Fact]
    public void Update_of_frr_with_type_2_is_understood()
    {
        var update = Samples.DecodeUpdate(Samples.Hex(Samples.Frr.MacIp));
        Assert.Equal(ErrorAction.None, update.Action);
        var rd = RouteDistinguisher.Parse("10.250.9.9:100");
        Assert.Equal(
            [
                new MacIpRoute(new(rd, 0, MacAddress.Parse("02:00:00:00:00:02"), null), default, new EvpnLabel(10100), null),
                new MacIpRoute(new(rd, 0, MacAddress.Parse("02:00:00:00:00:11"), IpAddr.Parse("10.1.0.111")), default, new EvpnLabel(10100), null),
            ],
            update.EvpnAnnounced.MacIp);
        var attributes = update.Attributes!;
        Assert.Equal(IpAddr.Parse("10.250.9.9"), attributes.NextHop);
        Assert.Equal("65001 65100", attributes.AsPath.ToString());
        Assert.Equal(RouteOrigin.Incomplete, attributes.Origin);
        Assert.Equal([RouteTarget.Parse("65000:10100")], attributes.RouteTargets);
        Assert.Equal(ExtendedCommunity.VxlanTunnel, attributes.TunnelType);
    }

    [Fact]
    public void Update_of_frr_with_type_3_is_understood()
    {
        var update = Samples.DecodeUpdate(Samples.Hex(Samples.Frr.Multicast));
        Assert.Equal([new MulticastRoute(new(RouteDistinguisher.Parse("10.250.9.9:100"), 0, IpAddr.Parse("10.250.9.9")))], update.EvpnAnnounced.Multicast);
        var tunnel = update.Attributes!.PmsiTunnel!.Value;
        Assert.Equal(PmsiTunnel.IngressReplication, tunnel.TunnelType);
        Assert.Equal(new Vni(10100), tunnel.Label.Vni);
        Assert.Equal(IpAddr.Parse("10.250.9.9"), tunnel.Endpoint);
    }

    [Fact]
    public void Update_of_frr_with_type_5_is_understood()
    {
        var update = Samples.DecodeUpdate(Samples.Hex(Samples.Frr.Prefix));
        Assert.Equal(
            [new PrefixRoute(new(RouteDistinguisher.Parse("10.250.9.9:5000"), 0, IpPrefix.Parse("10.9.0.0/24")), default, default, new EvpnLabel(5000))],
            update.EvpnAnnounced.Prefix);
        Assert.Equal(MacAddress.Parse("02:aa:aa:aa:aa:aa"), update.Attributes!.RouterMac);
    }

    [Theory]
    [InlineData(Samples.Frr.MacIp)]
    [InlineData(Samples.Frr.Multicast)]
    [InlineData(Samples.Frr.Prefix)]
    public void What_frr_sent_says_the_same_after_we_wrote_it(string hex)
    {
        var update = Samples.DecodeUpdate(Samples.Hex(hex));
        var again = Samples.DecodeUpdate(Samples.Encode(update));
        Assert.Equal(update.Attributes, again.Attributes);
        Assert.Equal(update.EvpnAnnounced.MacIp, again.EvpnAnnounced.MacIp);
        Assert.Equal(update.EvpnAnnounced.Multicast, again.EvpnAnnounced.Multicast);
        Assert.Equal(update.EvpnAnnounced.Prefix, again.EvpnAnnounced.Prefix);
    }

    [Fact]
    public void End_of_rib_is_known_for_both_forms()
    {
        Assert.Equal(AddressFamily.L2VpnEvpn, Samples.DecodeUpdate(Samples.Hex(Samples.Frr.EndOfRib)).EndOfRib);
        Assert.Equal(AddressFamily.Ipv4Unicast, UpdateMessage.Decode(Samples.Hex("0000 0000"), Samples.External).EndOfRib);
        Assert.Null(Samples.DecodeUpdate(Samples.Hex(Samples.Frr.MacIp)).EndOfRib);
        var writer = new WireWriter(new byte[64]);
        BgpWrite.EndOfRib(ref writer, AddressFamily.L2VpnEvpn);
        Assert.Equal(Samples.Hex(Samples.Frr.EndOfRib), writer.Written.ToArray());
        writer = new WireWriter(new byte[64]);
        BgpWrite.EndOfRib(ref writer, AddressFamily.Ipv4Unicast);
        Assert.Equal(Samples.Hex("ffffffffffffffffffffffffffffffff 0017 02 0000 0000"), writer.Written.ToArray());
    }

    [Fact]
    public void Notification_bytes_and_text()
    {
        Assert.Equal(Samples.Hex(Samples.Frr.Notification), Samples.Encode(new NotificationMessage(BgpError.HoldTimer, 0)));
        Assert.True(NotificationMessage.TryDecode(Samples.Hex("06 02 05 68656c6c6f"), out var shutdown));
        Assert.Equal("hello", shutdown.ShutdownText);
        Assert.Equal("cease: administrative shutdown (6/2) \"hello\"", shutdown.ToString());
        Assert.Equal(Samples.Hex("05 68656c6c6f"), NotificationMessage.Cease(BgpError.AdministrativeShutdown, "hello").Data.Span.ToArray());
        Assert.Null(new NotificationMessage(BgpError.Cease, BgpError.AdministrativeShutdown, new Octets([200, 65])).ShutdownText);
        Assert.Equal("Ab", new NotificationMessage(6, 2, new Octets([4, 65, 27, 10, 98])).ShutdownText);
        var cut = NotificationMessage.Cease(BgpError.AdministrativeReset, new string('ü', 200));
        Assert.Equal(255, cut.Data.Length);
        Assert.Equal(127, cut.ShutdownText!.Length);
    }

    [Fact]
    public void Keepalive_and_route_refresh_bytes()
    {
        Assert.Equal(Samples.Hex(Samples.Frr.Keepalive), Samples.Keepalive());
        var writer = new WireWriter(new byte[64]);
        BgpWrite.RouteRefresh(ref writer, AddressFamily.L2VpnEvpn);
        Assert.Equal(Samples.Hex("ffffffffffffffffffffffffffffffff 0017 05 0019 00 46"), writer.Written.ToArray());
    }

    [Fact]
    public void Type_2_with_two_labels_and_ipv6_is_these_bytes()
    {
        var route = new MacIpRoute(
            new(RouteDistinguisher.Parse("7:10100"), 5, MacAddress.Parse("02:00:00:00:00:01"), IpAddr.Parse("2001:db8::1")),
            EthernetSegmentId.Parse("03:44:38:39:ff:ff:01:00:00:01"),
            new EvpnLabel(10100),
            new EvpnLabel(5000));
        var bytes = Samples.Hex("02 34 0000000700002774 03443839ffff01000001 00000005 30 020000000001 80 20010db8000000000000000000000001 002774 001388");
        var writer = new WireWriter(new byte[100]);
        EvpnNlri.Encode<MacIpRoute, MacIpKey>(ref writer, route);
        Assert.Equal(bytes, writer.Written.ToArray());
        var set = new EvpnRouteSet();
        Assert.True(EvpnNlri.TryDecode(bytes, set, null));
        Assert.Equal([route], set.MacIp);
    }

    [Fact]
    public void Type_5_of_ipv6_with_gateway_is_these_bytes_and_drops_host_bits()
    {
        var route = new PrefixRoute(
            new(RouteDistinguisher.Parse("7:5000"), 0, IpPrefix.Parse("2001:db8::/32")), default, IpAddr.Parse("2001:db8::9"), new EvpnLabel(5000));
        var bytes = Samples.Hex(
            "05 3a 0000000700001388 00000000000000000000 00000000 20 20010db8000000000000000000000000 20010db8000000000000000000000009 001388");
        var writer = new WireWriter(new byte[100]);
        EvpnNlri.Encode<PrefixRoute, PrefixKey>(ref writer, route);
        Assert.Equal(bytes, writer.Written.ToArray());
        bytes[40] = 0x77;
        var set = new EvpnRouteSet();
        Assert.True(EvpnNlri.TryDecode(bytes, set, null));
        Assert.Equal([route], set.Prefix);
    }

    [Fact]
    public void Other_route_types_are_kept_as_octets()
    {
        var set = new EvpnRouteSet();
        Assert.True(EvpnNlri.TryDecode(Samples.Hex("06 02 abcd 0b 00 ff 01 ff"), set, null));
        Assert.Equal([new OpaqueRoute(6, new Octets([0xab, 0xcd])), new OpaqueRoute(11, default), new OpaqueRoute(255, new Octets([0xff]))], set.Opaque);
        var writer = new WireWriter(new byte[100]);
        EvpnNlri.Encode(ref writer, set);
        Assert.Equal(Samples.Hex("06 02 abcd 0b 00 ff 01 ff"), writer.Written.ToArray());
        Assert.Equal("type 6 abcd", set.Opaque[0].ToString());
    }

    [Fact]
    public void A_malformed_route_is_left_out_and_the_others_stay()
    {
        var set = new EvpnRouteSet();
        var problems = new List<string>();
        Assert.True(EvpnNlri.TryDecode(Samples.Hex("02 03 010203 03 11 0000000700002774 00000000 20 0a000001 05 01 00"), set, problems));
        Assert.Equal(1, set.Count);
        Assert.Equal(["EVPN route type 2: too short", "EVPN route type 5: length is not 34 or 58"], problems);
    }

    [Fact]
    public void Two_octet_peers_get_as_trans_and_as4_path_and_both_come_back_merged()
    {
        var attributes = Samples.Attributes("10.1.1.1", "100:1", 65001, 4200000001, 7);
        var bytes = Samples.Encode(Samples.Announce(attributes, Samples.MacIp("02:00:00:00:00:01")), Samples.TwoOctet);
        Assert.Contains("4002080203fde95ba00007", Convert.ToHexStringLower(bytes), StringComparison.Ordinal);
        Assert.Equal(attributes, Samples.DecodeUpdate(bytes, Samples.TwoOctet).Attributes);
    }

    [Fact]
    public void As4_path_covers_only_the_tail()
    {
        // AS_PATH 10 23456 20, AS4_PATH 4200000001 20: the leading 10 was added by a two-octet speaker.
        var body = Samples.UpdateBody("", "800e 09 0019 46 04 0a010101 00 400101 00 4002 08 0203 000a 5ba0 0014 c011 0a 0202 fa56ea01 00000014");
        var update = UpdateMessage.Decode(body, Samples.TwoOctet);
        Assert.Equal([], update.Problems);
        Assert.Equal("10 4200000001 20", update.Attributes!.AsPath.ToString());
    }

    [Fact]
    public void Long_attributes_get_a_length_of_two_octets()
    {
        var attributes = new PathAttributes
        {
            AsPath = AsPath.Sequence([.. Enumerable.Range(1, 300).Select(static i => (uint)i)]),
            NextHop = IpAddr.Parse("::1"),
            Communities = [.. Enumerable.Range(1, 100).Select(static i => (uint)i)],
        };
        var back = Samples.DecodeUpdate(Samples.Encode(Samples.Announce(attributes, Samples.MacIp("02:00:00:00:00:01")))).Attributes!;
        Assert.Equal(attributes.Communities, back.Communities);
        Assert.Equal([255, 45], back.AsPath.Segments.Select(static s => s.Numbers.Length));
        Assert.Equal(300, back.AsPath.Length);
    }

    [Fact]
    public void Ipv4_routes_of_a_message_are_carried()
    {
        var body = Samples.UpdateBody("180a0001", "400101 00 400204 0201 0007 400304 0a000001", "180a0002");
        var update = UpdateMessage.Decode(body, Samples.TwoOctet);
        Assert.Equal([], update.Problems);
        Assert.Equal("180a0001", update.Ipv4Withdrawn.ToString());
        Assert.Equal("180a0002", update.Ipv4Announced.ToString());
        Assert.Equal(IpAddr.Parse("10.0.0.1"), update.Ipv4NextHop);
        Assert.Equal(body, Samples.Encode(update, Samples.TwoOctet)[BgpFrame.HeaderLength..]);
    }
}
