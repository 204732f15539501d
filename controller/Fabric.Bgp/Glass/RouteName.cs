using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Rib;
using Fabric.Bgp.RtMembership;
using Fabric.Bgp.Unicast;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Glass;

/// <summary>The name of a route: its key as text, in FRR's notation for EVPN with the route distinguisher before it.</summary>
/// <remarks><code>
/// 65000:100 [1]:[tag]:[ESI]
/// 65000:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.1.11]
/// 65000:100 [3]:[0]:[32]:[10.0.0.1]
/// 65000:100 [4]:[ESI]:[32]:[10.0.0.1]
/// 65000:100 [5]:[0]:[24]:[10.0.1.0]
/// [6]:0x… (types that are carried as octets)
/// 10.0.1.0/24, 2001:db8::/32
/// default, 65000:rt:65000:100, 65000:0x0002fde800000000/32
/// </code></remarks>
public static class RouteName
{
    private const int MaxValueLength = 255;

    /// <summary>The name of a well-formed route.</summary>
    /// <param name="family">Its family.</param>
    /// <param name="nlri">The route as on the wire, without path identifier.</param>
    public static string Of(AddressFamily family, ReadOnlySpan<byte> nlri)
    {
        if (family == AddressFamily.L2VpnEvpn)
        {
            return OfEvpn(nlri[0], nlri[2..]);
        }

        var reader = new WireReader(nlri);
        if (family == AddressFamily.RouteTargetMembership && RtMembershipRoute.TryDecode(ref reader, addPath: false, out var membership, out _))
        {
            return membership.ToString();
        }

        return IpVersionOf(family) is { } version && UnicastRoute.TryDecode(ref reader, version, addPath: false, out var unicast, out _)
            ? unicast.ToString()
            : $"0x{Convert.ToHexStringLower(nlri)}";
    }

    /// <summary>The route of a name; what is not part of its key (labels, gateway, Ethernet segment) is zero. Never throws.</summary>
    /// <param name="family">Its family.</param>
    /// <param name="name">The name; hostile until parsed.</param>
    /// <param name="nlri">The route as on the wire.</param>
    /// <param name="error">Why the name was refused.</param>
    public static bool TryParse(AddressFamily family, string name, out Octets nlri, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(name);
        Span<byte> room = stackalloc byte[2 + MaxValueLength];
        var writer = new WireWriter(room);
        nlri = default;
        var good = family == AddressFamily.L2VpnEvpn ? TryParseEvpn(name, ref writer)
            : family == AddressFamily.RouteTargetMembership ? TryParseMembership(name, ref writer)
            : TryParseUnicast(family, name, ref writer);
        if (!good || writer.Failed)
        {
            error = family == AddressFamily.L2VpnEvpn ? "an EVPN route is named like 65000:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.1.11]"
                : family == AddressFamily.RouteTargetMembership ? "a membership is named like 65000:rt:65000:100, or default"
                : IpVersionOf(family) is null ? $"routes of {family} have no names"
                : "a route is named by its prefix, such as 10.0.1.0/24";
            return false;
        }

        nlri = new Octets(writer.Written);
        error = null;
        return true;
    }

    private static string OfEvpn(byte type, ReadOnlySpan<byte> value) => (EvpnRouteType)type switch
    {
        EvpnRouteType.EthernetAutoDiscovery when EthernetAutoDiscoveryRoute.TryDecode(type, value, out var r, out _) =>
            string.Create(CultureInfo.InvariantCulture, $"{r.Key.Rd} [1]:[{r.Key.Tag}]:[{r.Key.Esi}]"),
        EvpnRouteType.MacIp when MacIpRoute.TryDecode(type, value, out var r, out _) => $"{r.Key.Rd} {EvpnRouteView.TextOf(r.Key)}",
        EvpnRouteType.Multicast when MulticastRoute.TryDecode(type, value, out var r, out _) => $"{r.Key.Rd} {EvpnRouteView.TextOf(r.Key)}",
        EvpnRouteType.EthernetSegment when EthernetSegmentRoute.TryDecode(type, value, out var r, out _) =>
            string.Create(CultureInfo.InvariantCulture, $"{r.Key.Rd} [4]:[{r.Key.Esi}]:[{r.Key.Originator.BitLength}]:[{r.Key.Originator}]"),
        EvpnRouteType.Prefix when PrefixRoute.TryDecode(type, value, out var r, out _) => $"{r.Key.Rd} {EvpnRouteView.TextOf(r.Key)}",
        _ => EvpnRouteView.TextOf(new OpaqueRoute(type, new Octets(value))),
    };

    private static IpFamily? IpVersionOf(AddressFamily family) =>
        family == AddressFamily.Ipv4Unicast ? IpFamily.V4 : family == AddressFamily.Ipv6Unicast ? IpFamily.V6 : null;

