using Fabric.Primitives;

namespace Fabric.Drivers.State;

/// <summary>Kernel settings of a device that forwards: IPv4 and IPv6 forwarding, multipath hashing on layer 4 ports.
/// Forwarding stays off on the management interface.</summary>
public sealed record SystemSettings : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.SystemSettings);
}

/// <summary>A /32 or /128 on the loopback interface.</summary>
public sealed record LoopbackAddress(IpPrefix Address) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.LoopbackAddress, Address.ToString());
}

/// <summary>A routed port of the underlay: up, with an IPv6 link-local address and nothing else.</summary>
/// <param name="Name">Interface name on the device.</param>
/// <param name="Mtu">Layer 3 MTU in octets, 1280..65535.</param>
public sealed record UnderlayPort(string Name, int Mtu) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.UnderlayPort, Name);
}

/// <summary>A SoftGate's port towards an upstream router: up. Its MTU is the operator's.</summary>
/// <param name="Name">Interface name on the device.</param>
public sealed record UpstreamPort(string Name) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.UpstreamPort, Name);
}

/// <summary>A VLAN (IEEE 802.1Q) on an upstream port, with an interface of its own.</summary>
/// <param name="Port">Interface name of the port.</param>
/// <param name="Vlan">The tag on the wire.</param>
public sealed record UpstreamVlan(string Port, VlanId Vlan) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.UpstreamVlan, $"{Port}/{Vlan}");

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [new(ObjectClass.UpstreamPort, Port)];
}

/// <summary>An address of a SoftGate in the network that it shares with an upstream router.</summary>
/// <param name="Port">Interface name of the port.</param>
/// <param name="Vlan">The VLAN on it; null: untagged.</param>
/// <param name="Address">The address with its network's prefix length.</param>
public sealed record UpstreamAddress(string Port, VlanId? Vlan, IpInterface Address) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.UpstreamAddress, $"{Port}/{(Vlan is { } vlan ? $"{vlan}/" : "")}{Address}");

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn =>
        [Vlan is { } vlan ? new(ObjectClass.UpstreamVlan, $"{Port}/{vlan}") : new(ObjectClass.UpstreamPort, Port)];
}

/// <summary>BFD timers of the fabric's sessions (RFC 5880).</summary>
/// <param name="IntervalMilliseconds">Transmit and receive interval, 10..60000 ms.</param>
/// <param name="Multiplier">Packets that may be lost before the session is down, 2..255.</param>
public sealed record BfdTimers(int IntervalMilliseconds, int Multiplier);

/// <summary>
/// The BGP process with its fabric-wide policy: only addresses out of the loopback pools cross the underlay's unicast
/// families, so that no management prefix can enter; EVPN routes cross unchanged (RFC 8212: every session has a policy).
/// </summary>
/// <param name="Asn">The device's own autonomous system.</param>
/// <param name="RouterId">BGP identifier; an IPv4 address.</param>
/// <param name="LoopbackPool4">Loopbacks that the fabric announces are /32 inside this.</param>
/// <param name="LoopbackPool6">Loopbacks that the fabric announces are /128 inside this, where the site has IPv6 loopbacks.</param>
/// <param name="Bfd">BFD on the fabric's sessions; null switches it off.</param>
/// <param name="IsVtep">Whether the device originates EVPN routes for the VNIs it has.</param>
/// <param name="StandsIn">Whether it announces prefixes of a partner too, with a longer path (<see cref="BgpNetwork.StandIn"/>).</param>
public sealed record BgpInstance(Asn Asn, IpAddr RouterId, IpPrefix LoopbackPool4, IpPrefix? LoopbackPool6, BfdTimers? Bfd, bool IsVtep, bool StandsIn = false)
    : DeviceObject
{
    /// <summary>The key every object inside the process depends on.</summary>
    public static readonly ObjectKey TheKey = new(ObjectClass.BgpInstance);

    /// <inheritdoc/>
    public override ObjectKey Key => TheKey;

    /// <inheritdoc/>
    public override bool CanBecome(DeviceObject desired) => desired is BgpInstance other && other.Asn == Asn;
}

