using System.Collections.Immutable;
using System.Text;

namespace Fabric.Bgp.Attributes;

/// <summary>The kind of an AS_PATH segment, RFC 4271 section 4.3 and RFC 5065.</summary>
public enum AsPathSegmentKind : byte
{
    /// <summary>Unordered.</summary>
    Set = 1,

    /// <summary>Ordered.</summary>
    Sequence = 2,

    /// <summary>Ordered, inside a confederation.</summary>
    ConfederationSequence = 3,

    /// <summary>Unordered, inside a confederation.</summary>
    ConfederationSet = 4,
}

/// <summary>One segment of an AS_PATH.</summary>
/// <param name="Kind">Set or sequence.</param>
/// <param name="Numbers">AS numbers, four octets each.</param>
public sealed record AsPathSegment(AsPathSegmentKind Kind, ImmutableArray<uint> Numbers)
{
    /// <inheritdoc/>
    public bool Equals(AsPathSegment? other) => other is not null && Kind == other.Kind && Numbers.AsSpan().SequenceEqual(other.Numbers.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Kind);
        foreach (var number in Numbers)
        {
            hash.Add(number);
        }

        return hash.ToHashCode();
    }
}

/// <summary>An AS_PATH, nearest AS first.</summary>
/// <param name="Segments">Its segments.</param>
public sealed record AsPath(ImmutableArray<AsPathSegment> Segments)
{
    /// <summary>The path of a route that originates in the local AS.</summary>
    public static AsPath Empty { get; } = new([]);

    /// <summary>Length for best-path selection: a set counts 1, confederation segments 0 (RFC 4271 section 9.1.2.2, RFC 5065).</summary>
    public int Length => Segments.Sum(static s => s.Kind switch
    {
        AsPathSegmentKind.Sequence => s.Numbers.Length,
        AsPathSegmentKind.Set => 1,
        _ => 0,
    });

    /// <summary>The nearest AS; null when the path is empty or begins with a set.</summary>
    public uint? First => Segments is [{ Kind: AsPathSegmentKind.Sequence, Numbers: [var first, ..] }, ..] ? first : null;

    /// <summary>A path that is one sequence.</summary>
    public static AsPath Sequence(params ReadOnlySpan<uint> numbers) =>
        numbers.IsEmpty ? Empty : new([new AsPathSegment(AsPathSegmentKind.Sequence, [.. numbers])]);

    /// <inheritdoc/>
    public bool Equals(AsPath? other) => other is not null && Segments.AsSpan().SequenceEqual(other.Segments.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var segment in Segments)
        {
            hash.Add(segment);
        }

        return hash.ToHashCode();
    }

    /// <summary>As FRR writes it: "65001 65011 {1,2} (3 4)".</summary>
    public override string ToString()
    {
        var builder = new StringBuilder();
        foreach (var segment in Segments)
        {
            var (open, separator, close) = segment.Kind switch
            {
                AsPathSegmentKind.Set => ("{", ",", "}"),
                AsPathSegmentKind.ConfederationSequence => ("(", " ", ")"),
                AsPathSegmentKind.ConfederationSet => ("[", ",", "]"),
                _ => ("", " ", ""),
            };
            builder.Append(builder.Length > 0 ? " " : "").Append(open).AppendJoin(separator, segment.Numbers).Append(close);
        }

        return builder.ToString();
    }
}
