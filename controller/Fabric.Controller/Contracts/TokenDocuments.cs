using System.Collections.Immutable;

namespace Fabric.Controller.Contracts;

/// <summary>A token to be made.</summary>
public sealed record TokenRequest
{
    /// <summary>What its holder is called in the audit log; unique among valid tokens.</summary>
    public required string Name { get; init; }

    /// <summary><c>viewer</c>, <c>operator</c> or <c>admin</c>.</summary>
    public required string Role { get; init; }

    /// <summary>From when on it is useless; absent: never.</summary>
    public DateTimeOffset? Expires { get; init; }
}

/// <summary>A token.</summary>
public sealed record TokenDocument
{
    /// <summary>Names it for life.</summary>
    public required string Id { get; init; }

    /// <summary>What its holder is called in the audit log.</summary>
    public required string Name { get; init; }

    /// <summary><c>viewer</c>, <c>operator</c> or <c>admin</c>.</summary>
    public required string Role { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>From when on it is useless; absent: never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>When it was revoked; absent: not.</summary>
    public DateTimeOffset? Revoked { get; init; }

    /// <summary>The secret to send. Only in the response that made it; it cannot be seen again.</summary>
    public string? Token { get; init; }
}

/// <summary>All tokens.</summary>
/// <param name="Items">The tokens, oldest first, revoked and expired ones included.</param>
public sealed record TokenList(ImmutableArray<TokenDocument> Items);
