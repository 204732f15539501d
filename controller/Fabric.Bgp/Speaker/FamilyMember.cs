using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>A peer's share in an update group. Belongs to the engine.</summary>
internal sealed class FamilyMember(EnginePeer peer, EngineSession session, UpdateGroup group)
{
    public EnginePeer Peer { get; } = peer;

    public EngineSession Session { get; } = session;

    public UpdateGroup Group { get; } = group;

    /// <summary>Its mark in the list of changes; 0 when it follows with the group.</summary>
    public int Mark { get; set; }

    /// <summary>Route targets that came to be wanted, or no longer, and whose routes are not yet told.</summary>
    public Queue<(ulong Target, bool Wanted)> Turned { get; } = new();

    /// <summary>What is left of the first of <see cref="Turned"/>.</summary>
    public Queue<AttributeSet>? TurnedSets { get; set; }

    /// <summary>Whether End-of-RIB is still to be sent when it has caught up.</summary>
    public bool OwesEndOfRib { get; set; }

    /// <summary>Whether the end of a route refresh (RFC 7313) is still to be told when it has caught up.</summary>
    public bool OwesEndOfRefresh { get; set; }

    /// <summary>Whether routes that it may not have are withdrawn while it catches up: it may have got them under another policy.</summary>
    public bool WithdrawsRest { get; set; }

    /// <summary>Whether a call for it waits in the engine's queue.</summary>
    public bool IsCalled { get; set; }

    /// <summary>The message that was given to it last, so that none is given twice.</summary>
    public long LastSegment { get; set; }

    /// <summary>Whether it filters by route target.</summary>
    public bool IsFiltered => Group.Key.Family == FamilyIndex.Evpn && Peer.Interest is not null;

    /// <summary>Whether it is to be given a part only: it filters, and does not want all.</summary>
    public bool IsChoosy => IsFiltered && !Peer.Interest!.All;

    public bool Wants(ulong target) => !IsFiltered || Peer.Interest!.Wants(target);

    public bool Wants(AttributeSet set) => !IsFiltered || Peer.Interest!.Wants(set);
}
