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
    public static string Apply(DeviceArtifact artifact, ApplyOptions options, string mark)
    {
        var forward = ForwardBlocks(artifact);
        var backward = BackwardBlocks(artifact, [.. forward.Select(b => b.Last), artifact.Steps.Length]);
        return new StringBuilder(ApplyText)
            .Replace("@LIB@", Lib)
            .Replace("@STEPS@", Steps)
            .Replace("@TIMER@", Timer)
            .Replace("@FORWARD@", ForwardHead + Text(forward, mark + "-in", forward: true))
            .Replace("@BACKWARD@", BackwardHead + Text(backward, mark + "-in", forward: false))
            .Replace("@ID@", options.TransactionId)
            .Replace("@SECONDS@", Math.Max(1, (int)Math.Ceiling(options.RollbackAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture))
            .Replace("@MARK@", mark)
        .ToString();
    }

    /// <summary>The script that checks the sessions and confirms.</summary>
    public static string Confirm(ApplyOptions options, ImmutableArray<string> neighbors, TimeSpan patience, TimeSpan settle, string mark) => ConfirmText
        .Replace("@ID@", options.TransactionId, StringComparison.Ordinal)
        .Replace("@NEIGHBORS@", string.Join(' ', neighbors), StringComparison.Ordinal)
        .Replace("@TENTHS@", Math.Max(1, (int)(patience.TotalSeconds * 10)).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@SETTLE@", settle.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@MARK@", mark, StringComparison.Ordinal);

    /// <summary>The script that rolls a change back that nobody confirms.</summary>
    public static string Abort(string mark) => AbortText.Replace("@MARK@", mark, StringComparison.Ordinal);

    /// <summary>Commands in order, in blocks as large as can be: what goes to one program in one go.</summary>
    private static List<Block> ForwardBlocks(DeviceArtifact artifact)
    {
        var blocks = new List<Block>();
        for (var i = 0; i < artifact.Steps.Length; i++)
        {
            foreach (var command in artifact.Steps[i].Forward)
            {
                if (blocks.Count == 0 || !blocks[^1].Takes(command, LongestBatch))
                {
                    blocks.Add(new Block(command));
                }

                blocks[^1].Add(i + 1, command);
            }
        }

        return blocks;
    }

    /// <summary>
    /// What undoes the steps, last step first. A block holds only steps between two ends of forward blocks: those have begun
    /// together or not at all.
    /// </summary>
    private static List<Block> BackwardBlocks(DeviceArtifact artifact, SortedSet<int> ends)
    {
        var blocks = new List<Block>();
        var lowest = 0;
        for (var i = artifact.Steps.Length - 1; i >= 0; i--)
        {
            foreach (var command in artifact.Steps[i].Backward)
            {
                if (blocks.Count == 0 || i + 1 <= lowest || !blocks[^1].Takes(command, LongestBatch))
                {
                    blocks.Add(new Block(command));
                    lowest = ends.GetViewBetween(0, i).Max;
                }

                blocks[^1].Add(i + 1, command);
            }
        }

        return blocks;
    }

    private static string Text(IEnumerable<Block> blocks, string mark, bool forward)
    {
        var text = new StringBuilder();
        foreach (var block in blocks)
        {
            var verb = forward && block.MayFail ? "attempt" : "commands";
            text.Append(CultureInfo.InvariantCulture, $"{verb} {block.Last} {block.Shell} <<'{mark}'\n");
            if (block.Shell == ConfigLine.Vtysh)
            {
                AppendConfiguration(text, block.Commands, typed: forward && !block.MayFail);
            }
            else
            {
                block.Commands.ForEach(c => text.Append(c.Text).Append('\n'));
            }

            text.Append(mark).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Consecutive commands for one program.</summary>
    private sealed class Block(DeviceCommand first)
    {
        private int _length;

        public string Shell => first.Shell;

        public bool MayFail => first.MayFail;

        /// <summary>Number of the highest step in it, from 1.</summary>
        public int Last { get; private set; }

        public List<DeviceCommand> Commands { get; } = [];

        public bool Takes(DeviceCommand command, int longest) => command.Shell == Shell && command.MayFail == MayFail && _length < longest;

        public void Add(int step, DeviceCommand command)
        {
            Last = Math.Max(Last, step);
            _length += command.ToString().Length;
            Commands.Add(command);
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
