using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.Tests.Planning;

/// <summary>Device states that a compiler could want, made from a number. Two states of neighbouring numbers share much.</summary>
internal static class RandomStates
{
    private static readonly string[] Ports = ["swp1", "swp2", "swp3", "eth7"];

    public static DeviceState Make(int seed, bool kernel = true)
    {
        var random = new Random(seed);
        var objects = new List<DeviceObject>();
        if (Chance(0.1))
        {
            return DeviceState.Empty;
        }

        var number = Chance(0.8) ? 11 : 12;
        var loopback = IpPrefix.Parse($"10.255.0.{number}/32");
        var asn = new Asn(Chance(0.85) ? 65011 : 4200000011);
        objects.Add(new LoopbackAddress(loopback));
        if (kernel && Chance(0.9))
        {
            objects.Add(new SystemSettings());
        }

        foreach (var port in Ports.Where(_ => Chance(0.6)))
        {
            objects.Add(new UnderlayPort(port, Chance(0.7) ? 9000 : 1600));
        }

        if (Chance(0.3))
        {
            objects.Add(new UpstreamPort("swp9"));
            objects.Add(new UpstreamAddress("swp9", null, IpInterface.Parse(Chance(0.7) ? "100.64.1.1/31" : "100.64.1.3/31")));
            if (Chance(0.5))
            {
                objects.Add(new UpstreamVlan("swp9", new VlanId(300)));
                objects.Add(new UpstreamAddress("swp9", new VlanId(300), IpInterface.Parse("2001:db8:64::1/127")));
            }
        }

        if (!Chance(0.9))
        {
            return DeviceState.Of(objects);
        }

        var isVtep = Chance(0.8);
        objects.Add(new BgpInstance(
            asn,
            loopback.Address,
            IpPrefix.Parse(Chance(0.8) ? "10.255.0.0/16" : "10.255.0.11/32"),
            Chance(0.6) ? IpPrefix.Parse(Chance(0.8) ? "fd00:ffff::/48" : "fd00:fffe::/48") : null,
            Chance(0.7) ? new BfdTimers(Chance(0.5) ? 300 : 200, Chance(0.5) ? 3 : 5) : null,
            isVtep));
        objects.Add(new BgpNetwork(loopback));
        objects.AddRange(objects.OfType<UnderlayPort>().Where(_ => Chance(0.8)).Select(p => new FabricNeighbor(p.Name)).ToList());
        if (Chance(0.3))
        {
            objects.Add(new ControllerNeighbor(IpAddr.Parse(Chance(0.7) ? "172.29.0.1" : "2001:db8::1"), new Asn(Chance(0.8) ? 64999 : 64998)));
        }

        if (!isVtep)
        {
            return DeviceState.Of(objects);
        }

        foreach (var vni in new[] { 10100, 10200, 10300 }.Where(_ => Chance(0.6)))
        {
            objects.Add(Evpn(vni));
        }

        if (!kernel || !Chance(0.8))
        {
            return DeviceState.Of(objects);
        }

        objects.Add(new Bridge());
        foreach (var l3 in new[] { 5000, 5001 }.Where(_ => Chance(0.6)))
        {
            var l3Vni = new Vni(l3);
            var l3Vlan = new VlanId(Chance(0.8) ? l3 - 1000 : l3 - 2000);
            objects.Add(new VxlanTunnel(l3Vni, l3Vlan, loopback.Address, 8950, SuppressNeighbours: false));
            objects.Add(new Vrf(
                l3Vni, l3Vlan, MacAddress.Parse(Chance(0.8) ? "02:00:5e:00:02:0b" : "02:00:5e:00:02:0c"), Rd(l3), RouteTarget.Type0(1, l3Vni.Value), asn, loopback.Address,
                Chance(0.8) ? 8950 : 1450));
        }

        var vrfs = objects.OfType<Vrf>().Select(v => v.L3Vni).ToList();
        foreach (var vni in objects.OfType<EvpnVni>().Select(e => e.Vni).ToList().Where(_ => Chance(0.8)))
        {
            var vlan = new VlanId((vni.Value / 100) + (Chance(0.8) ? 0 : 500));
            objects.Add(new VxlanTunnel(vni, vlan, loopback.Address, Chance(0.8) ? 8950 : 1450, SuppressNeighbours: true));
            if (vrfs.Count > 0 && Chance(0.7))
            {
                var addresses = new[] { $"10.{vlan.Value % 200}.0.1/24", "10.9.9.1/24", $"fd00:{vlan.Value}::1/64" }.Where(_ => Chance(0.7)).Select(a => IpInterface.Parse(a)).Order();
                objects.Add(new GatewayInterface(vlan, vrfs[random.Next(vrfs.Count)], MacAddress.Parse("02:00:5e:00:01:01"), addresses.ToValueList(), 8950));
            }
        }

        foreach (var port in new[] { "swp10", "swp11" }.Where(_ => Chance(0.6)))
        {
            objects.Add(new BridgePort(port, 8950));
            objects.AddRange(objects.OfType<VxlanTunnel>().Where(t => t.SuppressNeighbours && Chance(0.6)).Select((t, i) => new PortVlan(port, t.Vlan, i == 0)).ToList());
        }

        return DeviceState.Of(objects);

        bool Chance(double p) => random.NextDouble() < p;
        EvpnVni Evpn(int vni) => new(new Vni(vni), Rd(vni), RouteTarget.Type0((ushort)(Chance(0.85) ? 1 : 2), (uint)vni));
        RouteDistinguisher Rd(int vni) => RouteDistinguisher.Type0((ushort)number, (uint)vni);
    }
}
