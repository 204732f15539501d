using System.Globalization;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>Who did what.</summary>
public static class AuditEndpoints
{
    /// <summary>Maps the endpoint.</summary>
    public static void MapAudit(this IEndpointRouteBuilder api) =>
        api.MapGet("audit", ListAsync).WithTags("Audit").WithName("listAudit").WithSummary("Lists the audit log, newest first.")
            .WithQuery("limit", "most items of a page, 1..1000; 200 if absent").WithQuery("cursor", "where the page begins: next of the page before")
            .RequireRole(Role.Admin).Produces<AuditList>().WithProblems(400);

    private static async Task<IResult> ListAsync(HttpContext context, FabricStore store)
    {
        var limit = Query.Limit(context.Request);
        var page = await store.Audit.ListAsync(Query.NumberCursor(context.Request), limit + 1, context.RequestAborted);
        return ApiJson.Result(new AuditList
        {
            Items =
            [
                .. page.Take(limit).Select(e => new AuditDocument
                {
                    Id = e.Id,
                    Time = e.Time,
                    Author = e.Origin.Author,
                    Role = e.Origin.Role,
                    Action = e.Action,
                    Target = e.Target,
                    Reason = e.Origin.Reason,
                    Source = e.Origin.Source,
                    Revision = e.Revision,
                    Outcome = e.Outcome,
                }),
            ],
            Next = page.Length > limit ? Query.ToCursor(page[limit - 1].Id.ToString(CultureInfo.InvariantCulture)) : null,
        });
    }
}