/// <summary>An unnumbered eBGP session on an underlay port: IPv4 and IPv6 unicast with RFC 8950 next hops, and EVPN.</summary>
public sealed record FabricNeighbor(string Port) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.FabricNeighbor, Port);

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [BgpInstance.TheKey, new(ObjectClass.UnderlayPort, Port)];
}

/// <summary>
/// The passive end of a multihop session of a speaker that is no device's FRR: a controller over the management network, or a SoftGate's
/// agent over the underlay. EVPN is announced to it and accepted from it with next hops unchanged. What it says is believed as what a leaf
/// says is, and goes to the others; FRR 8.4 knows no <c>maximum-prefix</c> in EVPN, so the speaker alone bounds how much it is.
/// </summary>
public sealed record ControllerNeighbor(IpAddr Address, Asn Asn) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.ControllerNeighbor, Address.ToString());

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [BgpInstance.TheKey];
}

/// <summary>A prefix that the device originates in the underlay (its loopbacks).</summary>
/// <param name="Prefix">The prefix.</param>
/// <param name="StandIn">True: a partner's, announced with the own ASN three times more, so that it is used when the partner's is gone.</param>
public sealed record BgpNetwork(IpPrefix Prefix, bool StandIn = false) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.BgpNetwork, Prefix.ToString());

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [BgpInstance.TheKey, new(ObjectClass.LoopbackAddress, Prefix.ToString())];
}

/// <summary>EVPN identity of a layer 2 VNI (RFC 7432 section 7.9 and 7.10): may be written before the VNI appears on the device.</summary>
/// <param name="Vni">The L2VNI.</param>
/// <param name="Rd">Route distinguisher of this device's MAC-VRF.</param>
/// <param name="Rt">Route target, imported and exported.</param>
public sealed record EvpnVni(Vni Vni, RouteDistinguisher Rd, RouteTarget Rt) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.EvpnVni, Vni.ToString());

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [BgpInstance.TheKey];
}

/// <summary>The device's one VLAN-aware bridge.</summary>
public sealed record Bridge : DeviceObject
{
    /// <summary>The key every bridged object depends on.</summary>
    public static readonly ObjectKey TheKey = new(ObjectClass.Bridge);

    /// <inheritdoc/>
    public override ObjectKey Key => TheKey;
}

/// <summary>A VXLAN tunnel end point of one VNI, mapped to one VLAN of the bridge; no data-plane learning (RFC 7348, RFC 8365).</summary>
/// <param name="Vni">L2VNI or L3VNI.</param>
/// <param name="Vlan">VLAN on this device's bridge.</param>
/// <param name="Local">Tunnel source, one of the device's loopbacks.</param>
/// <param name="Mtu">MTU of the inner frames' payload in octets: the underlay's less 50 (IPv4) or 70 (IPv6).</param>
/// <param name="SuppressNeighbours">ARP and ND suppression (RFC 7432 section 10): on for an L2VNI, off for an L3VNI.</param>
public sealed record VxlanTunnel(Vni Vni, VlanId Vlan, IpAddr Local, int Mtu, bool SuppressNeighbours) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.VxlanTunnel, Vni.ToString());

    /// <inheritdoc/>
    /// <remarks>
    /// The tunnel comes last, after the VRF of an L3VNI and the gateway of an L2VNI: routing software that meets a VNI before it
    /// knows whose it is imports what is not meant for it, and takes another leaf's gateway MAC for a remote one.
    /// </remarks>
    public override IEnumerable<ObjectKey> DependsOn =>
    [
        Bridge.TheKey, new(ObjectClass.LoopbackAddress, $"{Local}/{(Local.IsV4 ? 32 : 128)}"),
        State.Vrf.KeyOf(Vni), new(ObjectClass.GatewayInterface, Vlan.ToString()),
    ];

    /// <inheritdoc/>
    public override bool CanBecome(DeviceObject desired) =>
        desired is VxlanTunnel other && other.Local == Local && other.Vlan == Vlan;
}

