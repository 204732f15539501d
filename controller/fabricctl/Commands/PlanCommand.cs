using System.CommandLine;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>plan</c>.</summary>
public static class PlanCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var file = new Option<string?>("--file", "-f") { Description = "what would applying this file change" };
        var device = new Option<string?>("--device", "-d") { Description = "what is yet to change on this device" };
        return new Command("plan", "show what would change on which device, with its commands; change nothing") { file, device }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var path = parsed.GetValue(file);
                var name = parsed.GetValue(device);
                if (path is null == name is null)
                {
                    throw new CtlException(ExitCodes.Usage, "give either -f FILE or --device NAME");
                }

                if (name is not null)
                {
                    var plan = await session.Api.GetAsync(Endpoints.DevicePlan(name), cancellationToken);
                    if (!session.Print.Data(plan))
                    {
                        PrintDevice(session, plan);
                    }

                    return ExitCodes.Done;
                }

                var resources = await DocumentReader.ReadAsync(path!, host.In, cancellationToken);
                var changes = Changes.Apply(resources);
                var answer = await Changes.SendAsync(session, changes, null, dryRun: true, cancellationToken);
                if (!session.Print.Data(answer))
                {
                    Changes.Print(session, changes, answer, dryRun: true);
                    Print(session, answer);
                }

                return ExitCodes.Done;
            });
    }

    /// <summary>Prints the plan of a change set.</summary>
    public static void Print(Session session, JsonNode? answer)
    {
        var devices = answer.ItemsAt("plan").ToList();
        if (devices.Count == 0)
        {
            session.Print.Line("no device would change");
        }

        foreach (var device in devices)
        {
            session.Print.Line();
            PrintDevice(session, device);
        }
    }

    private static void PrintDevice(Session session, JsonNode? device)
    {
        var changes = device.ItemsAt("changes").ToList();
        session.Print.Line($"{device.TextAt("device")}: {(changes.Count == 0 ? "nothing to change" : changes.Count == 1 ? "1 change" : $"{changes.Count} changes")}");
        foreach (var change in changes)
        {
            var sign = change.TextAt("operation") switch
            {
                "add" => "+",
                "remove" => "-",
                _ => "~",
            };
            var because = change.TextAt("because") is { Length: > 0 } resource
                ? $"  because of {resource}{(change.TextAt("revision") is { Length: > 0 } revision ? $" (revision {revision})" : "")}"
                : "  because nothing asks for it any more";
            var disruptive = change.TextAt("disruptive") == "true" ? "  DISRUPTIVE" : "";
            session.Print.Line($"  {sign} {change.TextAt("object")}{because}{disruptive}");
        }

        var commands = device.ItemsAt("commands").ToList();
        if (commands.Count > 0)
        {
            session.Print.Line("  commands:");
            foreach (var line in commands.SelectMany(c => JsonText.Text(c).Split('\n')))
            {
                session.Print.Line($"    {line}");
            }
        }
    }
}
