using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Reading;
using Fabric.Drivers.FrrLinux.Rendering;

namespace Fabric.Drivers.FrrLinux.Transactions;

/// <summary>Makes the scripts of a transaction out of an artifact.</summary>
internal static class TransactionScripts
{
    /// <summary>One argument of a program holds 128 KiB; a batch is one argument of vtysh.</summary>
    private const int LongestBatch = 48 * 1024;

    private static readonly string Lib = ReadScript.Resource("lib.sh");
    private static readonly string Timer = ReadScript.Resource("timer.sh");
    private static readonly string Steps = ReadScript.Resource("steps.sh");
    private static readonly string ForwardHead = ReadScript.Resource("forward.sh");
    private static readonly string BackwardHead = ReadScript.Resource("backward.sh");
    private static readonly string ApplyText = ReadScript.Resource("apply.sh");
    private static readonly string ConfirmText = ReadScript.Resource("confirm.sh");
    private static readonly string AbortText = ReadScript.Resource("abort.sh");

    /// <summary>The script that starts the timer and carries the change out.</summary>
    public static string Apply(DeviceArtifact artifact, ApplyOptions options, string mark) => new StringBuilder(ApplyText)
        .Replace("@LIB@", Lib)
        .Replace("@STEPS@", Steps)
        .Replace("@TIMER@", Timer)
        .Replace("@FORWARD@", ForwardHead + Forward(artifact, mark + "-in") + "flush\n")
        .Replace("@BACKWARD@", BackwardHead + Backward(artifact, mark + "-in") + "flush\n")
        .Replace("@ID@", options.TransactionId)
        .Replace("@SECONDS@", Math.Max(1, (int)Math.Ceiling(options.RollbackAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture))
        .Replace("@MARK@", mark)
        .ToString();

    /// <summary>The script that checks the sessions and confirms.</summary>
    public static string Confirm(ApplyOptions options, ImmutableArray<string> neighbors, TimeSpan patience, TimeSpan settle, string mark) => ConfirmText
        .Replace("@ID@", options.TransactionId, StringComparison.Ordinal)
        .Replace("@NEIGHBORS@", string.Join(' ', neighbors), StringComparison.Ordinal)
        .Replace("@TENTHS@", Math.Max(1, (int)(patience.TotalSeconds * 10)).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@SETTLE@", settle.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@MARK@", mark, StringComparison.Ordinal);

    /// <summary>The script that rolls a change back that nobody confirms.</summary>
    public static string Abort(string mark) => AbortText.Replace("@MARK@", mark, StringComparison.Ordinal);

    private static string Forward(DeviceArtifact artifact, string mark)
    {
        var text = new StringBuilder();
        var flushed = 0;
        for (var i = 0; i < artifact.Steps.Length; i++)
        {
            AppendBlocks(text, i + 1, artifact.Steps[i].Forward, mark, forward: true);
            if (text.Length - flushed > LongestBatch)
            {
                text.Append("flush\n");
                flushed = text.Length;
            }
        }

        return text.ToString();
    }

    private static string Backward(DeviceArtifact artifact, string mark)
    {
        var text = new StringBuilder();
        for (var i = artifact.Steps.Length - 1; i >= 0; i--)
        {
            AppendBlocks(text, i + 1, artifact.Steps[i].Backward, mark, forward: false);
        }

        return text.ToString();
    }

    /// <summary>One block for each run of commands for the same program, and one for each command that may fail by itself.</summary>
    private static void AppendBlocks(StringBuilder text, int step, ImmutableArray<DeviceCommand> commands, string mark, bool forward)
    {
        for (var i = 0; i < commands.Length;)
        {
            var first = commands[i];
            var run = commands.Skip(i).TakeWhile(c => c.Shell == first.Shell && c.MayFail == first.MayFail).ToList();
            i += run.Count;
            var verb = forward && first.MayFail ? "attempt" : "commands";
            text.Append(CultureInfo.InvariantCulture, $"{verb} {step} {first.Shell} <<'{mark}'\n");
            if (first.Shell == ConfigLine.Vtysh)
            {
                AppendConfiguration(text, run, typed: forward && !first.MayFail);
            }
            else
            {
                run.ForEach(c => text.Append(c.Text).Append('\n'));
            }

            text.Append(mark).Append('\n');
        }
    }

    /// <summary>
    /// Lines for vtysh. Typed at a prompt, each context is left with <c>exit</c>; in a file, vtysh finds the way back up by itself,
    /// which also holds where a context could not be entered.
    /// </summary>
    private static void AppendConfiguration(StringBuilder text, List<DeviceCommand> commands, bool typed)
    {
        var at = new List<string>();
        if (typed)
        {
            text.Append("configure terminal\n");
        }

        foreach (var command in commands)
        {
            var same = at.Zip(command.Context).TakeWhile(p => p.First == p.Second).Count();
            for (var depth = at.Count; typed && depth > same; depth--)
            {
                text.Append("exit\n");
            }

            at.RemoveRange(same, at.Count - same);
            foreach (var header in command.Context.Skip(same))
            {
                text.Append(' ', typed ? 0 : at.Count).Append(header).Append('\n');
                at.Add(header);
            }

            text.Append(' ', typed ? 0 : at.Count).Append(command.Text).Append('\n');
            if (FrrContexts.Opens(command.Context, command.Text))
            {
                at.Add(command.Text);
            }
        }

        if (typed)
        {
            text.Append("end\n");
        }
    }
}
