using System.Text.Json;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Controller.Endpoints;

/// <summary>Several writes at once.</summary>
public static class ChangeSetEndpoints
{
    private const int MostChanges = 10_000;

    /// <summary>Maps the endpoint.</summary>
    public static void MapChangeSets(this IEndpointRouteBuilder api) =>
        api.MapPost("change-sets", PostAsync).WithTags("ChangeSet").WithName("postChangeSet")
            .WithSummary("Carries out several writes together or not at all. Honours Idempotency-Key.")
            .WithQuery("dryRun", "true: say what would change, on which device, and write nothing")
            .RequireRole(Role.Operator).Accepts<ChangeSetRequest>(ApiJson.MediaType).Produces<ChangeSetResponse>()
            .WithProblems(400, 404, 409, 412, 413, 415, 422, 503, 507);

    private static async Task<IResult> PostAsync(HttpContext context, IntentWrites intent)
    {
        var dryRun = Query.Flag(context.Request, "dryRun");
        using var json = await RequestBody.ReadAsync(context);
        var (reason, changes) = Read(json);
        return await intent.CommitAsync(context, new IntentWrite
        {
            Changes = _ => changes,
            Reason = reason ?? RequestReason.Of(context.Request),
            DryRun = dryRun,
            RequestText = json.RootElement.GetRawText(),
            PointerOf = e => $"/changes/{e.ChangeIndex}{e.Pointer}",
            Respond = evaluation => StoredResult.Of(intent.Describe(evaluation, dryRun), 200),
        });
    }

    private static (string? Reason, List<Change> Changes) Read(JsonDocument json)
    {
        var errors = new List<FieldError>();
        var changes = new List<Change>();
        var reason = ObjectReader.ReadBody(json, reader =>
        {
            var text = reader.Text("reason");
            if (text is not null && RequestReason.Fault(text) is { } fault)
            {
                reader.Fail("reason", fault);
            }

            if (reader.Take("changes") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > MostChanges)
            {
                reader.Fail("changes", $"must be a list of 1 to {MostChanges} changes");
            }
            else
            {
                var index = 0;
                foreach (var item in list.EnumerateArray())
                {
                    if (ReadChange(item, $"/changes/{index++}", errors) is { } change)
                    {
                        changes.Add(change);
                    }
                }
            }

            reader.End();
            return text;
        });
        return errors.Count == 0 ? (reason, changes) : throw new ProblemException(Problems.Invalid([.. errors]));
    }

    private static Change? ReadChange(JsonElement item, string root, List<FieldError> errors)
    {
        var count = errors.Count;
        var reader = new ObjectReader(item, root, errors);
        if (errors.Count > count)
        {
            return null;
        }

        var operation = default(ChangeOperation);
        if (reader.Text("operation", required: true) is { } operationText && !TryOperation(operationText, out operation))
        {
            reader.Fail("operation", "must be one of create, update, apply, delete");
        }

        var kind = ResourceKindInfo.All[0];
        var kindText = reader.Text("kind", required: true);
        if (kindText is not null && ResourceKindInfo.All.FirstOrDefault(k => k.Kind.ToString() == kindText) is var found)
        {
            if (found is null)
            {
                reader.Fail("kind", "must be one of " + string.Join(", ", ResourceKindInfo.All.Select(k => k.Kind)));
            }
            else
            {
                kind = found;
            }
        }

        var name = reader.Text("name", required: true);
        var revision = reader.Number("revision");
        if (errors.Count > count)
        {
            return null;
        }

        var labels = reader.Labels();
        ResourceSpec? spec = null;
        if (operation == ChangeOperation.Delete)
        {
            // A manifest may be deleted as it was applied.
            _ = reader.Take("spec");
        }
        else
        {
            spec = reader.Spec(kind.Kind);
        }

        reader.End();
        return errors.Count > count ? null : new Change(operation, new ResourceKey(kind.Kind, name!), spec, labels, revision);
    }

    private static bool TryOperation(string text, out ChangeOperation operation)
    {
        operation = text switch
        {
            "create" => ChangeOperation.Create,
            "update" => ChangeOperation.Update,
            "apply" => ChangeOperation.Apply,
            "delete" => ChangeOperation.Delete,
            _ => (ChangeOperation)(-1),
        };
        return Enum.IsDefined(operation);
    }
}
