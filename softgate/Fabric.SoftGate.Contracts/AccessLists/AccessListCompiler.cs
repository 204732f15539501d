using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.AccessLists;

/// <summary>
/// Compiles a list into classes of addresses and services and a table over them, so that the first rule that matches is found with a number
/// of look-ups that does not depend on the rules. Pure; equal lists give equal results, entry by entry.
/// </summary>
/// <remarks>
/// A class is a set of rules: those that match the source, the destination, the service. What matches a packet is what its three classes
/// have in common, and the lowest of these rules decides. Sets end with a rule that matches whatever the other sides are, which keeps
/// shadowed rules from making classes. <c>docs/decisions/0011-softgate-data-path.md</c> says why.
/// </remarks>
public static class AccessListCompiler
{
    private const uint Permit = 1u << 31;
    private const uint Log = 1u << 30;

    private static readonly IpPrefix Mapped = IpPrefix.Parse("::ffff:0:0/96");

    /// <summary>Compiles a list.</summary>
    /// <param name="list">The list.</param>
    /// <param name="compiled">What goes into the maps.</param>
    /// <param name="refusal">Why it cannot.</param>
    /// <returns>False: refused.</returns>
    public static bool TryCompile(
        SoftGateAccessList list, [NotNullWhen(true)] out CompiledAccessList? compiled, [NotNullWhen(false)] out AccessListRefusal? refusal)
    {
        compiled = null;
        refusal = Check(list);
        if (refusal is not null)
        {
            return false;
        }

        var rules = list.Rules;
        var words = Math.Max(1, (rules.Count + 63) / 64);
        var anySource = Where(rules, words, r => AddressClasses.IsAny(r.Sources));
        var anyDestination = Where(rules, words, r => AddressClasses.IsAny(r.Destinations));
        var anyService = Where(rules, words, r => r.Protocol is null);
        var sources = AddressClasses.Of([.. rules.Select(r => r.Sources)], words, And(anyDestination, anyService));
        var destinations = AddressClasses.Of([.. rules.Select(r => r.Destinations)], words, And(anySource, anyService));
        var services = ServiceClasses.Of(rules, words, And(anySource, anyDestination));
        if (services.Entries.Count > AccessListLimits.ServiceEntries)
        {
            refusal = Refuse(list, AccessListRefusalReason.TooManyPorts, $"its port ranges need {services.Entries.Count} entries, at most {AccessListLimits.ServiceEntries} are possible");
            return false;
        }

        var needed = (long)sources.Sets.Count * destinations.Sets.Count;
        var cells = needed <= AccessListLimits.Cells ? Table(sources.Sets, destinations.Sets, services.Sets, words, anyService, Verdicts(list), out needed) : null;
        if (cells is null)
        {
            refusal = Refuse(
                list,
                AccessListRefusalReason.TooManyCells,
                $"{sources.Sets.Count} classes of sources, {destinations.Sets.Count} of destinations and {services.Sets.Count} of services need at least "
                + $"{needed} cells, at most {AccessListLimits.Cells} are possible; name fewer different sources together with different destinations and ports, or split the list");
            return false;
        }

        compiled = new()
        {
            Uid = list.Uid,
            Sources = sources.Entries,
            Destinations = destinations.Entries,
            Services = services.Entries,
            Cells = cells,
            PairCells = sources.Sets.Count * destinations.Sets.Count,
            DestinationClasses = destinations.Sets.Count,
            ServiceClasses = services.Sets.Count,
            RuleNumbers = [.. rules.Select(r => r.Number)],
        };
        return true;
    }

