namespace Fabric.Bgp.Attributes;

/// <summary>What an EVPN layer 2 attributes community says, RFC 8214 section 3.1.</summary>
/// <param name="ControlFlags">Control flags; see the constants.</param>
/// <param name="Mtu">Layer 2 MTU in octets; 0 means that it is not to be checked.</param>
public readonly record struct Layer2Attributes(ushort ControlFlags, ushort Mtu)
{
    /// <summary>Control flag P: the sender is the primary router.</summary>
    public const ushort Primary = 0x0002;

    /// <summary>Control flag B: the sender is the backup router.</summary>
    public const ushort Backup = 0x0001;

    /// <summary>Control flag C: a control word must be present.</summary>
    public const ushort ControlWord = 0x0004;
}
