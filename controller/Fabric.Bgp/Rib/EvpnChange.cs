using System.Collections.Immutable;

namespace Fabric.Bgp.Rib;

/// <summary>What happened to a route.</summary>
public enum EvpnChangeKind
{
    /// <summary>No peer had it before.</summary>
    Added,

    /// <summary>A peer was added or removed, or attributes changed.</summary>
    Changed,

    /// <summary>No peer has it any more; the view is the last one.</summary>
    Removed,
}

/// <summary>A change of one route.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Route">The route afterwards.</param>
public sealed record EvpnChange(EvpnChangeKind Kind, EvpnRouteView Route);

/// <summary>Changes that were applied together.</summary>
/// <param name="Version">Version of the table after them.</param>
/// <param name="Changes">The changes in order.</param>
/// <param name="Resync">The reader was too slow and missed changes: it must query the table again. The list is empty then.</param>
public sealed record EvpnChangeBatch(long Version, ImmutableArray<EvpnChange> Changes, bool Resync);

/// <summary>The answer to a query.</summary>
/// <param name="Version">Version of the table; grows with every change.</param>
/// <param name="Routes">Routes by type, RD and key.</param>
public sealed record EvpnSnapshot(long Version, ImmutableArray<EvpnRouteView> Routes);
