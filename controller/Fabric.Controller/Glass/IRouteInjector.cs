using Fabric.Storage;
using Fabric.Storage.Routes;

namespace Fabric.Controller.Glass;

/// <summary>Has a speaker announce routes of its own, and no longer.</summary>
internal interface IRouteInjector
{
    /// <summary>Carries out all changes of an order, or none.</summary>
    /// <param name="context">The request.</param>
    /// <param name="speaker">Who announces.</param>
    /// <param name="order">What.</param>
    /// <exception cref="Http.ProblemException">Nothing was done.</exception>
    Task<InjectionResult> InjectAsync(HttpContext context, NamedSpeaker speaker, InjectionOrder order);

    /// <summary>What is kept of the routes that a speaker announces; nothing where nothing is kept.</summary>
    Task<IReadOnlyList<InjectedRoute>> KeptAsync(NamedSpeaker speaker, CancellationToken cancellationToken);
}

/// <summary>What became of an order.</summary>
/// <param name="Response">The response.</param>
/// <param name="IsRepetition">Whether the request was carried out before, and nothing was done now.</param>
internal sealed record InjectionResult(StoredResponse Response, bool IsRepetition);
