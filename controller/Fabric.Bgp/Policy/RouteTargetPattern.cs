using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>
/// A route target, such as <c>65000:100</c>, <c>65000:*</c> (two-octet ASN), <c>4200000000:*</c> or <c>65000L:*</c> (four-octet
/// ASN), <c>10.0.0.1:*</c>, or <c>*:100</c>, which leaves the administrator and its type open.
/// </summary>
public readonly record struct RouteTargetPattern : ICommunityPattern<RouteTargetPattern, ExtendedCommunity>
{
    private readonly RouteTarget _target;
    private readonly bool _anyAdministrator;
    private readonly bool _anyNumber;

    private RouteTargetPattern(RouteTarget target, bool anyAdministrator, bool anyNumber)
    {
        _target = target;
        _anyAdministrator = anyAdministrator;
        _anyNumber = anyNumber;
    }

    /// <summary>Exactly this one.</summary>
    public RouteTargetPattern(RouteTarget target)
        : this(target, false, false)
    {
    }

    /// <inheritdoc/>
    public static string Kind => "route target";

    /// <inheritdoc/>
    public ExtendedCommunity? Exact => _anyAdministrator || _anyNumber ? null : ExtendedCommunity.Of(_target);

    /// <inheritdoc/>
    public bool Matches(ExtendedCommunity community) =>
        community.RouteTarget is { } target
        && (_anyAdministrator || (target.Type == _target.Type && Administrator(target) == Administrator(_target)))
        && (_anyNumber || target.Number == _target.Number);

    /// <inheritdoc/>
    public static bool TryParse(string text, out RouteTargetPattern pattern, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (anyAdministrator, anyNumber) = (text.StartsWith("*:", StringComparison.Ordinal), text.EndsWith(":*", StringComparison.Ordinal));
        var exact = colon < 0 ? text : $"{(anyAdministrator ? "0" : text[..colon])}:{(anyNumber ? "0" : text[(colon + 1)..])}";
        if (RouteTarget.TryParse(exact, out var target, out _))
        {
            pattern = new(target, anyAdministrator, anyNumber);
            error = null;
            return true;
        }

        pattern = default;
        error = $"a route target is written like 65000:100, 10.0.0.1:100, 65000:* or *:100, got {PatternPart.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = _target.ToString();
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return $"{(_anyAdministrator ? "*" : text[..colon])}:{(_anyNumber ? "*" : text[(colon + 1)..])}";
    }

    private static ulong Administrator(RouteTarget target) => (target.Bits & 0xffff_ffff_ffff) >> (target.Type == 0 ? 32 : 16);
}
