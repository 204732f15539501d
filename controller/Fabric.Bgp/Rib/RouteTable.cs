using System.Runtime.InteropServices;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>A peer as the table knows it; compared by reference.</summary>
internal sealed class RibPeer(IpAddr address)
{
    private int _routes;

    public IpAddr Address { get; } = address;

    /// <summary>Routes held from this peer; read from any thread.</summary>
    public int Routes => Volatile.Read(ref _routes);

    public void Count(int change) => Volatile.Write(ref _routes, _routes + change);
}

/// <summary>One peer's version of a route.</summary>
internal readonly record struct RibPath<TRoute>(RibPeer Peer, TRoute Route, PathAttributes Attributes, DateTimeOffset ReceivedAt);

/// <summary>Adj-RIB-In of all peers for one route type: for each key the peers' versions, in arrays that never change.</summary>
internal sealed class RouteTable<TKey, TRoute>(AttributeInterner interner)
    where TKey : struct, IEquatable<TKey>
    where TRoute : struct, IEquatable<TRoute>
{
    private readonly Dictionary<TKey, RibPath<TRoute>[]> _entries = [];

    public int Count => _entries.Count;

    public IEnumerable<KeyValuePair<TKey, RibPath<TRoute>[]>> Entries => _entries;

    public RibPath<TRoute>[] Find(TKey key) => _entries.GetValueOrDefault(key, []);

    /// <summary>Adds or replaces a peer's version. Null when nothing changed; otherwise whether the key is new.</summary>
    public EvpnChangeKind? Announce(TKey key, RibPath<TRoute> path)
    {
        ref var paths = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var exists);
        if (!exists)
        {
            paths = [path with { Attributes = interner.Take(path.Attributes) }];
            path.Peer.Count(+1);
            return EvpnChangeKind.Added;
        }

        var at = Array.FindIndex(paths!, p => ReferenceEquals(p.Peer, path.Peer));
        if (at < 0)
        {
            paths = [.. paths!, path with { Attributes = interner.Take(path.Attributes) }];
            path.Peer.Count(+1);
            return EvpnChangeKind.Changed;
        }

        var old = paths![at];
        if (old.Route.Equals(path.Route) && old.Attributes.Equals(path.Attributes))
        {
            return null;
        }

        // A new array: queries read the old one outside the lock.
        paths = [.. paths];
        paths[at] = path with { Attributes = interner.Take(path.Attributes) };
        interner.Release(old.Attributes);
        return EvpnChangeKind.Changed;
    }

    /// <summary>Removes a peer's version. Null when it had none; <paramref name="before"/> are the versions before that.</summary>
    public EvpnChangeKind? Withdraw(TKey key, RibPeer peer, out RibPath<TRoute>[] before)
    {
        before = Find(key);
        var at = Array.FindIndex(before, p => ReferenceEquals(p.Peer, peer));
        if (at < 0)
        {
            return null;
        }

        interner.Release(before[at].Attributes);
        peer.Count(-1);
        if (before.Length == 1)
        {
            _entries.Remove(key);
            return EvpnChangeKind.Removed;
        }

        _entries[key] = [.. before[..at], .. before[(at + 1)..]];
        return EvpnChangeKind.Changed;
    }

    /// <summary>The keys of which a peer has a version.</summary>
    public List<TKey> KeysOf(RibPeer peer) =>
        [.. _entries.Where(e => Array.Exists(e.Value, p => ReferenceEquals(p.Peer, peer))).Select(static e => e.Key)];
}
