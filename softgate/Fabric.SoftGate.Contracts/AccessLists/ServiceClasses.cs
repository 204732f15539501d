using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.AccessLists;

/// <summary>
/// Protocols and ports of a list: prefixes of ports of the protocols that it names, each with the class of the set of rules that match.
/// Class 0 is that of all protocols that no rule names.
/// </summary>
internal sealed class ServiceClasses
{
    private ServiceClasses(RuleSets sets, List<(byte Protocol, ushort Port, byte Length, int Class)> entries)
    {
        Sets = sets;
        Entries = entries;
    }

    /// <summary>Rules of each class.</summary>
    internal RuleSets Sets { get; }

    /// <summary>Prefixes, ascending by protocol; each protocol has one of length 0, which comes first.</summary>
    internal List<(byte Protocol, ushort Port, byte Length, int Class)> Entries { get; }

    /// <summary>Whether packets of a protocol have ports, or a type and a code, that rules can name.</summary>
    internal static bool HasPorts(byte? protocol) => protocol is 1 or 6 or 17 or 58 or 132;

    /// <summary>Makes the classes.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="words">Words of a rule set.</param>
    /// <param name="last">Rules behind which no other is asked, once the service has matched.</param>
    internal static ServiceClasses Of(IReadOnlyList<SoftGateAccessRule> rules, int words, ReadOnlySpan<ulong> last)
    {
        var sets = new RuleSets(words);
        var entries = new List<(byte, ushort, byte, int)>();
        Span<ulong> any = stackalloc ulong[words];
        Span<ulong> set = stackalloc ulong[words];
        var byProtocol = new SortedDictionary<byte, List<int>>();
        for (var rule = 0; rule < rules.Count; rule++)
        {
            if (rules[rule].Protocol is not { } protocol)
            {
                Add(any, rule);
            }
            else if (byProtocol.TryGetValue(protocol, out var named))
            {
                named.Add(rule);
            }
            else
            {
                byProtocol.Add(protocol, [rule]);
            }
        }

        any.CopyTo(set);
        RuleSets.CutBehind(set, last);
        sets.Intern(set);

        Span<ulong> now = stackalloc ulong[words];
        foreach (var (protocol, named) in byProtocol)
        {
            // Walk over the ports; ranges of one rule may overlap, so a rule is left when its last range is.
            any.CopyTo(now);
            var edges = new List<(int Port, int Rule, int Step)>();
            foreach (var rule in named)
            {
                if (rules[rule].Ports.Count == 0)
                {
                    Add(now, rule);
                }

                foreach (var range in rules[rule].Ports)
                {
                    edges.Add((range.First, rule, 1));
                    edges.Add((range.Last + 1, rule, -1));
                }
            }

            edges.Sort(static (a, b) => a.Port.CompareTo(b.Port));
            var inside = new int[rules.Count];
            var parts = new List<(int First, int Class)>();
            for (int edge = 0, port = 0; port <= ushort.MaxValue; port = edge < edges.Count ? edges[edge].Port : int.MaxValue)
            {
                for (; edge < edges.Count && edges[edge].Port == port; edge++)
                {
                    var rule = edges[edge].Rule;
                    inside[rule] += edges[edge].Step;
                    if (inside[rule] > 0)
                    {
                        Add(now, rule);
                    }
                    else
                    {
                        now[rule / 64] &= ~(1UL << (rule % 64));
                    }
                }

                now.CopyTo(set);
                RuleSets.CutBehind(set, last);
                var number = sets.Intern(set);
                if (parts.Count == 0 || parts[^1].Class != number)
                {
                    parts.Add((port, number));
                }
            }

            foreach (var (first, length, number) in PortTree.Prefixes(parts))
            {
                entries.Add((protocol, first, length, number));
            }
        }

        return new(sets, entries);
    }

    private static void Add(Span<ulong> set, int rule) => set[rule / 64] |= 1UL << (rule % 64);
}
