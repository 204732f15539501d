using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Status;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>Server-sent events (WHATWG HTML section 9.2): one for each revision as it is committed, resumable by its number.</summary>
public static class WatchEndpoints
{
    private const int QueueLength = 256;
    private const int PageLength = 200;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>Maps the endpoint.</summary>
    public static void MapWatch(this IEndpointRouteBuilder api) =>
        api.MapGet("watch", WatchAsync).WithTags("Watch").WithName("watch")
            .WithSummary("Streams events: change (one a revision, id is its number), status (of a device), overflow (the client was too slow: resume with Last-Event-ID).")
            .WithQuery("since", "first send what was committed after this revision; absent: only what comes; the header Last-Event-ID goes before it")
            .WithQuery("kinds", "only changes of these kinds, separated by commas, such as VNet,Vpc")
            .Produces<WatchEvent>(200, "text/event-stream").WithProblems(400);

    private static async Task WatchAsync(HttpContext context, FabricStore store, IStatusSource status, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        var kinds = Kinds(context.Request);
        var since = Since(context.Request, store.Intent.Current.Revision);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);

        // Listen first, then read what was before: nothing falls in between.
        using var subscription = store.Intent.Subscribe(QueueLength);
        var devices = Channel.CreateBounded<string>(new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });
        void Changed(string device) => devices.Writer.TryWrite(device);
        var withStatus = kinds.Contains(ResourceKind.Device);
        if (withStatus)
        {
            status.DeviceStatusChanged += Changed;
        }

        try
        {
            var stream = await EventStream.StartAsync(context.Response, ended.Token);
            var sent = await ReplayAsync(stream, store, since, kinds, ended.Token);
            await FollowAsync(context, stream, store, status, subscription, devices.Reader, sent, kinds, time, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client left, or the controller stops.
        }
        finally
        {
            status.DeviceStatusChanged -= Changed;
        }
    }

    private static async Task<long> ReplayAsync(EventStream stream, FabricStore store, long since, ImmutableHashSet<ResourceKind> kinds, CancellationToken cancellationToken)
    {
        var sent = since;
        while (true)
        {
            var page = await store.Intent.ListChangesAsync(sent, PageLength, cancellationToken);
            foreach (var (revision, changes) in page)
            {
                await SendAsync(stream, revision, [.. changes.Where(c => kinds.Contains(c.Resource.Key.Kind)).Select(Documents.Of)]);
                sent = revision.Number;
            }

            if (page.Length < PageLength)
            {
                return sent;
            }
        }
    }

    private static async Task FollowAsync(
        HttpContext context,
        EventStream stream,
        FabricStore store,
        IStatusSource status,
        IntentSubscription subscription,
        ChannelReader<string> devices,
        long sent,
        ImmutableHashSet<ResourceKind> kinds,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var caller = context.Caller();
        var nextChange = subscription.Reader.WaitToReadAsync(cancellationToken).AsTask();
        var nextDevice = devices.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            var pause = Task.Delay(KeepAlive, time, cancellationToken);
            await Task.WhenAny(nextChange, nextDevice, pause);
            cancellationToken.ThrowIfCancellationRequested();
            if (!caller.IsValid())
            {
                return;
            }

            while (subscription.Reader.TryRead(out var change))
            {
                if (change.Revision is not { } revision || revision.Number <= sent)
                {
                    continue;
                }

                await SendAsync(stream, revision, [.. change.Changes.Where(c => kinds.Contains(c.Key.Kind)).Select(c => Documents.PastOf(c, revision.Number))]);
                sent = revision.Number;
            }

            if (nextChange.IsCompleted)
            {
                if (!await nextChange)
                {
                    await stream.EventAsync("overflow", null, """{"message":"too slow; connect again with Last-Event-ID"}""");
                    return;
                }

                nextChange = subscription.Reader.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (nextDevice.IsCompleted)
            {
                await SendStatusAsync(stream, store, status, devices);
                nextDevice = devices.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (pause.IsCompleted)
            {
                await stream.CommentAsync("alive");
            }
        }
    }

    private static async Task SendStatusAsync(EventStream stream, FabricStore store, IStatusSource status, ChannelReader<string> devices)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        while (devices.TryRead(out var name))
        {
            names.Add(name);
        }

        var snapshot = store.Intent.Current;
        foreach (var device in names.Select(n => snapshot.Find(ResourceKind.Device, n)).OfType<Resource>())
        {
            var document = JsonSerializer.SerializeToNode(Documents.Of(status.StatusOf(snapshot, device)), ApiJson.Options)!.AsObject();
            await stream.EventAsync("status", null, JsonSerializer.Serialize(new StatusEvent("Device", device.Key.Name, document), ApiJson.Options));
        }
    }

    private static Task SendAsync(EventStream stream, RevisionInfo revision, ImmutableArray<PastChangeDocument> changes)
    {
        if (changes.IsEmpty)
        {
            return Task.CompletedTask;
        }

        var document = new WatchEvent
        {
            Revision = revision.Number,
            Time = revision.Time,
            Author = revision.Origin.Author,
            Reason = revision.Origin.Reason,
            Changes = changes,
        };
        return stream.EventAsync("change", revision.Number, JsonSerializer.Serialize(document, ApiJson.Options));
    }

    private static long Since(HttpRequest request, long newest)
    {
        var since = Query.Number(request, "since", 0, long.MaxValue);
        if (request.Headers["Last-Event-ID"] is { Count: > 0 } header)
        {
            since = long.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                ? last
                : throw new ProblemException(Problems.Malformed("Last-Event-ID must be the id of an event, a revision's number"));
        }

        return since switch
        {
            null => newest,
            { } past when past <= newest => past,
            _ => throw new ProblemException(Problems.BadQuery("since", $"revision {since} is not there yet; the newest is {newest}")),
        };
    }

    private static ImmutableHashSet<ResourceKind> Kinds(HttpRequest request)
    {
        if (Query.Text(request, "kinds") is not { } text)
        {
            return [.. ResourceKindInfo.All.Select(k => k.Kind)];
        }

        return
        [
            .. text.Split(',').Select(name => ResourceKindInfo.All.FirstOrDefault(k => k.Kind.ToString() == name)?.Kind
                ?? throw new ProblemException(Problems.BadQuery("kinds", "kinds must be some of " + string.Join(",", ResourceKindInfo.All.Select(k => k.Kind))))),
        ];
    }
}