    /// <summary>The two tables, one behind the other; null: too large, for which <paramref name="needed"/> is a lower bound.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint[]? Table(
        RuleSets sources, RuleSets destinations, RuleSets services, int words, ReadOnlySpan<ulong> anyService, ReadOnlySpan<uint> verdicts, out long needed)
    {
        var pairs = new RuleSets(words);
        var pairCells = sources.Count * destinations.Count;
        var pairOf = new uint[pairCells];
        Span<ulong> set = stackalloc ulong[words];
        var cell = 0;
        for (var s = 0; s < sources.Count; s++)
        {
            var source = sources[s];
            for (var d = 0; d < destinations.Count; d++)
            {
                var destination = destinations[d];
                for (var i = 0; i < words; i++)
                {
                    set[i] = source[i] & destination[i];
                }

                RuleSets.CutBehind(set, anyService);
                pairOf[cell++] = (uint)pairs.Intern(set);
            }

            needed = pairCells + ((long)pairs.Count * services.Count);
            if (needed > AccessListLimits.Cells)
            {
                return null;
            }
        }

        needed = pairCells + ((long)pairs.Count * services.Count);
        var cells = new uint[needed];
        pairOf.CopyTo(cells, 0);
        for (var p = 0; p < pairs.Count; p++)
        {
            var pair = pairs[p];
            for (var v = 0; v < services.Count; v++)
            {
                cells[cell++] = verdicts[First(pair, services[v])];
            }
        }

        return cells;
    }

    /// <summary>The lowest rule in both sets, counted from 1; 0: none.</summary>
    private static int First(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        for (var i = 0; i < a.Length; i++)
        {
            var both = a[i] & b[i];
            if (both != 0)
            {
                return (i * 64) + BitOperations.TrailingZeroCount(both) + 1;
            }
        }

        return 0;
    }

    /// <summary>Cells by rule, counted from 1; 0 is the default.</summary>
    private static uint[] Verdicts(SoftGateAccessList list) =>
        [
            list.PermitByDefault ? Permit : 0,
            .. list.Rules.Select((r, i) => (uint)(i + 1) | (r.Permit ? Permit : 0) | (r.Log ? Log : 0)),
        ];

    private static AccessListRefusal? Check(SoftGateAccessList list)
    {
        if (list.Rules.Count > AccessListLimits.Rules)
        {
            return Refuse(list, AccessListRefusalReason.TooManyRules, $"it has {list.Rules.Count} rules, at most {AccessListLimits.Rules} are possible");
        }

        var (sources, destinations, ranges) = (0L, 0L, 0L);
        foreach (var rule in list.Rules)
        {
            sources += rule.Sources.Count;
            destinations += rule.Destinations.Count;
            ranges += rule.Ports.Count;
            if (rule.Ports.Count > 0 && !ServiceClasses.HasPorts(rule.Protocol))
            {
                return Refuse(
                    list,
                    AccessListRefusalReason.BadPorts,
                    $"rule {rule.Number} names ports {(rule.Protocol is { } protocol ? $"of protocol {protocol}, which has none" : "without a protocol")}");
            }

            if (rule.Ports.FirstOrDefault(p => p.Last < p.First) is { First: > 0 } bad)
            {
                return Refuse(list, AccessListRefusalReason.BadPorts, $"rule {rule.Number} has the range {bad.First}-{bad.Last}");
            }
        }

        if (Math.Max(sources, destinations) > AccessListLimits.Prefixes)
        {
            return Refuse(
                list,
                AccessListRefusalReason.TooManyPrefixes,
                $"it has {sources} source and {destinations} destination prefixes, at most {AccessListLimits.Prefixes} of each are possible");
        }

        if (ranges > AccessListLimits.Ranges)
        {
            return Refuse(list, AccessListRefusalReason.TooManyPorts, $"it has {ranges} port ranges, at most {AccessListLimits.Ranges} are possible");
        }

        foreach (var rule in list.Rules)
        {
            foreach (var prefixes in (ReadOnlySpan<IReadOnlyList<IpPrefix>>)[rule.Sources, rule.Destinations])
            {
                foreach (var prefix in prefixes)
                {
                    if (prefix.Family == IpFamily.V6 && Mapped.Contains(prefix))
                    {
                        return Refuse(list, AccessListRefusalReason.MappedPrefix, $"rule {rule.Number} has {prefix}: write it as an IPv4 prefix");
                    }
                }
            }
        }

        return null;
    }

    private static AccessListRefusal Refuse(SoftGateAccessList list, AccessListRefusalReason reason, string why) =>
        new(reason, $"access list {list.Name} (uid {list.Uid}): {why}");

    private static ulong[] Where(IReadOnlyList<SoftGateAccessRule> rules, int words, Func<SoftGateAccessRule, bool> holds)
    {
        var set = new ulong[words];
        for (var i = 0; i < rules.Count; i++)
        {
            set[i / 64] |= holds(rules[i]) ? 1UL << (i % 64) : 0;
        }

        return set;
    }

    private static ulong[] And(ulong[] a, ulong[] b) => [.. a.Zip(b, static (x, y) => x & y)];
}
