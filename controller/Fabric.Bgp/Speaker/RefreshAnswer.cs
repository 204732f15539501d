using System.Collections.Immutable;

namespace Fabric.Bgp.Speaker;

/// <summary>What came of the wish that a peer send its routes again.</summary>
/// <param name="Outcome">Whether it was asked, or why not.</param>
/// <param name="Families">What it was asked for.</param>
public sealed record RefreshAnswer(RefreshOutcome Outcome, ImmutableArray<AddressFamily> Families);

/// <summary>Whether a peer was asked for its routes, or why not.</summary>
public enum RefreshOutcome
{
    /// <summary>It was asked.</summary>
    Asked,

    /// <summary>There is no such peer.</summary>
    NoPeer,

    /// <summary>There is no session; when there is one, it sends everything anyway.</summary>
    NoSession,

    /// <summary>The peer does not offer route refresh (RFC 2918): only a new session makes it send again.</summary>
    NotOffered,

    /// <summary>The family is not part of the session.</summary>
    NotNegotiated,
}
