using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Tests.Packets;

/// <summary>
/// A SoftGate in maps only. Two VPCs with the same addresses: V-Net 10.0.0.0/24 and 2001:db8:a::/64 with hosts .10 and .20 behind two VTEPs,
/// a default route to the outside. All ports are interface 1, told apart by their tags: untagged the underlay, 100 public, 200 a plain port
/// of VPC 1's V-Net, 300 probes.
/// </summary>
public sealed class Node : IDisposable
{
    internal const int UnderlayVlan = 0;
    internal const int PublicVlan = 100;
    internal const int PlainVlan = 200;
    internal const int ProbeVlan = 300;
    internal const uint Lo = 1;

    internal static readonly IpAddr Vtep = IpAddr.Parse("192.0.2.1");
    internal static readonly IpAddr Vtep6 = IpAddr.Parse("2001:db8:ffff::1");
    internal static readonly IpAddr[] Vteps = [IpAddr.Parse("192.0.2.11"), IpAddr.Parse("192.0.2.12")];
    internal static readonly IpAddr Vtep6Of2 = IpAddr.Parse("2001:db8:ffff::12");
    internal static readonly MacAddress GatewayMac = MacAddress.Parse("02:00:00:00:00:01");
    internal static readonly MacAddress HostMac = MacAddress.Parse("02:00:00:00:10:01");
    internal static readonly MacAddress PortMac = MacAddress.Parse("02:00:00:00:aa:01");
    internal static readonly MacAddress PeerMac = MacAddress.Parse("02:00:00:00:aa:02");
    internal static readonly MacAddress RouterMac = MacAddress.Parse("02:00:00:00:bb:02");

    private const uint PublicHop = 1;
    private const uint FirstVtepHop = 2;
    private const uint ProbeHop = 6;
    private const uint Vtep6Hop = 7;

    public Node()
    {
        DataPath = DataPathObject.Load(new DataPathOptions { Sizes = new Dictionary<string, uint> { ["sessions4"] = 4096, ["sessions6"] = 4096 } });
        Reset();
    }

    private uint _generation;

    internal DataPathObject DataPath { get; }

    internal BpfMap<uint, Vpc> Vpcs => DataPath.Map<uint, Vpc>("vpcs");

    internal BpfMap<uint, VNet> VNets => DataPath.Map<uint, VNet>("vnets");

    internal BpfMap<HostKey, Route> Hosts => DataPath.Map<HostKey, Route>("hosts");

    internal BpfMap<PrefixKey, Route> Prefixes => DataPath.Map<PrefixKey, Route>("prefixes");

    internal BpfMap<Session4Key, Session4> Sessions4 => DataPath.Map<Session4Key, Session4>("sessions4");

    internal BpfMap<Session6Key, Session6> Sessions6 => DataPath.Map<Session6Key, Session6>("sessions6");

    internal BpfMap<BlockKey, NatBlock> Blocks => DataPath.Map<BlockKey, NatBlock>("nat_blocks");

    internal BpfMap<HostKey, NatHost> NatHosts => DataPath.Map<HostKey, NatHost>("nat_hosts");

    public void Dispose() => DataPath.Dispose();

    internal static Address16 A(string address) => Address16.Of(IpAddr.Parse(address));

    internal static HostKey Host(uint realm, string address) => new() { Realm = realm, Address = A(address) };

    internal static PrefixKey Prefix(uint realm, string prefix)
    {
        var (address, length) = Address16.Of(IpPrefix.Parse(prefix));
        return new() { Realm = realm, Length = length, Address = address };
    }

