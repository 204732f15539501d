using System.Buffers.Binary;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>What comes in.</summary>
internal sealed partial class RouteEngine
{
    // Looking up waits for memory: it is asked for so many routes ahead.
    private const int Ahead = 32;
    private const int PathIdLength = 4;

    // What paths said before an import policy changed it.
    private readonly Dictionary<int, AttributeSet> _asSent = [];

    private void Apply(RouteBatch batch)
    {
        var peer = batch.Peer;
        foreach (var run in batch.Runs)
        {
            switch (run.Kind)
            {
                case RunKind.Announce:
                    Announce(peer, run);
                    break;
                case RunKind.Withdraw:
                    Withdraw(peer, run);
                    break;
                case RunKind.EndOfRib:
                    OnEndOfRib(peer, run.Family);
                    break;
                case RunKind.BeginOfRefresh:
                    _table.Mark(peer.Rib, run.Family, PathFlags.Awaited);
                    break;
                case RunKind.EndOfRefresh:
                    PurgeAwaited(peer, run.Family);
                    break;
                case RunKind.Flush:
                    WithdrawFamily(peer, run.Family);
                    break;
            }
        }

        ForgetLast(peer);
    }

    private void Announce(EnginePeer peer, in RouteRun run)
    {
        ReadOnlySpan<byte> rest = run.Octets.AsSpan(run.Start, run.Length);
        var (family, sent) = (run.Family, run.Attributes!);
        var isMembership = family == FamilyIndex.RouteTargetMembership;
        var byRoute = peer.Config.Import is { DependsOnRoute: true };
        var keeps = peer.Config.Import is not null;
        Span<ForeseenRoute> soon = stackalloc ForeseenRoute[Ahead];
        while (!rest.IsEmpty)
        {
            foreach (var route in soon[.._table.Foresee(family, rest, run.PathIds, soon)])
            {
                var nlri = rest.Slice(run.PathIds ? PathIdLength : 0, route.Length);
                rest = rest[(run.PathIds ? PathIdLength + route.Length : route.Length)..];
                if (isMembership)
                {
                    NoteInterest(peer, nlri, route.PathId, wanted: true);
                }

                if (byRoute || !ReferenceEquals(peer.Last.Sent, sent))
                {
                    ForgetLast(peer);
                    peer.Last = Import(peer, family, nlri, sent);
                }

                var set = peer.Last.Set!;
                var path = _table.Announce(peer.Rib, family, nlri, route.Hash, route.PathId, set, peer.Last.Refused);
                if (keeps)
                {
                    KeepAsSent(path, sent, set);
                }
            }
        }

        CheckLimit(peer, family);
    }

    private void Withdraw(EnginePeer peer, in RouteRun run)
    {
        var rest = run.Octets.AsSpan(run.Start, run.Length);
        while (!rest.IsEmpty)
        {
            var pathId = TakePathId(run.PathIds, ref rest);
            var nlri = rest[..NlriLayout.Length(run.Family, rest)];
            rest = rest[nlri.Length..];
            if (run.Family == FamilyIndex.RouteTargetMembership)
            {
                NoteInterest(peer, nlri, pathId, wanted: false);
            }

            _table.Withdraw(peer.Rib, run.Family, nlri, pathId);
        }
    }

    private static uint TakePathId(bool there, ref Span<byte> rest)
    {
        if (!there)
        {
            return 0;
        }

        var id = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[PathIdLength..];
        return id;
    }

    /// <summary>The attributes a route gets on its way in; held by the caller.</summary>
    private (PathAttributes Sent, AttributeSet Set, bool Refused) Import(EnginePeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, PathAttributes sent)
    {
        var taken = Judge(peer, family, nlri, sent, out _);
        return (sent, _table.Sets.Take(taken ?? sent), taken is null);
    }

