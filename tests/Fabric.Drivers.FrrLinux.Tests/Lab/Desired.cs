using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

internal static class Desired
{
    public static readonly IpPrefix Pool4 = IpPrefix.Parse("10.255.0.0/16");
    public static readonly MacAddress Anycast = MacAddress.Parse("02:00:5e:00:01:01");
    public static readonly IpPrefix Pool6 = IpPrefix.Parse("fd00:ffff::/48");

    public static DeviceState Leaf(params DeviceObject[] more) => Router(65011, 11, ["swp1", "swp2", "swp3"], isVtep: true, more);

    public static DeviceState Router(long asn, int number, string[] ports, bool isVtep, params DeviceObject[] more)
    {
        var loopback4 = IpPrefix.Parse($"10.255.0.{number}/32");
        var loopback6 = IpPrefix.Parse($"fd00:ffff::{number}/128");
        return DeviceState.Of(
        [
            new SystemSettings(),
            new LoopbackAddress(loopback4),
            new LoopbackAddress(loopback6),
            new BgpInstance(new Asn(asn), loopback4.Address, Pool4, Pool6, new BfdTimers(1000, 5), isVtep),
            new BgpNetwork(loopback4),
            new BgpNetwork(loopback6),
            .. ports.SelectMany(p => new DeviceObject[] { new UnderlayPort(p, 9000), new FabricNeighbor(p) }),
            .. more,
        ]);
    }

    public static EvpnVni Evpn(int device, int vni) => new(new Vni(vni), RouteDistinguisher.Type0((ushort)device, (uint)vni), RouteTarget.Type0(1, (uint)vni));

    public static DeviceState LeafWithVpc =>
        SwitchingLeaf(11, [.. Vpc(11, 5000, 4000, 10100, 100, "10.0.1.1/24", "fd00:1::1/64"), .. Port("swp10", 100)]);

    public static DeviceState Spine(int number) => Router(65001, number, ["swp1", "swp2"], isVtep: false);

    public static DeviceState SwitchingLeaf(int number, params DeviceObject[] more) => Router(65000 + number, number, ["swp1", "swp2"], isVtep: true, more);

    public static IEnumerable<DeviceObject> Vpc(int device, int l3Vni, int l3Vlan, int vni, int vlan, params string[] gateways)
    {
        var local = IpAddr.Parse($"10.255.0.{device}");
        var l3 = new Vni(l3Vni);
        return
        [
            new Bridge(),
            new VxlanTunnel(l3, new VlanId(l3Vlan), local, 8950, SuppressNeighbours: false),
            new Vrf(
                l3, new VlanId(l3Vlan), MacAddress.Parse($"02:00:5e:00:02:{device:x2}"), RouteDistinguisher.Type0((ushort)device, l3.Value), RouteTarget.Type0(1, l3.Value),
                new Asn(65000 + device), local, 8950),
            new VxlanTunnel(new Vni(vni), new VlanId(vlan), local, 8950, SuppressNeighbours: true),
            Evpn(device, vni),
            new GatewayInterface(new VlanId(vlan), l3, Anycast, gateways.Select(g => IpInterface.Parse(g)).ToValueList(), 8950),
        ];
    }

    public static IEnumerable<DeviceObject> Upstream(string port, int? vlan, params string[] addresses)
    {
        VlanId? tag = vlan is { } number ? new VlanId(number) : null;
        return
        [
            new UpstreamPort(port),
            .. tag is { } there ? (DeviceObject[])[new UpstreamVlan(port, there)] : [],
            .. addresses.Select(a => new UpstreamAddress(port, tag, IpInterface.Parse(a))),
        ];
    }

    public static IEnumerable<DeviceObject> Port(string port, int vlan, bool untagged = true) => [new BridgePort(port, 8950), new PortVlan(port, new VlanId(vlan), untagged)];
}
