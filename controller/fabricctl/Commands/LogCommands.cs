using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Output;

namespace Fabric.Ctl.Commands;

/// <summary><c>audit</c>, <c>revisions</c> and <c>watch</c>: what happened and what happens.</summary>
public static class LogCommands
{
    /// <summary>Who wrote what, and why.</summary>
    public static Command Audit(CtlHost host) => List(
        host, "audit", "who wrote what and why, newest first", Endpoints.Audit,
        [("time", "time"), ("who", "author"), ("role", "role"), ("action", "action"), ("target", "target"), ("revision", "revision"), ("outcome", "outcome"), ("reason", "reason")]);

    /// <summary>The revisions of the intent.</summary>
    public static Command Revisions(CtlHost host)
    {
        var number = new Argument<string?>("revision") { Description = "NUMBER: what this one changed; A..B: how two differ", Arity = ArgumentArity.ZeroOrOne };
        return List(
            host, "revisions", "the revisions of what is wanted, newest first", Endpoints.Revisions,
            [("revision", "revision"), ("time", "time"), ("who", "author"), ("source", "source"), ("reason", "reason")],
            number);
    }

    /// <summary>Goes back to a revision.</summary>
    public static Command Restore(CtlHost host)
    {
        var number = new Argument<string>("revision") { Description = "number of the revision" };
        var reason = Changes.Reason();
        var dryRun = Changes.DryRun();
        return new Command("restore", "want again what an earlier revision wanted; makes a new revision") { number, reason, dryRun }.With(host, async (parsed, session, cancellationToken) =>
        {
            var dry = parsed.GetValue(dryRun);
            var path = Endpoints.WithQuery($"{Endpoints.Revisions}/{Uri.EscapeDataString(parsed.GetValue(number)!)}/restore", ("dryRun", dry ? "true" : null));
            var answer = await session.Api.SendAsync(HttpMethod.Post, path, null, cancellationToken, reason: parsed.GetValue(reason));
            if (!session.Print.Data(answer))
            {
                Changes.Print(session, [.. answer.ItemsAt("changes").Select(c => c?.DeepClone())], answer, dry);
                if (dry)
                {
                    PlanCommand.Print(session, answer);
                }
            }

            return ExitCodes.Done;
        });
    }

    /// <summary>Events as they come.</summary>
    public static Command Watch(CtlHost host) => new Command("watch", "show changes as they happen, until interrupted").With(host, async (_, session, cancellationToken) =>
    {
        await foreach (var (name, data) in session.Api.WatchAsync(Endpoints.Watch, cancellationToken))
        {
            if (session.Print.ForPeople)
            {
                foreach (var line in Describe(name, data))
                {
                    session.Print.Line($"{host.Time.GetLocalNow():HH:mm:ss} {line}");
                }
            }
            else
            {
                host.Out.WriteLine(data);
            }

            await host.Out.FlushAsync(cancellationToken);
        }

        throw new CtlException(ExitCodes.NoAccess, "the controller has ended the stream");
    });

    private static Command List(CtlHost host, string name, string description, string path, IReadOnlyList<(string Title, string Path)> columns, Argument<string?>? one = null)
    {
        var limit = new Option<int>("--limit", "-n") { Description = "how many at most", DefaultValueFactory = _ => 30 };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var number) || number is < 1 or > 10_000))
            {
                result.AddError("--limit is a number from 1 to 10000");
            }
        });
        var command = new Command(name, description) { limit };
        if (one is not null)
        {
            command.Add(one);
        }

        return command.With(host, async (parsed, session, cancellationToken) =>
        {
            if (one is not null && parsed.GetValue(one) is { } wanted)
            {
                PrintOne(session, await session.Api.GetAsync($"{path}/{Uri.EscapeDataString(wanted)}", cancellationToken));
                return ExitCodes.Done;
            }

            var most = parsed.GetValue(limit);
            var items = await session.Api.ListAsync(Endpoints.WithQuery(path, ("limit", $"{Math.Min(most, 100)}")), cancellationToken, most);
            if (!session.Print.Data(new JsonObject { ["items"] = items }))
            {
                session.Print.Table([.. columns.Select(c => c.Title)], items.Select(i => columns.Select(c => Cell(i, c.Path)).ToList()));
            }

            return ExitCodes.Done;
        });
    }

    private static string Cell(JsonNode? item, string path) => path switch
    {
        "time" => Printer.Time(item.TextAt(path)),
        "target" => Printer.Short(item.TextAt(path)),
        _ => item.TextAt(path),
    };

    // A revision with its changes, or the differences between two.
    private static void PrintOne(Session session, JsonNode? answer)
    {
        if (session.Print.Data(answer))
        {
            return;
        }

        if (answer.At("differences") is null)
        {
            session.Print.Line($"revision {answer.TextAt("revision")} by {answer.TextAt("author")} at {Printer.Time(answer.TextAt("time"))}{(answer.TextAt("reason") is { Length: > 0 } reason ? $": {reason}" : "")}");
        }

        foreach (var change in answer.ItemsAt("changes"))
        {
            session.Print.Line($"  {change.TextAt("operation")} {change.TextAt("resource.kind")} '{change.TextAt("resource.name")}'");
        }

        foreach (var difference in answer.ItemsAt("differences"))
        {
            session.Print.Line($"{difference.TextAt("operation")} {difference.TextAt("kind")} '{difference.TextAt("name")}'");
            foreach (var (sign, side) in new[] { ("-", difference.At("before.spec")), ("+", difference.At("after.spec")) })
            {
                if (side is not null)
                {
                    session.Print.Line($"  {sign} {side.ToJsonString(JsonText.Compact)}");
                }
            }
        }
    }

    private static IEnumerable<string> Describe(string name, string data)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(data);
        }
        catch (JsonException)
        {
            return [$"{name} {data}"];
        }

        var reason = node.TextAt("reason");
        return name switch
        {
            "change" => node.ItemsAt("changes").Select(c =>
                $"revision {node.TextAt("revision")} {node.TextAt("author")} {c.TextAt("operation")} {c.TextAt("resource.kind")} '{c.TextAt("resource.name")}'{(reason.Length > 0 ? $" ({reason})" : "")}"),
            "status" => [$"{node.TextAt("kind")} '{node.TextAt("name")}' ready: {KindColumns.Ready(node)} {node.Condition("Ready").TextAt("message")}"],
            _ => [$"{name} {data}"],
        };
    }
}
