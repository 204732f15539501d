using System.Diagnostics;
using Fabric.Compiler;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Benchmarks.Compile;

/// <summary>What was measured on one size of fabric. Times in milliseconds.</summary>
/// <param name="Leaves">Leaves of the fabric.</param>
/// <param name="VNets">V-Nets before the additions.</param>
/// <param name="SharedVpcs">Whether ten VPCs span the fabric instead of ten a pair of leaves.</param>
/// <param name="Devices">Managed devices.</param>
/// <param name="FullCompileMs">Compilation of all devices.</param>
/// <param name="FullDiffMs">Diff of all devices from empty.</param>
/// <param name="AddP50Ms">One V-Net added: evaluation, impact, compilation of the devices concerned, diff; median.</param>
/// <param name="AddP99Ms">The same, 99th percentile.</param>
/// <param name="AddMaxMs">The same, worst.</param>
/// <param name="AddCpuP50Ms">Time on a processor of the same, median: the machine's other work left out.</param>
/// <param name="AddCpuP99Ms">The same, 99th percentile.</param>
/// <param name="AddDevices">Most devices that one addition touched.</param>
/// <param name="AddKilobytes">Memory allocated an addition, mean.</param>
/// <param name="EvaluateP50Ms">The part of it that is the evaluation of the change set, median.</param>
public sealed record CompileMeasurement(
    int Leaves,
    int VNets,
    bool SharedVpcs,
    int Devices,
    double FullCompileMs,
    double FullDiffMs,
    double AddP50Ms,
    double AddP99Ms,
    double AddMaxMs,
    double AddCpuP50Ms,
    double AddCpuP99Ms,
    int AddDevices,
    double AddKilobytes,
    double EvaluateP50Ms)
{
    /// <summary>Longest that adding one V-Net may take, in milliseconds of processor time: beyond it something grows that must not.</summary>
    public const double Limit = 10;

    /// <summary>The promises that this measurement breaks.</summary>
    /// <param name="smallest">The measurement of the smallest fabric.</param>
    public IEnumerable<string> Broken(CompileMeasurement smallest)
    {
        if (AddCpuP50Ms > Limit)
        {
            yield return $"BROKEN: one V-Net at {Leaves} leaves takes {AddCpuP50Ms:F1} ms of processor time, more than {Limit} ms";
        }

        if (AddCpuP50Ms > (2 * smallest.AddCpuP50Ms) + 1)
        {
            yield return $"BROKEN: one V-Net takes {AddCpuP50Ms:F1} ms at {Leaves} leaves and {smallest.AddCpuP50Ms:F1} ms at {smallest.Leaves}: it grows with the fabric";
        }

        if (AddDevices > 2)
        {
            yield return $"BROKEN: one V-Net on 2 leaves touched {AddDevices} devices";
        }
    }

    /// <summary>Measures one size.</summary>
    /// <param name="leaves">Leaves; even.</param>
    /// <param name="sharedVpcs">Whether ten VPCs span the fabric.</param>
    /// <param name="additions">V-Nets to add.</param>
    public static CompileMeasurement Of(int leaves, bool sharedVpcs, int additions)
    {
        var fabric = new SizedFabric(leaves, sharedVpcs);
        var vnets = fabric.Snapshot.Count(ResourceKind.VNet);
        var names = fabric.Snapshot.All(ResourceKind.Device).Select(d => d.Key.Name).ToList();

        var states = new Dictionary<string, DeviceState>(StringComparer.Ordinal);
        var fullCompile = Time(() =>
        {
            foreach (var name in names)
            {
                states[name] = SizedFabric.Compile(fabric.Snapshot, name);
            }
        });
        var changes = 0;
        var fullDiff = Time(() => changes = states.Values.Sum(s => DeviceDiff.Compute(DeviceState.Empty, s).Changes.Length));
        if (changes != states.Values.Sum(s => s.Count))
        {
            throw new InvalidOperationException("the diff from nothing is not the whole state");
        }

        for (var i = 0; i < Math.Max(50, additions / 4); i++)
        {
            AddOne(fabric, states);
        }

        GC.Collect();
        var times = new double[additions];
        var cpu = new double[additions];
        var evaluations = new double[additions];
        var touched = 0;
        var allocated = 0L;
        for (var i = 0; i < additions; i++)
        {
            var clock = ThreadClock.Milliseconds();
            var (total, evaluation, bytes, devices) = AddOne(fabric, states);
            cpu[i] = ThreadClock.Milliseconds() - clock;
            times[i] = total;
            evaluations[i] = evaluation;
            allocated += bytes;
            touched = Math.Max(touched, devices);
        }

        return new CompileMeasurement(
            leaves, vnets, sharedVpcs, names.Count, fullCompile, fullDiff, Percentile.Of(times, 50), Percentile.Of(times, 99), times.Max(),
            Percentile.Of(cpu, 50), Percentile.Of(cpu, 99), touched, allocated / 1024.0 / additions, Percentile.Of(evaluations, 50));
    }

    private static (double TotalMs, double EvaluateMs, long Bytes, int Devices) AddOne(SizedFabric fabric, Dictionary<string, DeviceState> states)
    {
        var addition = fabric.NextAddition();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        var evaluation = ChangeSetEvaluator.Evaluate(fabric.Snapshot, [addition]);
        var evaluated = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (!evaluation.Accepted)
        {
            throw new InvalidOperationException(evaluation.Errors[0].Message);
        }

        var devices = Impact.DevicesOf(evaluation.Before, evaluation.After, evaluation.Changes);
        var changes = 0;
        foreach (var name in devices)
        {
            var state = SizedFabric.Compile(evaluation.After, name);
            changes += DeviceDiff.Compute(states[name], state).Changes.Length;
            states[name] = state;
        }

        var total = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        if (changes is < 1 or > 20)
        {
            throw new InvalidOperationException($"one V-Net made {changes} changes");
        }

        fabric.Snapshot = evaluation.After;
        return (total, evaluated, bytes, devices.Count);
    }

    private static double Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