    /// <summary>The attributes a route goes on with; null when it is not to be used, and why.</summary>
    private PathAttributes? Judge(EnginePeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, PathAttributes sent, out ImportVerdict verdict)
    {
        if (IsLoop(peer, sent))
        {
            verdict = ImportVerdict.Loop;
            return null;
        }

        if (peer.OwnAddress is { } own && sent.NextHop == own && family != FamilyIndex.RouteTargetMembership)
        {
            verdict = ImportVerdict.OwnNextHop;
            return null;
        }

        var taken = peer.Config.Import is { } policy ? policy.Apply(new PolicyRoute(family.Family(), nlri), sent)
            : peer.Rib.IsInternal || peer.Config.OpenWithoutPolicy ? sent
            : null; // RFC 8212
        verdict = taken is not null ? ImportVerdict.Accepted : peer.Config.Import is null ? ImportVerdict.NoPolicy : ImportVerdict.RefusedByPolicy;
        return taken;
    }

    /// <summary>RFC 4271 section 9.1.2 for AS paths, RFC 4456 section 8 for reflected routes. A route server leaves loops to its clients.</summary>
    private bool IsLoop(EnginePeer peer, PathAttributes attributes)
    {
        if (peer.Rib.IsInternal)
        {
            return attributes.OriginatorId == _self.RouterId || attributes.ClusterList.Contains(_self.ClusterId);
        }

        if (peer.Config.Role is PeerRole.RouteServerClient or PeerRole.Observed)
        {
            return false;
        }

        foreach (var segment in attributes.AsPath.Segments)
        {
            if (segment.Numbers.Contains(_self.Asn.Value))
            {
                return true;
            }
        }

        return false;
    }

    private void ForgetLast(EnginePeer peer)
    {
        if (peer.Last.Set is { } set)
        {
            _table.Sets.Release(set);
            peer.Last = default;
        }
    }

    private void KeepAsSent(int path, PathAttributes sent, AttributeSet taken)
    {
        ForgetAsSent(path);
        if (!taken.Attributes.Equals(sent))
        {
            _asSent.Add(path, _table.Sets.Take(sent));
        }
    }

    private void ForgetAsSent(int path)
    {
        if (_asSent.Remove(path, out var before))
        {
            _table.Sets.Release(before);
        }
    }

    private void CheckLimit(EnginePeer peer, FamilyIndex family)
    {
        if (peer.Config.MaxPrefixes is not { } limit)
        {
            return;
        }

        var routes = peer.Rib.Routes(family);
        if (routes > limit)
        {
            peer.Events.TooManyPrefixes(family.Family(), routes, limit);
        }
        else if (!peer.Warned && routes >= (long)limit * peer.Config.MaxPrefixesWarning / 100)
        {
            peer.Warned = true;
            peer.Events.ManyPrefixes(family.Family(), routes, limit);
        }
    }

    private void PurgeAwaited(EnginePeer peer, FamilyIndex family) =>
        _table.WithdrawAll(peer.Rib, (t, p) => t.Path(p).Flags.HasFlag(PathFlags.Awaited) && t.Entry(t.Path(p).Entry).Family == family);

    private void WithdrawFamily(EnginePeer peer, FamilyIndex family) =>
        _table.WithdrawAll(peer.Rib, (t, p) => t.Entry(t.Path(p).Entry).Family == family);

    /// <summary>Asks the import policy again about everything a peer has sent.</summary>
    private void Reassess(EnginePeer peer)
    {
        foreach (var entry in _table.EntriesFrom(0).ToList())
        {
            foreach (var path in _table.PathsOf(entry).ToList())
            {
                ref var p = ref _table.Path(path);
                if (p.Peer != peer.Rib.Id || p.IsDead)
                {
                    continue;
                }

                var sent = (_asSent.TryGetValue(path, out var before) ? before : _table.Sets[p.Set]).Attributes;
                var (_, set, refused) = Import(peer, _table.Entry(entry).Family, _table.Nlri(p), sent);
                _table.Reassess(path, set, refused);
                KeepAsSent(path, sent, set);
                _table.Sets.Release(set);
            }
        }
    }
}
