using Fabric.Primitives;
using Fabric.SoftGate.Evpn;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Upstream;

/// <summary>
/// Makes gateways out of the best routes that routers have sent, and tells only what changes. Belongs to the agent's loop. Not told are own public
/// prefixes, which come back by way of the partner, and next hops that are on no link.
/// </summary>
/// <param name="learn">Gets what is found.</param>
/// <param name="interfaceOf">Number of an interface by name; null: it is not there.</param>
internal sealed class PublicRoutes(ILearn learn, Func<string, uint?> interfaceOf)
{
    private readonly Dictionary<IpPrefix, IpAddr> _rows = [];
    private readonly Dictionary<IpPrefix, PublicGateway> _told = [];
    private IReadOnlyCollection<UpstreamLink> _links = [];
    private IReadOnlyDictionary<IpPrefix, bool> _own = new Dictionary<IpPrefix, bool>();
    private int[] _ownLengths = [];

    /// <summary>Prefixes that were told.</summary>
    internal int Count => _told.Count;

    /// <summary>Takes links and own prefixes; interfaces are looked up anew.</summary>
    internal void Configure(IReadOnlyCollection<UpstreamLink> links, IReadOnlyDictionary<IpPrefix, bool> own)
    {
        (_links, _own) = (links, own);
        _ownLengths = [.. own.Keys.Select(p => p.Length).Distinct()];
        foreach (var prefix in _rows.Keys)
        {
            LookAt(prefix);
        }
    }

    /// <summary>A prefix has this next hop now, or none (null).</summary>
    internal void Apply(IpPrefix prefix, IpAddr? nextHop)
    {
        if (nextHop is { } through)
        {
            _rows[prefix] = through;
        }
        else
        {
            _rows.Remove(prefix);
        }

        LookAt(prefix);
    }

    /// <summary>Forgets all rows but these, and tells so.</summary>
    internal void Keep(IReadOnlySet<IpPrefix> prefixes)
    {
        foreach (var gone in _rows.Keys.Where(p => !prefixes.Contains(p)).ToList())
        {
            Apply(gone, null);
        }
    }

    private void LookAt(IpPrefix prefix)
    {
        var gateway = _rows.TryGetValue(prefix, out var nextHop) && !IsOwn(prefix) ? GatewayOf(nextHop) : null;
        if (gateway == (_told.TryGetValue(prefix, out var told) ? told : null))
        {
            return;
        }

        if (gateway is { } now)
        {
            _told[prefix] = now;
        }
        else
        {
            _told.Remove(prefix);
        }

        learn.LearnPublic(prefix, gateway);
    }

    private bool IsOwn(IpPrefix prefix) => _ownLengths.Any(l => l <= prefix.Length && _own.ContainsKey(IpPrefix.Of(prefix.Address, l)));

    private PublicGateway? GatewayOf(IpAddr nextHop)
    {
        foreach (var link in _links)
        {
            if (link.Holds(nextHop) && interfaceOf(link.Port) is { } number)
            {
                return new(nextHop, number, link.Vlan);
            }
        }

        return null;
    }
}
