using System.Text.Json;
using Fabric.Bgp;
using Fabric.Controller.Contracts;
using Fabric.Controller.Glass;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Storage;
using Fabric.Storage.Routes;

namespace Fabric.Controller.Evpn;

/// <summary>Injects what the spines of a site are to be told, and keeps it: a controller that starts anew announces it again.</summary>
internal sealed class SiteInjector(SiteSpeakers speakers) : IRouteInjector
{
    /// <summary>How many routes a site may have. FRR bounds nothing that it takes in EVPN, so this is the bound.</summary>
    public const int MostRoutes = 10_000;

    /// <inheritdoc/>
    public async Task<InjectionResult> InjectAsync(HttpContext context, NamedSpeaker speaker, InjectionOrder order)
    {
        Check(order);
        var caller = context.Caller();
        var key = RequestKey.Of(context, order.Text);
        var result = await speakers.InjectAsync(
            speaker.Site!,
            site => new RouteWrite
            {
                SiteUid = site.Uid,
                Site = site.Key.Name,
                Changes = [.. order.Changes.Select(static c => new InjectedRouteChange(
                    c.Given.Family, c.Name, c.Route.Attributes is null ? null : JsonSerializer.Serialize(c.Given, ApiJson.Options)))],
                Limit = MostRoutes,
                Origin = new WriteOrigin(caller.Name, caller.Role.Name(), order.Reason, "api"),
                Response = StoredResult.Of(order.Response, StatusCodes.Status200OK),
                Idempotency = key,
            },
            [.. order.Changes.Select(static c => c.Route)],
            context.RequestAborted);
        return result.Outcome switch
        {
            RouteWriteOutcome.Written or RouteWriteOutcome.Repeated => new InjectionResult(result.Response!, result.Outcome == RouteWriteOutcome.Repeated),
            RouteWriteOutcome.KeyReused => throw new ProblemException(Problems.KeyReused()),
            RouteWriteOutcome.TooMany => throw new ProblemException(Problems.Invalid(
                [new FieldError("/changes", $"the site would announce more than {MostRoutes} routes; withdraw some first")])),
            _ => throw new ProblemException(Problems.NotFound("there is no BGP speaker for this site any more")),
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InjectedRoute>> KeptAsync(NamedSpeaker speaker, CancellationToken cancellationToken) =>
        await speakers.KeptAsync(speaker.Site!, cancellationToken);

    /// <summary>The sessions to the spines are for EVPN alone, and run where no packets of the fabric do.</summary>
    private static void Check(InjectionOrder order)
    {
        var errors = new List<FieldError>();
        foreach (var (change, i) in order.Changes.Select(static (c, i) => (c.Route, i)))
        {
            if (change.Family != AddressFamily.L2VpnEvpn)
            {
                errors.Add(new FieldError($"/changes/{i}/family", $"must be {AddressFamily.L2VpnEvpn}: spines are told nothing else"));
            }
            else if (change.Attributes is { NextHop: null })
            {
                errors.Add(new FieldError($"/changes/{i}/attributes/nextHop", "is required: no packets come to the controller, so say which VTEP takes them"));
            }
        }

        if (errors.Count > 0)
        {
            throw new ProblemException(Problems.Invalid([.. errors]));
        }
    }
}
