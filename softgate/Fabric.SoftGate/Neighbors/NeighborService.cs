using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Host;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Neighbors;

/// <summary>Takes hosts that neighbours have told of.</summary>
internal interface INeighborSink
{
    /// <summary>A host is at a place; null: it is nowhere that neighbours know.</summary>
    void Learn(Vni vni, IpAddr address, Place? place);
}

/// <summary>
/// What the gateways of V-Nets do themselves: ask for hosts, hear them, ask again, forget them; advertise themselves as routers. Belongs to the
/// agent's loop; <see cref="Tick"/> is to be called a few times a second.
/// </summary>
internal sealed class NeighborService(
    NeighborSettings settings, IOverlay overlay, IFloodLists floods, INeighborSink sink, Func<string, bool> serves, TimeProvider time) : IStateFollower
{
    /// <summary>Solicitations and advertisements at a time: a bound on what a tick costs.</summary>
    private const int MostAtATime = 500;

    private const ushort RouterLifetime = 1800;
    private static readonly TimeSpan AdvertisementInterval = TimeSpan.FromSeconds(200);
    private static readonly TimeSpan FirstAdvertisements = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LeastBetweenAnswers = TimeSpan.FromMilliseconds(500);

    private readonly NeighborTable _table = new(settings);
    private readonly PriorityQueue<AdvertisedNetwork, TimeSpan> _advertisements = new();
    private readonly long _start = time.GetTimestamp();
    private Dictionary<Vni, AdvertisedNetwork> _networks = [];

    /// <summary>Hosts that are known or looked for.</summary>
    internal int Count => _table.Count;

    /// <summary>Hosts that were refused because their V-Net has too many.</summary>
    internal long Refused => _table.Refused;

    /// <summary>Notices that claim an address which their sender may not have.</summary>
    internal long Disbelieved { get; private set; }

    /// <summary>Router advertisements sent, a V-Net each.</summary>
    internal long Advertisements { get; private set; }

    private TimeSpan Now => time.GetElapsedTime(_start);

    /// <inheritdoc/>
    public void Follow(SoftGateState state)
    {
        var vpcs = state.Vpcs.ToDictionary(v => v.Uid);
        var networks = new Dictionary<Vni, AdvertisedNetwork>(state.VNets.Count);
        foreach (var vnet in state.VNets)
        {
            if (!vpcs.TryGetValue(vnet.Vpc, out var vpc))
            {
                continue;
            }

            var network = new GatewayNetwork(state, vnet, vpc);
            if (_networks.TryGetValue(vnet.Vni, out var known) && known.Network.VNet.Gateways == vnet.Gateways && known.Network.Mac == network.Mac)
            {
                known.Network = network;
                networks.Add(vnet.Vni, known);
                continue;
            }

            var added = new AdvertisedNetwork(network);
            networks.Add(vnet.Vni, added);
            if (added.Prefixes.Count > 0)
            {
                _advertisements.Enqueue(added, Now);
            }
        }

        _networks = networks;
        _table.Keep(key => networks.TryGetValue(key.Vni, out var network) && network.Network.GatewayFor(key.Address) is not null);
    }

    /// <summary>The data path has a packet for a host that it does not know.</summary>
    internal void Want(Vni vni, IpAddr address)
    {
        if (_networks.TryGetValue(vni, out var network) && network.Network.GatewayFor(address) is not null)
        {
            _table.Want(new(vni, address), Now);
            Ask(MostAtATime);
        }
    }

    /// <summary>A host of an earlier run.</summary>
    internal void Restore(Vni vni, IpAddr address, NeighborPlace place)
    {
        if (_networks.TryGetValue(vni, out var network) && network.Network.MayHave(address, place.Mac))
        {
            _table.Restore(new(vni, address), place, Now);
            sink.Learn(vni, address, new Place(place.Vtep, vni, place.Mac));
        }
    }

    /// <summary>A frame of ARP or neighbour discovery came to a gateway.</summary>
    internal void Hear(Vni vni, IpAddr vtep, ReadOnlySpan<byte> frame)
    {
        if (!_networks.TryGetValue(vni, out var network) || NeighborNotice.Read(frame) is not { } notice)
        {
            return;
        }

        if (notice.WantsRouter)
        {
            if (network.Prefixes.Count > 0 && network.MayAnswer(Now, LeastBetweenAnswers))
            {
                (IpAddr, MacAddress)? to = notice.Address.IsUnspecified ? null : (notice.Address, notice.Mac);
                overlay.Send(network.Network.Source, vtep, vni, Advertisement(network, to));
                Advertisements++;
            }

            return;
        }

        if (notice.Address.IsLinkLocal && notice.Address.IsV6)
        {
            return; // Is never routed to.
        }

        if (!network.Network.MayHave(notice.Address, notice.Mac))
        {
            Disbelieved++;
            return;
        }

        if (_table.Hear(new(vni, notice.Address), new(notice.Mac, vtep), Now))
        {
            sink.Learn(vni, notice.Address, new Place(vtep, vni, notice.Mac));
        }
    }

    /// <summary>Does what is due.</summary>
    internal void Tick()
    {
        Ask(MostAtATime);
        var now = Now;
        for (var left = MostAtATime; left > 0 && _advertisements.TryPeek(out var network, out var at) && at <= now; left--)
        {
            _advertisements.Dequeue();
            if (_networks.GetValueOrDefault(network.Network.VNet.Vni) != network)
            {
                continue; // Gone, or another one meanwhile.
            }

            // Both nodes of a pair have the V-Net; one of them speaks for it.
            if (serves(network.Network.Vpc.Owner) && !network.Network.VNet.Blocked && Flood(network.Network, Advertisement(network, to: null)))
            {
                network.Sent++;
                Advertisements++;
            }

            // RFC 4861 section 6.2.4: the first few sooner. Spread by V-Net.
            var interval = network.Sent < 3 ? FirstAdvertisements : AdvertisementInterval;
            _advertisements.Enqueue(network, now + (interval * (0.75 + ((uint)network.Network.VNet.Vni.GetHashCode() % 64 / 256.0))));
        }
    }

    private static byte[] Advertisement(AdvertisedNetwork network, (IpAddr Address, MacAddress Mac)? to) =>
        NeighborFrames.RouterAdvertisement(network.Network.Mac, network.Prefixes, network.Network.VNet.Mtu, RouterLifetime, to);

    private void Ask(int most)
    {
        foreach (var duty in _table.Due(Now, most))
        {
            var (vni, address) = duty.Key;
            if (!duty.Ask)
            {
                if (duty.Place is not null)
                {
                    sink.Learn(vni, address, place: null);
                }

                continue;
            }

            if (!_networks.TryGetValue(vni, out var network) || network.Network.GatewayFor(address) is not { } gateway)
            {
                continue;
            }

            var frame = NeighborFrames.Solicitation(gateway, network.Network.Mac, address, duty.Place?.Mac);
            if (duty.Place is { } place)
            {
                overlay.Send(network.Network.Source, place.Vtep, vni, frame);
            }
            else
            {
                Flood(network.Network, frame);
            }
        }
    }

    /// <summary>To all VTEPs of the V-Net; false: there is none.</summary>
    private bool Flood(GatewayNetwork network, ReadOnlySpan<byte> frame)
    {
        var list = floods.Of(network.VNet.Vni);
        foreach (var vtep in list)
        {
            overlay.Send(network.Source, vtep, network.VNet.Vni, frame);
        }

        return list.Count > 0;
    }

    private sealed class AdvertisedNetwork(GatewayNetwork network)
    {
        private TimeSpan? _answered;

        internal GatewayNetwork Network { get; set; } = network;

        /// <summary>Prefixes to advertise; empty: no IPv6.</summary>
        internal IReadOnlyList<IpPrefix> Prefixes { get; } =
            [.. network.VNet.Gateways.Where(g => g.Address.IsV6 && !g.Address.IsLinkLocal).Select(g => g.Network).Distinct()];

        internal int Sent { get; set; }

        /// <summary>Bounds answers to solicitations.</summary>
        internal bool MayAnswer(TimeSpan now, TimeSpan least)
        {
            if (_answered is { } before && now - before < least)
            {
                return false;
            }

            _answered = now;
            return true;
        }
    }
}
