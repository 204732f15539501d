using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Fuzz;

/// <summary>
/// A loaded data path with a small world in its maps: three VPCs, the first two with the same addresses, source NAT, static NAT, a port
/// forward, a balancer, an access list, IPv4 and IPv6 underlay. Frames come in from the loopback interface: untagged is the fabric, VLAN
/// <see cref="PublicVlan"/> the upstream router, <see cref="PlainVlan"/> a plain port of the first V-Net. All neighbours are known.
/// </summary>
internal sealed class World : IDisposable
{
    public const ushort PublicVlan = 10, PlainVlan = 20;

    /// <summary>VNIs: L2 of the VPCs A, B and C, the second L2 of A with a list, L3 of A and B.</summary>
    public const uint VniA = 10001, VniB = 10002, VniC = 10003, VniListed = 10011, VniL3A = 20001, VniL3B = 20002;

    /// <summary>Indices into <c>vnets</c> in the same order.</summary>
    public const uint VnetA = 1, VnetB = 2, VnetC = 5, VnetListed = 6, VnetL3A = 3, VnetL3B = 4;

    public const ushort UnderlayMtu = 9000, VnetMtu = 1500;

    public static readonly IpAddr Own4 = IpAddr.Parse("10.255.0.1"), Own6 = IpAddr.Parse("2001:db8:ff::1");
    public static readonly IpAddr Leaf1 = IpAddr.Parse("10.255.1.1"), Leaf2 = IpAddr.Parse("10.255.1.2"), Leaf6 = IpAddr.Parse("2001:db8:ff::11");
    public static readonly IpAddr Gateway4 = IpAddr.Parse("10.0.0.1"), GatewayListed = IpAddr.Parse("10.0.1.1");
    public static readonly IpAddr Gateway6 = IpAddr.Parse("fd00::1"), GatewayLocal = IpAddr.Parse("fe80::1"), GatewayC6 = IpAddr.Parse("2001:db8:c::1");
    public static readonly IpAddr Vm = IpAddr.Parse("10.0.0.10"), VmStatic = IpAddr.Parse("10.0.0.11"), VmListed = IpAddr.Parse("10.0.1.10");
    public static readonly IpAddr Vm6 = IpAddr.Parse("fd00::10"), VmOther6 = IpAddr.Parse("fd00::11"), VmC6 = IpAddr.Parse("2001:db8:c::10");
    public static readonly IpAddr Internet = IpAddr.Parse("192.0.2.80"), Internet6 = IpAddr.Parse("2001:db8:80::80");
    public static readonly IpAddr Node = IpAddr.Parse("203.0.113.1"), Node6 = IpAddr.Parse("2001:db8:f::1");
    public static readonly IpAddr PoolA = IpAddr.Parse("198.51.100.1"), PoolB = IpAddr.Parse("198.51.100.10");
    public static readonly IpAddr StaticA = IpAddr.Parse("198.51.100.50"), ForwardB = IpAddr.Parse("198.51.100.60"), BalancerA = IpAddr.Parse("198.51.100.61");
    public static readonly IpPrefix Public = IpPrefix.Parse("198.51.100.0/24"), PublicC6 = IpPrefix.Parse("2001:db8:c::/64"), PublicB6 = IpPrefix.Parse("2001:db8:b::/64");

    /// <summary>What <see cref="Vm6"/> of B is outside (RFC 6296: no checksum changes).</summary>
    public static readonly IpAddr VmB6Outside = IpAddr.Parse("2001:db8:b:0:cf3c::10");

    public static readonly MacAddress OwnMac = MacAddress.Parse("02:00:00:00:00:01"), LeafMac = MacAddress.Parse("02:00:00:00:00:02");
    public static readonly MacAddress RouterMac = MacAddress.Parse("02:00:00:00:00:03"), VmMac = MacAddress.Parse("02:00:00:00:00:10");
    public static readonly MacAddress GatewayMac = MacAddress.Parse("02:00:00:00:0a:01"), L3Mac = MacAddress.Parse("02:00:00:00:0a:03");

    private const uint Loopback = 1;
    private const uint A = 1, B = 2, C = 3;
    private const uint HopLeaf1 = 1, HopLeaf2 = 2, HopLeaf6 = 3, HopPublic4 = 4, HopPublic6 = 5;

    private readonly Vpc[] _vpcs = new Vpc[4];
    private readonly byte[] _output = new byte[16384];

