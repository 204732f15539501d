using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;

namespace Fabric.Bgp.Lint;

/// <summary>Watches the EVPN routes of a fabric for contradictions, while they change.</summary>
/// <remarks>
/// Every event is counted where it matters (its MAC, address, VTEP, route targets, RD, segment) and only that is judged anew: the cost
/// of an event does not depend on the table, the memory is bounded by it. No clock: time comes with the events. Belongs to one owner.
/// </remarks>
public sealed class EvpnLinter(EvpnLinterOptions? options = null)
{
    private readonly EvpnLinterOptions _options = options ?? new();
    private readonly Dictionary<(PathSource, MacIpKey), MacIpRecord> _macIp = [];
    private readonly Dictionary<(PathSource, MulticastKey), AttributeRecord> _multicast = [];
    private readonly Dictionary<(PathSource, PrefixKey), (AttributeRecord Attributes, EvpnLabel Label)> _prefixes = [];
    private readonly Dictionary<(PathSource, EthernetAutoDiscoveryKey), AttributeRecord> _autoDiscovery = [];

    private readonly Dictionary<PathAttributes, AttributeRecord> _attributes = [];
    private readonly Dictionary<IpAddr, VtepRecord> _vteps = [];
    private readonly Dictionary<RouteTarget, TargetRecord> _targets = [];
    private readonly Dictionary<(uint Vni, MacAddress Mac), Tally<Claim>> _macs = [];
    private readonly Dictionary<(uint Vni, IpAddr Ip), Tally<Claim>> _addresses = [];
    private readonly Dictionary<(RouteDistinguisher Rd, uint Tag), Tally<uint>> _rds = [];
    private readonly Dictionary<(IpAddr Vtep, uint Vni), Balance> _domains = [];
    private readonly Dictionary<(IpAddr Vtep, EthernetSegmentId Esi), Balance> _segments = [];

    private readonly Dictionary<LintSubject, Flag> _flags = [];
    private readonly PriorityQueue<LintSubject, DateTimeOffset> _pending = new();
    private readonly List<LintEvent> _events = [];
    private AttributeRecord? _lastUsed;
    private int _importsAll;

    /// <summary>When <see cref="Tick"/> is due; null for not at all.</summary>
    public DateTimeOffset? NextDeadline => _pending.TryPeek(out _, out var at) ? at : null;

    /// <summary>Paths that are watched.</summary>
    public int Paths => _macIp.Count + _multicast.Count + _prefixes.Count + _autoDiscovery.Count;

    /// <summary>What is wrong now, the oldest first.</summary>
    public ImmutableArray<LintFinding> Findings =>
    [
        .. _flags.Where(static f => f.Value.Raised)
            .OrderBy(static f => f.Value.Since).ThenBy(static f => f.Key.Code).ThenBy(static f => f.Key.ToString(), StringComparer.Ordinal)
            .Select(f => FindingOf(f.Key, f.Value.Since)),
    ];

    /// <summary>Nothing is kept: no path, and nothing that belonged to one.</summary>
    internal bool IsEmpty =>
        Paths + _attributes.Count + _vteps.Count + _targets.Count + _macs.Count + _addresses.Count + _rds.Count + _domains.Count + _segments.Count + _flags.Count == 0;

    /// <summary>Takes a path.</summary>
    /// <param name="path">What was announced or withdrawn.</param>
    /// <param name="now">When.</param>
    /// <returns>Findings that were raised or cleared by it.</returns>
    public ImmutableArray<LintEvent> Apply(EvpnPathEvent path, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(path);

        // A path without a next hop names no VTEP; there is nothing to compare.
        var attributes = path.Attributes is { NextHop: not null } given ? given : null;
        switch (path)
        {
            case EvpnPathEvent.MacIp e:
                OnMacIp(e, attributes, now);
                break;
            case EvpnPathEvent.Multicast e:
                OnMulticast(e, attributes, now);
                break;
            case EvpnPathEvent.Prefix e:
                OnPrefix(e, attributes, now);
                break;
            case EvpnPathEvent.AutoDiscovery e:
                OnAutoDiscovery(e, attributes, now);
                break;
        }

        return Take();
    }

