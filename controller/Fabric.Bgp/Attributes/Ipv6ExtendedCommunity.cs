using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>An IPv6 address specific extended community (attribute 25), RFC 5701 section 2. Shown only; the attribute is carried as octets.</summary>
/// <remarks><code>
/// | type 1 | subtype 1 | IPv6 address 16 | local administrator 2 |
/// </code></remarks>
/// <param name="Kind">Type and subtype octet.</param>
/// <param name="Address">Global administrator.</param>
/// <param name="Number">Local administrator.</param>
public readonly record struct Ipv6ExtendedCommunity(ushort Kind, IpAddr Address, ushort Number)
{
    /// <summary>Octets of one community.</summary>
    public const int Length = 20;

    /// <summary>Code of the attribute that holds them.</summary>
    public const byte AttributeCode = 25;

    /// <summary>"rt:[2001:db8::1]:100", "soo:[...]:100", or the kind as four hex digits in front.</summary>
    public override string ToString() => Kind switch
    {
        0x0002 => $"rt:[{Address}]:{Number}",
        0x0003 => $"soo:[{Address}]:{Number}",
        _ => $"0x{Kind:x4}:[{Address}]:{Number}",
    };
}
