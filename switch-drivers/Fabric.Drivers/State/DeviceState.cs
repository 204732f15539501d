using System.Collections;
using System.Collections.Immutable;

namespace Fabric.Drivers.State;

/// <summary>
/// All that Fabric wants of a device, or all that a device says of itself: objects keyed by <see cref="ObjectKey"/>, in
/// key order. One shape for desired and actual state, so that one diff serves every operating system.
/// </summary>
public sealed class DeviceState : IReadOnlyCollection<DeviceObject>, IEquatable<DeviceState>
{
    /// <summary>A device without any object.</summary>
    public static readonly DeviceState Empty = new(ImmutableSortedDictionary<ObjectKey, DeviceObject>.Empty);

    private readonly ImmutableSortedDictionary<ObjectKey, DeviceObject> _objects;

    private DeviceState(ImmutableSortedDictionary<ObjectKey, DeviceObject> objects) => _objects = objects;

    /// <inheritdoc/>
    public int Count => _objects.Count;

    /// <summary>The state made of these objects.</summary>
    /// <exception cref="ArgumentException">Two objects have the same key and different values.</exception>
    public static DeviceState Of(IEnumerable<DeviceObject> objects) =>
        new(objects.ToImmutableSortedDictionaryChecked());

    /// <summary>The objects with their keys, in key order: for walks that would otherwise make every key anew.</summary>
    public IEnumerable<KeyValuePair<ObjectKey, DeviceObject>> Keyed => _objects;

    /// <summary>The object with this key, or null.</summary>
    public DeviceObject? Find(ObjectKey key) => _objects.GetValueOrDefault(key);

    /// <summary>Whether there is an object with this key.</summary>
    public bool Contains(ObjectKey key) => _objects.ContainsKey(key);

    /// <summary>The objects of one type, in key order.</summary>
    public IEnumerable<T> All<T>()
        where T : DeviceObject => _objects.Values.OfType<T>();

    /// <summary>The state with this object put in place of any with the same key.</summary>
    public DeviceState With(DeviceObject item) => new(_objects.SetItem(item.Key, item));

    /// <summary>The state without the object of this key.</summary>
    public DeviceState Without(ObjectKey key) => new(_objects.Remove(key));

    /// <inheritdoc/>
    public bool Equals(DeviceState? other) =>
        other is not null && (ReferenceEquals(this, other) || _objects.Values.SequenceEqual(other._objects.Values));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DeviceState);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in _objects.Values)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<DeviceObject> GetEnumerator() => _objects.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

file static class SortedDictionaryExtensions
{
    public static ImmutableSortedDictionary<ObjectKey, DeviceObject> ToImmutableSortedDictionaryChecked(this IEnumerable<DeviceObject> objects)
    {
        var builder = ImmutableSortedDictionary.CreateBuilder<ObjectKey, DeviceObject>();
        foreach (var item in objects)
        {
            var key = item.Key;
            if (builder.TryGetValue(key, out var present) && !present.Equals(item))
            {
                throw new ArgumentException($"two different objects are called {key}", nameof(objects));
            }

            builder[key] = item;
        }

        return builder.ToImmutable();
    }
}
