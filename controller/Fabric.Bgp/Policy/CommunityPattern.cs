using System.Diagnostics.CodeAnalysis;

namespace Fabric.Bgp.Policy;

/// <summary>A standard community (RFC 1997), such as <c>65000:100</c>, <c>65000:*</c> or <c>no-export</c>.</summary>
/// <param name="High">The upper 16 bits; null for any.</param>
/// <param name="Low">The lower 16 bits; null for any.</param>
public readonly record struct CommunityPattern(ushort? High, ushort? Low) : ICommunityPattern<CommunityPattern, uint>
{
    /// <summary>Well-known communities by name: RFC 1997, 3765, 7999, 8326, 9494.</summary>
    private static readonly (string Name, CommunityPattern Pattern)[] Names =
    [
        ("graceful-shutdown", new(0xffff, 0)), ("llgr-stale", new(0xffff, 6)), ("no-llgr", new(0xffff, 7)), ("blackhole", new(0xffff, 666)),
        ("no-export", new(0xffff, 0xff01)), ("no-advertise", new(0xffff, 0xff02)), ("no-export-subconfed", new(0xffff, 0xff03)), ("no-peer", new(0xffff, 0xff04)),
    ];

    /// <inheritdoc/>
    public static string Kind => "community";

    /// <inheritdoc/>
    public uint? Exact => High is { } high && Low is { } low ? ((uint)high << 16) | low : null;

    /// <inheritdoc/>
    public bool Matches(uint community) => (High is null || High == community >> 16) && (Low is null || Low == (ushort)community);

    /// <inheritdoc/>
    public static bool TryParse(string text, out CommunityPattern pattern, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        error = null;
        foreach (var (name, known) in Names)
        {
            if (name == text)
            {
                pattern = known;
                return true;
            }
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0
            && PatternPart.TryParse(text.AsSpan(0, colon), ushort.MaxValue, out var high)
            && PatternPart.TryParse(text.AsSpan(colon + 1), ushort.MaxValue, out var low))
        {
            pattern = new((ushort?)high, (ushort?)low);
            return true;
        }

        pattern = default;
        error = $"a community is written like 65000:100, 65000:* or no-export, got {PatternPart.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        foreach (var (name, known) in Names)
        {
            if (known == this)
            {
                return name;
            }
        }

        return $"{PatternPart.Format(High)}:{PatternPart.Format(Low)}";
    }
}