    /// <param name="sizes">Sizes of maps that are not those of the object file.</param>
    public World(IReadOnlyDictionary<string, uint>? sizes = null)
    {
        DataPath = DataPathObject.Load(sizes is null ? new DataPathOptions() : new DataPathOptions { Sizes = sizes });
        Counters = DataPath.PerCpu<ulong>("counters");
        Ports();
        Hops();
        VNets();
        Routes();
        Translation();
        List();
        var vpcs = DataPath.Map<uint, Vpc>("vpcs");
        for (var i = 0u; i < _vpcs.Length; i++)
        {
            _vpcs[i].Uid = i + 100;
            _vpcs[i].Policy = 1;
            vpcs.Set(i, _vpcs[i]);
        }

        Settings = new Settings
        {
            AdjacencyNs = ulong.MaxValue / 2,
            TcpOpening = 240,
            TcpEstablished = 7440,
            TcpClosing = 240,
            Udp = 300,
            Icmp = 60,
            Other = 300,
            Fragment = 5,
            BlockHold = 60,
            VxlanPort = 4789,
            UnderlayMtu = UnderlayMtu,
        };
        SetSettings(Settings);
    }

    public DataPathObject DataPath { get; }

    public PerCpuMap<ulong> Counters { get; }

    public Settings Settings { get; }

    public void SetSettings(Settings settings) => DataPath.Map<uint, Settings>("settings").Set(0, settings);

    /// <summary>Runs the data path on a frame; the result is valid until the next call.</summary>
    public (XdpVerdict Verdict, ReadOnlyMemory<byte> Frame) Run(ReadOnlySpan<byte> frame)
    {
        var (verdict, length) = TestRun.Xdp(DataPath, "fabric_xdp", frame, Loopback, _output);
        return (verdict, _output.AsMemory(0, length));
    }

    /// <summary>Forgets the fragments that it has seen.</summary>
    public void ForgetFragments() => Forget(DataPath.Map<FragmentKey, Fragment>("fragments"));

    /// <summary>Forgets sessions and who has which ports, so that there is room for others.</summary>
    public void ForgetSessions()
    {
        Forget(DataPath.Map<Session4Key, Session4>("sessions4"));
        Forget(DataPath.Map<Session6Key, Session6>("sessions6"));
        Forget(DataPath.Map<HostKey, NatHost>("nat_hosts"));
        Forget(DataPath.Map<BlockKey, NatBlock>("nat_blocks"));
        var usages = DataPath.Map<uint, VpcUsage>("vpc_usages");
        for (var i = 0u; i < _vpcs.Length; i++)
        {
            usages.Set(i, default);
        }
    }

    /// <summary>Packets counted under a reason.</summary>
    public ulong Count(Counter reason) => Counters.Get((uint)reason).Aggregate(0UL, static (sum, value) => sum + value);

    public static Address16 At(IpAddr address) => Address16.Of(address);

    /// <summary>A frame as leaf 1 sends it.</summary>
    public static byte[] FromLeaf(uint vni, byte[] frame) => Frames.Vxlan(OwnMac, LeafMac, Leaf1, Own4, vni, frame);

    /// <summary>An IP packet of a machine behind leaf 1, to the gateway of its V-Net.</summary>
    public static byte[] FromVm(uint vni, byte[] packet) => FromLeaf(vni, Frames.Ethernet(GatewayMac, VmMac, packet));

    /// <summary>The same over the IPv6 underlay.</summary>
    public static byte[] FromLeaf6(uint vni, byte[] frame) => Frames.Vxlan(OwnMac, LeafMac, Leaf6, Own6, vni, frame);

    /// <summary>An IP packet that the upstream router sends.</summary>
    public static byte[] FromInternet(byte[] packet) => Frames.Ethernet(OwnMac, RouterMac, packet, PublicVlan);

    public void Dispose() => DataPath.Dispose();

    private static void Forget<TKey, TValue>(BpfMap<TKey, TValue> map)
        where TKey : unmanaged
        where TValue : unmanaged =>
        map.RemoveMany([.. map.ToList().Select(static e => e.Key)]);

    /// <summary>The bit of a prefix length in the masks of a VPC.</summary>
    private static void Use(ref ulong four, ref Lengths6 six, IpPrefix prefix)
    {
        if (prefix.Address.IsV4)
        {
            four |= 1UL << prefix.Length;
        }
        else
        {
            six[prefix.Length / 64] |= 1UL << (prefix.Length % 64);
        }
    }

