namespace Fabric.Bgp.Rib;

/// <summary>What is special about a path.</summary>
[Flags]
internal enum PathFlags : byte
{
    None = 0,

    /// <summary>Withdrawn; kept until everybody who follows the list of changes has passed its entry.</summary>
    Dead = 1,

    /// <summary>Of a session that ended; kept because the peer restarts gracefully (RFC 4724).</summary>
    Stale = 2,

    /// <summary>Not to be used: refused by the import policy, or a loop.</summary>
    Refused = 4,

    /// <summary>To be sent again by the peer in the route refresh that is under way (RFC 7313), or it goes.</summary>
    Awaited = 8,
}

/// <summary>One peer's version of a route. Zero in links means none.</summary>
internal struct RoutePath
{
    /// <summary>The entry's next path.</summary>
    public int Next;

    /// <summary>The entry it belongs to.</summary>
    public int Entry;

    /// <summary>Its octets in the arena.</summary>
    public uint Nlri;

    /// <summary>How many they are.</summary>
    public ushort NlriLength;

    public PathFlags Flags;

    /// <summary>Its attributes, as they are after the import policy.</summary>
    public int Set;

    /// <summary>Neighbours among the paths with the same attributes.</summary>
    public int SetPrevious;
    public int SetNext;

    /// <summary>Who sent it.</summary>
    public int Peer;

    /// <summary>The peer's path identifier (RFC 7911), 0 without.</summary>
    public uint PathId;

    /// <summary>Seconds from the table's birth until it came.</summary>
    public uint ReceivedAt;

    public readonly bool IsDead => Flags.HasFlag(PathFlags.Dead);

    public readonly bool IsUsable => (Flags & (PathFlags.Dead | PathFlags.Refused)) == PathFlags.None;
}

/// <summary>What is special about an entry.</summary>
[Flags]
internal enum EntryFlags : byte
{
    None = 0,

    /// <summary>
    /// Since it came to life its best path has changed the sender, the route targets or what a policy could look at: somebody who is
    /// not told of the present one may have been told of an earlier one, and gets a withdrawal.
    /// </summary>
    Moved = 1,

    /// <summary>Not an entry but somebody's mark in the list of changes.</summary>
    Mark = 2,
}

/// <summary>A route: its paths, the best one first, and its place in the list of changes. Zero in links means none; the first places are the lists' ends.</summary>
internal struct RouteEntry
{
    /// <summary>First path: the best, if any is usable.</summary>
    public int First;

    /// <summary>Neighbours in the list of changes, oldest first.</summary>
    public int Earlier;
    public int Later;

    public FamilyIndex Family;
    public EntryFlags Flags;

    /// <summary>Number of the last change.</summary>
    public long Version;
}
