using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Host;

/// <summary>Who says where a host is; the first is believed first.</summary>
internal enum HostSource
{
    /// <summary>Type-2 routes.</summary>
    Evpn,

    /// <summary>ARP and neighbour discovery.</summary>
    Neighbors,
}

/// <summary>Chooses, of each host of a VPC, among what several sources say. Belongs to the agent's loop.</summary>
/// <param name="learn">Gets what is believed.</param>
internal sealed class HostPlaces(Action<Vni, IpAddr, Place?> learn) : IStateFollower
{
    private readonly Dictionary<(int Vpc, IpAddr Address), (Place? Evpn, Place? Neighbors)> _hosts = [];
    private Dictionary<Vni, int> _vpcs = [];

    /// <summary>Hosts that somebody says something about.</summary>
    internal int Count => _hosts.Count;

    /// <inheritdoc/>
    public void Follow(SoftGateState state)
    {
        _vpcs = state.Vpcs.Select(v => (v.L3Vni, v.Uid)).Concat(state.VNets.Select(v => (v.Vni, v.Vpc))).GroupBy(p => p.Item1)
            .ToDictionary(g => g.Key, g => g.First().Item2);
        var vpcs = _vpcs.Values.ToHashSet();
        foreach (var gone in _hosts.Keys.Where(h => !vpcs.Contains(h.Vpc)).ToList())
        {
            _hosts.Remove(gone);
        }
    }

    /// <summary>A source says where a host is, or that it no longer knows (null).</summary>
    internal void Learn(HostSource source, Vni vni, IpAddr address, Place? place)
    {
        if (!_vpcs.TryGetValue(vni, out var vpc))
        {
            return;
        }

        var said = _hosts.GetValueOrDefault((vpc, address));
        said = source == HostSource.Evpn ? said with { Evpn = place } : said with { Neighbors = place };
        if (said is { Evpn: null, Neighbors: null })
        {
            _hosts.Remove((vpc, address));
        }
        else
        {
            _hosts[(vpc, address)] = said;
        }

        learn(vni, address, said.Evpn ?? said.Neighbors);
    }

    /// <summary>Whether EVPN says where a host is: then nobody need ask for it.</summary>
    internal bool HasRoute(Vni vni, IpAddr address) =>
        _vpcs.TryGetValue(vni, out var vpc) && _hosts.TryGetValue((vpc, address), out var said) && said.Evpn is not null;
}
