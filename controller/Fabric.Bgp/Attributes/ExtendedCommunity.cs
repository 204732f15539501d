using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>An extended community, RFC 4360: eight octets, first octet highest.</summary>
/// <param name="Bits">The eight octets as a number.</param>
public readonly record struct ExtendedCommunity(ulong Bits)
{
    /// <summary>Tunnel type VXLAN, RFC 8365 section 11.</summary>
    public const ushort VxlanTunnel = 8;

    private const ushort EncapsulationKind = 0x030c;
    private const ushort DefaultGatewayKind = 0x030d;
    private const ushort MacMobilityKind = 0x0600;
    private const ushort EsImportKind = 0x0602;
    private const ushort RouterMacKind = 0x0603;

    /// <summary>Type and subtype octet.</summary>
    public ushort Kind => (ushort)(Bits >> 48);

    /// <summary>The route target in it, if it is one.</summary>
    public RouteTarget? RouteTarget => Primitives.RouteTarget.TryFromCommunity(Bits, out var target) ? target : null;

    /// <summary>The tunnel type of an encapsulation community (RFC 9012 section 4.1), if it is one.</summary>
    public ushort? TunnelType => Kind == EncapsulationKind ? (ushort)Bits : null;

    /// <summary>Whether this is the default gateway community (RFC 7432 section 7.8).</summary>
    public bool IsDefaultGateway => Kind == DefaultGatewayKind;

    /// <summary>The router's MAC (RFC 9135 section 8.1), if it is one.</summary>
    public MacAddress? RouterMac => Kind == RouterMacKind ? new MacAddress(Bits & 0xffff_ffff_ffff) : null;

    /// <summary>The MAC of an ES-import route target (RFC 7432 section 7.6), if it is one.</summary>
    public MacAddress? EsImport => Kind == EsImportKind ? new MacAddress(Bits & 0xffff_ffff_ffff) : null;

    /// <summary>Sticky flag and sequence number of a MAC mobility community (RFC 7432 section 7.7), if it is one.</summary>
    public (bool Sticky, uint Sequence)? MacMobility => Kind == MacMobilityKind ? ((Bits >> 40 & 1) != 0, (uint)Bits) : null;

    /// <summary>A route target as community.</summary>
    public static ExtendedCommunity Of(RouteTarget target) => new(target.Bits);

    /// <summary>An encapsulation community.</summary>
    public static ExtendedCommunity Encapsulation(ushort tunnelType) => new(((ulong)EncapsulationKind << 48) | tunnelType);

    /// <summary>The default gateway community.</summary>
    public static ExtendedCommunity DefaultGateway() => new((ulong)DefaultGatewayKind << 48);

    /// <summary>A router's MAC community.</summary>
    public static ExtendedCommunity OfRouterMac(MacAddress mac) => new(((ulong)RouterMacKind << 48) | mac.Bits);

    /// <summary>A MAC mobility community.</summary>
    public static ExtendedCommunity OfMacMobility(bool sticky, uint sequence) =>
        new(((ulong)MacMobilityKind << 48) | (sticky ? 1UL << 40 : 0) | sequence);

    /// <summary>A text for people; a community that is not decoded is 0x and 16 hex digits.</summary>
    public override string ToString() =>
        RouteTarget is { } target ? $"rt:{target}"
        : TunnelType is { } tunnel ? $"encap:{(tunnel == VxlanTunnel ? "vxlan" : tunnel)}"
        : IsDefaultGateway ? "default-gateway"
        : RouterMac is { } mac ? $"router-mac:{mac}"
        : EsImport is { } import ? $"es-import:{import}"
        : MacMobility is { } mobility ? $"mac-mobility:{mobility.Sequence}{(mobility.Sticky ? " sticky" : "")}"
        : $"0x{Bits:x16}";
}
