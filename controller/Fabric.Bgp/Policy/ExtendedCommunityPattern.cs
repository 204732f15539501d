using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy;

/// <summary>
/// An extended community (RFC 4360): <c>rt:</c> and a route target, <c>encap:vxlan</c>, <c>default-gateway</c>, or 0x and 16 hex digits,
/// each of which may be <c>*</c>, such as <c>0x0003fde8********</c> for all site origins of AS 65000.
/// </summary>
public readonly record struct ExtendedCommunityPattern : ICommunityPattern<ExtendedCommunityPattern, ExtendedCommunity>
{
    private const string RouteTargetPrefix = "rt:";
    private const int Digits = 16;

    private static readonly (string Name, ExtendedCommunityPattern Pattern)[] Names =
    [
        ("encap:vxlan", new(null, ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel).Bits, ulong.MaxValue)),
        ("default-gateway", new(null, ExtendedCommunity.DefaultGateway().Bits, ulong.MaxValue)),
    ];

    private readonly RouteTargetPattern? _target;
    private readonly ulong _bits;
    private readonly ulong _mask;

    private ExtendedCommunityPattern(RouteTargetPattern? target, ulong bits, ulong mask)
    {
        _target = target;
        _bits = bits;
        _mask = mask;
    }

    /// <inheritdoc/>
    public static string Kind => "extended community";

    /// <inheritdoc/>
    public ExtendedCommunity? Exact => _target is { } target ? target.Exact : _mask == ulong.MaxValue ? new(_bits) : null;

    /// <inheritdoc/>
    public bool Matches(ExtendedCommunity community) => _target is { } target ? target.Matches(community) : (community.Bits & _mask) == _bits;

    /// <inheritdoc/>
    public static bool TryParse(string text, out ExtendedCommunityPattern pattern, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        pattern = default;
        error = null;
        if (text.StartsWith(RouteTargetPrefix, StringComparison.Ordinal))
        {
            if (!RouteTargetPattern.TryParse(text[RouteTargetPrefix.Length..], out var target, out error))
            {
                return false;
            }

            pattern = new(target, 0, 0);
            return true;
        }

        foreach (var (name, known) in Names)
        {
            if (name == text)
            {
                pattern = known;
                return true;
            }
        }

        if (text.Length == 2 + Digits && text.StartsWith("0x", StringComparison.Ordinal) && text.AsSpan(2).IndexOfAnyExcept("0123456789abcdefABCDEF*") < 0)
        {
            var digits = text[2..];
            var mask = ulong.Parse(string.Concat(digits.Select(static d => d == '*' ? '0' : 'f')), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            pattern = new(null, ulong.Parse(digits.Replace('*', '0'), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), mask);
            return true;
        }

        error = $"an extended community is written like rt:65000:100, rt:65000:*, encap:vxlan, default-gateway or 0x0003fde8********, got {PatternPart.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (_target is { } target)
        {
            return $"{RouteTargetPrefix}{target}";
        }

        foreach (var (name, known) in Names)
        {
            if (known == this)
            {
                return name;
            }
        }

        var (bits, mask) = ($"{_bits:x16}", $"{_mask:x16}");
        return "0x" + string.Concat(bits.Select((digit, i) => mask[i] == 'f' ? digit : '*'));
    }
}
