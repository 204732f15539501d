using System.Collections.Immutable;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Evpn;

/// <summary>
/// Makes one place of each host and prefix out of the rows of a VTEP's tables, and tells only what changes. Belongs to the agent's loop. Not told are
/// ways that lead to this pair itself, and hosts that a V-Net's prefixes do not hold: nobody may draw another tier's traffic to himself.
/// </summary>
/// <param name="learn">Gets what is found.</param>
internal sealed class OverlayRoutes(ILearn learn)
{
    private readonly Dictionary<Vni, Rows> _rows = [];
    private readonly HashSet<(Vni Vni, IpAddr Vtep)> _floods = [];
    private Dictionary<Vni, VpcRoutes> _vpcs = [];
    private Dictionary<Vni, VpcRoutes> _vpcOf = [];
    private HashSet<IpAddr> _own = [];

    /// <summary>Hosts and prefixes that were told.</summary>
    internal int Count => _vpcs.Values.Sum(v => v.Hosts.Count + v.Prefixes.Count);

    /// <summary>Takes a state. What belongs to VPCs that are not in it is forgotten without a word: whoever learns has forgotten it too.</summary>
    internal void Configure(SoftGateState state)
    {
        HashSet<IpAddr> own = state.Partner is { } partner ? [state.Node.ServiceVtep, partner.ServiceVtep] : [state.Node.ServiceVtep];
        var isOther = !own.SetEquals(_own);
        _own = own;
        var vnets = state.VNets.ToLookup(v => v.Vpc);
        var before = _vpcs;
        (_vpcs, _vpcOf) = ([], []);
        var changed = new List<VpcRoutes>();
        foreach (var vpc in state.Vpcs)
        {
            var layout = new VpcLayout(vpc.Uid, vpc.L3Vni, vpc.AntiSpoof, vnets[vpc.Uid].Select(v => new NetworkLayout(v.Vni, v.Gateways, v.KnownHosts)).ToValueList());
            var routes = before.GetValueOrDefault(vpc.L3Vni) is { } known && known.Layout.Uid == vpc.Uid ? known : new VpcRoutes();
            if (isOther || routes.Layout != layout)
            {
                routes.Take(layout);
                changed.Add(routes);
            }

            _vpcs[vpc.L3Vni] = _vpcOf[vpc.L3Vni] = routes;
            foreach (var network in layout.Networks)
            {
                _vpcOf[network.Vni] = routes;
            }
        }

        foreach (var routes in changed)
        {
            LookAtAll(routes);
        }

        foreach (var (vni, vtep) in _floods.Where(f => own.Contains(f.Vtep)).ToList())
        {
            Flood(vni, vtep, wanted: false);
        }
    }

    /// <summary>Takes a row as it is now.</summary>
    internal void Apply(VtepChange change)
    {
        switch (change)
        {
            case VtepChange.Mac c:
                var vtep = First(c.Destinations, c.Vni)?.Vtep;
                RowsOf(c.Vni).SetMac(c.Address, vtep);
                LookAt(c.Vni, [.. RowsOf(c.Vni).AddressesOf(c.Address), .. Network(c.Vni)?.AddressesOf(c.Address) ?? []]);
                break;
            case VtepChange.Neighbor c:
                RowsOf(c.Vni).SetNeighbor(c.Ip, c.Entry is { Vtep: { } at, DefaultGateway: false } entry ? (entry.Mac, at) : null);
                LookAt(c.Vni, [c.Ip]);
                break;
            case VtepChange.Host c:
                Set(RowsOf(c.Vni).Hosts, c.Ip, Routed(c.Vni, c.Destinations));
                LookAt(c.Vni, [c.Ip]);
                break;
            case VtepChange.Route c:
                Set(RowsOf(c.Vni).Prefixes, c.Prefix, c.Destinations.IsEmpty ? null : c.Destinations);
                if (_vpcOf.TryGetValue(c.Vni, out var vpc))
                {
                    LookAt(vpc, c.Prefix);
                }

                break;
            case VtepChange.Flood c:
                Flood(c.Vni, c.Vtep, c.Entry is { } flood && (flood.Label ?? c.Vni) == c.Vni && !_own.Contains(c.Vtep));
                return;
            default:
                return;
        }
    }

    /// <summary>Forgets all rows, and tells so: the speaker that they come from has ended.</summary>
    internal void Reset()
    {
        _rows.Clear();
        foreach (var vpc in _vpcs.Values)
        {
            LookAtAll(vpc);
        }

        foreach (var (vni, vtep) in _floods.ToList())
        {
            Flood(vni, vtep, wanted: false);
        }
    }

