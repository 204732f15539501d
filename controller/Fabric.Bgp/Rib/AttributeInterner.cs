using System.Runtime.InteropServices;
using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Rib;

/// <summary>Keeps one instance of equal attribute sets, with a count of the routes that use it. Belongs to one owner, is not safe for several.</summary>
internal sealed class AttributeInterner
{
    private readonly Dictionary<PathAttributes, Shared> _shared = [];

    public int Count => _shared.Count;

    /// <summary>The kept instance, with one more user.</summary>
    public PathAttributes Take(PathAttributes attributes)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_shared, attributes, out var exists);
        if (!exists)
        {
            entry.Attributes = attributes;
        }

        entry.Users++;
        return entry.Attributes;
    }

    /// <summary>One user less; the last one removes the set.</summary>
    public void Release(PathAttributes attributes)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_shared, attributes);
        if (--entry.Users == 0)
        {
            _shared.Remove(attributes);
        }
    }

    private struct Shared
    {
        public PathAttributes Attributes;
        public int Users;
    }
}
