namespace Fabric.Bgp.Attributes;

/// <summary>What a DF election community asks for.</summary>
/// <remarks>RFC 8584 section 2.2; the preference by RFC 9785 section 3.
/// <code>
/// | 06 | 06 | reserved 3 bits, algorithm 5 bits | capabilities 2 | reserved 1 | preference 2 |
/// </code></remarks>
/// <param name="Algorithm">How the forwarder is chosen, 0..31; see the constants.</param>
/// <param name="Capabilities">Capability bits; see the constants.</param>
/// <param name="Preference">Preference, with the algorithms that use one.</param>
public readonly record struct DfElection(byte Algorithm, ushort Capabilities = 0, ushort Preference = 0)
{
    /// <summary>Modulo of the ordered addresses, RFC 7432 section 8.5.</summary>
    public const byte ServiceCarving = 0;

    /// <summary>Highest random weight, RFC 8584 section 3.</summary>
    public const byte HighestRandomWeight = 1;

    /// <summary>The highest preference, RFC 9785 section 4.</summary>
    public const byte HighestPreference = 2;

    /// <summary>The lowest preference, RFC 9785 section 4.</summary>
    public const byte LowestPreference = 3;

    /// <summary>Capability bit: a forwarder that comes back does not take over (RFC 9785 section 3).</summary>
    public const ushort DoNotPreempt = 0x8000;

    /// <summary>Capability bit: attachment circuits influence the election (RFC 8584 section 4).</summary>
    public const ushort AcInfluenced = 0x4000;

    /// <summary>Capability bit: synchronized by time (RFC 9722 section 3).</summary>
    public const ushort TimeSynchronized = 0x1000;

    /// <summary>"df:preference 100 dp" and the like.</summary>
    public override string ToString()
    {
        var algorithm = Algorithm switch
        {
            ServiceCarving => "modulo",
            HighestRandomWeight => "hrw",
            HighestPreference => $"highest-preference {Preference}",
            LowestPreference => $"lowest-preference {Preference}",
            _ => $"algorithm-{Algorithm} {Preference}",
        };
        var bits = Capabilities & ~(DoNotPreempt | AcInfluenced | TimeSynchronized);
        return "df:" + algorithm
            + ((Capabilities & DoNotPreempt) != 0 ? " dp" : "")
            + ((Capabilities & AcInfluenced) != 0 ? " ac" : "")
            + ((Capabilities & TimeSynchronized) != 0 ? " time-sync" : "")
            + (bits != 0 ? $" 0x{bits:x4}" : "");
    }
}
