using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Rib;

/// <summary>All attribute sets in use. Belongs to the engine.</summary>
internal sealed class AttributeSets
{
    private readonly Dictionary<PathAttributes, AttributeSet> _byContent = [];
    private readonly Stack<int> _free = new();
    private AttributeSet?[] _byId = new AttributeSet?[64];
    private int _top = 1;

    /// <summary>Told of sets that come into use and go out of use.</summary>
    public Action<AttributeSet, bool>? OnUse { get; set; }

    public int Count => _byContent.Count;

    public AttributeSet this[int id] => _byId[id]!;

    /// <summary>The set with this content; whoever takes it holds it by <see cref="AttributeSet.Users"/>, and gives it back by <see cref="Release"/>.</summary>
    public AttributeSet Take(PathAttributes attributes)
    {
        if (!_byContent.TryGetValue(attributes, out var set))
        {
            if (!_free.TryPop(out var id))
            {
                id = _top++;
                if (id == _byId.Length)
                {
                    Array.Resize(ref _byId, _byId.Length * 2);
                }
            }

            set = new AttributeSet(id, attributes);
            _byId[id] = set;
            _byContent.Add(attributes, set);
            OnUse?.Invoke(set, true);
        }

        set.Users++;
        return set;
    }

    public void Release(AttributeSet set)
    {
        if (--set.Users == 0)
        {
            OnUse?.Invoke(set, false);
            _byContent.Remove(set.Attributes);
            _byId[set.Id] = null;
            _free.Push(set.Id);
        }
    }
}
