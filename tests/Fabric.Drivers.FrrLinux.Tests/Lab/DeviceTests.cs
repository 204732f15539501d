using System.Collections.Immutable;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

/// <summary>What tests against real devices share.</summary>
public abstract class DeviceTests(MiniLab lab)
{
    private static int s_transaction;

    protected MiniLab Lab => lab;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected LinuxSwitchDriver Driver { get; } = new(TimeProvider.System);

    protected static ApplyOptions Options(double rollback = 15, double confirm = 8, params string[] keep) => new(
        $"t-{Interlocked.Increment(ref s_transaction)}", TimeSpan.FromSeconds(rollback), TimeSpan.FromSeconds(confirm), [.. keep]);

    protected Task<DeviceReading> ReadAsync(string device) => Driver.ReadAsync(lab.Session(device), Cancel);

    /// <summary>Takes a device to a state and checks that it says so itself.</summary>
    protected async Task<ImmutableArray<string>> BecomeAsync(string device, DeviceState desired, params string[] keep)
    {
        lab.Require();
        var reading = await ReadAsync(device);
        var artifact = Driver.Render(DeviceDiff.Compute(reading.State, desired));
        var result = await Driver.ApplyAsync(lab.Session(device), artifact, Options(keep: keep), Cancel);
        Assert.Equal(new ApplyResult(ApplyOutcome.Confirmed, null), result);
        AssertSame(desired, (await ReadAsync(device)).State);
        return [.. artifact.Forward];
    }

    protected static void AssertSame(DeviceState expected, DeviceState actual)
    {
        Assert.Equal(string.Join('\n', expected), string.Join('\n', actual));
        Assert.Equal(expected, actual);
    }

    protected Task<string> ConfigAsync(string device) => lab.ExecAsync(device, "vtysh", "-c", "show running-config");

    /// <summary>Everything of a device that a change could touch.</summary>
    protected async Task<string> FingerprintAsync(string device) =>
        await ConfigAsync(device) + await lab.ShellAsync(device, "ip -br link; ip -o addr | sed 's/valid_lft.*//; s/tentative//; s/  */ /g'; sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding");

    protected static DeviceArtifact Artifact(params (DeviceCommand Forward, DeviceCommand Backward)[] steps) =>
        new([.. steps.Select((s, i) => new ArtifactStep(new ObjectKey(ObjectClass.ForeignLine, $"{i}"), [s.Forward], [s.Backward with { MayFail = true }]))]);

    protected static (DeviceCommand Forward, DeviceCommand Backward) Frr(string line) =>
        (new DeviceCommand("vtysh", line), new DeviceCommand("vtysh", "no " + line));

    protected Task NothingPendingAsync(string device) =>
        MiniLab.EventuallyAsync(async () => (await lab.ShellAsync(device, "ls /run/fabric")).Contains("txn") == false, "the transaction is over", 30);
}
