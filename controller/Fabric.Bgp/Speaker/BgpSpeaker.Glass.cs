using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>The looking glass of a speaker, and the routes it announces itself.</summary>
public sealed partial class BgpSpeaker
{
    /// <summary>What has happened to its peers.</summary>
    public EventHistory Events { get; }

    /// <summary>Whether a text is a cursor that a page can have given.</summary>
    public static bool IsCursor(string text) => TryReadCursor(text, out _);

    /// <summary>
    /// A page of routes. The table is looked at in slices, other work goes between them: the page is not one moment's. The routes of a peer
    /// that is not known are none.
    /// </summary>
    /// <exception cref="ArgumentException">The cursor is none of ours, the limit is below 1, or a peer is missing.</exception>
    public async Task<RoutePage> ListRoutesAsync(RouteQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1, nameof(query));
        if (query is { Rib: GlassRib.In or GlassRib.Out, Peer: null })
        {
            throw new ArgumentException("whose routes: a peer is needed", nameof(query));
        }

        var from = 0;
        if (query.Cursor is { } cursor && !TryReadCursor(cursor, out from))
        {
            throw new ArgumentException("the cursor is none of ours", nameof(query));
        }

        var routes = ImmutableArray.CreateBuilder<RouteView>();
        var complete = true;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = from;
            from = await _engine.AskAsync(_ => _engine.Look(query, start, routes, ref complete)).ConfigureAwait(false);
        }
        while (from != 0 && routes.Count < query.Limit);
        return new RoutePage(routes.ToImmutable(), from == 0 ? null : from.ToString(CultureInfo.InvariantCulture), complete);
    }

    /// <summary>
    /// How many routes of each peer are used, and how many it is told of, in each family. The table is walked for it, in slices: a second for
    /// some million routes, and not one moment's number while routes change.
    /// </summary>
    public async Task<IReadOnlyList<RouteCounts>> CountRoutesAsync(CancellationToken cancellationToken = default)
    {
        var tally = new RouteTally();
        var from = 0;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = from;
            from = await _engine.AskAsync(_ => _engine.Count(tally, start)).ConfigureAwait(false);
        }
        while (from != 0);

        var counts = new List<RouteCounts>();
        foreach (var peer in await _engine.AskAsync(_ => _engine.KnownPeers()).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await _engine.AskAsync(_ =>
            {
                _engine.Read(tally, peer, counts);
                return true;
            }).ConfigureAwait(false);
        }

        return counts;
    }

    /// <summary>Who offers a route, which path is the best and why, and who is sent it; null when nobody has it.</summary>
    /// <param name="family">The family.</param>
    /// <param name="name">Its name; see <see cref="RouteName"/>.</param>
    /// <exception cref="ArgumentException">It is no name of a route of the family.</exception>
    public Task<RouteExplanation?> ExplainAsync(AddressFamily family, string name)
    {
        if (!RouteName.TryParse(family, name, out var nlri, out var error))
        {
            throw new ArgumentException(error, nameof(name));
        }

        return _engine.AskAsync(_ => _engine.Explain(family.Index()!.Value, nlri.Span));
    }

    /// <summary>
    /// Changes of best paths, as they come, until the token is cancelled or the speaker is disposed. Of a route that changes faster than they are
    /// read only the last state is told. Whoever does not read at all is told of it by <see cref="RouteChanges.Resync"/> in the end.
    /// </summary>
    /// <param name="filter">Which routes; only members of the key and the family (<see cref="RouteFilter.IsByKey"/>).</param>
    /// <param name="fromStart">Whether all that is there is told first.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ArgumentException">The filter asks for what can change.</exception>
    public IAsyncEnumerable<RouteChanges> WatchRoutesAsync(RouteFilter filter, bool fromStart, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return filter.IsByKey
            ? FollowAsync(new RouteFollower(filter), fromStart, cancellationToken)
            : throw new ArgumentException("only family, type, RD, MAC, IP and prefix can be followed", nameof(filter));
    }

    /// <summary>
    /// Announces, changes and takes back routes of this speaker's own, all together or none. What peers send or withdraw never changes them;
    /// they end with the speaker.
    /// </summary>
    /// <returns>What is wrong, by place in the list; empty when all was done.</returns>
    public async Task<ImmutableArray<(int Index, string Fault)>> InjectAsync(IReadOnlyList<RouteInjection> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var faults = ImmutableArray.CreateBuilder<(int, string)>();
        for (var i = 0; i < changes.Count; i++)
        {
            if (changes[i].Fault() is { } fault)
            {
                faults.Add((i, fault));
            }
            else if (_engine.IsOwn(changes[i]))
            {
                faults.Add((i, "the membership of everything is this reflector's own"));
            }
        }

        if (faults.Count > 0)
        {
            return faults.ToImmutable();
        }

        return await _engine.AskAsync<ImmutableArray<(int, string)>>(_ =>
        {
            _engine.Inject(changes);
            return [];
        }).ConfigureAwait(false);
    }

    private static bool TryReadCursor(string text, out int entry) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out entry) && entry > 0;

    private async IAsyncEnumerable<RouteChanges> FollowAsync(
        RouteFollower follower, bool fromStart, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await _engine.AskAsync(_ =>
        {
            _engine.Follow(follower, fromStart);
            return true;
        }).ConfigureAwait(false);
        try
        {
            while (await follower.WaitAsync(cancellationToken).ConfigureAwait(false))
            {
                var changes = await _engine.AskAsync(_ => _engine.ReadOn(follower)).ConfigureAwait(false);
                if (changes.Resync || !changes.Changes.IsEmpty)
                {
                    yield return changes;
                }
            }
        }
        finally
        {
            _engine.Post(() => _engine.Unfollow(follower));
        }
    }
}