    /// <summary>Somebody began or ceased to import a route target.</summary>
    /// <param name="target">The route target; null for one that imports everything.</param>
    /// <param name="imports">Began.</param>
    /// <param name="now">When.</param>
    public ImmutableArray<LintEvent> Importer(RouteTarget? target, bool imports, DateTimeOffset now)
    {
        var change = imports ? 1 : -1;
        if (target is { } one)
        {
            var record = TargetOf(one);
            record.Importers += change;
            JudgeImport(record, now);
            Release(record);
        }
        else
        {
            _importsAll += change;
            foreach (var record in _targets.Values)
            {
                JudgeImport(record, now);
            }
        }

        return Take();
    }

    /// <summary>Raises what has lasted long enough.</summary>
    public ImmutableArray<LintEvent> Tick(DateTimeOffset now)
    {
        while (_pending.TryPeek(out var subject, out var at) && at <= now)
        {
            _pending.Dequeue();
            if (_flags.TryGetValue(subject, out var flag) && !flag.Raised && flag.Since + _options.RaiseAfter <= now)
            {
                Raise(subject, flag);
            }
        }

        return Take();
    }

    private ImmutableArray<LintEvent> Take()
    {
        if (_events.Count == 0)
        {
            return [];
        }

        ImmutableArray<LintEvent> events = [.. _events];
        _events.Clear();
        return events;
    }

    private void OnMacIp(EvpnPathEvent.MacIp e, PathAttributes? attributes, DateTimeOffset now)
    {
        var key = (e.Source, e.Route.Key);
        var had = _macIp.Remove(key, out var before);
        var after = attributes is null ? default(MacIpRecord?) : new(RecordOf(attributes), e.Route.Esi, e.Route.Label1, e.Route.Label2);
        if (after is { } added)
        {
            _macIp.Add(key, added);
            Count(e.Route.Key, added, +1);
        }

        if (had)
        {
            Count(e.Route.Key, before, -1);
            Judge(e.Route.Key, before, now);
        }

        if (after is { } record)
        {
            Judge(e.Route.Key, record, now);
        }

        if (had)
        {
            Release(before.Attributes);
        }
    }

    private void Count(MacIpKey key, MacIpRecord record, int change)
    {
        var (attributes, vni) = (record.Attributes, record.Label1.Raw);
        var vtep = attributes.Vtep;
        var claim = new Claim(vtep, record.Esi, attributes.Sequence, attributes.Gateway);
        if (vni != 0)
        {
            Count(_macs, (vni, key.Mac), claim, change);
            if (key.Ip is { } ip)
            {
                Count(_addresses, (vni, ip), claim, change);
            }

            Count(_rds, (key.Rd, key.Tag), vni, change);
            Count(_domains, (vtep.Address, vni), new Balance(change, 0));
        }

        if (!record.Esi.IsZero)
        {
            Count(_segments, (vtep.Address, record.Esi), new Balance(change, 0));
        }

        CountTargets(attributes, change, record.Label2 is null ? vni : 0, 0);
    }

