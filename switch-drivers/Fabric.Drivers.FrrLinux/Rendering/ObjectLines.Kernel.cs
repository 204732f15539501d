using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

internal static partial class ObjectLines
{
    /// <summary>First context of a <see cref="ForeignLine"/> that is a kernel setting rather than a line of FRR's.</summary>
    public const string KernelContext = "kernel";

    /// <summary>The bridge carries frames of any size that its ports do.</summary>
    private const int BridgeMtu = 9216;

    private const int DefaultMtu = 1500;

    /// <summary>Metric of the route that ends look-ups in a VRF, as the kernel's VRF documentation has it: lower than any real route.</summary>
    private const uint UnreachableMetric = 4278198272;

    public static ConfigLine Ip(string text, string? undo = null, string? slot = null, ConfigLine? under = null) =>
        new(ConfigLine.Ip, [], text) { Undo = undo, Slot = slot, Under = under?.Identity };

    public static string Mtu(string device, int mtu) => $"link set dev {device} mtu {mtu}";

    public static string Up(string device) => $"link set dev {device} up";

    public static string Master(string device, string master) => $"link set dev {device} master {master}";

    public static string NoAutomaticAddress(string device) => $"link set dev {device} addrgenmode none";

    public static string Mac(string device, MacAddress mac) => $"link set dev {device} address {mac}";

    public static string Alias(string device, string alias) => $"link set dev {device} alias {alias}";

    public static string LinkAdd(string device, string kind) => $"link add name {device} {kind}";

    /// <summary>The device that a line makes; null where it makes none.</summary>
    public static string? MadeDevice(ConfigLine line) =>
        line.Shell == ConfigLine.Ip && line.Text.Split(' ', 5) is ["link", "add", "name", var device, _] ? device : null;

    /// <summary>The bridge's own MAC, used by nobody; a bridge without one loses it with its last port and then takes no VLAN.</summary>
    public static readonly MacAddress BridgeMac = MacAddress.Parse("02:fa:b0:00:00:01");

    public static string BridgeKind => $"address {BridgeMac} type bridge vlan_filtering 1 vlan_default_pvid 0 stp_state 0 mcast_snooping 0";

    public static string VxlanKind(Vni vni, IpAddr local) => $"type vxlan id {vni} local {local} dstport 4789 nolearning";

    public static string SviKind(VlanId vlan) => VlanKind(Names.Bridge, vlan);

    public static string VlanKind(string device, VlanId vlan) => $"link {device} type vlan id {vlan}";

    public static string VrfKind(Vni l3Vni) => $"type vrf table {l3Vni}";

    public static string SlaveOption(string device, string option, bool on) => $"link set dev {device} type bridge_slave {option} {(on ? "on" : "off")}";

    public static string VlanMember(string device, VlanId vlan, bool untagged, bool self) =>
        $"vlan add dev {device} vid {vlan}{(untagged ? " pvid untagged" : "")}{(self ? " self" : "")}";

    public static string LocalEntry(MacAddress mac, VlanId vlan) => $"fdb replace {mac} dev {Names.Bridge} vlan {vlan} self local";

    public static string Unreachable(IpFamily family, Vni l3Vni) =>
        $"route add unreachable {(family == IpFamily.V4 ? "0.0.0.0/0" : "::/0")} table {l3Vni} metric {UnreachableMetric}";

    /// <summary>Answers from within the subnet make neighbour entries (Linux 6.0).</summary>
    public static string LearnFromAnswers4(string device) => $"net.ipv4.conf.{device}.arp_accept=2";

    /// <inheritdoc cref="LearnFromAnswers4"/>
    public static string LearnFromAnswers6(string device) => $"net.ipv6.conf.{device}.accept_untracked_na=2";

    public static string AddressAdd(string address, string device, bool withoutDad) => $"address add {address} dev {device}{(withoutDad ? " nodad" : "")}";

    /// <summary>Kernel settings of a switch. Switching forwarding on resets it on every interface, so the management port follows in the same command.</summary>
    public static readonly (string Text, string? Undo)[] SystemSettingLines =
    [
        ($"net.ipv4.ip_forward=1 net.ipv4.conf.{Names.ManagementPort}.forwarding=0", "net.ipv4.ip_forward=0"),
        ($"net.ipv6.conf.all.forwarding=1 net.ipv6.conf.{Names.ManagementPort}.forwarding=0", "net.ipv6.conf.all.forwarding=0"),
        ("net.ipv4.fib_multipath_hash_policy=1", "net.ipv4.fib_multipath_hash_policy=0"),
        ("net.ipv6.fib_multipath_hash_policy=1", "net.ipv6.fib_multipath_hash_policy=0"),
        ("net.ipv4.conf.all.rp_filter=2", "net.ipv4.conf.all.rp_filter=0"),
    ];

