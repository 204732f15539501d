using System.Buffers.Binary;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>The route targets a peer wants routes of. Belongs to the engine.</summary>
/// <remarks>
/// RFC 4684 section 4: | bits 1 (0, 32..96) | origin AS 4 | route target 8 |. What the route target's octets begin with is wanted, whoever the origin is;
/// a membership without target octets wants everything.
/// </remarks>
internal sealed class RouteTargetInterest
{
    private const int OriginBits = 32;

    // The same target may be wanted by several origins: counted.
    private readonly Dictionary<(ulong Bits, int Length), int> _wanted = [];
    private readonly HashSet<int> _lengths = [];

    /// <summary>Whether the peer has said all that it wants for now: its End-of-RIB of the family came.</summary>
    public bool Complete { get; set; }

    /// <summary>What is wanted, each once.</summary>
    public IReadOnlyCollection<(ulong Bits, int Length)> Targets => _wanted.Keys;

    /// <summary>Whether everything is wanted.</summary>
    public bool All => _wanted.ContainsKey((0, 0));

    /// <summary>The target octets of a membership: the leading bits and how many.</summary>
    public static (ulong Bits, int Length) Decode(ReadOnlySpan<byte> nlri)
    {
        var length = Math.Max(0, nlri[0] - OriginBits);
        Span<byte> target = stackalloc byte[8];
        if (length > 0)
        {
            nlri[5..].CopyTo(target);
        }

        var bits = BinaryPrimitives.ReadUInt64BigEndian(target);
        return (length == 0 ? 0 : bits & (ulong.MaxValue << (64 - length)), length);
    }

    /// <summary>One more membership. True when its target was not wanted before.</summary>
    public bool Add((ulong Bits, int Length) target)
    {
        _wanted.TryGetValue(target, out var count);
        _wanted[target] = count + 1;
        _lengths.Add(target.Length);
        return count == 0;
    }

    /// <summary>One membership less. True when its target is not wanted any more.</summary>
    public bool Remove((ulong Bits, int Length) target)
    {
        if (!_wanted.TryGetValue(target, out var count))
        {
            return false;
        }

        if (count > 1)
        {
            _wanted[target] = count - 1;
            return false;
        }

        return _wanted.Remove(target);
    }

    public bool Wants(ulong target)
    {
        foreach (var length in _lengths)
        {
            if (_wanted.ContainsKey((length == 0 ? 0 : target & (ulong.MaxValue << (64 - length)), length)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether routes with these attributes are wanted. Routes without a target are wanted only by those who want all.</summary>
    public bool Wants(AttributeSet set)
    {
        foreach (var target in set.Targets)
        {
            if (Wants(target))
            {
                return true;
            }
        }

        return All;
    }
}
