using Fabric.Primitives;

namespace Fabric.SoftGate.Host;

/// <summary>Where frames for all hosts of a V-Net go.</summary>
internal interface IFloodLists
{
    /// <summary>VTEPs of a VNI, own ones excluded; empty: none is known.</summary>
    IReadOnlyCollection<IpAddr> Of(Vni vni);
}

/// <summary>Flood lists as type-3 routes come and go. Belongs to the agent's loop.</summary>
internal sealed class FloodLists : IFloodLists
{
    private readonly Dictionary<Vni, SortedSet<IpAddr>> _lists = [];

    /// <inheritdoc/>
    public IReadOnlyCollection<IpAddr> Of(Vni vni) => _lists.TryGetValue(vni, out var list) ? list : [];

    /// <summary>A VTEP wants what is sent to all.</summary>
    internal void Add(Vni vni, IpAddr vtep)
    {
        if (!_lists.TryGetValue(vni, out var list))
        {
            _lists.Add(vni, list = []);
        }

        list.Add(vtep);
    }

    /// <summary>It no longer does.</summary>
    internal void Remove(Vni vni, IpAddr vtep)
    {
        if (_lists.TryGetValue(vni, out var list) && list.Remove(vtep) && list.Count == 0)
        {
            _lists.Remove(vni);
        }
    }
}
