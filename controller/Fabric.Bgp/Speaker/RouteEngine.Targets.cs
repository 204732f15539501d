using Fabric.Bgp.Rib;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>Who wants which route targets (RFC 4684).</summary>
internal sealed partial class RouteEngine
{
    private readonly Dictionary<ulong, Topic> _topics = [];
    private readonly List<FamilyMember> _filtered = [];

    private void OnSetUse(AttributeSet set, bool used)
    {
        foreach (var target in set.Targets)
        {
            var topic = TopicOf(target);
            if (used)
            {
                topic.Sets.Add(set);
            }
            else
            {
                topic.Sets.Remove(set);
                DropIfEmpty(target, topic);
            }
        }
    }

    private Topic TopicOf(ulong target)
    {
        if (!_topics.TryGetValue(target, out var topic))
        {
            topic = new Topic();
            _topics.Add(target, topic);
            topic.Members.AddRange(_filtered.Where(m => m.Wants(target)));
        }

        return topic;
    }

    private void DropIfEmpty(ulong target, Topic topic)
    {
        // Members who want it are found again when it comes back.
        if (topic.Sets.Count == 0)
        {
            _topics.Remove(target);
        }
    }

    private void NoteInterest(EnginePeer peer, ReadOnlySpan<byte> nlri, uint pathId, bool wanted)
    {
        if (peer.Interest is not { } interest)
        {
            return;
        }

        // A membership that is repeated, or withdrawn without having been there, changes nothing.
        var entry = _table.Find(FamilyIndex.RouteTargetMembership, nlri);
        var known = entry != 0 && _table.PathsOf(entry).Any(p => _table.Path(p).Peer == peer.Rib.Id && _table.Path(p).PathId == pathId && !_table.Path(p).IsDead);
        if (known == wanted)
        {
            return;
        }

        var target = RouteTargetInterest.Decode(nlri);
        var member = peer.Members[(int)FamilyIndex.Evpn];
        var hadAll = interest.All;
        if (!(wanted ? interest.Add(target) : interest.Remove(target)))
        {
            return;
        }

        NoteImporter(target, wanted);
        if (member is null)
        {
            return;
        }

        if (hadAll != interest.All)
        {
            Restart(member, withdrawRest: hadAll);
            foreach (var (bits, topic) in _topics)
            {
                topic.Members.Remove(member);
                if (member.Wants(bits))
                {
                    topic.Members.Add(member);
                }
            }

            return;
        }

        if (target.Length == 64)
        {
            Turn(member, target.Bits, wanted);
        }
        else
        {
            var mask = target.Length == 0 ? 0 : ulong.MaxValue << (64 - target.Length);
            foreach (var bits in _topics.Keys.Where(k => (k & mask) == target.Bits).ToList())
            {
                Turn(member, bits, wanted);
            }
        }

        Call(member);
    }

    /// <summary>For the linter: who wants what. A prefix of targets counts as wanting everything.</summary>
    private void NoteImporter((ulong Bits, int Length) target, bool imports)
    {
        if (target.Length < 64)
        {
            LintImporter(null, imports);
        }
        else if (RouteTarget.TryFromCommunity(target.Bits, out var one))
        {
            LintImporter(one, imports);
        }
    }

    private void Turn(FamilyMember member, ulong target, bool wanted)
    {
        if (!_topics.TryGetValue(target, out var topic))
        {
            return;
        }

        var listed = topic.Members.Contains(member);
        if (wanted && !listed)
        {
            topic.Members.Add(member);
            member.Turned.Enqueue((target, true));
        }
        else if (!wanted && listed && !member.Wants(target))
        {
            topic.Members.Remove(member);
            member.Turned.Enqueue((target, false));
        }
    }

    /// <summary>A route target in use, or wanted: the attribute sets that carry it, and the members that filter and want it.</summary>
    private sealed class Topic
    {
        public HashSet<AttributeSet> Sets { get; } = [];

        public List<FamilyMember> Members { get; } = [];
    }
}