    private static void Set<TKey, TValue>(Dictionary<TKey, TValue> table, TKey key, TValue? value)
        where TKey : struct
        where TValue : struct
    {
        if (value is { } some)
        {
            table[key] = some;
        }
        else
        {
            table.Remove(key);
        }
    }

    private Rows RowsOf(Vni vni)
    {
        if (!_rows.TryGetValue(vni, out var rows))
        {
            _rows.Add(vni, rows = new());
        }

        return rows;
    }

    private NetworkRoutes? Network(Vni vni) => _vpcOf.GetValueOrDefault(vni)?.Networks.GetValueOrDefault(vni);

    private void Flood(Vni vni, IpAddr vtep, bool wanted)
    {
        if (wanted ? _floods.Add((vni, vtep)) : _floods.Remove((vni, vtep)))
        {
            learn.LearnFlood(vni, vtep, wanted);
        }
    }

    private void LookAt(Vni vni, IEnumerable<IpAddr> addresses)
    {
        if (_vpcOf.TryGetValue(vni, out var vpc))
        {
            foreach (var address in addresses)
            {
                LookAt(vpc, address);
            }
        }
    }

    private void LookAtAll(VpcRoutes vpc)
    {
        var addresses = new HashSet<IpAddr>(vpc.Hosts.Keys);
        var prefixes = new HashSet<IpPrefix>(vpc.Prefixes.Keys);
        if (_rows.TryGetValue(vpc.Layout.L3Vni, out var routed))
        {
            addresses.UnionWith(routed.Hosts.Keys);
            prefixes.UnionWith(routed.Prefixes.Keys);
        }

        foreach (var (vni, network) in vpc.Networks)
        {
            addresses.UnionWith(network.Known.Keys);
            addresses.UnionWith(_rows.GetValueOrDefault(vni)?.Neighbors.Keys ?? Enumerable.Empty<IpAddr>());
        }

        foreach (var address in addresses)
        {
            LookAt(vpc, address);
        }

        foreach (var prefix in prefixes)
        {
            LookAt(vpc, prefix);
        }
    }

    private void LookAt(VpcRoutes vpc, IpAddr address)
    {
        var place = PlaceOf(vpc, address);
        if (place != (vpc.Hosts.TryGetValue(address, out var told) ? told : null))
        {
            Set(vpc.Hosts, address, place);
            learn.LearnHost(vpc.Layout.L3Vni, address, place);
        }
    }

    private void LookAt(VpcRoutes vpc, IpPrefix prefix)
    {
        var told = vpc.Prefixes.TryGetValue(prefix, out var last) ? last : (Place?)null;
        var ways = _rows.TryGetValue(vpc.Layout.L3Vni, out var rows) && rows.Prefixes.TryGetValue(prefix, out var destinations)
            ? destinations.Select(d => PlaceOf(vpc, d)).OfType<Place>().ToList()
            : [];

        // Of several equal ways one is used, and kept while it is there.
        Place? place = told is { } now && ways.Contains(now) ? now : ways.Count > 0 ? ways[0] : null;
        if (place != told)
        {
            Set(vpc.Prefixes, prefix, place);
            learn.LearnPrefix(vpc.Layout.L3Vni, prefix, place);
        }
    }

    /// <summary>
    /// Where a host is: where its MAC is, if the orchestrator says which one it has; else where somebody says that he has it, with MAC and address
    /// in its V-Net; else where it is routed to.
    /// </summary>
    private Place? PlaceOf(VpcRoutes vpc, IpAddr address)
    {
        Place? heard = null;
        foreach (var (vni, network) in vpc.Networks)
        {
            var rows = _rows.GetValueOrDefault(vni);
            if (network.Known.TryGetValue(address, out var macs))
            {
                foreach (var mac in macs)
                {
                    if (rows is not null && rows.Macs.TryGetValue(mac, out var at) && !_own.Contains(at))
                    {
                        return new Place(at, vni, mac);
                    }
                }

                if (vpc.Layout.AntiSpoof)
                {
                    return null;
                }
            }

            if (heard is null && rows is not null && rows.Neighbors.TryGetValue(address, out var neighbor) && network.Holds(address))
            {
                // The MAC may have moved on already.
                var at = rows.Macs.GetValueOrDefault(neighbor.Mac, neighbor.Vtep);
                heard = _own.Contains(at) ? null : new Place(at, vni, neighbor.Mac);
            }
        }

        return heard ?? (_rows.TryGetValue(vpc.Layout.L3Vni, out var l3) && l3.Hosts.TryGetValue(address, out var routed) && !_own.Contains(routed.Vtep) ? routed : null);
    }