    private static bool TryParseUnicast(AddressFamily family, string name, ref WireWriter writer)
    {
        if (!IpPrefix.TryParse(name, out var prefix) || prefix.Address.Family != IpVersionOf(family))
        {
            return false;
        }

        new UnicastRoute(prefix).Encode(ref writer);
        return true;
    }

    private static bool TryParseMembership(string name, ref WireWriter writer)
    {
        const string TargetMark = ":rt:";
        const string BitsMark = ":0x";
        if (name == "default")
        {
            RtMembershipRoute.Default.Encode(ref writer);
            return true;
        }

        var mark = name.IndexOf(TargetMark, StringComparison.Ordinal);
        if (mark > 0)
        {
            if (!TryNumber(name.AsSpan(0, mark), out uint origin) || !RouteTarget.TryParse(name[(mark + TargetMark.Length)..], out var target))
            {
                return false;
            }

            RtMembershipRoute.Of(origin, target).Encode(ref writer);
            return true;
        }

        mark = name.IndexOf(BitsMark, StringComparison.Ordinal);
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (mark <= 0 || slash < mark
            || !TryNumber(name.AsSpan(0, mark), out uint asn)
            || !ulong.TryParse(name.AsSpan(mark + BitsMark.Length, slash - mark - BitsMark.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits)
            || !TryNumber(name.AsSpan(slash + 1), out uint length) || length > 64)
        {
            return false;
        }

        RtMembershipRoute.OfPrefix(asn, bits, (int)length).Encode(ref writer);
        return true;
    }

    private static bool TryParseEvpn(string name, ref WireWriter writer)
    {
        var space = name.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0)
        {
            return TryParseOpaque(name, ref writer);
        }

        var text = name[(space + 1)..];
        if (!RouteDistinguisher.TryParse(name[..space], out var rd) || text is not ['[', .., ']'])
        {
            return false;
        }

        switch (text[1..^1].Split("]:["))
        {
            case ["1", var tag, var esi] when TryNumber(tag, out uint t) && EthernetSegmentId.TryParse(esi, out var e):
                EvpnNlri.Encode<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(ref writer, new(new(rd, e, t), default));
                return true;
            case ["2", var tag, "48", var mac] when TryNumber(tag, out uint t) && MacAddress.TryParse(mac, out var m):
                EvpnNlri.Encode<MacIpRoute, MacIpKey>(ref writer, new(new(rd, t, m, null), default, default, null));
                return true;
            case ["2", var tag, "48", var mac, var bits, var ip] when TryNumber(tag, out uint t) && MacAddress.TryParse(mac, out var m) && TryAddress(bits, ip, out var a):
                EvpnNlri.Encode<MacIpRoute, MacIpKey>(ref writer, new(new(rd, t, m, a), default, default, null));
                return true;
            case ["3", var tag, var bits, var ip] when TryNumber(tag, out uint t) && TryAddress(bits, ip, out var a):
                EvpnNlri.Encode<MulticastRoute, MulticastKey>(ref writer, new(new(rd, t, a)));
                return true;
            case ["4", var esi, var bits, var ip] when EthernetSegmentId.TryParse(esi, out var e) && TryAddress(bits, ip, out var a):
                EvpnNlri.Encode<EthernetSegmentRoute, EthernetSegmentKey>(ref writer, new(new(rd, e, a)));
                return true;
            case ["5", var tag, var bits, var ip] when TryNumber(tag, out uint t) && TryNumber(bits, out uint length) && IpAddr.TryParse(ip, out var a)
                && IpPrefix.TryCreate(a, (int)Math.Min(length, 255), out var prefix, out _):
                EvpnNlri.Encode<PrefixRoute, PrefixKey>(ref writer, new(new(rd, t, prefix), default, default, default));
                return true;
            default:
                return false;
        }
    }

    private static bool TryParseOpaque(string name, ref WireWriter writer)
    {
        var end = name.IndexOf("]:0x", StringComparison.Ordinal);
        if (end < 2 || name[0] != '[' || !byte.TryParse(name.AsSpan(1, end - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var type))
        {
            return false;
        }

        Span<byte> value = stackalloc byte[MaxValueLength];
        if (Convert.FromHexString(name.AsSpan(end + 4), value, out var read, out var length) != System.Buffers.OperationStatus.Done || read != name.Length - end - 4
            || EvpnNlri.FaultOf(type, value[..length]) is not null)
        {
            return false;
        }

        EvpnNlri.Encode<OpaqueRoute, OpaqueRoute>(ref writer, new(type, new Octets(value[..length])));
        return true;
    }

    private static bool TryAddress(string bits, string text, out IpAddr address) =>
        IpAddr.TryParse(text, out address) && TryNumber(bits, out uint length) && length == address.BitLength;

    private static bool TryNumber(ReadOnlySpan<char> text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
