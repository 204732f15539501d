using System.Collections.Immutable;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>Peers that come and go.</summary>
internal sealed partial class RouteEngine
{
    // Those who may have a session, in the order they came.
    private readonly List<EnginePeer> _known = [];

    /// <summary>A peer is known.</summary>
    public void Enter(EnginePeer peer) => Post(() =>
    {
        _table.Enter(peer.Rib);
        _known.Add(peer);
    });

    /// <summary>A peer is no longer known; its routes go.</summary>
    public void Leave(EnginePeer peer) => Post(() =>
    {
        Disconnect(peer);
        _known.Remove(peer);
        _table.WithdrawAll(peer.Rib, static (_, _) => true);
        _leaving.Add(peer);
        _leaving.RemoveAll(p => _table.TryLeave(p.Rib));
    });

    /// <summary>A session is established.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="generation">Number of the session; batches carry it.</param>
    /// <param name="session">What was agreed.</param>
    public void Up(EnginePeer peer, int generation, EngineSession session) => Post(() =>
    {
        Disconnect(peer);
        peer.Generation = generation;
        peer.IsUp = true;
        peer.Warned = false;
        (peer.Rib.RouterId, peer.Rib.IsInternal, peer.Rib.IsClient) =
            (session.RouterId, session.Context.IsInternal, peer.Config.Role == PeerRole.ReflectorClient);
        if (peer.Config.Role == PeerRole.Observed)
        {
            return;
        }

        peer.Interest = session.Context.Families.Contains(AddressFamily.RouteTargetMembership) ? new RouteTargetInterest() : null;
        if (peer.Interest is null)
        {
            LintImporter(null, imports: true); // it may import anything
        }

        foreach (var family in session.Context.Families)
        {
            if (family.Index() is { } index)
            {
                Join(new FamilyMember(peer, session, GroupOf(index, peer, session)));
            }
        }
    });

    /// <summary>A session has ended.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="keep">Families whose routes stay, stale, until the peer is back (RFC 4724).</param>
    public void Down(EnginePeer peer, ImmutableArray<AddressFamily> keep) => Post(() =>
    {
        Disconnect(peer);
        for (var family = 0; family < Families.Count; family++)
        {
            if (keep.Contains(((FamilyIndex)family).Family()))
            {
                // What was stale already has outlived one restart (RFC 4724 section 4.2).
                Purge(peer, ((FamilyIndex)family).Family());
                _table.Mark(peer.Rib, (FamilyIndex)family, PathFlags.Stale);
            }
            else
            {
                WithdrawFamily(peer, (FamilyIndex)family);
            }
        }
    });

    /// <summary>Stale routes of a family go.</summary>
    public void PurgeStale(EnginePeer peer, AddressFamily family) => Post(() => Purge(peer, family));

    /// <summary>The peer asks for all routes of a family again (RFC 2918); between BoRR and EoRR where both sides know them (RFC 7313 section 4.1).</summary>
    public void Resend(EnginePeer peer, AddressFamily family) => Post(() =>
    {
        if (family.Index() is not { } index || peer.Members[(int)index] is not { } member)
        {
            return;
        }

        var owesEndOfRib = member.OwesEndOfRib;
        Restart(member, withdrawRest: false);
        if (member.Session.EnhancedRefresh)
        {
            SendRefresh(member, RouteRefreshSubtype.Begin);
            (member.OwesEndOfRefresh, member.OwesEndOfRib) = (true, owesEndOfRib);
        }
    });

    /// <summary>Takes over a configuration that leaves the session as it is: policies.</summary>
    public void Reconfigure(EnginePeer peer, SpeakerPeerConfig config) => Post(() =>
    {
        var before = peer.Config;
        peer.Config = config;
        if (!Equals(before.Import, config.Import) || before.OpenWithoutPolicy != config.OpenWithoutPolicy)
        {
            Reassess(peer);
        }

        if (Equals(before.Export, config.Export) && (before.OpenWithoutPolicy, before.OwnRoutesOnly) == (config.OpenWithoutPolicy, config.OwnRoutesOnly))
        {
            return;
        }

        foreach (var member in peer.Members)
        {
            if (member is not null)
            {
                Part(member);
                var again = new FamilyMember(peer, member.Session, GroupOf(member.Group.Key.Family, peer, member.Session)) { WithdrawsRest = true };
                Join(again);
            }
        }
    });

    private void Purge(EnginePeer peer, AddressFamily family) =>
        _table.WithdrawAll(peer.Rib, (t, p) => t.Path(p).Flags.HasFlag(PathFlags.Stale) && t.Entry(t.Path(p).Entry).Family.Family() == family);

    private void Disconnect(EnginePeer peer)
    {
        if (peer is { IsUp: true, Config.Role: not PeerRole.Observed })
        {
            foreach (var target in peer.Interest?.Targets ?? [default])
            {
                NoteImporter(target, imports: false);
            }
        }

        peer.IsUp = false;
        foreach (var member in peer.Members)
        {
            if (member is not null)
            {
                Part(member);
            }
        }

        peer.Interest = null;
        ForgetLast(peer);
    }

    private UpdateGroup GroupOf(FamilyIndex family, EnginePeer peer, EngineSession session)
    {
        var key = UpdateGroupKey.Of(family, peer.Config, session);
        var groups = _groups[(int)family];
        if (groups.Find(g => g.Key == key) is { } known)
        {
            return known;
        }

        var group = new UpdateGroup(key, _table, _self);
        groups.Add(group);
        NoteGroups();
        return group;
    }

    private void NoteGroups()
    {
        var all = _groups.SelectMany(static g => g).ToList();
        _table.AllPathsCount = all.Exists(static g => g.Key.AddPath) || _followers.Exists(static f => f.AllPaths);
        _table.PoliciesLook = all.Exists(static g => g.Key.Export is not null);
    }

    private void Join(FamilyMember member)
    {
        member.Peer.Members[(int)member.Group.Key.Family] = member;
        member.Group.Members.Add(member);
        member.Group.HasFiltered |= member.IsFiltered;
        member.OwesEndOfRib = true;
        member.Session.Output.OnDrained = () => Post(() => CallAll(member.Peer));
        if (member.IsFiltered)
        {
            // Nothing until the peer says what it wants (RFC 4684 section 6).
            _filtered.Add(member);
            foreach (var (target, topic) in _topics)
            {
                if (member.Wants(target))
                {
                    topic.Members.Add(member);
                    member.Turned.Enqueue((target, true));
                }
            }
        }
        else
        {
            SetMark(member, RouteTable.Ends(member.Group.Key.Family));
        }

        Call(member);
    }

    private void Part(FamilyMember member)
    {
        ClearMark(member);
        member.Peer.Members[(int)member.Group.Key.Family] = null;
        member.Group.Members.Remove(member);
        if (member.IsFiltered)
        {
            _filtered.Remove(member);
            foreach (var topic in _topics.Values)
            {
                topic.Members.Remove(member);
            }
        }

        member.Group.HasFiltered = member.Group.Members.Exists(static m => m.IsFiltered);
        if (member.Group.Members.Count == 0)
        {
            _groups[(int)member.Group.Key.Family].Remove(member.Group);
            NoteGroups();
        }
    }

    private void Restart(FamilyMember member, bool withdrawRest)
    {
        SetMark(member, RouteTable.Ends(member.Group.Key.Family));
        member.WithdrawsRest |= withdrawRest;
        member.OwesEndOfRib = true;
        Call(member);
    }
}
