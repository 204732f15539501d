using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>One capability of an OPEN, RFC 5492. Unknown codes are kept as octets.</summary>
/// <param name="Code">Capability code.</param>
/// <param name="Value">The value as it is on the wire.</param>
public readonly record struct Capability(byte Code, Octets Value)
{
    public const byte MultiprotocolCode = 1;
    public const byte RouteRefreshCode = 2;
    public const byte ExtendedNextHopCode = 5;
    public const byte ExtendedMessageCode = 6;
    public const byte GracefulRestartCode = 64;
    public const byte FourOctetAsCode = 65;
    public const byte AddPathCode = 69;
    public const byte EnhancedRouteRefreshCode = 70;
    public const byte FqdnCode = 73;

    /// <summary>RFC 2918.</summary>
    public static Capability RouteRefresh => new(RouteRefreshCode, default);

    /// <summary>RFC 4724 without families: nothing of ours is kept over a restart, but End-of-RIB markers are understood, so the peer sends them.</summary>
    public static Capability GracefulRestartHelper => new(GracefulRestartCode, new Octets([0, 0]));

    /// <summary>RFC 4760 section 8.</summary>
    public static Capability Multiprotocol(AddressFamily family) =>
        new(MultiprotocolCode, new Octets([(byte)(family.Afi >> 8), (byte)family.Afi, 0, family.Safi]));

    /// <summary>RFC 6793 section 3.</summary>
    public static Capability FourOctetAs(Asn asn) =>
        new(FourOctetAsCode, new Octets([(byte)(asn.Value >> 24), (byte)(asn.Value >> 16), (byte)(asn.Value >> 8), (byte)asn.Value]));

    /// <summary>The family of a multiprotocol capability; null for others and for a wrong length.</summary>
    public AddressFamily? Family
    {
        get
        {
            var reader = new WireReader(Value.Span);
            var afi = reader.U16();
            reader.U8();
            var safi = reader.U8();
            return Code == MultiprotocolCode && !reader.Failed && reader.AtEnd ? new AddressFamily(afi, safi) : null;
        }
    }

    /// <summary>The number in a four-octet AS capability; null for others and for a wrong length.</summary>
    public uint? AsNumber
    {
        get
        {
            var reader = new WireReader(Value.Span);
            var number = reader.U32();
            return Code == FourOctetAsCode && !reader.Failed && reader.AtEnd ? number : null;
        }
    }
}
