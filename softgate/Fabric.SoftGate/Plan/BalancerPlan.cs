using Fabric.Primitives;
using Fabric.SoftGate.Balancing;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>A back end of a balancer.</summary>
/// <param name="Config">As it is wanted.</param>
/// <param name="Index">Its index in <c>backends</c>.</param>
/// <param name="WasThere">An earlier process has had it.</param>
internal readonly record struct BalancedBackend(SoftGateBackend Config, uint Index, bool WasThere);

/// <summary>What is known of a balancer besides its configuration; stays when that changes.</summary>
internal sealed class BalancerState
{
    /// <summary>Back ends that probes have found unwell.</summary>
    internal HashSet<(IpAddr Address, ushort Port)> Unwell { get; } = [];

    /// <summary>Weights that least connections has come to.</summary>
    internal Dictionary<(IpAddr Address, ushort Port), int> Derived { get; } = [];

    /// <summary>Size of its table; 0: none yet.</summary>
    internal int Size { get; set; }

    /// <summary>Back ends that its table of an earlier process has, by index, until it is made anew; null: there was none.</summary>
    internal IReadOnlySet<uint>? Restored { get; set; }
}

/// <summary>A balancer with its table.</summary>
internal sealed class BalancerPlan
{
    private BalancerPlan(SoftGateBalancer config, uint index, IReadOnlyList<BalancedBackend> backends, int[] weights, int size, MaglevTables.Shared? table)
    {
        Config = config;
        Index = index;
        Backends = backends;
        Weights = weights;
        Size = size;
        Table = table;
    }

    internal SoftGateBalancer Config { get; }

    /// <summary>Its index in <c>balancers</c>.</summary>
    internal uint Index { get; }

    internal IReadOnlyList<BalancedBackend> Backends { get; }

    /// <summary>Weights in the table.</summary>
    internal int[] Weights { get; }

    /// <summary>Size that its table has, or would have if a back end were well.</summary>
    internal int Size { get; }

    /// <summary>Its table; null: no back end may be chosen. Must be released.</summary>
    internal MaglevTables.Shared? Table { get; }

    internal EntryKey Key => EntryKey.Of(MapId.Balancers, Index);

    /// <summary>Its row in <c>balancers</c>.</summary>
    internal byte[] Row => MapContents.Octets(new Balancer
    {
        Table = Table?.First ?? 0,
        Size = (uint)(Table?.Cells.Length ?? 0),
        Flags = (uint)((Config.Balancing == SoftGateBalancing.SourceAffinity ? BalancerFlags.SourceAffinity : BalancerFlags.None)
            | (Config.SourceNat ? BalancerFlags.SourceNat : BalancerFlags.None)),
        Uid = (uint)Config.Uid,
    });

    /// <summary>Makes the table of a balancer.</summary>
    /// <exception cref="CapacityException">There is no room for it.</exception>
    internal static BalancerPlan Make(
        SoftGateBalancer config, uint index, IReadOnlyList<BalancedBackend> backends, BalancerState state, MaglevTables tables)
    {
        if (state.Restored is { } restored && config.HealthCheck != SoftGateHealthCheck.None)
        {
            // Who was left out by an earlier process was unwell: it stays so until it is probed.
            foreach (var backend in backends.Where(b => b.WasThere && b.Config.Weight > 0 && !restored.Contains(b.Index)))
            {
                state.Unwell.Add(NameOf(backend));
            }
        }

        var weights = BackendWeights.Fixed([.. backends.Select(b => new BackendLoad(b.Config.Weight, IsWell(config, state, b), 0))]);
        if (config.Balancing == SoftGateBalancing.LeastConnections)
        {
            var none = BackendWeights.LeastConnections([.. backends.Select(b => new BackendLoad(b.Config.Weight, IsWell(config, state, b), 0))], new int[backends.Count]);
            for (var i = 0; i < weights.Length; i++)
            {
                weights[i] = weights[i] == 0 ? 0 : state.Derived.GetValueOrDefault(NameOf(backends[i]), none[i]);
            }
        }

        var size = MaglevTable.SizeFor(backends.Select(b => b.Config.Weight), state.Size);
        return new(config, index, backends, weights, size, tables.Acquire(size, Chosen(backends, weights)));
    }

    /// <summary>Weights that follow from the sessions of now, where they differ enough from those in the table; null: they do not.</summary>
    internal int[]? Derive(BalancerState state, Func<uint, long> sessions)
    {
        if (Config.Balancing != SoftGateBalancing.LeastConnections)
        {
            return null;
        }

        // What was derived last goes on, even if the table has not followed it.
        var before = Backends.Select((b, i) => state.Derived.GetValueOrDefault(NameOf(b), Weights[i])).ToArray();
        var now = BackendWeights.LeastConnections(
            [.. Backends.Select(b => new BackendLoad(b.Config.Weight, IsWell(Config, state, b), sessions(b.Index)))], before);
        for (var i = 0; i < now.Length; i++)
        {
            if (now[i] > 0)
            {
                state.Derived[NameOf(Backends[i])] = now[i];
            }
        }

        return BackendWeights.Differ(Weights, now) ? now : null;
    }

    internal static (IpAddr Address, ushort Port) NameOf(BalancedBackend backend) => (backend.Config.Address, backend.Config.Port);

    private static bool IsWell(SoftGateBalancer config, BalancerState state, BalancedBackend backend) =>
        config.HealthCheck == SoftGateHealthCheck.None || !state.Unwell.Contains(NameOf(backend));

    private static IEnumerable<MaglevBackend> Chosen(IReadOnlyList<BalancedBackend> backends, int[] weights) =>
        backends.Select((b, i) => new MaglevBackend(b.Index, b.Config.Address, b.Config.Port, weights[i]));
}
