using Fabric.Primitives;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.AccessLists;

/// <summary>The entries of the maps for a compiled list.</summary>
internal static class AccessListEntries
{
    /// <summary>Value in <c>acls</c>.</summary>
    /// <param name="list">The list.</param>
    /// <param name="firstCell">Where its cells begin in <c>acl_cells</c>.</param>
    /// <param name="firstCounter">Where its counters begin in <c>acl_counters</c>.</param>
    internal static Acl Value(this CompiledAccessList list, uint firstCell, uint firstCounter)
    {
        var acl = new Acl
        {
            Pairs = firstCell,
            DestinationClasses = (uint)list.DestinationClasses,
            Verdicts = firstCell + (uint)list.PairCells,
            ServiceClasses = (uint)list.ServiceClasses,
            Uid = (uint)list.Uid,
            FirstCounter = firstCounter,
        };
        foreach (var (prefix, _) in list.Sources)
        {
            Mark(prefix, ref acl.Sources4, ref acl.Sources6);
        }

        foreach (var (prefix, _) in list.Destinations)
        {
            Mark(prefix, ref acl.Destinations4, ref acl.Destinations6);
        }

        foreach (var (protocol, _, _, _) in list.Services)
        {
            acl.Protocols[protocol / 32] |= 1u << (protocol % 32);
        }

        return acl;
    }

    /// <summary>Entries of <c>acl_addresses</c> under a version.</summary>
    internal static (AclAddressKey[] Keys, AclClass[] Values) AddressEntries(this CompiledAccessList list, uint version)
    {
        var keys = new AclAddressKey[list.Sources.Count + list.Destinations.Count];
        var values = new AclClass[keys.Length];
        var at = 0;
        foreach (var (side, entries) in ((ushort, IReadOnlyList<(IpPrefix, int)>)[])[(0, list.Sources), (1, list.Destinations)])
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
    internal static (AclServiceKey[] Keys, AclService[] Values) ServiceEntries(this CompiledAccessList list, uint version)
    {
        var keys = new AclServiceKey[list.Services.Count];
        var values = new AclService[keys.Length];
        var whole = 0; // The entry of length 0 of the protocol, which knows all lengths.
        for (var at = 0; at < keys.Length; at++)
        {
            var (protocol, port, length, number) = list.Services[at];
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
