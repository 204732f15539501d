using System.Collections.Immutable;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>What the controller wants, as far as the bridge looks at it, as of one revision. Immutable.</summary>
public sealed class IntentView
{
    /// <summary>Nothing yet.</summary>
    public static readonly IntentView Empty = new(
        0,
        Kinds.All.ToImmutableDictionary(k => k.Kind, _ => ImmutableSortedDictionary<int, Resource>.Empty),
        ImmutableDictionary<(string, string), Resource>.Empty);

    private readonly ImmutableDictionary<string, ImmutableSortedDictionary<int, Resource>> _kinds;
    private readonly ImmutableDictionary<(string Kind, string Name), Resource> _names;

    private IntentView(
        long revision, ImmutableDictionary<string, ImmutableSortedDictionary<int, Resource>> kinds, ImmutableDictionary<(string, string), Resource> names) =>
        (Revision, _kinds, _names) = (revision, kinds, names);

    /// <summary>The revision.</summary>
    public long Revision { get; }

    /// <summary>The resources of a kind, in the order in which they were made.</summary>
    public IEnumerable<Resource> All(string kind) => _kinds[kind].Values;

    /// <summary>A resource by its kind and number; null: there is none.</summary>
    public Resource? Find(string kind, int uid) => _kinds[kind].GetValueOrDefault(uid);

    /// <summary>A resource by its kind and the controller's name; null: there is none.</summary>
    public Resource? Find(string kind, string name) => _names.GetValueOrDefault((kind, name));

    /// <summary>The resources of a kind whose spec names a VPC.</summary>
    public IEnumerable<Resource> In(Resource vpc, string kind) => All(kind).Where(r => r.Text("vpc") == vpc.Name);

    /// <summary>The VPC that a resource names.</summary>
    public Resource VpcOf(Resource resource) => Find(Kinds.Vpc, resource.Text("vpc")!)!;

    /// <summary>The system VPCs, the oldest first: it is the one that clients find.</summary>
    public IEnumerable<Resource> SystemVpcs => All(Kinds.Vpc).Where(v => v.Flag("system"));

    /// <summary>The VPC that is meant where none is named; null: there is no system VPC.</summary>
    public Resource? DefaultVpc => SystemVpcs.FirstOrDefault();

    /// <summary>This with resources changed and removed, as of a revision.</summary>
    public IntentView With(long revision, IEnumerable<(bool Deleted, Resource Resource)> changes)
    {
        var kinds = _kinds.ToBuilder();
        var names = _names.ToBuilder();
        foreach (var (deleted, resource) in changes)
        {
            if (!kinds.TryGetValue(resource.Kind, out var ofKind))
            {
                continue;
            }

            var key = (resource.Kind, resource.Name);
            if (deleted)
            {
                kinds[resource.Kind] = ofKind.Remove(resource.Uid);
                if (names.TryGetValue(key, out var named) && named.Uid == resource.Uid)
                {
                    names.Remove(key);
                }
            }
            else if (!ofKind.TryGetValue(resource.Uid, out var present) || present.Revision <= resource.Revision)
            {
                kinds[resource.Kind] = ofKind.SetItem(resource.Uid, resource);
                names[key] = resource;
            }
        }

        return new IntentView(Math.Max(revision, Revision), kinds.ToImmutable(), names.ToImmutable());
    }
}