/// <summary>
/// A VPC on a device that routes for it: the VRF, its L3VNI with the routed interface for symmetric IRB
/// (RFC 9135 section 4.2), its BGP instance that announces connected prefixes as type 5 (RFC 9136).
/// </summary>
/// <param name="L3Vni">The VPC's L3VNI; also the routing table's number. The VRF's name on a device is derived from it.</param>
/// <param name="Vlan">VLAN on this device's bridge that carries the L3VNI.</param>
/// <param name="RouterMac">Router's MAC (RFC 9135 section 8.1), unique to the device.</param>
/// <param name="Rd">Route distinguisher of this device's IP-VRF.</param>
/// <param name="Rt">Route target, imported and exported.</param>
/// <param name="Asn">The device's own autonomous system, as in its <see cref="BgpInstance"/>.</param>
/// <param name="RouterId">BGP identifier, as in its <see cref="BgpInstance"/>.</param>
/// <param name="Mtu">MTU of the L3VNI's routed interface in octets, as of its <see cref="VxlanTunnel"/>.</param>
public sealed record Vrf(
    Vni L3Vni, VlanId Vlan, MacAddress RouterMac, RouteDistinguisher Rd, RouteTarget Rt, Asn Asn, IpAddr RouterId, int Mtu)
    : DeviceObject
{
    /// <inheritdoc/>
    public override bool CanBecome(DeviceObject desired) => desired is Vrf other && other.Vlan == Vlan && other.Asn == Asn;

    /// <inheritdoc/>
    public override ObjectKey Key => KeyOf(L3Vni);

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [Bridge.TheKey, BgpInstance.TheKey];

    /// <summary>The key of the VRF with this L3VNI.</summary>
    public static ObjectKey KeyOf(Vni l3Vni) => new(ObjectClass.Vrf, l3Vni.ToString());
}

/// <summary>An anycast gateway: a routed interface on a VLAN with the same MAC and addresses on every device that has it.</summary>
/// <param name="Vlan">VLAN on this device's bridge.</param>
/// <param name="L3Vni">Names the VRF that the interface belongs to.</param>
/// <param name="Mac">The site's anycast gateway MAC.</param>
/// <param name="Addresses">Gateway addresses with their prefix lengths, in numeric order, IPv4 first.</param>
/// <param name="Mtu">MTU in octets.</param>
public sealed record GatewayInterface(VlanId Vlan, Vni L3Vni, MacAddress Mac, ValueList<IpInterface> Addresses, int Mtu) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.GatewayInterface, Vlan.ToString());

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [Bridge.TheKey, Vrf.KeyOf(L3Vni)];

    /// <inheritdoc/>
    public override bool CanBecome(DeviceObject desired) => desired is GatewayInterface other && other.L3Vni == L3Vni;
}

/// <summary>A port given to the bridge for servers. It carries no VLAN by itself.</summary>
/// <param name="Port">Interface name on the device.</param>
/// <param name="Mtu">MTU in octets.</param>
public sealed record BridgePort(string Port, int Mtu) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.BridgePort, Port);

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [Bridge.TheKey];
}

/// <summary>Membership of a bridge port in a VLAN.</summary>
/// <param name="Port">Interface name on the device.</param>
/// <param name="Vlan">VLAN on this device's bridge; also the tag on the wire where tagged.</param>
/// <param name="Untagged">Frames leave without a tag and untagged frames that enter belong here (PVID). At most one a port.</param>
public sealed record PortVlan(string Port, VlanId Vlan, bool Untagged) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.PortVlan, $"{Port}/{Vlan}");

    /// <inheritdoc/>
    public override IEnumerable<ObjectKey> DependsOn => [new(ObjectClass.BridgePort, Port)];
}

/// <summary>
/// Configuration found on a device inside what Fabric owns that is part of no other object: somebody's edit by hand. Never
/// desired, so the diff removes it.
/// </summary>
/// <param name="Context">The configuration lines that lead to it, outermost first; empty at the top level.</param>
/// <param name="Text">The line itself, as the device prints it.</param>
/// <param name="Block">The lines inside it, with their indentation, where it opens a context of its own.</param>
public sealed record ForeignLine(ValueList<string> Context, string Text, ValueList<string> Block = default) : DeviceObject
{
    /// <inheritdoc/>
    public override ObjectKey Key => new(ObjectClass.ForeignLine, string.Join(" > ", Context.Append(Text)));

    /// <inheritdoc/>
    public override bool CanBecome(DeviceObject desired) => false;
}
