using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>What matches look at in a route, decoded once.</summary>
internal readonly struct RouteFacts
{
    private const int AutoDiscoveryLength = 25;

    /// <summary>The family.</summary>
    public AddressFamily Family { get; private init; }

    /// <summary>EVPN route type; 0 in other families.</summary>
    public byte EvpnType { get; private init; }

    /// <summary>The prefix of a unicast or type-5 route, the address of a type-2 route.</summary>
    public IpPrefix? Prefix { get; private init; }

    /// <summary>The MAC address of a type-2 route.</summary>
    public MacAddress? Mac { get; private init; }

    /// <summary>The route's VNI.</summary>
    public Vni? Vni { get; private init; }

    /// <summary>The L3VNI of a type-2 route that has one.</summary>
    public Vni? SecondVni { get; private init; }

    /// <summary>Reads a route. Of one that cannot be read the family is known and perhaps the type: conditions on the rest do not hold.</summary>
    public static RouteFacts Of(PolicyRoute route) => (route.Family.Afi, route.Family.Safi) switch
    {
        (25, 70) when route.Nlri.Length >= 2 && route.Nlri[1] == route.Nlri.Length - 2 => OfEvpn(route.Nlri[0], route.Nlri[2..]),
        (1, 1) => OfUnicast(route.Family, route.Nlri, IpFamily.V4),
        (2, 1) => OfUnicast(route.Family, route.Nlri, IpFamily.V6),
        _ => new() { Family = route.Family },
    };

    private static RouteFacts OfEvpn(byte type, ReadOnlySpan<byte> value)
    {
        var facts = new RouteFacts { Family = AddressFamily.L2VpnEvpn, EvpnType = type };
        return (EvpnRouteType)type switch
        {
            EvpnRouteType.MacIp when MacIpRoute.TryDecode(type, value, out var route, out _) => facts with
            {
                Prefix = route.Key.Ip is { } ip ? IpPrefix.Host(ip) : null,
                Mac = route.Key.Mac,
                Vni = route.Label1.Vni,
                SecondVni = route.Label2?.Vni,
            },
            EvpnRouteType.Prefix when PrefixRoute.TryDecode(type, value, out var route, out _) => facts with
            {
                Prefix = route.Key.Prefix,
                Vni = route.Label.Vni,
            },

            // RFC 7432 section 7.1: the label is what is last.
            EvpnRouteType.EthernetAutoDiscovery when value.Length == AutoDiscoveryLength => facts with
            {
                Vni = new EvpnLabel(new WireReader(value[(AutoDiscoveryLength - 3)..]).U24()).Vni,
            },
            _ => facts,
        };
    }

    private static RouteFacts OfUnicast(AddressFamily family, ReadOnlySpan<byte> nlri, IpFamily ip)
    {
        var facts = new RouteFacts { Family = family };
        Span<byte> address = stackalloc byte[ip == IpFamily.V4 ? 4 : 16];
        if (nlri.IsEmpty || nlri[0] > address.Length * 8 || nlri.Length - 1 != (nlri[0] + 7) / 8)
        {
            return facts;
        }

        address.Clear();
        nlri[1..].CopyTo(address);
        return facts with { Prefix = IpPrefix.Of(IpAddr.FromBytes(address), nlri[0]) };
    }
}
