using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Evpn;

/// <summary>The NLRI field of L2VPN EVPN: a row of type, length, value.</summary>
/// <remarks>RFC 7432 section 7. A broken row loses the place, which is fatal for the field; a broken value loses one route (RFC 7606 section 5.4).</remarks>
public static class EvpnNlri
{
    /// <summary>Reads all routes of a field.</summary>
    /// <param name="field">The NLRI octets of MP_REACH_NLRI or MP_UNREACH_NLRI.</param>
    /// <param name="into">Where the routes go.</param>
    /// <param name="problems">Takes a text for each route that was left out.</param>
    /// <returns>False when the row of lengths does not fit the field.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> field, EvpnRouteSet into, List<string>? problems)
    {
        ArgumentNullException.ThrowIfNull(into);
        var reader = new WireReader(field);
        while (!reader.AtEnd)
        {
            var type = reader.U8();
            var value = reader.Take(reader.U8());
            if (reader.Failed)
            {
                return false;
            }

            var error = (EvpnRouteType)type switch
            {
                EvpnRouteType.EthernetAutoDiscovery => Add<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(type, value, into.AutoDiscovery),
                EvpnRouteType.MacIp => Add<MacIpRoute, MacIpKey>(type, value, into.MacIp),
                EvpnRouteType.Multicast => Add<MulticastRoute, MulticastKey>(type, value, into.Multicast),
                EvpnRouteType.EthernetSegment => Add<EthernetSegmentRoute, EthernetSegmentKey>(type, value, into.Segment),
                EvpnRouteType.Prefix => Add<PrefixRoute, PrefixKey>(type, value, into.Prefix),
                _ => Add<OpaqueRoute, OpaqueRoute>(type, value, into.Opaque),
            };
            if (error is not null)
            {
                problems?.Add($"EVPN route type {type}: {error}");
            }
        }

        return !reader.Failed;
    }

    /// <summary>What is wrong with one route's value; null when it is well-formed. Types that are not decoded always are.</summary>
    public static string? FaultOf(byte type, ReadOnlySpan<byte> value)
    {
        // The type that comes by the million is looked at without making anything of it.
        if (type == (byte)EvpnRouteType.MacIp && MacIpRoute.HasUsualLayout(value))
        {
            return null;
        }

        string? error;
        switch ((EvpnRouteType)type)
        {
            case EvpnRouteType.EthernetAutoDiscovery: EthernetAutoDiscoveryRoute.TryDecode(type, value, out _, out error); break;
            case EvpnRouteType.MacIp: MacIpRoute.TryDecode(type, value, out _, out error); break;
            case EvpnRouteType.Multicast: MulticastRoute.TryDecode(type, value, out _, out error); break;
            case EvpnRouteType.EthernetSegment: EthernetSegmentRoute.TryDecode(type, value, out _, out error); break;
            case EvpnRouteType.Prefix: PrefixRoute.TryDecode(type, value, out _, out error); break;
            default: error = null; break;
        }

        return error;
    }

    /// <summary>Writes one route with type and length.</summary>
    public static void Encode<TRoute, TKey>(ref WireWriter writer, TRoute route)
        where TRoute : struct, IEvpnRoute<TRoute, TKey>
        where TKey : struct, IEquatable<TKey>
    {
        writer.U8(route.RouteType);
        var lengthAt = writer.Position;
        writer.U8(0);
        route.Encode(ref writer);
        writer.PatchU8(lengthAt, writer.Position - lengthAt - 1);
    }

    /// <summary>Writes all routes of a set, in the order of their types.</summary>
    public static void Encode(ref WireWriter writer, EvpnRouteSet routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        foreach (var route in routes.AutoDiscovery)
        {
            Encode<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(ref writer, route);
        }

        foreach (var route in routes.MacIp)
        {
            Encode<MacIpRoute, MacIpKey>(ref writer, route);
        }

        foreach (var route in routes.Multicast)
        {
            Encode<MulticastRoute, MulticastKey>(ref writer, route);
        }

        foreach (var route in routes.Segment)
        {
            Encode<EthernetSegmentRoute, EthernetSegmentKey>(ref writer, route);
        }

        foreach (var route in routes.Prefix)
        {
            Encode<PrefixRoute, PrefixKey>(ref writer, route);
        }

        foreach (var route in routes.Opaque)
        {
            Encode<OpaqueRoute, OpaqueRoute>(ref writer, route);
        }
    }

    private static string? Add<TRoute, TKey>(byte type, ReadOnlySpan<byte> value, List<TRoute> into)
        where TRoute : struct, IEvpnRoute<TRoute, TKey>
        where TKey : struct, IEquatable<TKey>
    {
        if (TRoute.TryDecode(type, value, out var route, out var error))
        {
            into.Add(route);
        }

        return error;
    }
}