    private void Ports()
    {
        var ports = DataPath.Map<PortKey, Port>("ports");
        ports.Set(new PortKey { Ifindex = Loopback }, new Port { Role = (uint)PortRole.Underlay });
        ports.Set(new PortKey { Ifindex = Loopback, Vlan = PublicVlan }, new Port { Role = (uint)PortRole.Public });
        ports.Set(new PortKey { Ifindex = Loopback, Vlan = PlainVlan }, new Port { Role = (uint)PortRole.Vnet, Vnet = VnetA });
    }

    private void Hops()
    {
        var vteps = DataPath.Map<uint, Address16>("vteps");
        var own = DataPath.Map<VtepKey, uint>("vteps_own");
        foreach (var (index, address) in ((uint, IpAddr)[])[(1, Own4), (2, Own6)])
        {
            vteps.Set(index, At(address));
            own.Set(new VtepKey { Address = At(address) }, index);
        }

        var hops = DataPath.Map<uint, Hop>("hops");
        hops.Set(HopLeaf1, new Hop { Address = At(Leaf1), Kind = (uint)HopKind.Vtep });
        hops.Set(HopLeaf2, new Hop { Address = At(Leaf2), Kind = (uint)HopKind.Vtep });
        hops.Set(HopLeaf6, new Hop { Address = At(Leaf6), Kind = (uint)HopKind.Vtep });
        hops.Set(HopPublic4, new Hop { Address = At(IpAddr.Parse("203.0.113.254")), Kind = (uint)HopKind.Gateway, Ifindex = Loopback, Vlan = PublicVlan });
        hops.Set(HopPublic6, new Hop { Address = At(IpAddr.Parse("2001:db8:f::fe")), Kind = (uint)HopKind.Gateway, Ifindex = Loopback, Vlan = PublicVlan });

        // As if the kernel had been asked, for good.
        var adjacencies = DataPath.PerCpu<Adjacency>("adjacencies");
        for (var hop = HopLeaf1; hop <= HopPublic6; hop++)
        {
            for (var path = 0u; path < 4; path++)
            {
                adjacencies.SetAll((hop * 4) + path, new Adjacency
                {
                    Expires = ulong.MaxValue / 2,
                    Ifindex = Loopback,
                    Mtu = hop < HopPublic4 ? UnderlayMtu : VnetMtu,
                    Source = Mac6.Of(OwnMac),
                    Destination = Mac6.Of(hop < HopPublic4 ? LeafMac : RouterMac),
                });
            }
        }
    }

    private void VNets()
    {
        var vnets = DataPath.Map<uint, VNet>("vnets");
        var vnis = DataPath.Map<uint, uint>("vnis");
        var gateways = DataPath.Map<GatewayKey, Gateway>("gateways");
        var routers = DataPath.Map<uint, Router>("routers");
        (uint Index, uint Vpc, uint Vni, VNetKind Kind, uint Vtep, IpAddr[] Gateways)[] rows =
        [
            (VnetA, A, VniA, VNetKind.L2, 1, [Gateway4, Gateway6, GatewayLocal]),
            (VnetB, B, VniB, VNetKind.L2, 1, [Gateway4, Gateway6, GatewayLocal]),
            (VnetL3A, A, VniL3A, VNetKind.L3, 1, []),
            (VnetL3B, B, VniL3B, VNetKind.L3, 1, []),
            (VnetC, C, VniC, VNetKind.L2, 2, [Gateway4, GatewayC6, GatewayLocal]),
            (VnetListed, A, VniListed, VNetKind.L2, 1, [GatewayListed]),
        ];
        foreach (var row in rows)
        {
            vnets.Set(row.Index, new VNet
            {
                Uid = row.Index + 1000,
                Vpc = row.Vpc,
                Vni = row.Vni,
                Kind = (ushort)row.Kind,
                Mac = Mac6.Of(row.Kind == VNetKind.L2 ? GatewayMac : L3Mac),
                Mtu = VnetMtu,
                AclIn = row.Index == VnetListed ? 1u : 0,
                Source = row.Vtep,
            });
            vnis.Set(row.Vni, row.Index);
            foreach (var address in row.Gateways)
            {
                gateways.Set(new GatewayKey { Vnet = row.Index, Address = At(address) }, default);
            }

            routers.Set(row.Index, new Router
            {
                Address4 = At(row.Index == VnetListed ? GatewayListed : Gateway4),
                Address6 = At(row.Vpc == C ? GatewayC6 : Gateway6),
            });
            _vpcs[row.Vpc].Flags |= (uint)(VpcFlags.Present | (row.Vpc == C ? VpcFlags.RoutedPublic6 | VpcFlags.AntiSpoof : VpcFlags.None));
        }

        routers.Set(0, new Router { Address4 = At(Node), Address6 = At(Node6) });
        _vpcs[0].Flags = (uint)(VpcFlags.Present | VpcFlags.HasServices);
    }

