using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>What is known of a VRF now, apart from what is local. Belongs to the owner of the <see cref="VtepState"/>; read between two events.</summary>
public sealed class L3VniView
{
    internal Dictionary<IpPrefix, ImmutableArray<PrefixPath>> PrefixTable { get; } = [];

    internal Dictionary<IpAddr, ImmutableArray<HostPath>> HostTable { get; } = [];

    /// <summary>Prefixes with their equal paths.</summary>
    public IReadOnlyDictionary<IpPrefix, ImmutableArray<PrefixPath>> Prefixes => PrefixTable;

    /// <summary>Hosts with the VTEP they are behind; several only on a shared segment.</summary>
    public IReadOnlyDictionary<IpAddr, ImmutableArray<HostPath>> Hosts => HostTable;
}
