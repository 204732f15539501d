using Fabric.Primitives;
using Fabric.SoftGate.Balancing;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>What slices are compiled with.</summary>
internal sealed class SliceNeeds
{
    internal required NodePlan Node { get; init; }

    internal required Indices Indices { get; init; }

    internal required MaglevTables Tables { get; init; }

    /// <summary>The version of a list, or <see cref="ListStore.None"/>.</summary>
    internal required Func<ListOwner, uint> VersionOf { get; init; }

    /// <summary>What is known of a balancer.</summary>
    internal required Func<int, BalancerState> StateOf { get; init; }

    /// <summary>Which meters there were.</summary>
    internal required MeterHints Hints { get; init; }

    /// <summary>Contents are not wanted any more.</summary>
    internal void Release(SliceContents contents)
    {
        foreach (var balancer in contents.Balancers.Values)
        {
            if (balancer.Table is { } table)
            {
                Tables.Release(table);
            }
        }
    }
}

/// <summary>Meters of an earlier process, by what refers to them: sessions count on their indices.</summary>
internal sealed class MeterHints
{
    private readonly Dictionary<uint, uint> _realms = [];
    private readonly Dictionary<IpAddr, uint> _addresses = [];
    private readonly Dictionary<IpPrefix, uint> _prefixes = [];

    internal void Add(uint realm, uint meter) => _realms[realm] = meter;

    internal void Add(IpAddr address, uint meter) => _addresses[address] = meter;

    internal void Add(IpPrefix prefix, uint meter) => _prefixes[prefix] = meter;

    internal uint MeterOf(uint realm) => _realms.GetValueOrDefault(realm);

    internal uint MeterOf(IpAddr address) => _addresses.GetValueOrDefault(address);

    internal uint MeterOf(IpPrefix prefix) => _prefixes.GetValueOrDefault(prefix);

    /// <summary>The first state is in force: owners have theirs.</summary>
    internal void Clear()
    {
        _realms.Clear();
        _addresses.Clear();
        _prefixes.Clear();
    }
}

/// <summary>A route that leads from the public realm into a VPC keeps its meter where others have a MAC.</summary>
internal static class RouteIntoVpc
{
    internal static Mac6 MeterAt(uint meter)
    {
        var octets = default(Mac6);
        BitConverter.TryWriteBytes((Span<byte>)octets, meter);
        return octets;
    }

    internal static uint MeterOf(Mac6 octets) => BitConverter.ToUInt32((ReadOnlySpan<byte>)octets);
}

/// <summary>The addresses that the health checker dials: they stand for back ends, each by its index, inside the probe namespace only.</summary>
internal static class ProbeAddress
{
    /// <summary>10.0.0.0/8 and fd00::/96 with the index behind.</summary>
    internal static IpAddr Of(IpFamily family, uint index) =>
        family == IpFamily.V4 ? IpAddr.V4((10u << 24) | (index & 0xffffff)) : IpAddr.FromNumber(IpFamily.V6, ((UInt128)0xfd00 << 112) | index);
}
