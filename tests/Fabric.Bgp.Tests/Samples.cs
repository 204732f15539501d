using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests;

/// <summary>Values and messages that several tests share.</summary>
internal static class Samples
{
    public static readonly SessionContext External = new(FourOctetAs: true, IsInternal: false, [AddressFamily.L2VpnEvpn]);

    public static readonly SessionContext Internal = External with { IsInternal = true };

    public static readonly SessionContext TwoOctet = External with { FourOctetAs = false };

    /// <summary>Messages as FRR 8.4.4 sent them (routes injected by GoBGP 3.10).</summary>
    public static class Frr
    {
        public const string Open =
            "ffffffffffffffffffffffffffffffff005e0104fde900090aff0001410206010400190046020280000202020002024600020641040000fde902020600020645040019460102064904027431000204400240780209470700194680000000";

        public const string MacIp =
            "ffffffffffffffffffffffffffffffff0093020000007c900e0053001946040afa090900022100010afa0909006400000000000000000000000000003002000000000200002774022500010afa09090064000000000000000000000000000030020000000011200a01006f002774400101025002000a02020000fde90000fe4cc010100002fde800002774030c000000000008";

        public const string Multicast =
            "ffffffffffffffffffffffffffffffff00680200000051900e001c001946040afa090900031100010afa0909006400000000200afa0909400101025002000a02020000fde90000fe4cc010100002fde800002774030c000000000008c0160900060027740afa0909";

        public const string Prefix =
            "ffffffffffffffffffffffffffffffff0075020000005e900e002d001946040afa090900052200010afa090913880000000000000000000000000000180a09000000000000001388400101025002000a02020000fde90000fe4cc010180002fde800001388030c000000000008060302aaaaaaaaaa";

        public const string EndOfRib = "ffffffffffffffffffffffffffffffff001d0200000006800f03001946";

        public const string Notification = "ffffffffffffffffffffffffffffffff0015030400";

        public const string Keepalive = "ffffffffffffffffffffffffffffffff001304";
    }

    public static readonly ImmutableArray<string> FrrMessages =
        [Frr.Open, Frr.MacIp, Frr.Multicast, Frr.Prefix, Frr.EndOfRib, Frr.Notification, Frr.Keepalive];

    public static PeerFsmConfig Config { get; } = new()
    {
        LocalAsn = new Asn(64999),
        RouterId = IpAddr.Parse("10.0.0.9"),
        RemoteAsn = new Asn(65001),
        Families = [AddressFamily.L2VpnEvpn],
    };

    public static OpenMessage PeerOpen(string identifier = "10.0.0.1", uint asn = 65001, ushort holdTime = 9) => new()
    {
        MyAs = (ushort)asn,
        HoldTime = holdTime,
        Identifier = IpAddr.Parse(identifier),
        Capabilities = [Capability.Multiprotocol(AddressFamily.L2VpnEvpn), Capability.RouteRefresh, Capability.FourOctetAs(new Asn(asn))],
    };

    /// <summary>The OPEN of a peer whose EVPN routes are kept for 120 s when it restarts.</summary>
    public static OpenMessage GracefulPeerOpen(bool notification, bool preserved) => new()
    {
        MyAs = 65001,
        HoldTime = 9,
        Identifier = IpAddr.Parse("10.0.0.1"),
        Capabilities =
        [
            .. PeerOpen().Capabilities,
            Capability.EnhancedRouteRefresh,
            Capability.GracefulRestart(new GracefulRestartOffer
            {
                Notification = notification,
                RestartTime = TimeSpan.FromSeconds(120),
                Families = [new(AddressFamily.L2VpnEvpn, preserved)],
            }),
        ],
    };

    public static PathAttributes Attributes(string vtep = "10.1.1.1", string target = "100:10100", params ReadOnlySpan<uint> path) => new()
    {
        Origin = RouteOrigin.Igp,
        AsPath = path.IsEmpty ? AsPath.Sequence(65001, 65011) : AsPath.Sequence(path),
        NextHop = IpAddr.Parse(vtep),
        ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Parse(target)), ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel)],
    };

    public static MacIpRoute MacIp(string mac, string? ip = null, string rd = "1:10100", uint vni = 10100, uint? l3Vni = null) => new(
        new(RouteDistinguisher.Parse(rd), 0, MacAddress.Parse(mac), ip is null ? null : IpAddr.Parse(ip)),
        default,
        new EvpnLabel(vni),
        l3Vni is { } l3 ? new EvpnLabel(l3) : null);

    public static MulticastRoute Multicast(string originator, string rd = "1:10100") => new(new(RouteDistinguisher.Parse(rd), 0, IpAddr.Parse(originator)));

    public static PrefixRoute Prefix(string prefix, string rd = "1:5000", uint vni = 5000) =>
        new(new(RouteDistinguisher.Parse(rd), 0, IpPrefix.Parse(prefix)), default, default, new EvpnLabel(vni));

    public static UpdateMessage Announce(PathAttributes attributes, params ReadOnlySpan<MacIpRoute> routes)
    {
        var set = new EvpnRouteSet();
        set.MacIp.AddRange(routes);
        return new UpdateMessage { Attributes = attributes, EvpnAnnounced = set };
    }

    public static UpdateMessage Withdraw(params ReadOnlySpan<MacIpRoute> routes)
    {
        var set = new EvpnRouteSet();
        set.MacIp.AddRange(routes);
        return new UpdateMessage { EvpnWithdrawn = set };
    }

    public static byte[] Encode(UpdateMessage update, SessionContext? context = null)
    {
        var writer = new WireWriter(new byte[BgpFrame.MaxExtendedLength]);
        update.Encode(ref writer, context ?? External);
        Assert.False(writer.Failed);
        return writer.Written.ToArray();
    }

    public static byte[] Encode(OpenMessage open)
    {
        var writer = new WireWriter(new byte[BgpFrame.MaxLength]);
        open.Encode(ref writer);
        Assert.False(writer.Failed);
        return writer.Written.ToArray();
    }

    public static byte[] Keepalive()
    {
        var writer = new WireWriter(new byte[BgpFrame.MaxLength]);
        BgpWrite.Keepalive(ref writer);
        return writer.Written.ToArray();
    }

    public static byte[] Encode(NotificationMessage notification)
    {
        var writer = new WireWriter(new byte[BgpFrame.MaxLength]);
        BgpWrite.Notification(ref writer, notification);
        return writer.Written.ToArray();
    }

    public static UpdateMessage DecodeUpdate(ReadOnlySpan<byte> message, SessionContext? context = null) =>
        UpdateMessage.Decode(message[BgpFrame.HeaderLength..], context ?? External);

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>The body of an UPDATE from its three fields.</summary>
    public static byte[] UpdateBody(string withdrawn, string attributes, string announced = "")
    {
        var (w, a) = (Hex(withdrawn), Hex(attributes));
        return [(byte)(w.Length >> 8), (byte)w.Length, .. w, (byte)(a.Length >> 8), (byte)a.Length, .. a, .. Hex(announced)];
    }
}
