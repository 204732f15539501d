using BenchmarkDotNet.Attributes;
using Fabric.Compiler;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Benchmarks.Compile;

/// <summary>Compiler and diff under BenchmarkDotNet, for a closer look than the quick table.</summary>
[MemoryDiagnoser]
public class CompileBenchmarks
{
    private SizedFabric _fabric = null!;
    private Change _addition = null!;
    private string[] _names = null!;
    private Dictionary<string, DeviceState> _states = null!;

    /// <summary>Leaves of the fabric.</summary>
    [Params(10, 100, 1000)]
    public int Leaves { get; set; }

    /// <summary>Builds the fabric.</summary>
    [GlobalSetup]
    public void Build()
    {
        _fabric = new SizedFabric(Leaves, sharedVpcs: false);
        _addition = _fabric.NextAddition();
        _names = [.. _fabric.Snapshot.All(ResourceKind.Device).Select(d => d.Key.Name)];
        _states = _names.ToDictionary(n => n, n => SizedFabric.Compile(_fabric.Snapshot, n), StringComparer.Ordinal);
    }

    /// <summary>All devices.</summary>
    [Benchmark]
    public int CompileAll() => _names.Sum(n => SizedFabric.Compile(_fabric.Snapshot, n).Count);

    /// <summary>All devices against what they are already: the walk of a resync.</summary>
    [Benchmark]
    public int DiffAll() => _names.Sum(n => DeviceDiff.Compute(_states[n], _states[n]).Changes.Length);

    /// <summary>One V-Net: evaluation, impact, compilation of the devices concerned, diff.</summary>
    [Benchmark]
    public int AddOneVNet()
    {
        var evaluation = ChangeSetEvaluator.Evaluate(_fabric.Snapshot, [_addition]);
        return Impact.DevicesOf(evaluation.Before, evaluation.After, evaluation.Changes)
            .Sum(n => DeviceDiff.Compute(_states[n], SizedFabric.Compile(evaluation.After, n)).Changes.Length);
    }
}
