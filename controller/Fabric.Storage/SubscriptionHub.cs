using System.Collections.Immutable;

namespace Fabric.Storage;

/// <summary>Hands committed changes to whoever listens. Called by the writer only, in commit order.</summary>
internal sealed class SubscriptionHub
{
    private ImmutableList<IntentSubscription> _subscriptions = [];

    public IntentSubscription Subscribe(int capacity)
    {
        var subscription = new IntentSubscription(capacity, ended => ImmutableInterlocked.Update(ref _subscriptions, all => all.Remove(ended)));
        ImmutableInterlocked.Update(ref _subscriptions, all => all.Add(subscription));
        return subscription;
    }

    public void Publish(CommittedChange change)
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Offer(change);
        }
    }

    /// <summary>Ends every subscription as if it had been too slow: its reader starts again from the current snapshot.</summary>
    public void BreakAll()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Break();
        }
    }
}
