using System.Collections.Immutable;
using Fabric.Intent.Resources;

namespace Fabric.Intent.Identifiers;

/// <summary>Every number that is held or not yet proved released. Immutable; operations take logarithmic time.</summary>
public sealed class IdentifierTable
{
    /// <summary>No number held.</summary>
    public static readonly IdentifierTable Empty = new(
        ImmutableDictionary<(IdentifierScope, IdentifierOwner), Identifier>.Empty,
        ImmutableDictionary<IdentifierScope, ImmutableSortedSet<long>>.Empty,
        ImmutableDictionary<(IdentifierScope, long), IdentifierOwner>.Empty,
        ImmutableDictionary<(IdentifierScope, long), ImmutableSortedSet<int>>.Empty,
        ImmutableDictionary<int, ImmutableDictionary<(IdentifierScope, long), PendingRelease>>.Empty);

    private readonly ImmutableDictionary<(IdentifierScope Scope, IdentifierOwner Owner), Identifier> _held;
    private readonly ImmutableDictionary<IdentifierScope, ImmutableSortedSet<long>> _used;
    private readonly ImmutableDictionary<(IdentifierScope, long), IdentifierOwner> _owners;
    private readonly ImmutableDictionary<(IdentifierScope, long), ImmutableSortedSet<int>> _waiting;
    private readonly ImmutableDictionary<int, ImmutableDictionary<(IdentifierScope, long), PendingRelease>> _byDevice;

    private IdentifierTable(
        ImmutableDictionary<(IdentifierScope, IdentifierOwner), Identifier> held,
        ImmutableDictionary<IdentifierScope, ImmutableSortedSet<long>> used,
        ImmutableDictionary<(IdentifierScope, long), IdentifierOwner> owners,
        ImmutableDictionary<(IdentifierScope, long), ImmutableSortedSet<int>> waiting,
        ImmutableDictionary<int, ImmutableDictionary<(IdentifierScope, long), PendingRelease>> byDevice)
    {
        _held = held;
        _used = used;
        _owners = owners;
        _waiting = waiting;
        _byDevice = byDevice;
    }

    /// <summary>Every number held, in no particular order.</summary>
    public IEnumerable<Identifier> Held => _held.Values;

    /// <summary>Every release that a device has yet to prove, in no particular order.</summary>
    public IEnumerable<PendingRelease> Pending => _byDevice.Values.SelectMany(d => d.Values);

    /// <summary>The number that an owner holds in a scope, or null.</summary>
    public Identifier? Find(IdentifierScope scope, IdentifierOwner owner) => _held.GetValueOrDefault((scope, owner));

    /// <summary>Who holds a number, or null.</summary>
    public IdentifierOwner? OwnerOf(IdentifierScope scope, long value) =>
        _owners.TryGetValue((scope, value), out var owner) ? owner : null;

    /// <summary>The numbers held in a scope, ascending.</summary>
    public IEnumerable<(long Value, IdentifierOwner Owner)> In(IdentifierScope scope) =>
        _used.TryGetValue(scope, out var used) ? used.Select(value => (value, _owners[(scope, value)])) : [];

    /// <summary>Whether some device has yet to prove the number gone.</summary>
    public bool IsQuarantined(IdentifierScope scope, long value) => _waiting.ContainsKey((scope, value));

    /// <summary>Whether this device has yet to prove the number gone.</summary>
    public bool IsPendingOn(int deviceUid, IdentifierScope scope, long value) =>
        _byDevice.TryGetValue(deviceUid, out var pending) && pending.ContainsKey((scope, value));

    /// <summary>The release of one number that a device has yet to prove, or null.</summary>
    public PendingRelease? PendingOn(int deviceUid, IdentifierScope scope, long value) =>
        _byDevice.TryGetValue(deviceUid, out var pending) ? pending.GetValueOrDefault((scope, value)) : null;

    /// <summary>The releases that a device has yet to prove.</summary>
    public IEnumerable<PendingRelease> PendingOn(int deviceUid) => _byDevice.TryGetValue(deviceUid, out var pending) ? pending.Values : [];