    private void Routes()
    {
        foreach (var (vpc, vnet, hop) in ((uint, uint, uint)[])[(A, VnetA, HopLeaf1), (B, VnetB, HopLeaf2)])
        {
            Host(vpc, Vm, hop, vnet);
            Host(vpc, VmStatic, hop, vnet);
            Host(vpc, Vm6, hop, vnet);
            Host(vpc, VmOther6, hop, vnet);
            Prefix(vpc, "10.0.0.0/24", new Route { Vnet = vnet, Flags = (ushort)RouteFlags.Connected });
            Prefix(vpc, "fd00::/64", new Route { Vnet = vnet, Flags = (ushort)RouteFlags.Connected });
        }

        Host(A, VmListed, HopLeaf2, VnetListed);
        Prefix(A, "10.0.1.0/24", new Route { Vnet = VnetListed, Flags = (ushort)RouteFlags.Connected });
        Prefix(A, "10.0.9.0/24", new Route { Flags = (ushort)RouteFlags.Reject });
        Prefix(A, "10.0.8.0/24", new Route { Hop = HopLeaf2, Vnet = VnetL3A, Mac = Mac6.Of(LeafMac) });
        Host(C, Vm, HopLeaf6, VnetC);
        Host(C, VmC6, HopLeaf6, VnetC);
        Prefix(C, "10.0.0.0/24", new Route { Vnet = VnetC, Flags = (ushort)RouteFlags.Connected });
        Prefix(C, "2001:db8:c::/64", new Route { Vnet = VnetC, Flags = (ushort)RouteFlags.Connected });
        foreach (var vpc in (uint[])[A, B, C])
        {
            Prefix(vpc, "0.0.0.0/0", new Route { Flags = (ushort)RouteFlags.Public });
            Prefix(vpc, "::/0", new Route { Flags = (ushort)RouteFlags.Public });
        }

        Prefix(0, "0.0.0.0/0", new Route { Hop = HopPublic4 });
        Prefix(0, "::/0", new Route { Hop = HopPublic6 });
        Prefix(0, PublicC6.ToString(), new Route { Hop = C, Flags = (ushort)RouteFlags.IntoVpc });
    }

    private void Host(uint vpc, IpAddr address, uint hop, uint vnet) =>
        DataPath.Map<HostKey, Route>("hosts").Set(
            new HostKey { Realm = vpc, Address = At(address) },
            new Route { Hop = hop, Vnet = vnet, Mac = Mac6.Of(VmMac), Flags = (ushort)RouteFlags.Known });

    private void Prefix(uint vpc, string text, Route route)
    {
        var prefix = IpPrefix.Parse(text);
        var (address, length) = Address16.Of(prefix);
        DataPath.Map<PrefixKey, Route>("prefixes").Set(new PrefixKey { Realm = vpc, Length = length, Address = address }, route);
        Use(ref _vpcs[vpc].Prefixes4, ref _vpcs[vpc].Prefixes6, prefix);
    }