    private static IEnumerable<ConfigLine> System() =>
        SystemSettingLines.Select(l => new ConfigLine(ConfigLine.Sysctl, [], l.Text) { Undo = l.Undo });

    private static IEnumerable<ConfigLine> Loopback(LoopbackAddress o)
    {
        var text = AddressAdd(o.Address.ToString(), "lo", withoutDad: false);
        yield return Ip(text, undo: $"address del {o.Address} dev lo");
    }

    private static IEnumerable<ConfigLine> Underlay(UnderlayPort o)
    {
        var port = Names.Port(o.Name);
        yield return Claim(port, Names.UnderlayAlias);
        yield return Ip(Mtu(port, o.Mtu), undo: Mtu(port, DefaultMtu), slot: $"mtu {port}");
        yield return Ip(Up(port), undo: $"link set dev {port} down");
    }

    /// <summary>Marks a port as one of ours, so that it is found again.</summary>
    private static ConfigLine Claim(string port, string alias) => Ip(Alias(port, alias), undo: $"link set dev {port} alias \"\"");

    private static IEnumerable<ConfigLine> Upstream(UpstreamPort o)
    {
        var port = Names.Port(o.Name);
        yield return Claim(port, Names.UpstreamAlias);
        yield return Ip(Up(port), undo: $"link set dev {port} down");
    }

    private static IEnumerable<ConfigLine> UpstreamInterface(UpstreamVlan o)
    {
        var device = Names.Upstream(o.Port, o.Vlan);
        var made = Ip(LinkAdd(device, VlanKind(Names.Port(o.Port), o.Vlan)), undo: $"link del dev {device}");
        yield return made;
        yield return Ip(Up(device), under: made);
    }

    private static IEnumerable<ConfigLine> Upstream(UpstreamAddress o)
    {
        var device = Names.Upstream(o.Port, o.Vlan);
        var made = o.Vlan is { } vlan ? Ip(LinkAdd(device, VlanKind(o.Port, vlan))) : null;
        yield return Ip(AddressAdd(o.Address.ToString(), device, withoutDad: false), undo: $"address del {o.Address} dev {device}", under: made);
    }

    private static IEnumerable<ConfigLine> TheBridge()
    {
        const string Device = Names.Bridge;
        var made = Ip(LinkAdd(Device, BridgeKind), undo: $"link del dev {Device}");
        yield return made;
        yield return Ip(NoAutomaticAddress(Device), under: made);
        yield return Ip(Mtu(Device, BridgeMtu), under: made);
        yield return Ip(Up(Device), under: made);
    }

    private static IEnumerable<ConfigLine> Vxlan(VxlanTunnel o)
    {
        var device = Names.Vxlan(o.Vni);
        var made = Ip(LinkAdd(device, VxlanKind(o.Vni, o.Local)), undo: $"link del dev {device}");
        yield return made;
        yield return Ip(NoAutomaticAddress(device), under: made);
        yield return Ip(Mtu(device, o.Mtu), slot: $"mtu {device}", under: made);
        yield return Ip(Master(device, Names.Bridge), under: made);
        yield return Ip(SlaveOption(device, "learning", false), under: made);
        yield return Ip(SlaveOption(device, "neigh_suppress", o.SuppressNeighbours), slot: $"suppress {device}", under: made);
        yield return Vlan(VlanMember(device, o.Vlan, untagged: true, self: false), undo: null, made);
        yield return Ip(Up(device), under: made);
    }

    private static IEnumerable<ConfigLine> VrfKernel(Vrf o)
    {
        var vrf = Names.Vrf(o.L3Vni);
        var made = Ip(LinkAdd(vrf, VrfKind(o.L3Vni)), undo: $"link del dev {vrf}");
        yield return made;
        foreach (var family in new[] { IpFamily.V4, IpFamily.V6 })
        {
            var route = Unreachable(family, o.L3Vni);
            yield return Ip(route, undo: route.Replace(" add ", " del ", StringComparison.Ordinal));
        }

        yield return Ip(Up(vrf), under: made);
        foreach (var line in Svi(Names.L3Svi(o.L3Vni), o.Vlan, vrf, o.RouterMac, o.Mtu))
        {
            yield return line;
        }
    }

