using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Unicast;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Glass;

/// <summary>A route to be announced by this speaker, or no longer.</summary>
/// <param name="Family">The family.</param>
/// <param name="Nlri">One route as on the wire, without path identifier.</param>
/// <param name="Attributes">Its attributes, where no next hop stands for the own address; null takes the route back.</param>
public sealed record RouteInjection(AddressFamily Family, Octets Nlri, PathAttributes? Attributes)
{
    /// <summary>An EVPN route.</summary>
    public static RouteInjection Evpn<TRoute, TKey>(TRoute route, PathAttributes? attributes)
        where TRoute : struct, IEvpnRoute<TRoute, TKey>
        where TKey : struct, IEquatable<TKey>
    {
        var writer = new WireWriter(stackalloc byte[2 + byte.MaxValue]);
        EvpnNlri.Encode<TRoute, TKey>(ref writer, route);
        return new(AddressFamily.L2VpnEvpn, new Octets(writer.Written), attributes);
    }

    /// <summary>An IPv4 or IPv6 prefix.</summary>
    public static RouteInjection Unicast(IpPrefix prefix, PathAttributes? attributes)
    {
        var writer = new WireWriter(stackalloc byte[32]);
        new UnicastRoute(prefix).Encode(ref writer);
        return new(prefix.Address.IsV4 ? AddressFamily.Ipv4Unicast : AddressFamily.Ipv6Unicast, new Octets(writer.Written), attributes);
    }

    /// <summary>What is wrong with it; null when it can be injected.</summary>
    public string? Fault()
    {
        if (Family.Index() is null)
        {
            return $"routes of {Family} are not kept here";
        }

        var walker = new NlriWalker(Family, Nlri.Span, addPath: false);
        if (!walker.Next(out var route, out _, out var fault) || walker.Broken || walker.RestLength > 0)
        {
            return "is not the octets of one route";
        }

        return fault ?? (Attributes is { } attributes ? FaultOf(attributes, route.Length) : null);
    }

    /// <summary>A route and its attributes must fit into a message of a peer that knows no extensions.</summary>
    private string? FaultOf(PathAttributes attributes, int route)
    {
        if ((Family == AddressFamily.Ipv6Unicast && attributes.NextHop is { IsV4: true }) || (Family == AddressFamily.Ipv4Unicast && attributes.NextHop is { IsV4: false }))
        {
            return $"needs an {(Family == AddressFamily.Ipv6Unicast ? "IPv6" : "IPv4")} next hop, or none";
        }

        if (attributes.NextHop is { } nextHop && Family != AddressFamily.RouteTargetMembership && MartianNextHop.Fault(nextHop, onLoopback: true) is { } fault)
        {
            return $"has a {fault}";
        }

        if (attributes.Unknown.Any(static u => AttributeTable.Find(u.Code) is not null || u.Code is AttributeTable.MpReachCode or AttributeTable.MpUnreachCode))
        {
            return "has an attribute as unknown that is known here";
        }

        const int MostAround = BgpFrame.HeaderLength + 4 + 4 + 5 + 16 + 64;
        var writer = new WireWriter(new byte[BgpFrame.MaxLength]);
        UpdateEncoder.EncodeAttributes(ref writer, attributes, null, new SessionContext(FourOctetAs: true, IsInternal: true, [Family]));
        return writer.Failed || writer.Position + route + MostAround > BgpFrame.MaxLength ? "has attributes that do not fit into one message" : null;
    }
}
