using System.CommandLine;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>describe</c>.</summary>
public static class DescribeCommand
{
    private const int AppliesShown = 5;

    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var kindWord = new Argument<string>("kind") { Description = "kind of the resource" };
        var name = new Argument<string>("name") { Description = "its name" };
        return new Command("describe", "all about one resource: what is wanted, what became of it and, of a device, what it was told") { kindWord, name }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var kind = KindName.Parse(parsed.GetValue(kindWord)!);
                var resource = await session.Api.GetAsync(Endpoints.Resource(kind, parsed.GetValue(name)!), cancellationToken);
                JsonNode? plan = null;
                JsonNode? applies = null;
                if (kind.Kind == "Device")
                {
                    plan = await session.Api.FindAsync(Endpoints.DevicePlan(parsed.GetValue(name)!), cancellationToken);
                    applies = await session.Api.FindAsync(Endpoints.DeviceApplies(parsed.GetValue(name)!), cancellationToken);
                }

                if (session.Print.Format != Output.OutputFormat.Table)
                {
                    var all = new JsonObject { ["resource"] = resource };
                    if (kind.Kind == "Device")
                    {
                        all["plan"] = plan;
                        all["applies"] = applies.At("items")?.DeepClone() ?? new JsonArray();
                    }

                    session.Print.Data(all);
                    return ExitCodes.Done;
                }

                Print(session, kind, resource);
                if (kind.Kind == "Device")
                {
                    PrintDevice(session, plan, applies);
                }

                return ExitCodes.Done;
            });
    }

    private static void Print(Session session, KindName kind, JsonNode? resource)
    {
        var print = session.Print;
        print.Line($"{kind.Kind} '{resource.TextAt("name")}'");
        print.Line($"uid       {resource.TextAt("uid")}");
        print.Line($"revision  {resource.TextAt("revision")} (in force: {resource.TextAt("status.observedRevision")})");
        Block(session, "labels", resource.At("labels"));
        Block(session, "spec", resource.At("spec"));
        Block(session, "status", Details(resource));
        var conditions = resource.ItemsAt("status.conditions").ToList();
        if (conditions.Count > 0)
        {
            print.Line("conditions");
            print.Table(
                ["type", "status", "since", "reason", "message"],
                conditions.Select(c => (IReadOnlyList<string>)[c.TextAt("type"), c.TextAt("status"), print.Age(c.TextAt("lastTransitionTime")), c.TextAt("reason"), c.TextAt("message")]),
                "  ");
        }
    }

    private static void PrintDevice(Session session, JsonNode? plan, JsonNode? applies)
    {
        var print = session.Print;
        var pending = plan.ItemsAt("changes").Count();
        print.Line(plan is null || plan.TextAt("known") == "false" ? "pending   not known: the device has not been read yet" : $"pending   {pending} {(pending == 1 ? "change" : "changes")}");
        var log = applies.ItemsAt("items").ToList();
        if (log.Count == 0)
        {
            return;
        }

        print.Line(log.Count > AppliesShown ? $"applies (the last {AppliesShown} of {log.Count})" : "applies");
        print.Table(
            ["when", "revision", "cause", "outcome", "commands", "detail"],
            log.Take(AppliesShown).Select(a => (IReadOnlyList<string>)
            [
                print.Age(a.TextAt("started")), a.TextAt("revision"), a.TextAt("cause"), a.At("ended") is null ? "under way" : a.TextAt("outcome"), $"{a.ItemsAt("commands").Count()}", a.TextAt("detail"),
            ]),
            "  ");
        print.Line("commands of the last apply");
        foreach (var line in log[0].ItemsAt("commands").SelectMany(c => JsonText.Text(c).Split('\n')))
        {
            print.Line($"  {line}");
        }
    }

    // What a status holds beyond that which every status holds.
    private static JsonObject Details(JsonNode? resource) =>
        new((resource.At("status") as JsonObject ?? []).Where(m => m.Key is not ("observedRevision" or "conditions")).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));

    private static void Block(Session session, string title, JsonNode? node)
    {
        if (node is null or JsonObject { Count: 0 })
        {
            return;
        }

        session.Print.Line(title);
        foreach (var line in YamlWriter.Write(node).TrimEnd('\n').Split('\n'))
        {
            session.Print.Line($"  {line}");
        }
    }
}
