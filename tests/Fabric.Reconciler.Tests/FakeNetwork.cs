using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;

namespace Fabric.Reconciler.Tests;

/// <summary>Devices that keep their state in memory and fail on demand: what a real device cannot be made to show at will.</summary>
internal sealed class FakeNetwork(string os) : IDeviceDriver, IDeviceSessionFactory
{
    private readonly ConcurrentDictionary<string, FakeDevice> _devices = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<DeviceArtifact, DevicePlan> _plans = [];

    public string Os => os;

    public DeviceCapabilities Capabilities { get; init; } = new(true, true, true);

    public FakeDevice this[string address] => _devices.GetOrAdd(address, _ => new FakeDevice());

    public IDeviceSession Open(DeviceEndpoint endpoint) => new Session(this[endpoint.Address.ToString()]);

    public Task CloseAsync(DeviceEndpoint endpoint) => Task.CompletedTask;

    public async Task<DeviceReading> ReadAsync(IDeviceSession session, CancellationToken cancellationToken)
    {
        var device = ((Session)session).Device;
        Interlocked.Increment(ref device.Reads);
        if (device.Hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        return device.Fault is { } fault
            ? throw new DeviceException(fault, $"the device is {fault}")
            : new DeviceReading(
                device.State,
                new DeviceFacts("fake", "6", "FRR", device.Capabilities, ImmutableSortedDictionary<string, PortFact>.Empty),
                device.Sessions,
                [],
                device.Pending);
    }

    public DeviceArtifact Render(DevicePlan plan)
    {
        var artifact = new DeviceArtifact([.. plan.Changes.Select(c => new ArtifactStep(c.Key, [new DeviceCommand("fake", $"{c.Kind} {c.Key}")], []))]);
        _plans.Add(artifact, plan);
        return artifact;
    }

    public Task<ApplyResult> ApplyAsync(IDeviceSession session, DeviceArtifact artifact, ApplyOptions options, CancellationToken cancellationToken)
    {
        var device = ((Session)session).Device;
        device.LastOptions = options;
        Assert.Equal(1, Interlocked.Increment(ref device.Working));
        try
        {
            if (device.Answer is { } answer)
            {
                return Task.FromResult(new ApplyResult(answer, "line 3: no such thing"));
            }

            Assert.True(_plans.TryGetValue(artifact, out var plan));
            device.State = DeviceDiff.Apply(device.State, plan);
            return Task.FromResult(new ApplyResult(ApplyOutcome.Confirmed, null));
        }
        finally
        {
            Interlocked.Decrement(ref device.Working);
        }
    }

    public Task<PendingTransaction?> AbortPendingAsync(IDeviceSession session, CancellationToken cancellationToken)
    {
        var device = ((Session)session).Device;
        var pending = device.Pending;
        device.Aborted = pending;
        device.Pending = null;
        return Task.FromResult(pending);
    }

    private sealed record Session(FakeDevice Device) : IDeviceSession
    {
        public Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}

/// <summary>One device in memory.</summary>
internal sealed class FakeDevice
{
    public int Reads;
    public int Working;

    public DeviceState State { get; set; } = DeviceState.Empty;

    public DeviceCapabilities Capabilities { get; set; } = new(true, true, true);

    public ImmutableSortedDictionary<string, BgpSessionFact> Sessions { get; set; } = ImmutableSortedDictionary<string, BgpSessionFact>.Empty;

    public PendingTransaction? Pending { get; set; }

    public PendingTransaction? Aborted { get; set; }

    public DeviceErrorKind? Fault { get; set; }

    public bool Hangs { get; set; }

    public ApplyOutcome? Answer { get; set; }

    public ApplyOptions? LastOptions { get; set; }
}