    private void Judge(MacIpKey key, MacIpRecord record, DateTimeOffset now)
    {
        var (vtep, vni) = (record.Attributes.Vtep, record.Label1.Raw);
        if (vni != 0)
        {
            Judge(new(LintCode.DuplicateMac, vni, key.Mac), Claim.Conflict(_macs.GetValueOrDefault((vni, key.Mac))), now);
            if (key.Ip is { } ip)
            {
                Judge(new(LintCode.DuplicateIp, vni, Ip: ip), Claim.Conflict(_addresses.GetValueOrDefault((vni, ip))), now);
            }

            Judge(new(LintCode.RdVniMismatch, key.Tag, Number: key.Rd.Bits), _rds.GetValueOrDefault((key.Rd, key.Tag)).IsMixed, now);
            Judge(new(LintCode.MissingMulticast, vni, Ip: vtep.Address), _domains.GetValueOrDefault((vtep.Address, vni)).Lacks, now);
        }

        if (!record.Esi.IsZero)
        {
            Judge(new(LintCode.MissingAutoDiscovery, Ip: vtep.Address, Esi: record.Esi), _segments.GetValueOrDefault((vtep.Address, record.Esi)).Lacks, now);
        }

        JudgeAttributes(record.Attributes, now);
    }

    private void OnMulticast(EvpnPathEvent.Multicast e, PathAttributes? attributes, DateTimeOffset now)
    {
        var after = attributes is null ? null : RecordOf(attributes);
        var before = Swap(_multicast, (e.Source, e.Route.Key), after);
        Each(after, +1);
        Each(before, -1);
        JudgeBoth(before, after, Judged);

        void Each(AttributeRecord? record, int change)
        {
            if (record is { FloodVni: not 0 and var vni })
            {
                Count(_rds, (e.Route.Key.Rd, e.Route.Key.Tag), vni, change);
                Count(_domains, (record.Vtep.Address, vni), new Balance(0, change));
            }

            if (record is not null)
            {
                CountTargets(record, change, record.FloodVni, 0);
            }
        }

        void Judged(AttributeRecord record)
        {
            var (rd, tag) = (e.Route.Key.Rd, e.Route.Key.Tag);
            Judge(new(LintCode.RdVniMismatch, tag, Number: rd.Bits), _rds.GetValueOrDefault((rd, tag)).IsMixed, now);
            var address = record.Vtep.Address;
            Judge(new(LintCode.MissingMulticast, record.FloodVni, Ip: address), _domains.GetValueOrDefault((address, record.FloodVni)).Lacks, now);
            JudgeAttributes(record, now);
        }
    }

    private void OnPrefix(EvpnPathEvent.Prefix e, PathAttributes? attributes, DateTimeOffset now)
    {
        var key = (e.Source, e.Route.Key);
        var had = _prefixes.Remove(key, out var before);
        var after = attributes is null ? null : RecordOf(attributes);
        if (after is not null)
        {
            _prefixes.Add(key, (after, e.Route.Label));
            CountTargets(after, +1, 0, e.Route.Label.Raw);
        }

        if (had)
        {
            CountTargets(before.Attributes, -1, 0, before.Label.Raw);
        }

        JudgeBoth(had ? before.Attributes : null, after, r => JudgeAttributes(r, now));
    }

    private void OnAutoDiscovery(EvpnPathEvent.AutoDiscovery e, PathAttributes? attributes, DateTimeOffset now)
    {
        var after = attributes is null ? null : RecordOf(attributes);
        var before = Swap(_autoDiscovery, (e.Source, e.Route.Key), after);
        Each(after, +1);
        Each(before, -1);
        JudgeBoth(before, after, Judged);

        void Each(AttributeRecord? record, int change)
        {
            if (record is null)
            {
                return;
            }

            CountTargets(record, change, 0, 0);
            if (e.Route.IsPerSegment)
            {
                Count(_segments, (record.Vtep.Address, e.Route.Key.Esi), new Balance(0, change));
            }
        }

        void Judged(AttributeRecord record)
        {
            JudgeAttributes(record, now);
            var address = record.Vtep.Address;
            Judge(new(LintCode.MissingAutoDiscovery, Ip: address, Esi: e.Route.Key.Esi), _segments.GetValueOrDefault((address, e.Route.Key.Esi)).Lacks, now);
        }
    }

