using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>What can be seen from outside, and why it is so. Nothing here takes longer than a few thousand entries do.</summary>
internal sealed partial class RouteEngine
{
    private const int MostEntriesLookedAt = 4096;

    /// <summary>Adds to a page what a slice of the table holds for it, and gives the entry to go on with; 0 at the end.</summary>
    /// <param name="query">What is wanted.</param>
    /// <param name="from">The first entry of the slice.</param>
    /// <param name="page">Takes the routes.</param>
    /// <param name="complete">Whether the peer asked about has been given everything.</param>
    public int Look(RouteQuery query, int from, ImmutableArray<RouteView>.Builder page, ref bool complete)
    {
        var peer = query.Rib == GlassRib.Injected ? _local : query.Rib == GlassRib.Loc ? null : Known(query.Peer);
        if (query.Rib != GlassRib.Loc && peer is null)
        {
            return 0;
        }

        if (query.Rib == GlassRib.Out)
        {
            complete &= peer!.Members.All(static m => m is null || IsCaughtUp(m));
        }

        var entry = Math.Max(from, Families.Count);
        var end = Math.Min(_table.Top, entry + MostEntriesLookedAt);
        for (; entry < end && page.Count < query.Limit; entry++)
        {
            if (_table.Entry(entry).First == 0)
            {
                continue;
            }

            switch (query.Rib)
            {
                case GlassRib.Loc:
                    if (_table.Best(entry) is var best and not 0 && Matches(query.Filter, best))
                    {
                        page.Add(View(best));
                    }

                    break;
                case GlassRib.Out:
                    LookAtOutgoing(peer!, entry, query.Filter, page);
                    break;
                default:
                    for (var path = _table.Entry(entry).First; path != 0; path = _table.Path(path).Next)
                    {
                        if (_table.Path(path).Peer == peer!.Rib.Id && !_table.Path(path).IsDead && Matches(query.Filter, path) && !IsOwn(path))
                        {
                            page.Add(View(path));
                        }
                    }

                    break;
            }
        }

        return entry >= _table.Top ? 0 : entry;
    }

    /// <summary>Why a route is as it is; null when nobody has it.</summary>
    public RouteExplanation? Explain(FamilyIndex family, ReadOnlySpan<byte> nlri)
    {
        var entry = _table.Find(family, nlri);
        if (entry == 0)
        {
            return null;
        }

        var paths = _table.PathsOf(entry).Where(p => !_table.Path(p).IsDead).ToList();
        if (paths.Count == 0)
        {
            return null;
        }

        var usable = paths.Where(p => _table.Path(p).IsUsable).ToList();
        usable.Sort((a, b) => _table.Compare(a, b, out _));
        var name = RouteName.Of(family.Family(), _table.Nlri(_table.Path(paths[0])));
        return new RouteExplanation(
            family.Family(),
            name,
            [.. usable.Select(p => ExplainUsable(p, usable)), .. paths.Where(p => !_table.Path(p).IsUsable).Select(ExplainRefused)],
            [.. _known.OrderBy(static p => p.Config.Address).Select(p => ExplainPeer(p, entry))]);
    }

    private static bool IsCaughtUp(FamilyMember member) => member.Mark == 0 && member.Turned.Count == 0 && member.TurnedSets is null;

    private EnginePeer? Known(IpAddr? address) => address is { } wanted ? _known.FindLast(p => p.Config.Address == wanted) : null;

    private bool Matches(RouteFilter filter, int path)
    {
        ref var p = ref _table.Path(path);
        return filter.Matches(_table.Entry(p.Entry).Family, _table.Nlri(p), _table.Sets[p.Set], _table.Peer(p.Peer));
    }

