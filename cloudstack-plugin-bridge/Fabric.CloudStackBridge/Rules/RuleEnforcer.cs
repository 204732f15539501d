using System.Collections.Immutable;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Store;
using Fabric.Sqlite;

namespace Fabric.CloudStackBridge.Rules;

/// <summary>Puts rules in force when they are due: tiers get their lists, load balancers their sources. What is due is on disk, so that a restart forgets
/// nothing.</summary>
public sealed partial class RuleEnforcer(RuleStore rules, IntentFeed feed, IntentWriter writer, TimeProvider time, ILogger<RuleEnforcer> log) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);
    private readonly Dictionary<long, (TimeSpan Pause, DateTimeOffset Again)> _failed = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var tidied = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = rules.Changed;
            var wait = LongestRetry;
            try
            {
                if (!tidied)
                {
                    Tidy(await feed.ReadyAsync(stoppingToken));
                    tidied = true;
                }

                wait = await RoundAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NetrisException or StoreException)
            {
                // No view yet, or the disk: again soon.
                Log.Failed(log, e.Message);
                wait = FirstRetry;
            }

            if (wait > TimeSpan.Zero)
            {
                await Task.WhenAny(changed, Task.Delay(wait, time, stoppingToken));
            }
        }
    }

    /// <summary>What a crash may have left: rules of VPCs that are gone, new tiers that nobody has noted.</summary>
    private void Tidy(IntentView view)
    {
        foreach (var gone in rules.Vpcs().Where(v => view.Find(Kinds.Vpc, v) is null))
        {
            rules.Forget(gone);
        }

        foreach (var vnet in view.All(Kinds.VNet).Where(n => n.Flag("awaitRules") && n.Label(Naming.Made) is not null))
        {
            rules.Await(view.VpcOf(vnet).Uid, vnet.Uid);
        }
    }

    /// <summary>Puts in force what is due; how long until there is more.</summary>
    private async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var pending = rules.Pending();
        var wait = LongestRetry;
        foreach (var ofVpc in pending.GroupBy(p => p.Vpc))
        {
            var due = DateTimeOffset.FromUnixTimeMilliseconds(ofVpc.Min(p => p.Due));
            due = _failed.TryGetValue(ofVpc.Key, out var failed) && failed.Again > due ? failed.Again : due;
            if (due <= now)
            {
                due = await TryAsync((int)ofVpc.Key, [.. ofVpc], now, cancellationToken);
            }

            wait = due - now < wait ? due - now : wait;
        }

        return wait;
    }

    /// <summary>Puts the rules of a VPC in force; when to look at it again.</summary>
    private async Task<DateTimeOffset> TryAsync(int vpc, ImmutableArray<PendingRules> pending, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await EnforceAsync(vpc, pending, now, cancellationToken);
            _failed.Remove(vpc);
            return now;
        }
        catch (NetrisException e)
        {
            var pause = _failed.TryGetValue(vpc, out var before) ? before.Pause * 2 : FirstRetry;
            pause = pause < LongestRetry ? pause : LongestRetry;
            _failed[vpc] = (pause, now + pause);
            Log.NotInForce(log, vpc, e.Message);
            return now + pause;
        }
    }

    private async Task EnforceAsync(int uid, ImmutableArray<PendingRules> pending, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var waiting = pending.Where(p => p.VNet != 0 && p.Due > now.ToUnixTimeMilliseconds()).Select(p => (int)p.VNet).ToImmutableHashSet();
        var waits = ImmutableHashSet<int>.Empty;
        var written = 0;
        await writer.WriteAsync(
            "CloudStack bridge: access rules",
            view =>
            {
                waits = [];
                if (view.Find(Kinds.Vpc, uid) is not { } vpc)
                {
                    return [];
                }

                var changes = vpc.Flag("system")
                    ? BalancerSources.Plan(view, [.. view.SystemVpcs.SelectMany(s => rules.Of(s.Uid))])
                    : TierLists.Plan(view, vpc, rules.Of(uid), waiting, out waits);
                written = changes.Count;
                return changes;
            },
            cancellationToken);
        rules.Done(pending.Where(p => !waits.Contains((int)p.VNet)));
        Log.InForce(log, uid, written);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3030, Level = LogLevel.Debug, Message = "Rules of VPC {Vpc} are in force by {Changes} changes")]
        public static partial void InForce(ILogger logger, int vpc, int changes);

        [LoggerMessage(EventId = 3031, Level = LogLevel.Warning, Message = "Rules of VPC {Vpc} cannot be put in force: {Reason}")]
        public static partial void NotInForce(ILogger logger, int vpc, string reason);

        [LoggerMessage(EventId = 3032, Level = LogLevel.Warning, Message = "Rules cannot be looked at: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
