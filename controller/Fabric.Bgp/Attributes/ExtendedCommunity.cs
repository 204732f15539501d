using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>An extended community, RFC 4360: eight octets, first octet highest.</summary>
/// <param name="Bits">The eight octets as a number.</param>
public readonly record struct ExtendedCommunity(ulong Bits)
{
    /// <summary>Tunnel type VXLAN, RFC 8365 section 11.</summary>
    public const ushort VxlanTunnel = 8;

    private const ushort EncapsulationKind = 0x030c;
    private const ushort ColorKind = 0x030b;
    private const ushort DefaultGatewayKind = 0x030d;
    private const ushort MacMobilityKind = 0x0600;
    private const ushort EsiLabelKind = 0x0601;
    private const ushort EsImportKind = 0x0602;
    private const ushort RouterMacKind = 0x0603;
    private const ushort Layer2AttributesKind = 0x0604;
    private const ushort DfElectionKind = 0x0606;
    private const ushort NeighborFlagsKind = 0x0608;
    private const ushort LinkBandwidthKind = 0x4004;
    private const ushort TransitiveLinkBandwidthKind = 0x0004;
    private const ulong NonTransitiveBit = 1UL << 62;
    private const ulong Value48 = 0xffff_ffff_ffff;
    private const byte RouteOriginSubtype = 0x03;

    /// <summary>Type and subtype octet.</summary>
    public ushort Kind => (ushort)(Bits >> 48);

    /// <summary>Whether it is passed on to other ASes (RFC 4360 section 2).</summary>
    public bool IsTransitive => (Bits & NonTransitiveBit) == 0;

    /// <summary>The route target in it, if it is one.</summary>
    public RouteTarget? RouteTarget => Primitives.RouteTarget.TryFromCommunity(Bits, out var target) ? target : null;

    /// <summary>Administrator and number of a route origin community (RFC 4360 section 5), if it is one; they have the form of a route distinguisher.</summary>
    public RouteDistinguisher? RouteOrigin =>
        Bits >> 56 <= 2 && (byte)Kind == RouteOriginSubtype ? RouteDistinguisher.FromBits(Bits >> 56 << 48 | Bits & Value48) : null;

    /// <summary>The tunnel type of an encapsulation community (RFC 9012 section 4.1), if it is one.</summary>
    public ushort? TunnelType => Kind == EncapsulationKind ? (ushort)Bits : null;

    /// <summary>The color (RFC 9012 section 4.3), if it is one.</summary>
    public uint? Color => Kind == ColorKind ? (uint)Bits : null;

    /// <summary>Whether this is the default gateway community (RFC 7432 section 7.8).</summary>
    public bool IsDefaultGateway => Kind == DefaultGatewayKind;

    /// <summary>The router's MAC (RFC 9135 section 8.1), if it is one.</summary>
    public MacAddress? RouterMac => Kind == RouterMacKind ? new MacAddress(Bits & Value48) : null;

    /// <summary>The MAC of an ES-import route target (RFC 7432 section 7.6), if it is one.</summary>
    public MacAddress? EsImport => Kind == EsImportKind ? new MacAddress(Bits & Value48) : null;

    /// <summary>Sticky flag and sequence number of a MAC mobility community (RFC 7432 section 7.7), if it is one.</summary>
    public (bool Sticky, uint Sequence)? MacMobility => Kind == MacMobilityKind ? ((Bits >> 40 & 1) != 0, (uint)Bits) : null;

    /// <summary>The ESI label (RFC 7432 section 7.5), if it is one.</summary>
    public EsiLabel? EsiLabel => Kind == EsiLabelKind ? new((Bits >> 40 & 1) != 0, new EvpnLabel((uint)Bits & 0xff_ffff)) : null;

    /// <summary>The DF election (RFC 8584, RFC 9785), if it is one.</summary>
    public DfElection? DfElection => Kind == DfElectionKind ? new((byte)(Bits >> 40 & 0x1f), (ushort)(Bits >> 24), (ushort)Bits) : null;

    /// <summary>The flags of an ARP/ND community (RFC 9047), if it is one.</summary>
    public NeighborFlags? NeighborFlags => Kind == NeighborFlagsKind ? (NeighborFlags)(byte)(Bits >> 40) : null;

    /// <summary>The layer 2 attributes (RFC 8214), if it is one.</summary>
    public Layer2Attributes? Layer2Attributes => Kind == Layer2AttributesKind ? new((ushort)(Bits >> 32), (ushort)(Bits >> 16)) : null;

    /// <summary>The link bandwidth, transitive or not, if it is one.</summary>
    public LinkBandwidth? LinkBandwidth =>
        Kind is LinkBandwidthKind or TransitiveLinkBandwidthKind ? new((ushort)(Bits >> 32), BitConverter.UInt32BitsToSingle((uint)Bits)) : null;

    /// <summary>A route target as community.</summary>
    public static ExtendedCommunity Of(RouteTarget target) => new(target.Bits);

    /// <summary>A route origin community.</summary>
    /// <param name="origin">Administrator and number; of type 0, 1 or 2.</param>
    public static ExtendedCommunity OfRouteOrigin(RouteDistinguisher origin)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(origin.Type, 2);
        return new((ulong)origin.Type << 56 | (ulong)RouteOriginSubtype << 48 | origin.Bits & Value48);
    }

    /// <summary>An encapsulation community.</summary>
    public static ExtendedCommunity Encapsulation(ushort tunnelType) => Make(EncapsulationKind, tunnelType);

    /// <summary>A color community.</summary>
    public static ExtendedCommunity OfColor(uint color) => Make(ColorKind, color);

    /// <summary>The default gateway community.</summary>
    public static ExtendedCommunity DefaultGateway() => Make(DefaultGatewayKind, 0);

    /// <summary>A router's MAC community.</summary>
    public static ExtendedCommunity OfRouterMac(MacAddress mac) => Make(RouterMacKind, mac.Bits);

    /// <summary>An ES-import route target.</summary>
    public static ExtendedCommunity OfEsImport(MacAddress mac) => Make(EsImportKind, mac.Bits);

    /// <summary>The ES-import route target that an ESI of type 1, 2 or 3 gives: its octets 1 to 6 (RFC 7432 section 7.6).</summary>
    public static ExtendedCommunity EsImportOf(EthernetSegmentId esi)
    {
        Span<byte> octets = stackalloc byte[10];
        esi.WriteTo(octets);
        return OfEsImport(MacAddress.FromBytes(octets[1..7]));
    }

    /// <summary>A MAC mobility community.</summary>
    public static ExtendedCommunity OfMacMobility(bool sticky, uint sequence) => Make(MacMobilityKind, (sticky ? 1UL << 40 : 0) | sequence);

    /// <summary>An ESI label community.</summary>
    public static ExtendedCommunity Of(EsiLabel label) => Make(EsiLabelKind, (label.SingleActive ? 1UL << 40 : 0) | label.Label.Raw & 0xff_ffff);

    /// <summary>A DF election community.</summary>
    public static ExtendedCommunity Of(DfElection election) =>
        Make(DfElectionKind, (ulong)(election.Algorithm & 0x1f) << 40 | (ulong)election.Capabilities << 24 | election.Preference);

    /// <summary>An ARP/ND community.</summary>
    public static ExtendedCommunity Of(NeighborFlags flags) => Make(NeighborFlagsKind, (ulong)flags << 40);

    /// <summary>A layer 2 attributes community.</summary>
    public static ExtendedCommunity Of(Layer2Attributes attributes) =>
        Make(Layer2AttributesKind, (ulong)attributes.ControlFlags << 32 | (ulong)attributes.Mtu << 16);

    /// <summary>A link bandwidth community, by default the one that stays inside the AS.</summary>
    public static ExtendedCommunity Of(LinkBandwidth bandwidth, bool transitive = false) => Make(
        transitive ? TransitiveLinkBandwidthKind : LinkBandwidthKind,
        (ulong)bandwidth.AsNumber << 32 | BitConverter.SingleToUInt32Bits(bandwidth.BytesPerSecond));

    /// <summary>A text for people; a community that is not decoded is 0x and 16 hex digits.</summary>
    public override string ToString() =>
        RouteTarget is { } target ? $"rt:{target}"
        : RouteOrigin is { } origin ? $"soo:{origin}"
        : TunnelType is { } tunnel ? $"encap:{TunnelName(tunnel)}"
        : Color is { } color ? $"color:{color}"
        : IsDefaultGateway ? "default-gateway"
        : RouterMac is { } mac ? $"router-mac:{mac}"
        : EsImport is { } import ? $"es-import:{import}"
        : MacMobility is { } mobility ? $"mac-mobility:{mobility.Sequence}{(mobility.Sticky ? " sticky" : "")}"
        : EsiLabel is { } label ? $"esi-label:{label.Label} {(label.SingleActive ? "single-active" : "all-active")}"
        : DfElection is { } election ? election.ToString()
        : NeighborFlags is { } flags ? $"nd:{NeighborText(flags)}"
        : Layer2Attributes is { } attributes ? $"l2:flags 0x{attributes.ControlFlags:x4} mtu {attributes.Mtu}"
        : LinkBandwidth is { } bandwidth ? $"link-bandwidth:{bandwidth.AsNumber}:{bandwidth.BytesPerSecond:R}"
        : $"0x{Bits:x16}";

    // The names of IANA's registry of tunnel types, as far as an EVPN fabric meets them.
    private static string TunnelName(ushort tunnelType) => tunnelType switch
    {
        2 => "gre",
        7 => "ip-in-ip",
        VxlanTunnel => "vxlan",
        9 => "nvgre",
        10 => "mpls",
        11 => "mpls-in-gre",
        12 => "vxlan-gpe",
        13 => "mpls-in-udp",
        19 => "geneve",
        _ => tunnelType.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string NeighborText(NeighborFlags flags)
    {
        const NeighborFlags Known = Attributes.NeighborFlags.Router | Attributes.NeighborFlags.Override | Attributes.NeighborFlags.Immutable;
        var others = (byte)(flags & ~Known);
        var text = (flags.HasFlag(Attributes.NeighborFlags.Router) ? "R" : "")
            + (flags.HasFlag(Attributes.NeighborFlags.Override) ? "O" : "")
            + (flags.HasFlag(Attributes.NeighborFlags.Immutable) ? "I" : "")
            + (others != 0 ? $"+0x{others:x2}" : "");
        return text.Length > 0 ? text : "-";
    }

    private static ExtendedCommunity Make(ushort kind, ulong value) => new((ulong)kind << 48 | value);
}