    /// <summary>What was counted off is judged after what was counted on, so that a replaced route raises nothing in between.</summary>
    private void JudgeBoth(AttributeRecord? before, AttributeRecord? after, Action<AttributeRecord> judge)
    {
        if (before is not null)
        {
            judge(before);
        }

        if (after is not null)
        {
            judge(after);
        }

        if (before is not null)
        {
            Release(before);
        }
    }

    private static AttributeRecord? Swap<TKey>(Dictionary<TKey, AttributeRecord> table, TKey key, AttributeRecord? after)
        where TKey : struct
    {
        table.Remove(key, out var before);
        if (after is not null)
        {
            table.Add(key, after);
        }

        return before;
    }

    private static void CountTargets(AttributeRecord record, int change, uint l2Vni, uint l3Vni)
    {
        if (record.RouterMac is { } mac)
        {
            record.Vtep.RouterMacs.Count(mac, change);
        }

        foreach (var target in record.Targets)
        {
            target.Paths += change;
        }

        // Of several route targets it is not known which one stands for the VNI.
        if (record.Targets is [var only])
        {
            if (l2Vni != 0)
            {
                only.L2Vnis.Count(l2Vni, change);
            }

            if (l3Vni != 0)
            {
                only.L3Vnis.Count(l3Vni, change);
            }
        }
    }

    private void JudgeAttributes(AttributeRecord record, DateTimeOffset now)
    {
        if (record.RouterMac is not null)
        {
            Judge(new(LintCode.RouterMacConflict, Ip: record.Vtep.Address), record.Vtep.RouterMacs.IsMixed, now);
        }

        foreach (var target in record.Targets)
        {
            JudgeImport(target, now);
            Judge(new(LintCode.TargetVniMismatch, Number: target.Target.Bits), target.L2Vnis.IsMixed || target.L3Vnis.IsMixed, now);
        }
    }

    private void JudgeImport(TargetRecord target, DateTimeOffset now) => Judge(
        new(LintCode.UnimportedTarget, Number: target.Target.Bits),
        _options.ImportersKnown && target.Paths > 0 && target.Importers + _importsAll <= 0,
        now);

    private void Judge(in LintSubject subject, bool bad, DateTimeOffset now)
    {
        if (!bad && _flags.Count == 0)
        {
            return;
        }

        var known = _flags.TryGetValue(subject, out var flag);
        if (bad && !known)
        {
            flag = new Flag(now, Raised: false);
            _flags.Add(subject, flag);
            if (_options.RaiseAfter <= TimeSpan.Zero)
            {
                Raise(subject, flag);
            }
            else
            {
                _pending.Enqueue(subject, now + _options.RaiseAfter);
            }
        }
        else if (!bad && known)
        {
            _flags.Remove(subject);
            if (flag.Raised)
            {
                _events.Add(new(Raised: false, FindingOf(subject, flag.Since)));
            }
        }
    }

    private void Raise(LintSubject subject, Flag flag)
    {
        _flags[subject] = flag with { Raised = true };
        _events.Add(new(Raised: true, FindingOf(subject, flag.Since)));
    }

    private LintFinding FindingOf(LintSubject subject, DateTimeOffset since) => new(subject.Code, subject.ToString(), [.. EvidenceOf(subject)], since);