    private void Translation()
    {
        var publicAddresses = DataPath.Map<Address16, PublicAddress>("public_addresses");
        var pools = DataPath.Map<uint, Pool>("pools");
        var poolAddresses = DataPath.Map<uint, PoolAddress>("pool_addresses");
        var sources = DataPath.Map<PrefixKey, SnatSource>("snat_sources");
        foreach (var (index, vpc, address) in ((uint, uint, IpAddr)[])[(1, A, PoolA), (2, B, PoolB)])
        {
            poolAddresses.Set(index, new PoolAddress { Address = At(address) });
            pools.Set(index, new Pool { First = index, Count = 1, BlocksPerHost = 4, Uid = index });
            var prefix = IpPrefix.Parse("10.0.0.0/16");
            var (inside, length) = Address16.Of(prefix);
            sources.Set(new PrefixKey { Realm = vpc, Length = length, Address = inside }, new SnatSource { Pool = index });
            Use(ref _vpcs[vpc].Sources4, ref _vpcs[vpc].Sources6, prefix);
            publicAddresses.Set(At(address), new PublicAddress { Realm = vpc, Flags = (uint)PublicFlags.Pool });
        }

        // B's IPv6 prefix has another one outside.
        var inner = Address16.Of(IpPrefix.Parse("fd00::/64"));
        var outer = Address16.Of(PublicB6);
        sources.Set(
            new PrefixKey { Realm = B, Length = inner.Length, Address = inner.Address },
            new SnatSource { Flags = (uint)SnatFlags.Prefix, To = outer.Address, Length = outer.Length });
        sources.Set(
            new PrefixKey { Length = outer.Length, Address = outer.Address },
            new SnatSource { Flags = (uint)SnatFlags.Prefix, To = inner.Address, Length = inner.Length, Realm = B });
        Use(ref _vpcs[B].Sources4, ref _vpcs[B].Sources6, IpPrefix.Parse("fd00::/64"));
        Use(ref _vpcs[0].Sources4, ref _vpcs[0].Sources6, PublicB6);
        Prefix(0, PublicB6.ToString(), new Route { Hop = B, Flags = (ushort)RouteFlags.IntoVpc });

        publicAddresses.Set(At(StaticA), new PublicAddress { Inside = At(VmStatic), Realm = A, Flags = (uint)PublicFlags.Static });
        DataPath.Map<HostKey, StaticSource>("static_sources").Set(
            new HostKey { Realm = A, Address = At(VmStatic) }, new StaticSource { Outside = At(StaticA) });

        publicAddresses.Set(At(ForwardB), new PublicAddress { Realm = B });
        publicAddresses.Set(At(BalancerA), new PublicAddress { Realm = A });
        var services = DataPath.Map<ServiceKey, Service>("services");
        var addresses = DataPath.Map<HostKey, ServiceAddress>("service_addresses");
        addresses.Set(new HostKey { Address = At(ForwardB) }, new ServiceAddress { Lengths = 1 << 13 });
        services.Set(
            new ServiceKey { Address = At(ForwardB), Port = 8080, Length = 13, Protocol = Frames.TcpNumber },
            new Service { Inside = At(Vm), Realm = B, Kind = (uint)ServiceKind.Forward, FirstPort = 8080, InsidePort = 80, Uid = 1 });
        services.Set(
            new ServiceKey { Address = At(ForwardB), Port = 8080, Length = 13, Protocol = Frames.UdpNumber },
            new Service { Inside = At(Vm), Realm = B, Kind = (uint)ServiceKind.Forward, FirstPort = 8080, InsidePort = 80, Uid = 1 });
        addresses.Set(new HostKey { Address = At(BalancerA) }, new ServiceAddress { Lengths = 1 << 16 });
        services.Set(
            new ServiceKey { Address = At(BalancerA), Port = 80, Length = 16, Protocol = Frames.TcpNumber },
            new Service { Realm = A, Kind = (uint)ServiceKind.Balancer, Balancer = 1, Uid = 2 });
        DataPath.Map<uint, Balancer>("balancers").Set(1, new Balancer { Table = 0, Size = 7, Uid = 2 });
        var maglev = DataPath.Map<uint, uint>("maglev");
        for (var cell = 0u; cell < 7; cell++)
        {
            maglev.Set(cell, 1 + (cell % 2));
        }

        var backends = DataPath.Map<uint, Backend>("backends");
        backends.Set(1, new Backend { Address = At(Vm), Realm = A, Port = 8000, Uid = 1, Source = At(Gateway4) });
        backends.Set(2, new Backend { Address = At(VmStatic), Realm = A, Port = 8000, Uid = 2, Source = At(Gateway4) });
    }

    /// <summary>List 1: TCP port 80 may enter, all else is denied.</summary>
    private void List()
    {
        var acl = new Acl { Pairs = 0, DestinationClasses = 1, Verdicts = 8, ServiceClasses = 2, Uid = 7, FirstCounter = 0 };
        acl.Protocols[0] = 1u << Frames.TcpNumber;
        DataPath.Map<uint, Acl>("acls").Set(1, acl);
        var services = DataPath.Map<AclServiceKey, AclService>("acl_services");
        services.Set(new AclServiceKey { Version = 1, Protocol = Frames.TcpNumber }, new AclService { Lengths = 1 << 16 });
        services.Set(new AclServiceKey { Version = 1, Port = 80, Length = 16, Protocol = Frames.TcpNumber }, new AclService { Class = 1 });
        var cells = DataPath.Map<uint, uint>("acl_cells");
        cells.Set(0, 0);
        cells.Set(8, 0);
        cells.Set(9, 0x8000_0001);
    }
}