    /// <summary>The maps as at the beginning of each test.</summary>
    internal void Reset()
    {
        Clear<HostKey, Route>("hosts");
        Clear<PrefixKey, Route>("prefixes");
        Clear<Session4Key, Session4>("sessions4");
        Clear<Session6Key, Session6>("sessions6");
        Clear<HostKey, NatHost>("nat_hosts");
        Clear<BlockKey, NatBlock>("nat_blocks");
        Clear<Address16, PublicAddress>("public_addresses");
        Clear<HostKey, StaticSource>("static_sources");
        Clear<HostKey, ServiceAddress>("service_addresses");
        Clear<ServiceKey, Service>("services");
        Clear<PrefixKey, SnatSource>("snat_sources");
        Clear<Address16, Probe>("probes");
        Clear<GatewayKey, Gateway>("gateways");
        Clear<PortKey, Port>("ports");
        DataPath.Map<uint, uint>("generation").Set(0, 0);
        for (var i = 0u; i < 8; i++)
        {
            DataPath.Map<uint, VpcUsage>("vpc_usages").Set(i, default);
            DataPath.PerCpu<VpcCounters>("vpc_counters").SetAll(i, default);
            DataPath.PerCpu<Adjacency>("adjacencies").SetAll(i, default);
        }

        DataPath.Map<uint, Settings>("settings").Set(0, new()
        {
            AdjacencyNs = 1_000_000_000,
            TcpOpening = 240,
            TcpEstablished = 7440,
            TcpClosing = 240,
            Udp = 300,
            Icmp = 60,
            Other = 300,
            Fragment = 15,
            BlockHold = 120,
            VxlanPort = 4789,
            UnderlayMtu = 9000,
        });
        SetPort(UnderlayVlan, PortRole.Underlay);
        SetPort(PublicVlan, PortRole.Public);
        SetPort(PlainVlan, PortRole.Vnet, 1);
        SetPort(ProbeVlan, PortRole.Probe);

        var vteps = DataPath.Map<uint, Address16>("vteps");
        vteps.Set(0, Address16.Of(Vtep));
        vteps.Set(1, Address16.Of(Vtep6));
        DataPath.Map<VtepKey, uint>("vteps_own").Set(new() { Address = Address16.Of(Vtep) }, 0);
        DataPath.Map<VtepKey, uint>("vteps_own").Set(new() { Address = Address16.Of(Vtep6) }, 1);

        SetHop(PublicHop, HopKind.Gateway, "198.51.100.1", PublicVlan, PeerMac);
        SetHop(ProbeHop, HopKind.Gateway, "169.254.0.2", ProbeVlan, PeerMac);
        SetHop(Vtep6Hop, HopKind.Vtep, Vtep6Of2.ToString(), 0, RouterMac);

        var defaults = default(Lengths6);
        defaults[0] = 1;
        Vpcs.Set(0, new() { Flags = (uint)VpcFlags.Present, Policy = 1, Prefixes4 = 1, Prefixes6 = defaults });
        Prefixes.Set(Prefix(0, "0.0.0.0/0"), new() { Hop = PublicHop });
        Prefixes.Set(Prefix(0, "::/0"), new() { Hop = PublicHop });
        for (var realm = 1u; realm <= 2; realm++)
        {
            var lengths = defaults;
            lengths[1] = 1; // ::/0 and /64
            Vpcs.Set(realm, new()
            {
                Uid = realm,
                Flags = (uint)VpcFlags.Present,
                Policy = 1,
                Prefixes4 = 1 | (1 << 24),
                Prefixes6 = lengths,
                Sources4 = 1,
                Sources6 = defaults,
            });
            VNets.Set(realm, new()
            {
                Uid = realm,
                Vpc = realm,
                Vni = 5000 + realm,
                Kind = (ushort)VNetKind.L2,
                Mac = Mac6.Of(GatewayMac),
                Mtu = 1500,
            });
            DataPath.Map<uint, uint>("vnis").Set(5000 + realm, realm);
            SetHop(FirstVtepHop + realm - 1, HopKind.Vtep, Vteps[realm - 1].ToString(), 0, RouterMac);
            Prefixes.Set(Prefix(realm, "0.0.0.0/0"), new() { Flags = (ushort)RouteFlags.Public });
            Prefixes.Set(Prefix(realm, "::/0"), new() { Flags = (ushort)RouteFlags.Public });
            Prefixes.Set(Prefix(realm, "10.0.0.0/24"), new() { Vnet = realm, Flags = (ushort)RouteFlags.Connected });
            Prefixes.Set(Prefix(realm, "2001:db8:a::/64"), new() { Vnet = realm, Flags = (ushort)RouteFlags.Connected });
            foreach (var host in new[] { "10.0.0.10", "10.0.0.20", "2001:db8:a::10", "2001:db8:a::20" })
            {
                SetHost(realm, host, FirstVtepHop + realm - 1);
            }
        }
    }

    /// <summary>From now on the data path remembers what it finds in the tables, which are as they are now.</summary>
    internal void TablesChanged() => DataPath.Map<uint, uint>("generation").Set(0, ++_generation);

    internal void SetHost(uint realm, string address, uint hop, RouteFlags flags = RouteFlags.Known) =>
        Hosts.Set(Host(realm, address), new() { Hop = hop, Vnet = realm, Mac = Mac6.Of(HostMac), Flags = (ushort)flags });

    /// <summary>Lets hosts of VPC 2 be reached over an IPv6 underlay.</summary>
    internal void UseIpv6Underlay()
    {
        ChangeVNet(2, v => v with { Source = 1 });
        foreach (var host in new[] { "10.0.0.10", "10.0.0.20", "2001:db8:a::10", "2001:db8:a::20" })
        {
            SetHost(2, host, Vtep6Hop);
        }
    }

    internal void SetPort(int vlan, PortRole role, uint vnet = 0) =>
        DataPath.Map<PortKey, Port>("ports").Set(
            new() { Ifindex = Lo, Vlan = (uint)vlan }, new() { Role = (uint)role, Vnet = vnet, Mac = role == PortRole.Public ? Mac6.Of(PortMac) : default });

    internal void ChangeVpc(uint realm, Func<Vpc, Vpc> change)
    {
        Assert.True(Vpcs.TryGet(realm, out var vpc));
        Vpcs.Set(realm, change(vpc) with { Policy = vpc.Policy + 1 });
    }

    internal void ChangeVNet(uint index, Func<VNet, VNet> change)
    {
        Assert.True(VNets.TryGet(index, out var vnet));
        VNets.Set(index, change(vnet));
    }