    private RouteView View(int path)
    {
        ref var p = ref _table.Path(path);
        var source = _table.Peer(p.Peer);
        return new RouteView
        {
            Family = _table.Entry(p.Entry).Family.Family(),
            Nlri = new Octets(_table.Nlri(p)),
            From = source.IsLocal ? null : source.Address,
            PathId = p.PathId,
            Attributes = _table.Sets[p.Set].Attributes,
            Received = _asSent.TryGetValue(path, out var sent) ? sent.Attributes : null,
            IsBest = _table.Best(p.Entry) == path,
            IsStale = p.Flags.HasFlag(PathFlags.Stale),
            Verdict = p.Flags.HasFlag(PathFlags.Refused) ? VerdictOn(path) : ImportVerdict.Accepted,
            ReceivedAt = _table.ReceivedAt(p),
        };
    }

    /// <summary>Why a path is refused, found out anew.</summary>
    private ImportVerdict VerdictOn(int path)
    {
        ref var p = ref _table.Path(path);
        if (SenderOf(path) is not { } sender)
        {
            return ImportVerdict.Accepted;
        }

        Judge(sender, _table.Entry(p.Entry).Family, _table.Nlri(p), _table.Sets[p.Set].Attributes, out var verdict);
        return verdict;
    }

    private EnginePeer? SenderOf(int path)
    {
        var id = _table.Path(path).Peer;
        return _known.Find(p => p.Rib.Id == id);
    }

    private void LookAtOutgoing(EnginePeer peer, int entry, RouteFilter filter, ImmutableArray<RouteView>.Builder page)
    {
        if (peer.Members[(int)_table.Entry(entry).Family] is not { } member)
        {
            return;
        }

        for (var at = _table.Entry(entry).First; at != 0; at = _table.Path(at).Next)
        {
            if (_table.Path(at).IsUsable && Matches(filter, at) && IsFor(member, at) && member.Group.Outgoing(_table.Path(at)) is { } attributes)
            {
                page.Add(View(at) with
                {
                    Attributes = attributes,
                    Received = null,
                    PathId = member.Group.Key.AddPath ? (uint)at : 0,
                    IsPending = IsPending(member, at),
                });
            }

            if (!member.Group.Key.AddPath)
            {
                break;
            }
        }
    }

    private bool IsFor(FamilyMember member, int path) =>
        _table.Path(path).Peer != member.Peer.Rib.Id && member.Wants(_table.Sets[_table.Path(path).Set]);

    /// <summary>Whether the change that made a path what it is lies before what a member has read, or its route targets are still to be told.</summary>
    private bool IsPending(FamilyMember member, int path)
    {
        ref var p = ref _table.Path(path);
        if (member.Mark != 0 && _table.Entry(p.Entry).Version > _table.Entry(member.Mark).Version)
        {
            return true;
        }

        var targets = _table.Sets[p.Set].Targets;
        return member.Turned.Any(t => t.Wanted && targets.Contains(t.Target));
    }

    private PathExplanation ExplainUsable(int path, List<int> usable)
    {
        var best = usable[0];
        if (path == best)
        {
            return usable.Count == 1
                ? new PathExplanation(View(path), BestPathRule.OnlyPath, "the only path that may be used")
                : new PathExplanation(View(path), null, "the best path");
        }

        _table.Compare(best, path, out var rule);
        return new PathExplanation(View(path), rule, $"the best path has {Text(rule)}");
    }

    private PathExplanation ExplainRefused(int path)
    {
        var view = View(path);
        var reason = view.Verdict switch
        {
            ImportVerdict.Loop when view.From is not null && SenderOf(path) is { Rib.IsInternal: true } =>
                "a loop: this reflector is its originator or is in its cluster list (RFC 4456)",
            ImportVerdict.Loop => "a loop: the own AS is in its path (RFC 4271)",
            ImportVerdict.NoPolicy => "the session is external and has no import policy (RFC 8212)",
            ImportVerdict.RefusedByPolicy => PolicyText(SenderOf(path)?.Config.Import, view),
            _ => "refused before the present policy",
        };
        return new PathExplanation(view, null, reason);
    }

