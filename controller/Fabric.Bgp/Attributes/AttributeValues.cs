using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>Attribute flags, RFC 4271 section 4.3.</summary>
[Flags]
public enum AttributeFlags : byte
{
    /// <summary>Well-known.</summary>
    None = 0,

    /// <summary>The length has two octets.</summary>
    ExtendedLength = 0x10,

    /// <summary>Some speaker on the way did not know it.</summary>
    Partial = 0x20,

    /// <summary>Passed on by speakers that do not know it.</summary>
    Transitive = 0x40,

    /// <summary>Not well-known.</summary>
    Optional = 0x80,
}

/// <summary>ORIGIN, RFC 4271 section 5.1.1.</summary>
public enum RouteOrigin : byte
{
    /// <summary>Interior.</summary>
    Igp = 0,

    /// <summary>EGP.</summary>
    Egp = 1,

    /// <summary>By other means.</summary>
    Incomplete = 2,
}

/// <summary>AGGREGATOR, RFC 4271 section 5.1.7.</summary>
/// <param name="AsNumber">AS of the aggregating speaker.</param>
/// <param name="Identifier">Its address.</param>
public readonly record struct Aggregator(uint AsNumber, IpAddr Identifier);

/// <summary>A large community, RFC 8092.</summary>
/// <param name="Administrator">Global administrator, an ASN.</param>
/// <param name="Data1">First local part.</param>
/// <param name="Data2">Second local part.</param>
public readonly record struct LargeCommunity(uint Administrator, uint Data1, uint Data2)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Administrator}:{Data1}:{Data2}";
}

/// <summary>PMSI_TUNNEL, RFC 6514 section 5: how flooded frames reach the originator.</summary>
/// <remarks><code>
/// | flags 1 | tunnel type 1 | label 3 | tunnel identifier ... |
/// </code></remarks>
/// <param name="Flags">Flags octet.</param>
/// <param name="TunnelType">6 is ingress replication.</param>
/// <param name="Label">The VNI with VXLAN.</param>
/// <param name="Identifier">Tunnel identifier; the VTEP address with ingress replication.</param>
public readonly record struct PmsiTunnel(byte Flags, byte TunnelType, EvpnLabel Label, Octets Identifier)
{
    /// <summary>Tunnel type of ingress replication.</summary>
    public const byte IngressReplication = 6;

    /// <summary>The address in the identifier; null when it is none.</summary>
    public IpAddr? Endpoint => Identifier.Length is 4 or 16 ? IpAddr.FromBytes(Identifier.Span) : null;
}

/// <summary>An attribute this speaker does not know, kept so that it survives.</summary>
/// <param name="Flags">Its flags, without the length bit.</param>
/// <param name="Code">Its code.</param>
/// <param name="Value">Its value.</param>
public readonly record struct UnknownAttribute(AttributeFlags Flags, byte Code, Octets Value);
