using System.Collections.Immutable;
using System.Reflection;
using Fabric.Controller.Contracts;
using Fabric.Controller.Json;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Status;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>How the whole is doing.</summary>
public static class StatusEndpoints
{
    private const int MostNotReady = 100;
    private static readonly string Version =
        typeof(StatusEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?";

    /// <summary>Maps the endpoint.</summary>
    public static void MapStatus(this IEndpointRouteBuilder api) =>
        api.MapGet("status", Get).WithTags("Status").WithName("getStatus").WithSummary("Sums up how everything is doing.").Produces<Summary>();

    private static IResult Get(FabricStore store, IStatusSource status)
    {
        var snapshot = store.Intent.Current;
        var devices = ImmutableArray.CreateBuilder<DeviceSummary>();
        var notReady = ImmutableArray.CreateBuilder<NotReady>();
        foreach (var resource in ResourceKindInfo.All.SelectMany(k => snapshot.All(k.Kind)))
        {
            var ready = status.StatusOf(snapshot, resource).Conditions.FirstOrDefault(c => c.Type == "Ready");
            if (resource.Spec is DeviceSpec { IsManaged: true } device)
            {
                devices.Add(new DeviceSummary(
                    resource.Key.Name,
                    device.Site,
                    device.Role.ToString().ToLowerInvariant(),
                    (ready?.Status ?? ConditionStatus.Unknown).ToString(),
                    ready?.Reason ?? "",
                    ready?.Message ?? ""));
            }

            if (ready is { Status: not ConditionStatus.True } && notReady.Count < MostNotReady)
            {
                notReady.Add(new NotReady(resource.Key.Kind.ToString(), resource.Key.Name, ready.Reason, ready.Message));
            }
        }

        return ApiJson.Result(new Summary
        {
            Version = Version,
            Revision = snapshot.Revision,
            Resources = ResourceKindInfo.All.ToImmutableSortedDictionary(k => k.Kind.ToString(), k => snapshot.Count(k.Kind), StringComparer.Ordinal),
            Devices = devices.ToImmutable(),
            NotReady = notReady.ToImmutable(),
        });
    }
}
