using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Forwarding;

/// <summary>
/// What an earlier process has learnt and left in the pinned maps. It stays in force until somebody says the same or something else, or until all that
/// there is to say has been said: a restart changes no packet's way.
/// </summary>
internal sealed class Heritage
{
    private Heritage()
    {
    }

    /// <summary>Hosts of VPCs, by uid of the VPC, that nobody has spoken of yet.</summary>
    internal Dictionary<(int Vpc, IpAddr Address), Place> Hosts { get; } = [];

    /// <summary>Prefixes of VPCs that nobody has spoken of yet.</summary>
    internal Dictionary<(int Vpc, IpPrefix Prefix), Place> Prefixes { get; } = [];

    /// <summary>Prefixes outside that nobody has spoken of yet.</summary>
    internal Dictionary<IpPrefix, PublicGateway> Public { get; } = [];

    /// <summary>Reads the maps.</summary>
    internal static Heritage Read(DataPathObject path)
    {
        var heritage = new Heritage();
        var vpcs = path.Map<uint, Vpc>("vpcs");
        var vnets = path.Map<uint, VNet>("vnets");
        var hops = path.Map<uint, Hop>("hops");
        const RouteFlags own = RouteFlags.NoPath | RouteFlags.Connected | RouteFlags.Public | RouteFlags.Reject | RouteFlags.IntoVpc;
        foreach (var (key, route) in path.Map<HostKey, Route>("hosts").ToList())
        {
            if (((RouteFlags)route.Flags & own) == RouteFlags.None && PlaceOf(route) is { } place && vpcs.TryGet(key.Realm, out var vpc))
            {
                heritage.Hosts[((int)vpc.Uid, key.Address.ToIpAddr())] = place;
            }
        }

        foreach (var (key, route) in path.Map<PrefixKey, Route>("prefixes").ToList())
        {
            if (((RouteFlags)route.Flags & own) != RouteFlags.None || PrefixOf(key) is not { } prefix)
            {
                continue;
            }

            if (key.Realm != 0)
            {
                if (PlaceOf(route) is { } place && vpcs.TryGet(key.Realm, out var vpc))
                {
                    heritage.Prefixes[((int)vpc.Uid, prefix)] = place;
                }
            }
            else if (hops.TryGet(route.Hop, out var hop) && hop.Kind == (uint)HopKind.Gateway)
            {
                heritage.Public[prefix] = new(hop.Address.ToIpAddr(), hop.Ifindex, hop.Vlan);
            }
        }

        return heritage;

        Place? PlaceOf(in Route route) =>
            vnets.TryGet(route.Vnet, out var vnet) && Vni.TryCreate(vnet.Vni, out var vni, out _)
            && hops.TryGet(route.Hop, out var hop) && hop.Kind == (uint)HopKind.Vtep
                ? new Place(hop.Address.ToIpAddr(), vni, route.Mac.ToMacAddress())
                : null;
    }

    /// <summary>The prefix of a key; null: it cannot be one.</summary>
    internal static IpPrefix? PrefixOf(in PrefixKey key)
    {
        // The address alone does not tell ::ffff:0:0/96 from 0.0.0.0/0: lengths of IPv4 begin at 96 in the mapped range.
        var address = key.Address.ToIpAddr();
        var length = address.IsV4 ? (int)key.Length - 96 : (int)key.Length;
        return length >= 0 && IpPrefix.TryCreate(address, length, out var prefix, out _) ? prefix : null;
    }
}
