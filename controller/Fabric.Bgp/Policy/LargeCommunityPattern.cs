using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy;

/// <summary>A large community (RFC 8092), such as <c>65000:1:2</c> or <c>65000:*:*</c>.</summary>
/// <param name="Administrator">Global administrator; null for any.</param>
/// <param name="Data1">First local part; null for any.</param>
/// <param name="Data2">Second local part; null for any.</param>
public readonly record struct LargeCommunityPattern(uint? Administrator, uint? Data1, uint? Data2) : ICommunityPattern<LargeCommunityPattern, LargeCommunity>
{
    /// <inheritdoc/>
    public static string Kind => "large community";

    /// <inheritdoc/>
    public LargeCommunity? Exact => Administrator is { } administrator && Data1 is { } data1 && Data2 is { } data2 ? new(administrator, data1, data2) : null;

    /// <inheritdoc/>
    public bool Matches(LargeCommunity community) =>
        (Administrator is null || Administrator == community.Administrator)
        && (Data1 is null || Data1 == community.Data1)
        && (Data2 is null || Data2 == community.Data2);

    /// <inheritdoc/>
    public static bool TryParse(string text, out LargeCommunityPattern pattern, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        Span<Range> parts = stackalloc Range[4];
        var span = text.AsSpan();
        if (span.Split(parts, ':') == 3
            && PatternPart.TryParse(span[parts[0]], uint.MaxValue, out var administrator)
            && PatternPart.TryParse(span[parts[1]], uint.MaxValue, out var data1)
            && PatternPart.TryParse(span[parts[2]], uint.MaxValue, out var data2))
        {
            pattern = new(administrator, data1, data2);
            error = null;
            return true;
        }

        pattern = default;
        error = $"a large community is written like 65000:1:2 or 65000:*:*, got {PatternPart.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{PatternPart.Format(Administrator)}:{PatternPart.Format(Data1)}:{PatternPart.Format(Data2)}";
}
