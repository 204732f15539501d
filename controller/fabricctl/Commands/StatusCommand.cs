using System.CommandLine;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>status</c>.</summary>
public static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host) =>
        new Command("status", "the controller, its devices, V-Nets and BGP sessions at a glance").With(host, async (_, session, cancellationToken) =>
        {
            var controller = await session.Api.GetAsync(Endpoints.Status, cancellationToken);
            var devices = await session.Api.ListAsync("devices", cancellationToken);
            var vnets = await session.Api.ListAsync("vnets", cancellationToken);
            var sessions = await session.Api.ListAsync(Endpoints.EvpnSessions, cancellationToken);
            if (session.Print.Data(new JsonObject { ["controller"] = controller, ["devices"] = Brief(devices), ["vnets"] = Brief(vnets), ["sessions"] = sessions.DeepClone() }))
            {
                return ExitCodes.Done;
            }

            var print = session.Print;
            if (controller is JsonObject facts)
            {
                foreach (var (name, value) in facts.Where(f => f.Value is JsonValue))
                {
                    print.Line($"{name,-12} {JsonText.Text(value)}");
                }
            }

            print.Line($"{"devices",-12} {Count(devices)}");
            print.Line($"{"vnets",-12} {Count(vnets)}");
            print.Line($"{"sessions",-12} {sessions.Count(s => s.TextAt("state").Equals("established", StringComparison.OrdinalIgnoreCase))} of {sessions.Count} established");
            Unready(session, "Device", devices);
            Unready(session, "VNet", vnets);
            if (sessions.Count > 0)
            {
                print.Line();
                EvpnCommand.PrintSessions(session, sessions);
            }

            return ExitCodes.Done;
        });

    private static string Count(JsonArray items) => $"{items.Count(i => i.IsReady())} of {items.Count} ready";

    private static JsonArray Brief(JsonArray items) =>
        [.. items.Select(i => new JsonObject { ["name"] = i.TextAt("name"), ["ready"] = i.IsReady(), ["reason"] = i.Condition("Ready").TextAt("reason") })];

    private static void Unready(Session session, string kind, JsonArray items)
    {
        var open = items.Where(i => !i.IsReady()).ToList();
        if (open.Count == 0)
        {
            return;
        }

        session.Print.Line();
        session.Print.Table(
            [kind, "ready", "message"],
            open.Select(i => (IReadOnlyList<string>)[i.TextAt("name"), KindColumns.Ready(i), i.Condition("Ready").TextAt("message")]));
    }
}