    private PeerExplanation ExplainPeer(EnginePeer peer, int entry)
    {
        var address = peer.Config.Address;
        var best = _table.Best(entry);
        var member = peer.Members[(int)_table.Entry(entry).Family];
        var verdict = !peer.IsUp ? ExportVerdict.NoSession
            : peer.Config.Role == PeerRole.Observed ? ExportVerdict.ObservedPeer
            : member is null ? ExportVerdict.NotNegotiated
            : best == 0 ? ExportVerdict.NoPath
            : ExportVerdict.Sent;
        if (verdict != ExportVerdict.Sent)
        {
            return new PeerExplanation(address, verdict, Text(verdict), null);
        }

        var path = best;
        verdict = VerdictOn(member!, best);
        if (member!.Group.Key.AddPath && verdict is not (ExportVerdict.Sent or ExportVerdict.Pending))
        {
            foreach (var other in _table.PathsOf(entry).Where(p => p != best && _table.Path(p).IsUsable))
            {
                if (VerdictOn(member, other) is var better and (ExportVerdict.Sent or ExportVerdict.Pending))
                {
                    (path, verdict) = (other, better);
                    break;
                }
            }
        }

        return verdict switch
        {
            ExportVerdict.Sent or ExportVerdict.Pending => new PeerExplanation(address, verdict, Text(verdict), member.Group.Outgoing(_table.Path(path))),
            ExportVerdict.RefusedByPolicy => new PeerExplanation(address, verdict, PolicyText(member.Group.Key.Export, View(path)), null),
            _ => new PeerExplanation(address, verdict, Text(verdict), null),
        };
    }

    private ExportVerdict VerdictOn(FamilyMember member, int path)
    {
        ref var p = ref _table.Path(path);
        return p.Peer == member.Peer.Rib.Id ? ExportVerdict.OwnRoute
            : member.Group.Verdict(p) is var verdict and not ExportVerdict.Sent ? verdict
            : !member.Wants(_table.Sets[p.Set]) ? ExportVerdict.NotWanted
            : IsPending(member, path) ? ExportVerdict.Pending
            : ExportVerdict.Sent;
    }

    private static string PolicyText(RoutePolicy? policy, RouteView view) => policy is StatementPolicy statements
        ? statements.Explain(new PolicyRoute(view.Family, view.Nlri.Span), view.Attributes).ToString()
        : "the policy refuses it";

    private static string Text(BestPathRule rule) => rule switch
    {
        BestPathRule.Local => "been injected here",
        BestPathRule.NotStale => "a living session; this one is stale",
        BestPathRule.LocalPreference => "a higher local preference",
        BestPathRule.AsPathLength => "a shorter AS path",
        BestPathRule.Origin => "a lower origin",
        BestPathRule.Med => "a lower MED from the same neighbouring AS",
        BestPathRule.External => "come from an external peer, this one from an internal one",
        BestPathRule.RouterId => "a lower BGP identifier of its originator",
        BestPathRule.ClusterListLength => "a shorter cluster list",
        BestPathRule.PeerAddress => "come from a peer with a lower address",
        BestPathRule.PathId => "a lower path identifier",
        _ => "no other beside it",
    };

    private static string Text(ExportVerdict verdict) => verdict switch
    {
        ExportVerdict.Sent => "is sent it",
        ExportVerdict.Pending => "is to be sent it, and has not caught up with the table yet",
        ExportVerdict.NoSession => "has no session",
        ExportVerdict.NotNegotiated => "the family was not negotiated",
        ExportVerdict.NoPath => "there is no path that may be used",
        ExportVerdict.ObservedPeer => "is only observed, and sent nothing",
        ExportVerdict.OwnRoute => "has sent the best path itself",
        ExportVerdict.NotWanted => "has not asked for its route targets (RFC 4684)",
        ExportVerdict.NoAdvertise => "the route carries no-advertise",
        ExportVerdict.NoExport => "the route carries no-export, and the peer is external",
        ExportVerdict.NotReflected => "neither its sender nor the peer is a client of this reflector (RFC 4456)",
        ExportVerdict.NotOwn => "is sent only routes that were injected here",
        ExportVerdict.NextHopNotTaken => "does not take next hops of the other IP version (RFC 8950)",
        ExportVerdict.NoPolicy => "the session is external and has no export policy (RFC 8212)",
        _ => "the export policy refuses it",
    };
}