    private IEnumerable<string> EvidenceOf(LintSubject subject)
    {
        switch (subject.Code)
        {
            case LintCode.DuplicateMac:
                return Texts(_macs.GetValueOrDefault((subject.Vni, subject.Mac)), c => $"type 2, {c}");
            case LintCode.DuplicateIp:
                return Texts(_addresses.GetValueOrDefault((subject.Vni, subject.Ip)), c => $"type 2, {c}");
            case LintCode.RouterMacConflict:
                return Texts(_vteps.GetValueOrDefault(subject.Ip)?.RouterMacs ?? default, static m => $"router's MAC {m}");
            case LintCode.RdVniMismatch:
                return Texts(_rds.GetValueOrDefault((RouteDistinguisher.FromBits(subject.Number), subject.Vni)), static v => $"VNI {v}");
            case LintCode.MissingMulticast:
                return [$"{_domains.GetValueOrDefault((subject.Ip, subject.Vni)).Asking} routes of type 2, {_domains.GetValueOrDefault((subject.Ip, subject.Vni)).Giving} of type 3"];
            case LintCode.MissingAutoDiscovery:
                var segment = _segments.GetValueOrDefault((subject.Ip, subject.Esi));
                return [$"{segment.Asking} routes of type 2, {segment.Giving} of type 1 for the segment"];
            default:
                var target = RouteTarget.TryFromCommunity(subject.Number, out var found) ? _targets.GetValueOrDefault(found) : null;
                return subject.Code == LintCode.UnimportedTarget ? [$"{target?.Paths ?? 0} paths, {target?.Importers ?? 0} importers"]
                    : target is null ? []
                    : Texts(target.L2Vnis, static v => $"L2VNI {v}").Concat(Texts(target.L3Vnis, static v => $"L3VNI {v}"));
        }

        static IEnumerable<string> Texts<T>(Tally<T> tally, Func<T, string> text)
            where T : struct, IEquatable<T> => tally.Values.Select(text).Order(StringComparer.Ordinal);
    }

    private static void Count<TKey, T>(Dictionary<TKey, Tally<T>> table, TKey key, T value, int change)
        where TKey : struct
        where T : struct, IEquatable<T>
    {
        ref var tally = ref CollectionsMarshal.GetValueRefOrAddDefault(table, key, out _);
        tally.Count(value, change);
        if (tally.IsEmpty)
        {
            table.Remove(key);
        }
    }

    private static void Count<TKey>(Dictionary<TKey, Balance> table, TKey key, Balance change)
        where TKey : struct
    {
        ref var balance = ref CollectionsMarshal.GetValueRefOrAddDefault(table, key, out _);
        balance = new(balance.Asking + change.Asking, balance.Giving + change.Giving);
        if (balance.IsEmpty)
        {
            table.Remove(key);
        }
    }

    /// <summary>The record of an attribute set, with one more user.</summary>
    private AttributeRecord RecordOf(PathAttributes attributes)
    {
        var record = _lastUsed is { } last && ReferenceEquals(last.Attributes, attributes) ? last : _attributes.GetValueOrDefault(attributes);
        if (record is null)
        {
            var address = attributes.NextHop.GetValueOrDefault();
            if (!_vteps.TryGetValue(address, out var vtep))
            {
                _vteps[address] = vtep = new(address);
            }

            vtep.Users++;
            record = new(attributes, vtep, [.. attributes.RouteTargets.Distinct().Select(TargetOf)]);
            foreach (var target in record.Targets)
            {
                target.Users++;
            }

            _attributes[attributes] = record;
        }

        record.Users++;
        _lastUsed = record;
        return record;
    }

    private void Release(AttributeRecord record)
    {
        if (--record.Users > 0)
        {
            return;
        }

        _attributes.Remove(record.Attributes);
        _lastUsed = ReferenceEquals(_lastUsed, record) ? null : _lastUsed;
        if (--record.Vtep.Users == 0)
        {
            _vteps.Remove(record.Vtep.Address);
        }

        foreach (var target in record.Targets)
        {
            target.Users--;
            Release(target);
        }
    }

    private TargetRecord TargetOf(RouteTarget target)
    {
        if (!_targets.TryGetValue(target, out var record))
        {
            _targets[target] = record = new(target);
        }

        return record;
    }

    private void Release(TargetRecord record)
    {
        if (record is { Users: 0, Importers: 0 })
        {
            _targets.Remove(record.Target);
        }
    }

    /// <summary>Something that is wrong, raised or not yet.</summary>
    private readonly record struct Flag(DateTimeOffset Since, bool Raised);
}
