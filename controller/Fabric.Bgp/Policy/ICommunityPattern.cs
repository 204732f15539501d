using System.Diagnostics.CodeAnalysis;

namespace Fabric.Bgp.Policy;

/// <summary>A community whose parts may be left open with <c>*</c>.</summary>
/// <typeparam name="TSelf">The pattern itself.</typeparam>
/// <typeparam name="TCommunity">The communities it is for.</typeparam>
public interface ICommunityPattern<TSelf, TCommunity>
    where TSelf : struct, ICommunityPattern<TSelf, TCommunity>
    where TCommunity : struct, IEquatable<TCommunity>
{
    /// <summary>What the communities are called, e.g. "large community".</summary>
    static abstract string Kind { get; }

    /// <summary>The one community it stands for; null when a part is open.</summary>
    TCommunity? Exact { get; }

    /// <summary>Whether the community is one of those it stands for.</summary>
    bool Matches(TCommunity community);

    /// <summary>Parses the text form; never throws.</summary>
    /// <param name="text">The text; hostile until parsed.</param>
    /// <param name="pattern">The pattern, or the default when the result is false.</param>
    /// <param name="error">Why the text was refused, in words for a user.</param>
    static abstract bool TryParse(string text, out TSelf pattern, [NotNullWhen(false)] out string? error);
}