    private static IEnumerable<ConfigLine> Gateway(GatewayInterface o)
    {
        foreach (var line in Svi(Names.Svi(o.Vlan), o.Vlan, Names.Vrf(o.L3Vni), o.Mac, o.Mtu))
        {
            yield return line;
        }

        var device = Names.Svi(o.Vlan);
        var made = ConfigLine.IdentityOf(ConfigLine.Ip, [], LinkAdd(device, SviKind(o.Vlan)));
        // Every leaf asks for a server with the same MAC, so the answer to another leaf's question ends here: it must be learned,
        // and announced, by the leaf that gets it.
        if (o.Addresses.Any(a => a.Family == IpFamily.V4))
        {
            yield return new ConfigLine(ConfigLine.Sysctl, [], LearnFromAnswers4(device)) { Undo = $"{LearnFromAnswers4(device)[..^1]}0", Under = made };
        }

        if (o.Addresses.Any(a => a.Family == IpFamily.V6))
        {
            yield return new ConfigLine(ConfigLine.Sysctl, [], LearnFromAnswers6(device)) { Undo = $"{LearnFromAnswers6(device)[..^1]}0", Under = made };

            // Neighbour solicitations for forwarded packets need a link-local source.
            yield return Ip(AddressAdd($"{LinkLocal(o.Mac)}/64", device, withoutDad: true), undo: $"address del {LinkLocal(o.Mac)}/64 dev {device}")
                with
            { Under = made };
        }

        foreach (var address in o.Addresses)
        {
            // The same address is on every leaf, so duplicate address detection would find a duplicate.
            yield return Ip(AddressAdd(address.ToString(), device, withoutDad: address.Family == IpFamily.V6), undo: $"address del {address} dev {device}")
                with
            { Under = made };
        }
    }

    /// <summary>The link-local address that belongs to a MAC (RFC 4291 appendix A).</summary>
    public static IpAddr LinkLocal(MacAddress mac)
    {
        var bits = mac.Bits ^ (2UL << 40);
        var identifier = (bits >> 24 << 40) | (0xfffeUL << 24) | (bits & 0xff_ffff);
        return IpAddr.V6(new UInt128(0xfe80UL << 48, identifier));
    }

    /// <summary>A routed interface on a VLAN of the bridge. Frames for its MAC end at the bridge itself: without the local entry they would be flooded.</summary>
    private static IEnumerable<ConfigLine> Svi(string device, VlanId vlan, string vrf, MacAddress mac, int mtu)
    {
        yield return Vlan(VlanMember(Names.Bridge, vlan, untagged: false, self: true), undo: $"vlan del dev {Names.Bridge} vid {vlan} self");
        var made = Ip(LinkAdd(device, SviKind(vlan)), undo: $"link del dev {device}");
        yield return made;
        yield return Ip(NoAutomaticAddress(device), under: made);
        yield return Ip(Mac(device, mac), slot: $"mac {device}", under: made);
        yield return Ip(Master(device, vrf), slot: $"master {device}", under: made);
        yield return Ip(Mtu(device, mtu), slot: $"mtu {device}", under: made);
        yield return Vlan(LocalEntry(mac, vlan), undo: $"fdb del {mac} dev {Names.Bridge} vlan {vlan} self local");
        yield return Ip(Up(device), under: made);
    }

    private static IEnumerable<ConfigLine> Port(BridgePort o)
    {
        var port = Names.Port(o.Port);
        yield return Ip(NoAutomaticAddress(port), undo: $"link set dev {port} addrgenmode eui64");
        yield return Ip(Mtu(port, o.Mtu), undo: Mtu(port, DefaultMtu), slot: $"mtu {port}");
        yield return Ip(Master(port, Names.Bridge), undo: $"link set dev {port} nomaster");
        yield return Ip(Up(port), undo: $"link set dev {port} down");
    }

    private static IEnumerable<ConfigLine> Membership(PortVlan o)
    {
        var port = Names.Port(o.Port);
        yield return Vlan(VlanMember(port, o.Vlan, o.Untagged, self: false), undo: $"vlan del dev {port} vid {o.Vlan}", slot: $"vlan {port} {o.Vlan}");
    }

    private static ConfigLine Vlan(string text, string? undo, ConfigLine? under = null, string? slot = null) =>
        new(ConfigLine.Bridge, [], text) { Undo = undo, Slot = slot, Under = under?.Identity };
}
