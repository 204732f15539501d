using System.Text.Json;
using Fabric.Client;
using Fabric.CloudStackBridge.Http;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>
/// Keeps a view of the controller's intent: reads it once, then follows the controller's watch. While the controller is away the last view
/// stands.
/// </summary>
public sealed partial class IntentFeed(ControllerApi api, TimeProvider time, ILogger<IntentFeed> log) : BackgroundService
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private IntentView _view = IntentView.Empty;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _ready;

    /// <summary>Whether there is a view.</summary>
    public bool IsReady => _ready;

    /// <summary>The view, once there is one.</summary>
    /// <exception cref="NetrisException">The controller has not been reached since the start.</exception>
    public async ValueTask<IntentView> ReadyAsync(CancellationToken cancellationToken) => await WaitAsync(_ => _ready, cancellationToken)
        ?? throw new NetrisException(500, "the controller cannot be reached; try again later");

    /// <summary>The first view for which something holds; null when that takes too long.</summary>
    public async ValueTask<IntentView?> WaitAsync(Func<IntentView, bool> holds, CancellationToken cancellationToken)
    {
        var deadline = time.GetTimestamp() + (long)(Patience.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (holds(_view))
                {
                    return _view;
                }

                changed = _changed.Task;
            }

            var left = time.GetElapsedTime(time.GetTimestamp(), deadline);
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            try
            {
                await changed.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return null;
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = FirstBackoff;
        var said = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!_ready)
                {
                    await LoadAsync(stoppingToken);
                }

                await FollowAsync(() => (backoff, said) = (FirstBackoff, false), stoppingToken);
            }
            catch (RefusedException e) when (e.Code == "bad-query")
            {
                // The controller is older than what we know: it came back from a backup.
                Log.Again(log, e.Message);
                _ready = false;
                Publish(_ => IntentView.Empty);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or RefusedException or JsonException or KeyNotFoundException
                || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                if (!said)
                {
                    Log.Away(log, e.Message);
                    said = true;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(backoff, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var (view, oldest, newest) = (IntentView.Empty, long.MaxValue, 0L);
        foreach (var (_, path) in Kinds.All)
        {
            string? next = null;
            do
            {
                var page = await api.GetAsync($"{path}?limit=1000{(next is null ? "" : "&cursor=" + Uri.EscapeDataString(next))}", cancellationToken);
                var revision = page.GetProperty("revision").GetInt64();
                (oldest, newest) = (Math.Min(oldest, revision), Math.Max(newest, revision));
                view = view.With(0, page.GetProperty("items").EnumerateArray().Select(i => (false, Resource.Of(i))).ToList());
                next = page.TryGetProperty("next", out var cursor) && cursor.ValueKind == JsonValueKind.String ? cursor.GetString() : null;
            }
            while (next is not null);
        }

        // What has changed between the pages comes by the watch.
        Publish(_ => view.With(oldest, []));
        _ready = oldest == newest;
        _readyAt = newest;
        Publish(v => v);
        Log.Loaded(log, newest);
    }

    private long _readyAt;

    private async Task FollowAsync(Action alive, CancellationToken cancellationToken)
    {
        using var response = await api.OpenAsync($"watch?since={_view.Revision}", cancellationToken);
        await foreach (var (name, data) in EventReader.ReadAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken))
        {
            alive();
            if (name != "change")
            {
                continue;
            }

            using var document = JsonDocument.Parse(data);
            var revision = document.RootElement.GetProperty("revision").GetInt64();
            var changes = new List<(bool, Resource)>();
            foreach (var change in document.RootElement.GetProperty("changes").EnumerateArray())
            {
                var json = change.GetProperty("resource");
                var deleted = change.GetProperty("operation").GetString() == "deleted";
                var resource = Resource.Of(json);
                changes.Add((deleted, deleted || resource.Kind != Kinds.VNet || resource.Vni is not null ? resource : await WithVniAsync(resource, cancellationToken)));
            }

            Publish(v => v.With(revision, changes));
            if (!_ready && revision >= _readyAt)
            {
                _ready = true;
                Publish(v => v);
            }
        }
    }

    /// <summary>A V-Net's allocated VNI is in its status, which the watch does not tell.</summary>
    private async Task<Resource> WithVniAsync(Resource vnet, CancellationToken cancellationToken)
    {
        try
        {
            return vnet with { Vni = Resource.Of(await api.GetAsync($"{Kinds.PathOf(Kinds.VNet)}/by-uid/{vnet.Uid}", cancellationToken)).Vni };
        }
        catch (RefusedException e) when (e.Code == "not-found")
        {
            // Deleted meanwhile.
            return vnet;
        }
    }

    private void Publish(Func<IntentView, IntentView> change)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _view = change(_view);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3010, Level = LogLevel.Information, Message = "Intent read at revision {Revision}")]
        public static partial void Loaded(ILogger logger, long revision);

        [LoggerMessage(EventId = 3011, Level = LogLevel.Warning, Message = "The controller is away: {Reason}")]
        public static partial void Away(ILogger logger, string reason);

        [LoggerMessage(EventId = 3012, Level = LogLevel.Warning, Message = "Intent is read anew: {Reason}")]
        public static partial void Again(ILogger logger, string reason);
    }
}