    /// <summary>Source NAT of a VPC to addresses.</summary>
    internal void SetSourceNat(uint realm, uint blocksPerHost, params string[] addresses)
    {
        for (var i = 0u; i < addresses.Length; i++)
        {
            DataPath.Map<uint, Address16>("pool_addresses").Set((realm * 16) + i, A(addresses[i]));
            DataPath.Map<Address16, PublicAddress>("public_addresses").Set(A(addresses[i]), new() { Realm = realm, Flags = (uint)PublicFlags.Pool });
        }

        DataPath.Map<uint, Pool>("pools").Set(realm, new() { First = realm * 16, Count = (uint)addresses.Length, BlocksPerHost = blocksPerHost, Uid = realm });
        var prefix = IpAddr.Parse(addresses[0]).IsV4 ? "0.0.0.0/0" : "::/0";
        DataPath.Map<PrefixKey, SnatSource>("snat_sources").Set(Prefix(realm, prefix), new() { Pool = realm });
    }

    internal void SetStatic(uint realm, string inside, string outside)
    {
        DataPath.Map<HostKey, StaticSource>("static_sources").Set(Host(realm, inside), new() { Outside = A(outside) });
        DataPath.Map<Address16, PublicAddress>("public_addresses").Set(
            A(outside), new() { Inside = A(inside), Realm = realm, Flags = (uint)PublicFlags.Static });
    }

    /// <summary>A port forward of one prefix of ports.</summary>
    internal void SetForward(string outside, byte protocol, ushort first, byte length, uint realm, string inside, ushort insidePort, uint of = 0)
    {
        DataPath.Map<HostKey, ServiceAddress>("service_addresses").TryGet(Host(of, outside), out var known);
        DataPath.Map<HostKey, ServiceAddress>("service_addresses").Set(Host(of, outside), new() { Lengths = known.Lengths | (1u << length) });
        DataPath.Map<ServiceKey, Service>("services").Set(
            new() { Address = A(outside), Realm = of, Port = first, Length = length, Protocol = protocol },
            new() { Inside = A(inside), Realm = realm, Kind = (uint)ServiceKind.Forward, FirstPort = first, InsidePort = insidePort, Uid = 1 });
        if (of == 0)
        {
            DataPath.Map<Address16, PublicAddress>("public_addresses").Set(A(outside), new() { Realm = realm });
        }
    }

    /// <summary>The frame from a host of a VPC, as its VTEP sends it.</summary>
    internal static byte[] FromVpc(int realm, Packet packet) => Frame.Ethernet(
        PortMac, RouterMac, Frame.Vxlan(Vteps[realm - 1], Vtep, 5000 + realm, Frame.Ethernet(GatewayMac, HostMac, packet.ToBytes())));

    /// <summary>The frame from outside.</summary>
    internal static byte[] FromOutside(Packet packet) => Frame.Ethernet(PortMac, PeerMac, packet.ToBytes(), PublicVlan);

    internal TestRunResult Run(byte[] frame) => TestRun.Xdp(DataPath, "fabric_xdp", frame, Lo);

    /// <summary>Runs a frame that must be sent on.</summary>
    internal Sent Send(byte[] frame)
    {
        var before = Counters();
        var result = Run(frame);
        Assert.True(result.Verdict == XdpVerdict.Redirect, $"{result.Verdict}: {Difference(before)}");
        return Frame.Read(result.Packet);
    }

    /// <summary>Runs a frame that must be dropped, for one reason.</summary>
    internal void Drop(Counter reason, byte[] frame)
    {
        var before = Counters();
        var result = Run(frame);
        Assert.Equal(reason.ToString(), Difference(before));
        Assert.Equal(XdpVerdict.Drop, result.Verdict);
    }

    internal ulong[] Counters()
    {
        var counters = DataPath.PerCpu<ulong>("counters");
        return [.. Enumerable.Range(0, (int)counters.MaxEntries).Select(i => counters.Get((uint)i).Aggregate(0ul, (a, b) => a + b))];
    }

    internal string Difference(ulong[] before) =>
        string.Join(", ", Counters().Select((n, i) => (n, i)).Where(c => c.n != before[c.i]).Select(c => ((Counter)c.i).ToString()));

    private void SetHop(uint index, HopKind kind, string address, int vlan, MacAddress neighbor)
    {
        DataPath.Map<uint, Hop>("hops").Set(index, new() { Address = A(address), Kind = (uint)kind, Ifindex = vlan == 0 ? 0 : Lo, Vlan = (ushort)vlan });
        for (var path = 0u; path < 4; path++)
        {
            DataPath.PerCpu<Adjacency>("adjacencies").SetAll((index * 4) + path, new()
            {
                Expires = long.MaxValue,
                Ifindex = Lo,
                Mtu = (ushort)(kind == HopKind.Vtep ? 9000 : 1500),
                Destination = Mac6.Of(neighbor),
                Source = Mac6.Of(PortMac),
            });
        }
    }

    private void Clear<TKey, TValue>(string name)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        var map = DataPath.Map<TKey, TValue>(name);
        map.RemoveMany([.. map.ToList().Select(e => e.Key)]);
    }
}
