using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

internal static class Desired
{
    public static readonly IpPrefix Pool4 = IpPrefix.Parse("10.255.0.0/16");
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
            new BgpInstance(new Asn(asn), loopback4.Address, Pool4, Pool6, new BfdTimers(200, 3), isVtep),
            new BgpNetwork(loopback4),
            new BgpNetwork(loopback6),
            .. ports.SelectMany(p => new DeviceObject[] { new UnderlayPort(p, 9000), new FabricNeighbor(p) }),
            .. more,
        ]);
    }

    public static EvpnVni Evpn(int device, int vni) => new(new Vni(vni), RouteDistinguisher.Type0((ushort)device, (uint)vni), RouteTarget.Type0(1, (uint)vni));
}