    /// <summary>A way of a prefix as a place; null: nothing can be sent that way.</summary>
    private Place? PlaceOf(VpcRoutes vpc, Destination destination) =>
        destination is { Vtep: { } vtep, Mac: { } mac, Backup: false } && !_own.Contains(vtep)
        && (destination.Label ?? vpc.Layout.L3Vni) is var vni && (vni == vpc.Layout.L3Vni || vpc.Networks.ContainsKey(vni))
            ? new Place(vtep, vni, mac)
            : null;

    private static Place? Routed(Vni vni, ImmutableArray<Destination> destinations) =>
        First(destinations, vni) is { Vtep: { } vtep, Mac: { } mac } ? new Place(vtep, vni, mac) : null;

    /// <summary>The first way with this VNI; the data path knows no VNI for one direction only.</summary>
    private static Destination? First(ImmutableArray<Destination> destinations, Vni vni)
    {
        foreach (var destination in destinations)
        {
            if (destination.Vtep is not null && (destination.Label ?? vni) == vni)
            {
                return destination;
            }
        }

        return null;
    }

    /// <summary>What a VPC is made of, as far as places go.</summary>
    private sealed record VpcLayout(int Uid, Vni L3Vni, bool AntiSpoof, ValueList<NetworkLayout> Networks);

    private sealed record NetworkLayout(Vni Vni, ValueList<IpInterface> Gateways, ValueList<SoftGateKnownHost> Known);

    /// <summary>A VPC, and what was told of it.</summary>
    private sealed class VpcRoutes
    {
        internal VpcLayout Layout { get; private set; } = new(0, default, AntiSpoof: false, []);

        internal Dictionary<Vni, NetworkRoutes> Networks { get; private set; } = [];

        internal Dictionary<IpAddr, Place> Hosts { get; } = [];

        internal Dictionary<IpPrefix, Place> Prefixes { get; } = [];

        internal void Take(VpcLayout layout)
        {
            Layout = layout;
            Networks = layout.Networks.DistinctBy(n => n.Vni).ToDictionary(n => n.Vni, n => new NetworkRoutes(n));
        }
    }

    private sealed class NetworkRoutes(NetworkLayout layout)
    {
        private readonly ILookup<MacAddress, IpAddr> _byMac = layout.Known.ToLookup(k => k.Mac, k => k.Address);

        internal Dictionary<IpAddr, List<MacAddress>> Known { get; } = layout.Known.GroupBy(k => k.Address).ToDictionary(g => g.Key, g => g.Select(k => k.Mac).ToList());

        internal IEnumerable<IpAddr> AddressesOf(MacAddress mac) => _byMac[mac];

        internal bool Holds(IpAddr address) => layout.Gateways.Any(g => g.Network.Contains(address));
    }

    /// <summary>Rows of a VNI.</summary>
    private sealed class Rows
    {
        private readonly Dictionary<MacAddress, HashSet<IpAddr>> _byMac = [];

        internal Dictionary<MacAddress, IpAddr> Macs { get; } = [];

        internal Dictionary<IpAddr, (MacAddress Mac, IpAddr Vtep)> Neighbors { get; } = [];

        internal Dictionary<IpAddr, Place> Hosts { get; } = [];

        internal Dictionary<IpPrefix, ImmutableArray<Destination>> Prefixes { get; } = [];

        internal IEnumerable<IpAddr> AddressesOf(MacAddress mac) => _byMac.GetValueOrDefault(mac) ?? Enumerable.Empty<IpAddr>();

        internal void SetMac(MacAddress mac, IpAddr? vtep) => Set(Macs, mac, vtep);

        internal void SetNeighbor(IpAddr address, (MacAddress Mac, IpAddr Vtep)? neighbor)
        {
            if (Neighbors.TryGetValue(address, out var before) && _byMac[before.Mac] is var addresses && addresses.Remove(address) && addresses.Count == 0)
            {
                _byMac.Remove(before.Mac);
            }

            Set(Neighbors, address, neighbor);
            if (neighbor is { } now && !(_byMac.TryGetValue(now.Mac, out var of) ? of : _byMac[now.Mac] = []).Add(address))
            {
                throw new InvalidOperationException($"{address} was there already");
            }
        }
    }
}
