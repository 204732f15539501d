using System.Globalization;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>What was: showing, comparing and returning to revisions.</summary>
public static class RevisionEndpoints
{
    // api / v1 / revisions / number
    private const int NumberSegment = 3;

    /// <summary>Maps the endpoints.</summary>
    public static void MapRevisions(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("revisions").WithTags("Revision");
        group.MapGet("", ListAsync).WithName("listRevisions").WithSummary("Lists revisions, newest first.")
            .WithQuery("limit", "most items of a page, 1..1000; 200 if absent").WithQuery("cursor", "where the page begins: next of the page before")
            .Produces<RevisionList>().WithProblems(400);
        group.MapGet("{number}", GetAsync).WithName("getRevision")
            .WithSummary("Shows a revision with what it changed; or, given as A..B, how two revisions differ (0 is the empty store).")
            .Produces<RevisionDocument>().WithProblems(404);
        group.MapPost("{number}/restore", RestoreAsync).WithName("restoreRevision")
            .WithSummary("Makes the intent again what it was at a revision, as a new revision. Honours Idempotency-Key..")
            .WithQuery("dryRun", "true: say what would change, and write nothing")
            .RequireRole(Role.Operator).Produces<ChangeSetResponse>().WithProblems(404, 409, 422, 503, 507);
    }

    private static async Task<IResult> ListAsync(HttpContext context, FabricStore store)
    {
        var limit = Query.Limit(context.Request);
        var page = await store.Intent.ListRevisionsAsync(Query.NumberCursor(context.Request), limit + 1, context.RequestAborted);
        return ApiJson.Result(new RevisionList
        {
            Items = [.. page.Take(limit).Select(Documents.Of)],
            Next = page.Length > limit ? Query.ToCursor(page[limit - 1].Number.ToString(CultureInfo.InvariantCulture)) : null,
        });
    }

    private static async Task<IResult> GetAsync(HttpContext context, FabricStore store)
    {
        var text = RequestPath.Segment(context, NumberSegment);
        if (text.IndexOf("..", StringComparison.Ordinal) is >= 0 and var dots)
        {
            return await CompareAsync(context, store, text[..dots], text[(dots + 2)..]);
        }

        if (Parse(text) is not { } number || await store.Intent.FindRevisionAsync(number, context.RequestAborted) is not { } revision)
        {
            return Problems.NotFound($"there is no revision {text}");
        }

        return ApiJson.Result(Documents.Of(revision.Revision) with { Changes = [.. revision.Changes.Select(Documents.Of)] });
    }

    private static async Task<IResult> CompareAsync(HttpContext context, FabricStore store, string from, string to)
    {
        var newest = store.Intent.Current.Revision;
        if (Parse(from) is not { } first || Parse(to) is not { } last || first > newest || last > newest)
        {
            return Problems.NotFound($"there are no two revisions {from} and {to}; the newest is {newest}");
        }

        var differences = await store.Intent.CompareAsync(first, last, context.RequestAborted);
        return ApiJson.Result(new Comparison { From = first, To = last, Differences = [.. differences.Select(Documents.DifferenceOf)] });
    }

    private static async Task<IResult> RestoreAsync(HttpContext context, FabricStore store, IntentWrites intent)
    {
        var text = RequestPath.Segment(context, NumberSegment);
        if (Parse(text) is not { } number || number > store.Intent.Current.Revision)
        {
            return Problems.NotFound($"there is no revision {text}");
        }

        var dryRun = Query.Flag(context.Request, "dryRun");
        var reason = RequestReason.Of(context.Request);
        if (reason.Length == 0)
        {
            reason = string.Create(CultureInfo.InvariantCulture, $"back to revision {number}");
        }

        var then = await store.Intent.ListAtAsync(number, context.RequestAborted);
        return await intent.CommitAsync(context, new IntentWrite
        {
            Changes = current => IntentStore.ChangesBack(current, then),
            Reason = reason,
            Source = "restore",
            RequestText = reason,
            DryRun = dryRun,
            PointerOf = e => $"/{e.Key.Kind}/{JsonFault.Escape(e.Key.Name)}{e.Pointer}",
            Respond = evaluation => StoredResult.Of(intent.Describe(evaluation, dryRun), 200),
        });
    }

    private static long? Parse(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
