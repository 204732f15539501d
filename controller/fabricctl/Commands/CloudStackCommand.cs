using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;

namespace Fabric.Ctl.Commands;

/// <summary><c>cloudstack audit</c>.</summary>
public static class CloudStackCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var vpcs = new Option<string?>("--vpcs") { Description = "what 'cmk list vpcs listall=true' prints as JSON, to compare with" };
        var networks = new Option<string?>("--networks") { Description = "what 'cmk list networks listall=true' prints as JSON, to compare with" };
        var remove = new Option<bool>("--remove") { Description = "remove the left-overs: all of them in one change set, or none; what only differs stays" };
        var reason = Changes.Reason();
        var audit = new Command("audit", "what CloudStack has left behind, and where CloudStack and Fabric differ; exit code 1 if there is something that stays") { vpcs, networks, remove, reason }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var (theirVpcs, theirNetworks) = (await ReadAsync(parsed.GetValue(vpcs), cancellationToken), await ReadAsync(parsed.GetValue(networks), cancellationToken));
                var lists = new Dictionary<string, JsonArray>(StringComparer.Ordinal);
                foreach (var path in CloudStackAudit.Paths)
                {
                    lists[path] = await session.Api.ListAsync(path, cancellationToken);
                }

                var leftOvers = CloudStackAudit.LeftOvers(lists).ToList();
                var differences = CloudStackAudit.Differences(lists, theirVpcs, theirNetworks).ToList();
                var removing = parsed.GetValue(remove) && leftOvers.Count > 0;
                if (removing)
                {
                    // Each with the revision that was looked at: what CloudStack has changed meanwhile is no left-over.
                    var changes = new JsonArray([.. leftOvers.Select(f => (JsonNode)new JsonObject
                    {
                        ["operation"] = "delete", ["kind"] = f.Kind, ["name"] = f.Name, ["revision"] = f.Resource!["revision"]!.DeepClone(),
                    })]);
                    await Changes.SendAsync(session, changes, parsed.GetValue(reason) ?? "left over by CloudStack", false, cancellationToken);
                }

                if (!session.Print.Data(new JsonObject { ["leftOvers"] = Json(leftOvers), ["removed"] = removing, ["differences"] = Json(differences) }))
                {
                    foreach (var finding in leftOvers)
                    {
                        session.Print.Line($"{finding.Kind} '{finding.Name}': {finding.Why}{(removing ? "; removed" : "")}");
                    }

                    foreach (var finding in differences)
                    {
                        session.Print.Line($"{finding.Kind} '{finding.Name}': {finding.Why}");
                    }

                    session.Print.Line($"{leftOvers.Count} left over{(removing ? ", removed" : leftOvers.Count > 0 ? " (--remove removes them)" : "")}; {differences.Count} differ");
                }

                return (leftOvers.Count > 0 && !removing) || differences.Count > 0 ? ExitCodes.Different : ExitCodes.Done;
            });
        return new Command("cloudstack", "what CloudStack has made here") { audit };
    }

    private static JsonArray Json(IEnumerable<CloudStackFinding> findings) =>
        [.. findings.Select(f => new JsonObject { ["kind"] = f.Kind, ["name"] = f.Name, ["why"] = f.Why })];

    private static async Task<JsonNode?> ReadAsync(string? path, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            // cmk prints nothing at all where there is nothing.
            var text = await File.ReadAllTextAsync(path, cancellationToken);
            return text.Trim().Length == 0 ? new JsonObject() : JsonNode.Parse(text) as JsonObject ?? throw new CtlException(ExitCodes.Usage, $"{path} is no JSON object as cmk prints it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CtlException(ExitCodes.Usage, $"{path}: {e.Message}");
        }
    }
}
