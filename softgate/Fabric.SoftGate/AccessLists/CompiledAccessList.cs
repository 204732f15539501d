using Fabric.Primitives;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.AccessLists;

/// <summary>A list as the maps have it, but for its version and its place in <c>acl_cells</c> and <c>acl_counters</c>.</summary>
internal sealed class CompiledAccessList
{
    /// <summary>Octets that the kernel takes for an entry of <c>acl_addresses</c> and of <c>acl_services</c>: its header, key and value.</summary>
    private const int AddressEntry = 80, ServiceEntry = 64;

    /// <summary>Uid of the list.</summary>
    internal required int Uid { get; init; }

    /// <summary>Source prefixes and their classes.</summary>
    internal required IReadOnlyList<(IpPrefix Prefix, int Class)> Sources { get; init; }

    /// <summary>Destination prefixes and their classes.</summary>
    internal required IReadOnlyList<(IpPrefix Prefix, int Class)> Destinations { get; init; }

    /// <summary>Prefixes of ports and their classes, ascending by protocol, that of length 0 first.</summary>
    internal required IReadOnlyList<(byte Protocol, ushort Port, byte Length, int Class)> Services { get; init; }

    /// <summary>Pair classes by [source class][destination class], then verdicts by [pair class][service class].</summary>
    internal required uint[] Cells { get; init; }

    /// <summary>How many of the cells are pair classes.</summary>
    internal required int PairCells { get; init; }

    /// <summary>Columns of the first table.</summary>
    internal required int DestinationClasses { get; init; }

    /// <summary>Columns of the second table.</summary>
    internal required int ServiceClasses { get; init; }

    /// <summary>The orchestrator's numbers of the rules: counter n + 1 is that of the rule at n, counter 0 that of the default.</summary>
    internal required IReadOnlyList<int> RuleNumbers { get; init; }

    /// <summary>Counters that it needs.</summary>
    internal int Counters => RuleNumbers.Count + 1;

    /// <summary>Memory in the kernel without counters, octets, rounded up an entry.</summary>
    internal long Octets => (4L * Cells.Length) + ((long)AddressEntry * (Sources.Count + Destinations.Count)) + ((long)ServiceEntry * Services.Count);

    /// <summary>Value in <c>acls</c>.</summary>
    /// <param name="firstCell">Where <see cref="Cells"/> begin in <c>acl_cells</c>.</param>
    /// <param name="firstCounter">Where its counters begin in <c>acl_counters</c>.</param>
    internal Acl Value(uint firstCell, uint firstCounter)
    {
        var acl = new Acl
        {
            Pairs = firstCell,
            DestinationClasses = (uint)DestinationClasses,
            Verdicts = firstCell + (uint)PairCells,
            ServiceClasses = (uint)ServiceClasses,
            Uid = (uint)Uid,
            FirstCounter = firstCounter,
        };
        foreach (var (prefix, _) in Sources)
        {
            Mark(prefix, ref acl.Sources4, ref acl.Sources6);
        }

        foreach (var (prefix, _) in Destinations)
        {
            Mark(prefix, ref acl.Destinations4, ref acl.Destinations6);
        }

        foreach (var (protocol, _, _, _) in Services)
        {
            acl.Protocols[protocol / 32] |= 1u << (protocol % 32);
        }

        return acl;
    }

    /// <summary>Entries of <c>acl_addresses</c> under a version.</summary>
    internal (AclAddressKey[] Keys, AclClass[] Values) AddressEntries(uint version)
    {
        var keys = new AclAddressKey[Sources.Count + Destinations.Count];
        var values = new AclClass[keys.Length];
        var at = 0;
        foreach (var (side, entries) in ((ushort, IReadOnlyList<(IpPrefix, int)>)[])[(0, Sources), (1, Destinations)])
        {
            foreach (var (prefix, number) in entries)
            {
                var (address, length) = Address16.Of(prefix);
                keys[at] = new() { Version = version, Side = side, Length = length, Address = address };
                values[at++] = new() { Class = (uint)number };
            }
        }

        return (keys, values);
    }

    /// <summary>Entries of <c>acl_services</c> under a version.</summary>
    internal (AclServiceKey[] Keys, AclService[] Values) ServiceEntries(uint version)
    {
        var keys = new AclServiceKey[Services.Count];
        var values = new AclService[keys.Length];
        var whole = 0; // The entry of length 0 of the protocol, which knows all lengths.
        for (var at = 0; at < keys.Length; at++)
        {
            var (protocol, port, length, number) = Services[at];
            keys[at] = new() { Version = version, Port = port, Length = length, Protocol = protocol };
            values[at] = new() { Class = (uint)number };
            whole = length == 0 ? at : whole;
            values[whole].Lengths |= 1u << length;
        }

        return (keys, values);
    }

    private static void Mark(IpPrefix prefix, ref ulong lengths4, ref Lengths6 lengths6)
    {
        if (prefix.Family == IpFamily.V4)
        {
            lengths4 |= 1UL << prefix.Length;
        }
        else
        {
            lengths6[prefix.Length / 64] |= 1UL << (prefix.Length % 64);
        }
    }
}
