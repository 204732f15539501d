using System.Numerics;
using Fabric.Primitives;

namespace Fabric.SoftGate.AccessLists;

/// <summary>
/// One side of a list: prefixes, each with the class of the set of rules that match its addresses. An address belongs to the longest prefix
/// that covers it, and to class 0 without one. Prefixes of both families never cover each other.
/// </summary>
internal sealed class AddressClasses
{
    private AddressClasses(RuleSets sets, List<(IpPrefix Prefix, int Class)> entries)
    {
        Sets = sets;
        Entries = entries;
    }

    /// <summary>Rules of each class.</summary>
    internal RuleSets Sets { get; }

    /// <summary>The prefixes; one that says the same as the next shorter one is left out.</summary>
    internal List<(IpPrefix Prefix, int Class)> Entries { get; }

    /// <summary>True: the prefixes of a rule are all addresses of both families.</summary>
    internal static bool IsAny(IReadOnlyList<IpPrefix> prefixes)
    {
        var (four, six) = (false, false);
        foreach (var prefix in prefixes)
        {
            if (prefix.Length == 0)
            {
                four |= prefix.Family == IpFamily.V4;
                six |= prefix.Family == IpFamily.V6;
            }
        }

        return prefixes.Count == 0 || (four && six);
    }

    /// <summary>Makes the classes of one side.</summary>
    /// <param name="rules">The prefixes of each rule; empty: any.</param>
    /// <param name="words">Words of a rule set.</param>
    /// <param name="last">Rules behind which no other is asked, once the address has matched.</param>
    internal static AddressClasses Of(IReadOnlyList<IReadOnlyList<IpPrefix>> rules, int words, ReadOnlySpan<ulong> last)
    {
        var sets = new RuleSets(words);
        Span<ulong> set = stackalloc ulong[words];
        var named = new List<(IpPrefix Prefix, int Rule)>();
        for (var rule = 0; rule < rules.Count; rule++)
        {
            if (IsAny(rules[rule]))
            {
                set[rule / 64] |= 1UL << (rule % 64);
                continue;
            }

            foreach (var prefix in rules[rule])
            {
                named.Add((prefix, rule));
            }
        }

        RuleSets.CutBehind(set, last);
        sets.Intern(set);

        // Sorted, a prefix comes behind all that cover it; those still open are on the stack.
        named.Sort(static (a, b) => a.Prefix.CompareTo(b.Prefix));
        var entries = new List<(IpPrefix Prefix, int Class)>();
        var open = new Stack<(IpPrefix Prefix, int Class)>();
        for (var i = 0; i < named.Count;)
        {
            var prefix = named[i].Prefix;
            while (open.TryPeek(out var top) && !top.Prefix.Contains(prefix))
            {
                open.Pop();
            }

            var outer = open.TryPeek(out var cover) ? cover.Class : 0;
            sets[outer].CopyTo(set);
            for (; i < named.Count && named[i].Prefix == prefix; i++)
            {
                set[named[i].Rule / 64] |= 1UL << (named[i].Rule % 64);
            }

            RuleSets.CutBehind(set, last);
            var number = sets.Intern(set);
            if (number != outer)
            {
                entries.Add((prefix, number));
                open.Push((prefix, number));
            }
        }

        return new(sets, entries);
    }
}
