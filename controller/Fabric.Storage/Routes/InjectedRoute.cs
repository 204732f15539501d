namespace Fabric.Storage.Routes;

/// <summary>A route that the controller announces itself.</summary>
/// <param name="Family">Its family, as the API writes it.</param>
/// <param name="Name">Its name, which is its key as text.</param>
/// <param name="Change">The change that announces it, as JSON of the API.</param>
/// <param name="Author">Whose change it was.</param>
/// <param name="Time">When.</param>
public sealed record InjectedRoute(string Family, string Name, string Change, string Author, DateTimeOffset Time);

/// <summary>One change of what is announced.</summary>
/// <param name="Family">The route's family.</param>
/// <param name="Name">The route's name.</param>
/// <param name="Change">The change as JSON of the API; null takes the route back.</param>
public sealed record InjectedRouteChange(string Family, string Name, string? Change);

/// <summary>Changes of what is announced at a site, to be carried out together or not at all.</summary>
public sealed record RouteWrite
{
    /// <summary>Uid of the site.</summary>
    public required int SiteUid { get; init; }

    /// <summary>Its name, for the audit log.</summary>
    public required string Site { get; init; }

    /// <summary>The changes; of several of one route the last one counts.</summary>
    public required IReadOnlyList<InjectedRouteChange> Changes { get; init; }

    /// <summary>How many routes a site may have.</summary>
    public required int Limit { get; init; }

    /// <summary>Who writes and why.</summary>
    public required WriteOrigin Origin { get; init; }

    /// <summary>The response, where the request may be repeated.</summary>
    public required StoredResponse Response { get; init; }

    /// <summary>The caller's key for repeating the request; null: none.</summary>
    public IdempotencyKey? Idempotency { get; init; }
}

/// <summary>What became of such changes.</summary>
/// <param name="Outcome">What.</param>
/// <param name="Response">The response: the given one, or the one that was kept when the request was first made; null when nothing was done.</param>
public sealed record RouteWriteResult(RouteWriteOutcome Outcome, StoredResponse? Response);

/// <summary>What can become of changes of what is announced.</summary>
public enum RouteWriteOutcome
{
    /// <summary>They are written.</summary>
    Written,

    /// <summary>The request was made before; nothing was done again.</summary>
    Repeated,

    /// <summary>The key belongs to another request; nothing was done.</summary>
    KeyReused,

    /// <summary>The site is gone; nothing was done.</summary>
    NoSite,

    /// <summary>The site would have more routes than it may; nothing was done.</summary>
    TooMany,
}
