using Fabric.Primitives;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>One VPC: its slice, and what was learnt of it.</summary>
/// <param name="realm">Its index in <c>vpcs</c>.</param>
/// <param name="policy">Changes of what may pass, counted so far.</param>
internal sealed class VpcPlan(uint realm, uint policy)
{
    private readonly PrefixLengths _prefixLengths = new();
    private readonly PrefixLengths _sourceLengths = new();
    private readonly HashSet<IpPrefix> _prefixesInMap = [];

    internal uint Realm { get; } = realm;

    internal uint Policy { get; set; } = policy;

    internal VpcSlice Slice { get; private set; } = null!;

    internal SliceContents Contents { get; private set; } = new();

    /// <summary>Where hosts are, as far as was learnt.</summary>
    internal Dictionary<IpAddr, Place> Hosts { get; } = [];

    /// <summary>Where prefixes are, as far as was learnt.</summary>
    internal Dictionary<IpPrefix, Place> Prefixes { get; } = [];

    internal EntryKey RowKey => EntryKey.Of(MapId.Vpcs, Realm);

    /// <summary>Its row in <c>vpcs</c>.</summary>
    internal Vpc Row
    {
        get
        {
            var row = Contents.Row;
            row.Policy = Policy;
            row.Prefixes4 = _prefixLengths.Bits4;
            row.Prefixes6 = _prefixLengths.Bits6;
            row.Sources4 = _sourceLengths.Bits4;
            row.Sources6 = _sourceLengths.Bits6;
            return row;
        }
    }

    /// <summary>Another slice from now on. The caller has removed the entries of the one before.</summary>
    internal void Take(VpcSlice slice, SliceContents contents)
    {
        foreach (var vni in Contents.VNets.Keys.Except(contents.VNets.Keys).ToHashSet())
        {
            foreach (var host in Hosts.Where(h => h.Value.Vni == vni).Select(h => h.Key).ToList())
            {
                Hosts.Remove(host);
            }
        }

        foreach (var source in contents.Sources)
        {
            _sourceLengths.Add(source);
        }

        foreach (var source in Contents.Sources)
        {
            _sourceLengths.Remove(source);
        }

        Slice = slice;
        Contents = contents;
    }

    /// <summary>Prefixes that may be in <c>prefixes</c>, now or before.</summary>
    internal IEnumerable<IpPrefix> AllPrefixes => _prefixesInMap.Union(Contents.Prefixes).Union(Prefixes.Keys).Union(Contents.StaticRoutes.Keys);

    internal EntryKey KeyOf(IpAddr host) => KeyOf(Realm, host);

    internal EntryKey KeyOf(IpPrefix prefix) => KeyOf(Realm, prefix);

    internal static EntryKey KeyOf(uint realm, IpAddr host) => EntryKey.Of(MapId.Hosts, new HostKey { Realm = realm, Address = Address16.Of(host) });

    internal static EntryKey KeyOf(uint realm, IpPrefix prefix) => EntryKey.Of(MapId.Prefixes, SliceCompiler.KeyOf(realm, prefix));

    /// <summary>What a host has in <c>hosts</c>; null: nothing.</summary>
    internal byte[]? ValueOf(IpAddr address, Func<IpAddr, uint> hopOf)
    {
        var known = Contents.Known.TryGetValue(address, out var host);
        var placed = Hosts.TryGetValue(address, out var place) && Contents.VNets.ContainsKey(place.Vni);
        if (!known && !placed)
        {
            return null;
        }

        var route = placed
            ? RouteTo(place, hopOf)
            : new Route { Vnet = host.VNet, Mac = Mac6.Of(host.Mac), Flags = (ushort)RouteFlags.NoPath };
        route.Flags |= known ? (ushort)RouteFlags.Known : (ushort)0;
        return MapContents.Octets(route);
    }

    /// <summary>What a prefix has in <c>prefixes</c>, and the lengths of the row follow; null: nothing.</summary>
    internal byte[]? ValueOf(IpPrefix prefix, Func<IpAddr, uint> hopOf)
    {
        byte[]? value = null;
        if (Contents.Prefixes.Contains(prefix))
        {
            value = Contents.Maps.Entries[KeyOf(prefix)]; // The VPC's own comes first.
        }
        else if (Contents.StaticRoutes.TryGetValue(prefix, out var nextHop))
        {
            value = MapContents.Octets(Hosts.TryGetValue(nextHop, out var at) && Contents.VNets.ContainsKey(at.Vni)
                ? RouteTo(at, hopOf)
                : new Route { Flags = (ushort)RouteFlags.NoPath });
        }
        else if (Prefixes.TryGetValue(prefix, out var place) && Contents.VNets.ContainsKey(place.Vni))
        {
            value = MapContents.Octets(RouteTo(place, hopOf));
        }

        if (value is not null && _prefixesInMap.Add(prefix))
        {
            _prefixLengths.Add(prefix);
        }
        else if (value is null && _prefixesInMap.Remove(prefix))
        {
            _prefixLengths.Remove(prefix);
        }

        return value;
    }

    private Route RouteTo(Place place, Func<IpAddr, uint> hopOf) =>
        new() { Hop = hopOf(place.Vtep), Vnet = Contents.VNets[place.Vni], Mac = Mac6.Of(place.Mac) };
}
