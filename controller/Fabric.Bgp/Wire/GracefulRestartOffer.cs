using System.Collections.Immutable;

namespace Fabric.Bgp.Wire;

/// <summary>What a speaker says of its restarts.</summary>
/// <remarks>RFC 4724 section 3; the notification bit is of RFC 8538 section 2.
/// <code>
/// | R 1 bit | N 1 bit | reserved 2 bits | restart time 12 bits | family ... |
/// family: | AFI 2 | SAFI 1 | F 1 bit, reserved 7 bits |
/// </code></remarks>
public sealed record GracefulRestartOffer
{
    /// <summary>Longest restart time: 12 bits of seconds.</summary>
    public static readonly TimeSpan MaxRestartTime = TimeSpan.FromSeconds(4095);

    /// <summary>R: the speaker has just restarted and waits for no End-of-RIB of another restarting speaker.</summary>
    public bool Restarting { get; init; }

    /// <summary>N: a NOTIFICATION other than Hard Reset, and an expired hold timer, end the session as gracefully as a lost connection.</summary>
    public bool Notification { get; init; }

    /// <summary>How long its routes may be kept without a session: 0 to <see cref="MaxRestartTime"/>, whole seconds.</summary>
    public TimeSpan RestartTime { get; init; }

    /// <summary>Families whose routes may be kept; empty for a speaker that only helps others.</summary>
    public ImmutableArray<GracefulRestartFamily> Families { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(GracefulRestartOffer? other) =>
        other is not null
        && (Restarting, Notification, RestartTime) == (other.Restarting, other.Notification, other.RestartTime)
        && Families.SequenceEqual(other.Families);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Restarting, Notification, RestartTime, Families.Length);
}

/// <summary>One family of a <see cref="GracefulRestartOffer"/>.</summary>
/// <param name="Family">The family.</param>
/// <param name="ForwardingPreserved">F: packets were forwarded all through the last restart.</param>
public readonly record struct GracefulRestartFamily(AddressFamily Family, bool ForwardingPreserved);
