using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>One capability of an OPEN, RFC 5492. Unknown codes are kept as octets.</summary>
/// <remarks>What a value means is read when asked for; a value that is not as its RFC wants it is read as null, that is, as not there.</remarks>
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

    private const int RestartingBit = 0x8000;
    private const int NotificationBit = 0x4000;
    private const int RestartTimeBits = 0x0fff;
    private const byte ForwardingBit = 0x80;

    /// <summary>RFC 2918.</summary>
    public static Capability RouteRefresh => new(RouteRefreshCode, default);

    /// <summary>RFC 7313.</summary>
    public static Capability EnhancedRouteRefresh => new(EnhancedRouteRefreshCode, default);

    /// <summary>RFC 8654.</summary>
    public static Capability ExtendedMessage => new(ExtendedMessageCode, default);

    /// <summary>The family of a multiprotocol capability.</summary>
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

    /// <summary>The number in a four-octet AS capability.</summary>
    public uint? AsNumber
    {
        get
        {
            var reader = new WireReader(Value.Span);
            var number = reader.U32();
            return Code == FourOctetAsCode && !reader.Failed && reader.AtEnd ? number : null;
        }
    }

    /// <summary>RFC 4760 section 8.</summary>
    public static Capability Multiprotocol(AddressFamily family) =>
        new(MultiprotocolCode, new Octets([(byte)(family.Afi >> 8), (byte)family.Afi, 0, family.Safi]));

    /// <summary>RFC 6793 section 3.</summary>
    public static Capability FourOctetAs(Asn asn) =>
        new(FourOctetAsCode, new Octets([(byte)(asn.Value >> 24), (byte)(asn.Value >> 16), (byte)(asn.Value >> 8), (byte)asn.Value]));

    /// <summary>RFC 4724 section 3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The restart time has no place in 12 bits.</exception>
    public static Capability GracefulRestart(GracefulRestartOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offer.RestartTime, GracefulRestartOffer.MaxRestartTime, nameof(offer));
        ArgumentOutOfRangeException.ThrowIfLessThan(offer.RestartTime, TimeSpan.Zero, nameof(offer));
        var head = (int)offer.RestartTime.TotalSeconds | (offer.Restarting ? RestartingBit : 0) | (offer.Notification ? NotificationBit : 0);
        return new(
            GracefulRestartCode,
            new Octets([(byte)(head >> 8), (byte)head, .. offer.Families.SelectMany(static f => Tuple(f.Family, f.ForwardingPreserved ? ForwardingBit : (byte)0))]));
    }

    /// <summary>RFC 7911 section 4.</summary>
    public static Capability AddPath(IEnumerable<AddPathOffer> offers) =>
        new(AddPathCode, new Octets([.. offers.SelectMany(static o => Tuple(o.Family, (byte)o.Directions))]));

    /// <summary>RFC 8950 section 4.</summary>
    public static Capability ExtendedNextHops(IEnumerable<ExtendedNextHop> nextHops) =>
        new(
            ExtendedNextHopCode,
            new Octets([.. nextHops.SelectMany(static n => new[]
            {
                (byte)(n.Family.Afi >> 8), (byte)n.Family.Afi, (byte)0, n.Family.Safi, (byte)(n.NextHopAfi >> 8), (byte)n.NextHopAfi,
            })]));

    /// <summary>The offer of a graceful restart capability.</summary>
    public GracefulRestartOffer? AsGracefulRestart()
    {
        var reader = new WireReader(Value.Span);
        var head = reader.U16();
        var families = ImmutableArray.CreateBuilder<GracefulRestartFamily>();
        while (!reader.AtEnd)
        {
            var family = FamilyOf(ref reader);
            families.Add(new(family, (reader.U8() & ForwardingBit) != 0));
        }

        return Code != GracefulRestartCode || reader.Failed
            ? null
            : new()
            {
                Restarting = (head & RestartingBit) != 0,
                Notification = (head & NotificationBit) != 0,
                RestartTime = TimeSpan.FromSeconds(head & RestartTimeBits),
                Families = families.ToImmutable(),
            };
    }

    /// <summary>The offers of an add-path capability; one with an unknown direction makes the whole of it null (RFC 7911 section 4).</summary>
    public ImmutableArray<AddPathOffer>? AsAddPath()
    {
        var reader = new WireReader(Value.Span);
        var offers = ImmutableArray.CreateBuilder<AddPathOffer>();
        while (!reader.AtEnd)
        {
            var family = FamilyOf(ref reader);
            var directions = (AddPathDirections)reader.U8();
            if (directions is AddPathDirections.None or > AddPathDirections.Both)
            {
                reader.Fail("direction");
            }

            offers.Add(new(family, directions));
        }

        return Code != AddPathCode || reader.Failed ? null : offers.ToImmutable();
    }

    /// <summary>The entries of an extended next hop capability.</summary>
    public ImmutableArray<ExtendedNextHop>? AsExtendedNextHops()
    {
        var reader = new WireReader(Value.Span);
        var nextHops = ImmutableArray.CreateBuilder<ExtendedNextHop>();
        while (!reader.AtEnd)
        {
            var afi = reader.U16();
            var safi = reader.U16();
            if (safi > byte.MaxValue)
            {
                reader.Fail("SAFI");
            }

            nextHops.Add(new(new(afi, (byte)safi), reader.U16()));
        }

        return Code != ExtendedNextHopCode || reader.Failed ? null : nextHops.ToImmutable();
    }

    /// <summary>The name in an FQDN capability (draft-walton-bgp-hostname-capability): length and text, twice.</summary>
    public PeerFqdn? AsFqdn()
    {
        var reader = new WireReader(Value.Span);
        var host = reader.Take(reader.U8());
        var domain = reader.Take(reader.U8());
        return Code != FqdnCode || reader.Failed || !reader.AtEnd ? null : new(OctetText.Printable(host), OctetText.Printable(domain));
    }

    private static byte[] Tuple(AddressFamily family, byte last) => [(byte)(family.Afi >> 8), (byte)family.Afi, family.Safi, last];

    private static AddressFamily FamilyOf(ref WireReader reader) => new(reader.U16(), reader.U8());
}
