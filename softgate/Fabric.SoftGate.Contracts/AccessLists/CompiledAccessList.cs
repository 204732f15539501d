using Fabric.Primitives;

namespace Fabric.SoftGate.AccessLists;

/// <summary>A list as the maps have it, but for its version and its place in <c>acl_cells</c> and <c>acl_counters</c>.</summary>
public sealed class CompiledAccessList
{
    internal CompiledAccessList()
    {
    }

    /// <summary>Octets that the kernel takes for an entry of <c>acl_addresses</c> and of <c>acl_services</c>: its header, key and value.</summary>
    private const int AddressEntry = 80, ServiceEntry = 64;

    /// <summary>Uid of the list.</summary>
    public required int Uid { get; init; }

    /// <summary>Source prefixes and their classes.</summary>
    public required IReadOnlyList<(IpPrefix Prefix, int Class)> Sources { get; init; }

    /// <summary>Destination prefixes and their classes.</summary>
    public required IReadOnlyList<(IpPrefix Prefix, int Class)> Destinations { get; init; }

    /// <summary>Prefixes of ports and their classes, ascending by protocol, that of length 0 first.</summary>
    public required IReadOnlyList<(byte Protocol, ushort Port, byte Length, int Class)> Services { get; init; }

    /// <summary>Pair classes by [source class][destination class], then verdicts by [pair class][service class].</summary>
    public required uint[] Cells { get; init; }

    /// <summary>How many of the cells are pair classes.</summary>
    public required int PairCells { get; init; }

    /// <summary>Columns of the first table.</summary>
    public required int DestinationClasses { get; init; }

    /// <summary>Columns of the second table.</summary>
    public required int ServiceClasses { get; init; }

    /// <summary>The orchestrator's numbers of the rules: counter n + 1 is that of the rule at n, counter 0 that of the default.</summary>
    public required IReadOnlyList<int> RuleNumbers { get; init; }

    /// <summary>Counters that it needs.</summary>
    public int Counters => RuleNumbers.Count + 1;

    /// <summary>Memory in the kernel without counters, octets, rounded up an entry.</summary>
    public long Octets => (4L * Cells.Length) + ((long)AddressEntry * (Sources.Count + Destinations.Count)) + ((long)ServiceEntry * Services.Count);
}
