using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary>What <c>apply</c>, <c>delete</c> and <c>plan</c> have in common: one change set from documents.</summary>
public static class Changes
{
    /// <summary>Why a change is made.</summary>
    public static Option<string?> Reason() => new("--reason", "-m") { Description = "why; kept in the audit log" };

    /// <summary>Shows instead of doing.</summary>
    public static Option<bool> DryRun() => new("--dry-run") { Description = "have it checked and show what would change; change nothing" };

    /// <summary>Waits for the network to follow.</summary>
    public static Option<string?> Wait() => new("--wait") { Description = "wait until the network has followed, at most that long (default 60s): 90s, 2m", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The time that <c>--wait</c> gives; null when it is not there.</summary>
    public static TimeSpan? WaitTime(ParseResult parsed, Option<string?> option) =>
        parsed.GetResult(option) is null ? null : parsed.GetValue(option) is { } text ? ParseDuration(text) : TimeSpan.FromSeconds(60);

    /// <summary>Changes that make or replace resources.</summary>
    public static JsonArray Apply(IEnumerable<ResourceDocument> resources)
    {
        var changes = new JsonArray();
        foreach (var resource in resources)
        {
            var change = Change("apply", resource.Kind, resource.Name);
            if (resource.Labels is not null)
            {
                change["labels"] = resource.Labels.DeepClone();
            }

            change["spec"] = resource.Spec?.DeepClone() ?? new JsonObject();
            changes.Add(change);
        }

        return changes;
    }

    /// <summary>Changes that remove resources.</summary>
    public static JsonArray Delete(IEnumerable<(KindName Kind, string Name)> resources) => [.. resources.Select(r => Change("delete", r.Kind, r.Name))];

    /// <summary>Sends a change set.</summary>
    public static async Task<JsonNode?> SendAsync(Session session, JsonArray changes, string? reason, bool dryRun, CancellationToken cancellationToken)
    {
        var set = new JsonObject { ["changes"] = changes };
        if (reason is not null)
        {
            set["reason"] = reason;
        }

        return await session.Api.SendAsync(
            HttpMethod.Post, Endpoints.WithQuery(Endpoints.ChangeSets, ("dryRun", dryRun ? "true" : null)), set, cancellationToken, p => Place(changes, p));
    }

    /// <summary>Prints what a change set did, or would do, to each resource.</summary>
    public static void Print(Session session, JsonArray asked, JsonNode? answer, bool dryRun)
    {
        var done = answer.ItemsAt("changes").ToDictionary(Key, c => c.TextAt("operation"));
        foreach (var change in asked)
        {
            var what = done.GetValueOrDefault(Key(change)) switch
            {
                "updated" => "configured",
                null => "unchanged",
                var other => other,
            };
            session.Print.Line($"{Named(change)} {what}{(dryRun ? " (dry run)" : "")}");
        }

        if (!dryRun)
        {
            session.Print.Line($"revision {answer.TextAt("revision")}");
        }
    }

    /// <summary>Waits until every resource is ready at its present revision.</summary>
    /// <exception cref="CtlException">The time is over; the message says what is not ready and why.</exception>
    public static async Task WaitReadyAsync(Session session, IEnumerable<(KindName Kind, string Name)> resources, TimeSpan time, CancellationToken cancellationToken)
    {
        var open = resources.ToList();
        await WaitAsync(
            session,
            time,
            async () =>
            {
                var still = new List<string>();
                foreach (var (kind, name) in open.ToList())
                {
                    var resource = await session.Api.FindAsync(Endpoints.Resource(kind, name), cancellationToken);
                    if (resource.IsReady() && Number(resource, "status.observedRevision") >= Number(resource, "revision"))
                    {
                        open.Remove((kind, name));
                        continue;
                    }

                    var ready = resource.Condition("Ready");
                    still.Add($"{kind.Kind} '{name}': {(resource is null ? "is gone" : $"{ready.TextAt("reason")} {ready.TextAt("message")}".Trim())}");
                }

                return still;
            },
            "is not ready",
            cancellationToken);
    }

    /// <summary>Waits until something has no more reasons not to be so.</summary>
    public static async Task WaitAsync(Session session, TimeSpan time, Func<Task<List<string>>> open, string complaint, CancellationToken cancellationToken)
    {
        var begin = session.Host.Time.GetTimestamp();
        while (true)
        {
            var still = await open();
            if (still.Count == 0)
            {
                return;
            }

            if (session.Host.Time.GetElapsedTime(begin) >= time)
            {
                throw new CtlException(ExitCodes.Refused, $"after {time.TotalSeconds:0} s this {complaint}:\n  {string.Join("\n  ", still)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), session.Host.Time, cancellationToken);
        }
    }

    /// <summary>Where a pointer into a change set points, in words: the resource and what is inside it.</summary>
    private static string Place(JsonArray changes, string pointer)
    {
        var steps = pointer.Split('/');
        return steps is ["", "changes", var index, ..] && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < changes.Count
            ? $"{Named(changes[number])} {string.Concat(steps.Skip(3).Select(s => "/" + s))}".TrimEnd()
            : pointer;
    }

    private static string Named(JsonNode? change) => $"{change.TextAt("kind")} '{change.TextAt("name")}'";

    private static (string, string) Key(JsonNode? change) => (change.TextAt("kind"), change.TextAt("name"));

    private static long Number(JsonNode? node, string path) =>
        long.TryParse(node.TextAt(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static JsonObject Change(string operation, KindName kind, string name) =>
        new() { ["operation"] = operation, ["kind"] = kind.Kind, ["name"] = name };

    private static TimeSpan ParseDuration(string text)
    {
        var unit = text.EndsWith('m') ? 60 : 1;
        return int.TryParse(text.TrimEnd('s', 'm'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 86_400
            ? TimeSpan.FromSeconds((long)number * unit)
            : throw new CtlException(ExitCodes.Usage, $"'{text}' is not a time; it looks like 90s or 2m");
    }
}