    /// <summary>
    /// The next number of a range that nobody holds and no device still carries: above the highest in use, or once the
    /// range's end is reached the lowest gap. Null when the range is exhausted.
    /// </summary>
    /// <param name="scope">Where the number shall be unique.</param>
    /// <param name="range">The range to take it from.</param>
    /// <param name="isTaken">Further numbers to keep clear of.</param>
    public long? NextFree(IdentifierScope scope, NumberRange range, Func<long, bool>? isTaken = null)
    {
        var used = _used.GetValueOrDefault(scope, []);
        var start = HighestIn(used, range) is { } highest ? highest + 1 : range.First;
        for (var value = start; value <= range.Last; value++)
        {
            if (IsFree(value))
            {
                return value;
            }
        }

        for (var value = NextGap(used, range.First); value < start; value = NextGap(used, value + 1))
        {
            if (IsFree(value))
            {
                return value;
            }
        }

        return null;

        bool IsFree(long value) => !used.Contains(value) && !IsQuarantined(scope, value) && isTaken?.Invoke(value) != true;
    }

    /// <summary>The table with a number in its owner's hands, in place of the one the owner held before in that scope.</summary>
    /// <exception cref="InvalidOperationException">Another owner holds the number.</exception>
    public IdentifierTable Hold(Identifier identifier)
    {
        if (OwnerOf(identifier.Scope, identifier.Value) is { } other && other != identifier.Owner)
        {
            throw new InvalidOperationException($"{identifier.Scope.Space} {identifier.Value} is held by {other}");
        }

        var table = Drop(identifier.Scope, identifier.Owner);
        var used = table._used.GetValueOrDefault(identifier.Scope, []);
        return new(
            table._held.SetItem((identifier.Scope, identifier.Owner), identifier),
            table._used.SetItem(identifier.Scope, used.Add(identifier.Value)),
            table._owners.SetItem((identifier.Scope, identifier.Value), identifier.Owner),
            _waiting,
            _byDevice);
    }

    /// <summary>The table without the number that an owner held in a scope. The same table when there was none.</summary>
    public IdentifierTable Drop(IdentifierScope scope, IdentifierOwner owner)
    {
        if (!_held.TryGetValue((scope, owner), out var identifier))
        {
            return this;
        }

        var rest = _used[scope].Remove(identifier.Value);
        return new(
            _held.Remove((scope, owner)),
            rest.IsEmpty ? _used.Remove(scope) : _used.SetItem(scope, rest),
            _owners.Remove((scope, identifier.Value)),
            _waiting,
            _byDevice);
    }

    /// <summary>The table with a number kept back until a device has proved it gone.</summary>
    public IdentifierTable Await(PendingRelease release)
    {
        var key = (release.Scope, release.Value);
        return new(
            _held,
            _used,
            _owners,
            _waiting.SetItem(key, _waiting.GetValueOrDefault(key, []).Add(release.DeviceUid)),
            _byDevice.SetItem(
                release.DeviceUid,
                _byDevice.GetValueOrDefault(release.DeviceUid, ImmutableDictionary<(IdentifierScope, long), PendingRelease>.Empty).SetItem(key, release)));
    }

    /// <summary>The table after a device has proved a number gone, or has left the inventory.</summary>
    public IdentifierTable Proved(PendingRelease release)
    {
        var key = (release.Scope, release.Value);
        if (!_byDevice.TryGetValue(release.DeviceUid, out var pending) || !pending.ContainsKey(key))
        {
            return this;
        }

        var devices = _waiting[key].Remove(release.DeviceUid);
        var rest = pending.Remove(key);
        return new(
            _held,
            _used,
            _owners,
            devices.IsEmpty ? _waiting.Remove(key) : _waiting.SetItem(key, devices),
            rest.IsEmpty ? _byDevice.Remove(release.DeviceUid) : _byDevice.SetItem(release.DeviceUid, rest));
    }

    /// <summary>
    /// The lowest number from <paramref name="first"/> on that is not in the set. Within a run without gaps a number's distance from the
    /// first equals its distance in the order, so the run's end is found by halving.
    /// </summary>
    private static long NextGap(ImmutableSortedSet<long> used, long first)
    {
        var start = used.IndexOf(first);
        if (start < 0)
        {
            return first;
        }

        var (low, high) = (start, used.Count - 1);
        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            (low, high) = used[middle] - first == middle - start ? (middle, high) : (low, middle - 1);
        }

        return used[low] + 1;
    }

    private static long? HighestIn(ImmutableSortedSet<long> used, NumberRange range)
    {
        var index = used.IndexOf(range.Last);
        if (index < 0)
        {
            index = ~index - 1;
        }

        return index >= 0 && used[index] >= range.First ? used[index] : null;
    }
}
