using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Speaker;
using Fabric.Controller.Glass;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Primitives;

namespace Fabric.Controller.Endpoints;

/// <summary>The looking glass as a stream of server-sent events.</summary>
public static partial class BgpEndpoints
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan NeighborCheck = TimeSpan.FromSeconds(1);

    private static async Task WatchAsync(HttpContext context, IBgpSpeakers speakers, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        var request = context.Request;
        var chosen = Chosen(request, speakers);
        var peer = Query.Value<IpAddr>(request, "peer");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var source = Query.Text(request, "what") switch
        {
            "neighbors" => NeighborsAsync(chosen, peer, time, ended.Token),
            "routes" => ChangesAsync(chosen.Speaker, Filter(request), Query.Flag(request, "initial"), ended.Token),
            "events" => EventsAsync(chosen.Speaker, Since(request, chosen.Speaker.Events.Last), peer, ended.Token),
            _ => throw new ProblemException(Problems.BadQuery("what", "say what to watch: neighbors, routes or events")),
        };
        try
        {
            await SendAllAsync(await EventStream.StartAsync(context.Response, ended.Token), source, context.Features.Get<Caller>(), time, ended);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client left, or the process stops.
        }
    }

    private static async Task SendAllAsync(EventStream stream, IAsyncEnumerable<WatchItem> source, Caller? caller, TimeProvider time, CancellationTokenSource ended)
    {
        await using var items = source.GetAsyncEnumerator(ended.Token);
        var next = items.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                var came = await CameAsync(next, time, ended.Token);
                if (caller?.IsValid() == false)
                {
                    return;
                }

                if (!came)
                {
                    await stream.CommentAsync("alive");
                    continue;
                }

                if (!await next)
                {
                    return;
                }

                await stream.EventAsync(items.Current.Type, items.Current.Id, items.Current.Data);
                next = items.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // The source must rest before it can be disposed of.
            await ended.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether the task ends before it is time for a sign of life.</summary>
    private static async Task<bool> CameAsync(Task<bool> next, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(KeepAlive, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static async IAsyncEnumerable<WatchItem> ChangesAsync(
        BgpSpeaker speaker, RouteFilter filter, bool initial, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var changes in speaker.WatchRoutesAsync(filter, initial, cancellationToken))
        {
            if (changes.Resync)
            {
                yield return new WatchItem("resync", null, """{"message":"too slow, changes were missed; read the routes anew"}""");
            }

            foreach (var change in changes.Changes)
            {
                yield return WatchItem.Of("route", null, GlassDocuments.Of(change));
            }
        }
    }

    private static async IAsyncEnumerable<WatchItem> EventsAsync(BgpSpeaker speaker, long since, IpAddr? peer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var e in speaker.Events.WatchAsync(since, cancellationToken))
        {
            if (peer is null || e.Event.Peer == peer)
            {
                yield return WatchItem.Of("event", e.Sequence, GlassDocuments.Of(e));
            }
        }
    }

    /// <summary>All neighbors, then those that change. What only counts up is no change.</summary>
    private static async IAsyncEnumerable<WatchItem> NeighborsAsync(NamedSpeaker chosen, IpAddr? peer, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        while (true)
        {
            var present = chosen.Speaker.Peers.Where(p => peer is null || p.Config.Address == peer).Select(p => GlassDocuments.Of(chosen.Site, p)).ToList();
            foreach (var neighbor in present)
            {
                var state = JsonSerializer.Serialize(neighbor with { MessagesReceived = 0, MessagesSent = 0, UpdatesReceived = 0 }, ApiJson.Options);
                if (!known.TryGetValue(neighbor.Address, out var before) || before != state)
                {
                    known[neighbor.Address] = state;
                    yield return WatchItem.Of("neighbor", null, neighbor);
                }
            }

            foreach (var gone in known.Keys.Except(present.Select(static n => n.Address), StringComparer.Ordinal).ToList())
            {
                known.Remove(gone);
                yield return WatchItem.Of("neighbor-removed", null, new NeighborRemoved(gone));
            }

            await Task.Delay(NeighborCheck, time, cancellationToken);
        }
    }

    private static long Since(HttpRequest request, long last)
    {
        if (request.Headers["Last-Event-ID"] is { Count: > 0 } header)
        {
            return long.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw new ProblemException(Problems.Malformed("Last-Event-ID must be the id of an event, its number"));
        }

        return Query.Number(request, "since", 0, long.MaxValue) ?? last;
    }

    /// <summary>A neighbor is no longer there.</summary>
    private sealed record NeighborRemoved(string Address);

    /// <summary>An event of the stream.</summary>
    private sealed record WatchItem(string Type, long? Id, string Data)
    {
        public static WatchItem Of<T>(string type, long? id, T value) => new(type, id, JsonSerializer.Serialize(value, ApiJson.Options));
    }
}
