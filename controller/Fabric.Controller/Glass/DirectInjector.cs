using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Storage.Routes;

namespace Fabric.Controller.Glass;

/// <summary>Injects into a speaker that nothing is kept for: its routes end with the process.</summary>
internal sealed class DirectInjector : IRouteInjector
{
    /// <inheritdoc/>
    public async Task<InjectionResult> InjectAsync(HttpContext context, NamedSpeaker speaker, InjectionOrder order)
    {
        var faults = await speaker.Speaker.InjectAsync([.. order.Changes.Select(static c => c.Route)]);
        return faults.IsEmpty
            ? new InjectionResult(StoredResult.Of(order.Response, StatusCodes.Status200OK), IsRepetition: false)
            : throw new ProblemException(Problems.Invalid([.. faults.Select(static f => new FieldError($"/changes/{f.Index}", f.Fault))]));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<InjectedRoute>> KeptAsync(NamedSpeaker speaker, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<InjectedRoute>>([]);
}
