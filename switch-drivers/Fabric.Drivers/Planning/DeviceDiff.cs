using System.Collections.Immutable;
using Fabric.Drivers.State;

namespace Fabric.Drivers.Planning;

/// <summary>
/// The one diff between two states of a device. Removals come first, dependents before what they depend on; then additions
/// and modifications, each after what it depends on. What cannot be modified in place (<see cref="DeviceObject.CanBecome"/>) is
/// removed and made anew, with all that depends on it. The result depends on the two states only.
/// </summary>
public static class DeviceDiff
{
    /// <summary>The changes that take a device from <paramref name="current"/> to <paramref name="desired"/>.</summary>
    /// <exception cref="InvalidOperationException">Objects depend on each other in a circle: a fault of their definition.</exception>
    public static DevicePlan Compute(DeviceState current, DeviceState desired)
    {
        var (removed, written) = Differences(current, desired);
        if (removed.Count == 0 && written.Count == 0)
        {
            return new DevicePlan(current, []);
        }

        var replaced = Replaced(current, desired, written);
        if (replaced.Count > 0)
        {
            removed.AddRange(current.Where(o => replaced.Contains(o.Key)));
            written = [.. desired.Where(o => replaced.Contains(o.Key) || !o.Equals(current.Find(o.Key)))];
        }

        var changes = ImmutableArray.CreateBuilder<DeviceChange>(removed.Count + written.Count);
        var removals = InDependencyOrder(removed);
        removals.Reverse();
        changes.AddRange(removals.Select(o => new DeviceChange(o, null)));
        changes.AddRange(InDependencyOrder(written)
            .Select(o => new DeviceChange(replaced.Contains(o.Key) ? null : current.Find(o.Key), o)));
        return new DevicePlan(current, changes.MoveToImmutable());
    }

    /// <summary>The objects that only <paramref name="current"/> has, and those of <paramref name="desired"/> that it has not or has otherwise; in key order.</summary>
    private static (List<DeviceObject> Removed, List<DeviceObject> Written) Differences(DeviceState current, DeviceState desired)
    {
        List<DeviceObject> removed = [];
        List<DeviceObject> written = [];
        using var left = current.Keyed.GetEnumerator();
        using var right = desired.Keyed.GetEnumerator();
        var hasLeft = left.MoveNext();
        var hasRight = right.MoveNext();
        while (hasLeft || hasRight)
        {
            var order = !hasLeft ? 1 : !hasRight ? -1 : left.Current.Key.CompareTo(right.Current.Key);
            if (order < 0)
            {
                removed.Add(left.Current.Value);
            }
            else if (order > 0 || !right.Current.Value.Equals(left.Current.Value))
            {
                written.Add(right.Current.Value);
            }

            hasLeft = order <= 0 ? left.MoveNext() : hasLeft;
            hasRight = order >= 0 ? right.MoveNext() : hasRight;
        }

        return (removed, written);
    }

    /// <summary>Objects that cannot be modified in place, and all that both states have depending on them.</summary>
    private static HashSet<ObjectKey> Replaced(DeviceState current, DeviceState desired, List<DeviceObject> written)
    {
        var replaced = written
            .Where(o => current.Find(o.Key) is { } before && !before.CanBecome(o))
            .Select(o => o.Key)
            .ToHashSet();
        var before = -1;
        while (replaced.Count > 0 && before != replaced.Count)
        {
            before = replaced.Count;
            replaced.UnionWith(desired
                .Where(o => current.Find(o.Key) is { } present && o.DependsOn.Concat(present.DependsOn).Any(replaced.Contains))
                .Select(o => o.Key)
                .ToList());
        }

        return replaced;
    }

    /// <summary>The state that a device has after a plan has been carried out on it.</summary>
    /// <exception cref="InvalidOperationException">A change does not fit the state: its <see cref="DeviceChange.Before"/> is not what the device has.</exception>
    public static DeviceState Apply(DeviceState state, DevicePlan plan)
    {
        foreach (var change in plan.Changes)
        {
            if (!Equals(state.Find(change.Key), change.Before))
            {
                throw new InvalidOperationException($"the plan was made for another state: {change.Key} differs");
            }

            state = change.After is null ? state.Without(change.Key) : state.With(change.After);
        }

        return state;
    }

    private static List<DeviceObject> InDependencyOrder(List<DeviceObject> objects)
    {
        var open = objects.ToDictionary(o => o.Key);
        var visiting = new HashSet<ObjectKey>();
        var ordered = new List<DeviceObject>(objects.Count);
        foreach (var item in objects)
        {
            Visit(item);
        }

        return ordered;

        void Visit(DeviceObject item)
        {
            if (!open.ContainsKey(item.Key))
            {
                return;
            }

            if (!visiting.Add(item.Key))
            {
                throw new InvalidOperationException($"{item.Key} depends on itself");
            }

            foreach (var dependency in item.DependsOn.Order())
            {
                if (open.TryGetValue(dependency, out var needed))
                {
                    Visit(needed);
                }
            }

            open.Remove(item.Key);
            ordered.Add(item);
        }
    }
}
