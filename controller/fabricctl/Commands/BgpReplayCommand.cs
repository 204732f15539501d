using System.CommandLine;
using System.Text;
using System.Text.Json;
using Fabric.Bgp.Record;
using Fabric.Ctl.Output;

namespace Fabric.Ctl.Commands;

/// <summary><c>bgp replay</c>.</summary>
public static class BgpReplayCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var file = new Argument<string>("FILE") { Description = "a recording of a peer's session" };
        var command = new Command(
            "replay",
            "makes the decisions of a recorded session again, offline; prints each step as a JSON object on a line. "
            + "Exit code 1 when one differs from what was recorded: that step is the last one, with the difference.") { file };
        command.SetAction((parsed, cancellationToken) =>
        {
            using var reader = Open(parsed.GetRequiredValue(file));
            var same = true;
            foreach (var step in SessionReplay.Run(reader))
            {
                cancellationToken.ThrowIfCancellationRequested();
                host.Out.WriteLine(Line(step));
                same &= step.Difference is null;
            }

            return Task.FromResult(same ? ExitCodes.Done : ExitCodes.Different);
        });
        return command;
    }

    private static StreamReader Open(string path)
    {
        try
        {
            return new StreamReader(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CtlException(ExitCodes.Usage, e.Message);
        }
    }

    private static string Line(ReplayStep step)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("line", step.Line);
            if (step.Event.Length > 0)
            {
                json.WriteString("at", step.At);
                json.WritePropertyName("event");
                json.WriteRawValue(step.Event);
                json.WriteStartArray("actions");
                foreach (var action in step.Actions)
                {
                    json.WriteRawValue(action);
                }

                json.WriteEndArray();
            }

            if (step.Difference is { } difference)
            {
                json.WriteString("difference", difference);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
