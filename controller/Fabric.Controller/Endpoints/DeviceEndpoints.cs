using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Planning;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>What a device would be told, and what it was told.</summary>
public static class DeviceEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapDevices(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("devices/{name}").WithTags("Device");
        group.MapGet("plan", Plan).WithName("getDevicePlan").WithSummary("Shows what would change on a device now.")
            .Produces<DevicePlanDocument>().WithProblems(404);
        group.MapGet("applies", AppliesAsync).WithName("listDeviceApplies").WithSummary("Lists what was applied to a device, newest first.")
            .WithQuery("limit", "most items, 1..1000; 50 if absent")
            .Produces<ApplyList>().WithProblems(404);
    }

    private static IResult Plan(HttpContext context, FabricStore store, IPlanner planner)
    {
        if (Find(context, store) is not { } device)
        {
            return Missing(context);
        }

        var plan = planner.PlanOf(device.Key.Name);
        return ApiJson.Result(new DevicePlanDocument
        {
            Device = device.Key.Name,
            Known = plan is not null,
            Changes = plan?.Changes ?? [],
            Commands = plan?.Commands ?? [],
        });
    }

    private static async Task<IResult> AppliesAsync(HttpContext context, FabricStore store)
    {
        if (Find(context, store) is not { } device)
        {
            return Missing(context);
        }

        var applies = await store.Devices.ListAppliesAsync(device.Uid, Query.Limit(context.Request, 50), context.RequestAborted);
        return ApiJson.Result(new ApplyList(
        [
            .. applies.Select(a => new ApplyDocument
            {
                TransactionId = a.TransactionId,
                Revision = a.Revision,
                Cause = a.Cause.ToString().ToLowerInvariant(),
                Started = a.Started,
                Ended = a.Ended,
                Outcome = a.Outcome,
                Detail = a.Detail,
                Objects = a.Objects,
                Commands = a.Commands,
            }),
        ]));
    }

    private static Resource? Find(HttpContext context, FabricStore store) => store.Intent.Current.Find(ResourceEndpoints.Key(context, ResourceKind.Device));

    private static Problem Missing(HttpContext context) => Problems.NotFound($"there is no {ResourceEndpoints.Key(context, ResourceKind.Device)}");
}
