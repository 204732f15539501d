using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>Puts an AS before the AS path.</summary>
/// <param name="Asn">The AS.</param>
/// <param name="Times">How often, 1..16.</param>
public sealed record PrependAs(Asn Asn, int Times) : RouteEdit
{
    /// <summary>The most times an AS is put there by one edit.</summary>
    public const int MaxTimes = 16;

    private const int LongestSegment = 255;

    private readonly ImmutableArray<uint> _numbers = [.. Enumerable.Repeat(Asn.Value, Times is >= 1 and <= MaxTimes ? Times : throw new ArgumentOutOfRangeException(nameof(Times), Times, "1..16"))];

    /// <inheritdoc/>
    public override string Text => $"prepend {Asn} {Times} times";

    /// <inheritdoc/>
    public bool Equals(PrependAs? other) => other is not null && Asn == other.Asn && Times == other.Times;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Asn, Times);

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes)
    {
        var segments = attributes.AsPath.Segments;
        attributes.AsPath = segments is [{ Kind: AsPathSegmentKind.Sequence } first, ..] && first.Numbers.Length + Times <= LongestSegment
            ? new AsPath(segments.SetItem(0, first with { Numbers = [.. _numbers, .. first.Numbers] }))
            : new AsPath(segments.Insert(0, new AsPathSegment(AsPathSegmentKind.Sequence, _numbers)));
    }
}
