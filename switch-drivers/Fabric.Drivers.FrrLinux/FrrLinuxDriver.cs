using System.Collections.Immutable;
using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Reading;
using Fabric.Drivers.FrrLinux.Rendering;
using Fabric.Drivers.FrrLinux.Transactions;
using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;

namespace Fabric.Drivers.FrrLinux;

/// <summary>What all drivers of FRR on Linux share: reading, rendering, and the transaction on the device.</summary>
public abstract class FrrLinuxDriver : IDeviceDriver
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Beyond the device's own timer, for the device to roll back and for the answer to arrive.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>A session that a change broke stays established until BFD or the keep-alives tell.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    private readonly FrrDialect _dialect;
    private readonly TimeProvider _time;

    private protected FrrLinuxDriver(FrrDialect dialect, TimeProvider time)
    {
        _dialect = dialect;
        _time = time;
    }

    /// <inheritdoc/>
    public abstract string Os { get; }

    /// <inheritdoc/>
    public abstract DeviceCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public async Task<DeviceReading> ReadAsync(IDeviceSession session, CancellationToken cancellationToken)
    {
        var (script, mark) = ReadScript.Make();
        var result = await session.RunAsync(script, ReadTimeout, cancellationToken);
        var reading = ReadingParser.Parse(_dialect, result.Output, mark);
        return reading with { Facts = reading.Facts with { Capabilities = reading.Facts.Capabilities.And(Capabilities) } };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The plan holds an object that this kind of device cannot have.</exception>
    public DeviceArtifact Render(DevicePlan plan) => Renderer.Render(plan, _dialect);

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyAsync(IDeviceSession session, DeviceArtifact artifact, ApplyOptions options, CancellationToken cancellationToken)
    {
        Check(options);
        if (artifact.Steps.IsEmpty)
        {
            return new ApplyResult(ApplyOutcome.Confirmed, null);
        }

        var started = _time.GetTimestamp();
        var mark = ReadScript.NewMark();
        var run = await session.RunAsync(TransactionScripts.Apply(artifact, options, mark), options.RollbackAfter + Grace, cancellationToken);
        var (status, said) = Outcome(run.Output, mark);
        switch (status[0])
        {
            case "applied":
                return await ConfirmAsync(session, artifact, options, started, cancellationToken);
            case "busy":
                return new ApplyResult(ApplyOutcome.Busy, $"the change {(status.Length > 1 ? Errors.OneLine(status[1]) : "?")} is under way on the device");
            case "rejected":
                return new ApplyResult(ApplyOutcome.Rejected, $"{Errors.OneLine(said)}{Remark(status)}");
            case "rolled-back":
                return new ApplyResult(ApplyOutcome.RolledBack, "the commands took longer than the rollback timer allows");
            default:
                throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, $"the device did not say how the change ended: {Errors.OneLine(run.Output + run.Error)}");
        }
    }

    /// <inheritdoc/>
    public async Task<PendingTransaction?> AbortPendingAsync(IDeviceSession session, CancellationToken cancellationToken)
    {
        var mark = ReadScript.NewMark();
        var run = await session.RunAsync(TransactionScripts.Abort(mark), AbortTimeout, cancellationToken);
        return Aborted(run, mark);
    }

    private async Task<ApplyResult> ConfirmAsync(
        IDeviceSession session, DeviceArtifact artifact, ApplyOptions options, long started, CancellationToken cancellationToken)
    {
        var settle = !options.SessionsToKeep.IsEmpty && artifact.Steps.Any(s => MayBreakSessions(s.Key.Class)) ? Settle : TimeSpan.Zero;
        var confirmStarted = _time.GetTimestamp();
        var doubt = "management access";
        var unsaved = default(string);
        while (true)
        {
            var patience = options.ConfirmWithin - _time.GetElapsedTime(confirmStarted);
            if (patience <= TimeSpan.Zero)
            {
                return await GiveUpAsync(session, options, started, doubt, cancellationToken);
            }

            try
            {
                var mark = ReadScript.NewMark();
                var script = TransactionScripts.Confirm(options, options.SessionsToKeep, patience, settle, mark);
                var run = await session.RunOnNewConnectionAsync(script, patience + settle + Grace, cancellationToken);
                foreach (var status in Statuses(run.Output, mark))
                {
                    switch (status[0])
                    {
                        case "unsaved":
                            unsaved = $"the device could not save its configuration: {Errors.OneLine(string.Join(' ', status.Skip(1)))}";
                            break;
                        case "confirmed":
                            return new ApplyResult(ApplyOutcome.Confirmed, unsaved);
                        case "waiting":
                            doubt = $"the BGP session to {Errors.OneLine(string.Join(' ', status.Skip(1)))}";
                            break;
                        case "rolled-back" or "rolled-back-differs":
                            return new ApplyResult(ApplyOutcome.RolledBack, $"{doubt} did not come back in time{Remark(status)}");
                        case "unknown":
                            throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, "the device knows nothing of the change any more; it may have restarted");
                    }
                }
            }
            catch (DeviceException e) when (e.Kind is not (DeviceErrorKind.UnexpectedAnswer or DeviceErrorKind.HostKeyMismatch))
            {
                doubt = $"management access ({e.Message})";
                await Task.Delay(RetryInterval, _time, cancellationToken);
            }
        }
    }

    /// <summary>Has the device go back now; where it cannot be reached, waits for it to have gone back by itself.</summary>
    private async Task<ApplyResult> GiveUpAsync(IDeviceSession session, ApplyOptions options, long started, string doubt, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var mark = ReadScript.NewMark();
                Aborted(await session.RunOnNewConnectionAsync(TransactionScripts.Abort(mark), AbortTimeout, cancellationToken), mark);
                return new ApplyResult(ApplyOutcome.RolledBack, $"{doubt} did not come back in time");
            }
            catch (DeviceException) when (_time.GetElapsedTime(started) < options.RollbackAfter + Grace)
            {
                await Task.Delay(RetryInterval, _time, cancellationToken);
            }
        }
    }

    private static PendingTransaction? Aborted(ScriptResult run, string mark)
    {
        var (status, _) = Outcome(run.Output, mark);
        return status switch
        {
            ["none", ..] => null,
            ["aborted", var id, ..] => new PendingTransaction(id),
            ["aborted"] => new PendingTransaction("?"),
            _ => throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, $"the device did not roll back: {Errors.OneLine(run.Output + run.Error)}"),
        };
    }

    private static bool MayBreakSessions(ObjectClass objectClass) => objectClass is
        ObjectClass.SystemSettings or ObjectClass.LoopbackAddress or ObjectClass.UnderlayPort or ObjectClass.BgpInstance
        or ObjectClass.FabricNeighbor or ObjectClass.BgpNetwork or ObjectClass.ForeignLine;

    /// <summary>The last status that a script printed behind its mark, and what follows it.</summary>
    private static (string[] Status, string Said) Outcome(string output, string mark)
    {
        var at = output.LastIndexOf($"\n{mark} ", StringComparison.Ordinal);
        if (at < 0)
        {
            return ([""], "");
        }

        var rest = output[(at + mark.Length + 2)..];
        var end = rest.IndexOf('\n');
        return end < 0 ? (rest.Split(' '), "") : (rest[..end].Split(' '), rest[(end + 1)..]);
    }

    private static IEnumerable<string[]> Statuses(string output, string mark) => output
        .Split('\n')
        .Where(l => l.StartsWith(mark + " ", StringComparison.Ordinal))
        .Select(l => l[(mark.Length + 1)..].Split(' '));

    private static string Remark(string[] status) =>
        status.Contains("rolled-back-differs") ? "; the configuration after the rollback is not what it was before" : "";

    private static void Check(ApplyOptions options)
    {
        if (options.TransactionId is not { Length: > 0 and <= 64 } id || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-'))
        {
            throw new ArgumentException("a transaction is named by 1..64 letters, digits, dots and dashes", nameof(options));
        }

        if (options.ConfirmWithin >= options.RollbackAfter)
        {
            throw new ArgumentException("the confirmation must come before the rollback", nameof(options));
        }

        if (options.SessionsToKeep.FirstOrDefault(n => n.Length == 0 || n[0] == '-' || !n.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '-' or '_')) is { } odd)
        {
            throw new ArgumentException($"\"{odd}\" is not a BGP neighbour", nameof(options));
        }
    }
}
