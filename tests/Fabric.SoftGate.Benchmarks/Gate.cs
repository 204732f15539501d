using Fabric.Primitives;
using Fabric.SoftGate.AccessLists;
using Fabric.SoftGate.Balancing;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>How large a gate is.</summary>
internal sealed record GateSize
{
    /// <summary>Port forwards of each of the two VPCs that have traffic.</summary>
    internal int Forwards { get; init; } = 10;

    /// <summary>Rules of access lists in all, in lists of up to 1,000.</summary>
    internal int ListRules { get; init; } = 10;

    /// <summary>VPCs; those of traffic are the first two.</summary>
    internal int Vpcs { get; init; } = 2;

    /// <summary>Sessions at a time.</summary>
    internal uint Sessions { get; init; } = 65_536;

    /// <summary>The same of IPv6.</summary>
    internal uint Sessions6 { get; init; } = 1024;

    /// <summary>Frames of the generator.</summary>
    internal uint Frames { get; init; } = 32_768;
}

/// <summary>
/// The product's data path with rules, attached to its ports. VPC 1 has its hosts behind a plain port, VPC 2 behind VXLAN; both use the same
/// addresses. V-Nets 1 and 2 are those of the hosts that send, 3 and 4 those of hosts that they reach by routing.
/// </summary>
internal sealed class Gate : XdpStand
{
    internal const int Plain = 1, Vxlan = 2;
    internal const int LargestList = 1000;
    internal const uint Pool = 0xcb007000, Forwarded = 0xcb010000, Balanced = 0xcb020001; // 203.0.112.0, 203.1.0.0, 203.2.0.1
    internal const uint Hosts = 0x0a000000, Routed = 0x0ac80000, Servers = 0x0ac90000;    // 10.0.0.0, 10.200.0.0, 10.201.0.0
    internal const int PoolAddresses = 256, RoutedHosts = 250, BalancedHosts = 64, ForwardsPerAddress = 64;
    internal const ushort FirstForward = 1000, ServerPort = 8080;

    private const uint OutsideHop = 1, PlainHop = 2, VtepHop = 3;
    private const int FirstVni = 5000;

    private readonly List<XdpAttachment> _attachments = [];

    internal Gate(GateSize size)
        : base(size.Frames)
    {
        Size = size;
        DataPath = DataPathObject.Load(new() { Sizes = Sizes(size) });
        Base();
        Vpcs();
        Forwards();
        Balancers();
        Lists();
        DataPath.TablesChanged();
        foreach (var port in new[] { VNet, Public, Underlay })
        {
            _attachments.Add(XdpAttachment.Attach(DataPath, "fabric_xdp", port.InsideIndex, pin: null));
        }

        Sink();
    }

    internal DataPathObject DataPath { get; }

    internal GateSize Size { get; }

    /// <summary>The headers of plain frames that go in at a port.</summary>
    internal static Envelope PlainAt(Port port) => new(port.InsideMac, port.OutsideMac);

    /// <summary>The headers of frames that go in by VXLAN.</summary>
    internal static Envelope ByVxlan { get; } =
        new(Underlay.InsideMac, Underlay.OutsideMac, Underlay.Inside, Underlay.Outside, [2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 16, 1]);

    /// <summary>VNI of a V-Net.</summary>
    internal static int VniOf(int vnet) => FirstVni + vnet;

    /// <summary>V-Net of a VPC beyond the first two.</summary>
    internal static int VNetOf(int vpc) => vpc + 2;

    /// <summary>Public address and port of a port forward of a VPC.</summary>
    internal static (uint Address, ushort Port) ForwardOf(int vpc, int forward) =>
        (Forwarded + ((uint)(vpc - 1) << 14) + (uint)(forward / ForwardsPerAddress), (ushort)(FirstForward + (forward % ForwardsPerAddress)));

    /// <summary>Where a port forward leads to.</summary>
    internal static (uint Address, ushort Port) BehindForward(int forward) => (Hosts + 256 + (uint)forward, ServerPort);

    public override void Dispose()
    {
        _attachments.ForEach(a => a.Dispose());
        base.Dispose();
        DataPath.Dispose();
    }

    /// <summary>Octets of the kernel that a map takes, as the kernel says.</summary>
    internal long MemoryOf(string map)
    {
        foreach (var line in File.ReadLines($"/proc/self/fdinfo/{DataPath.MapDescriptor(map)}"))
        {
            if (line.StartsWith("memlock:", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(8).Trim(), System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }

    internal long MemoryOfAll() => DataPath.MapNames.Sum(MemoryOf);

    /// <summary>The sink stays: a port takes redirected frames when its other end has a program.</summary>
    protected override void Unsink()
    {
    }

    protected override string Why()
    {
        var counters = DataPath.PerCpu<ulong>("counters");
        var all = Enumerable.Range(0, (int)counters.MaxEntries).Select(i => (Counter: (Counter)i, Count: counters.Get((uint)i).Aggregate(0ul, (a, b) => a + b)));
        return $" ({string.Join(", ", all.Where(c => c.Count != 0).Select(c => $"{c.Counter} {c.Count}"))})";
    }

    private static Address16 A(uint address) => Address16.Of(IpAddr.V4(address));

    private static HostKey Host(int realm, uint address) => new() { Realm = (uint)realm, Address = A(address) };

    private static PrefixKey Default(int realm) => new() { Realm = (uint)realm, Length = 96, Address = A(0) };

    private static Dictionary<string, uint> Sizes(GateSize size)
    {
        var vpcs = (uint)size.Vpcs + 8;
        var hosts = (2 * (uint)size.Forwards) + 4096;
        var lists = (uint)Lists(size.ListRules);
        return new()
        {
            ["vpcs"] = vpcs,
            ["vpc_usages"] = vpcs,
            ["vpc_counters"] = vpcs,
            ["vnets"] = vpcs + 8 + lists,
            ["vnis"] = vpcs + 8 + lists,
            ["routers"] = vpcs + 8 + lists,
            ["prefixes"] = vpcs + 4096,
            ["snat_sources"] = vpcs + 4096,
            ["hosts"] = hosts,
            ["services"] = hosts,
            ["sessions4"] = size.Sessions,
            ["sessions6"] = size.Sessions6,
            ["nat_hosts"] = 262_144,
            ["nat_blocks"] = 262_144,
            ["acl_addresses"] = 1_048_576,
            ["acl_services"] = 1_048_576,
            ["acl_counters"] = (uint)size.ListRules + lists + 16,
            ["acl_cells"] = 64u << 20,
        };
    }

    private static int Lists(int rules) => (rules + LargestList - 1) / LargestList;

    private void Base()
    {
        DataPath.Map<uint, Settings>("settings").Set(0, new()
        {
            AdjacencyNs = 100_000_000,
            TcpOpening = 240,
            TcpEstablished = 7440,
            TcpClosing = 240,
            Udp = 300,
            Icmp = 60,
            Other = 300,
            Fragment = 15,
            BlockHold = 120,
            VxlanPort = 4789,
            UnderlayMtu = 1500,
        });
        var ports = DataPath.Map<PortKey, Layout.Port>("ports");
        ports.Set(new() { Ifindex = VNet.InsideIndex }, new() { Role = (uint)PortRole.Vnet, Vnet = Plain });
        ports.Set(new() { Ifindex = Public.InsideIndex }, new() { Role = (uint)PortRole.Public, Mac = Mac6.Of(MacAddress.FromBytes(Public.InsideMac)) });
        ports.Set(new() { Ifindex = Underlay.InsideIndex }, new() { Role = (uint)PortRole.Underlay });
        DataPath.Map<uint, Address16>("vteps").Set(0, A(Underlay.Inside));
        DataPath.Map<VtepKey, uint>("vteps_own").Set(new() { Address = A(Underlay.Inside) }, 0);

        var hops = DataPath.Map<uint, Hop>("hops");
        hops.Set(OutsideHop, new() { Address = A(Public.Outside), Kind = (uint)HopKind.Gateway, Ifindex = Public.InsideIndex });
        hops.Set(PlainHop, new() { Address = A(VNet.Outside), Kind = (uint)HopKind.Gateway, Ifindex = VNet.InsideIndex });
        hops.Set(VtepHop, new() { Address = A(Underlay.Outside), Kind = (uint)HopKind.Vtep });
        DataPath.Map<PrefixKey, Route>("prefixes").Set(Default(0), new() { Hop = OutsideHop });

        for (var i = 0u; i < PoolAddresses; i++)
        {
            DataPath.Map<uint, Address16>("pool_addresses").Set(i, A(Pool + i));
            DataPath.Map<Address16, PublicAddress>("public_addresses").Set(A(Pool + i), new() { Realm = 1, Flags = (uint)PublicFlags.Pool });
        }

        DataPath.Map<uint, Pool>("pools").Set(1, new() { First = 0, Count = PoolAddresses, BlocksPerHost = 16, Uid = 1 });
    }

    /// <summary>All VPCs: a V-Net, a default route to the outside, source NAT.</summary>
    private void Vpcs()
    {
        DataPath.Map<uint, Vpc>("vpcs").Set(0, new() { Flags = (uint)VpcFlags.Present, Policy = 1, Prefixes4 = 1 });
        var count = Size.Vpcs;
        var realms = new uint[count];
        var vpcs = new Vpc[count];
        var vnets = new uint[count];
        var values = new VNet[count];
        var vnis = new uint[count];
        var defaults = new PrefixKey[count];
        var routes = new Route[count];
        var sources = new SnatSource[count];
        for (var i = 0; i < count; i++)
        {
            var vpc = i + 1;
            realms[i] = (uint)vpc;
            vpcs[i] = new() { Uid = (uint)vpc, Flags = (uint)VpcFlags.Present, Policy = 1, Prefixes4 = 1, Sources4 = 1 };
            vnets[i] = (uint)(vpc <= 2 ? vpc : VNetOf(vpc));
            values[i] = VNetValue((int)vnets[i], vpc);
            vnis[i] = values[i].Vni;
            defaults[i] = Default(vpc);
            routes[i] = new() { Flags = (ushort)RouteFlags.Public };
            sources[i] = new() { Pool = 1 };
        }

        DataPath.Map<uint, Vpc>("vpcs").SetMany(realms, vpcs);
        DataPath.Map<uint, VNet>("vnets").SetMany(vnets, values);
        DataPath.Map<uint, uint>("vnis").SetMany(vnis, vnets);
        DataPath.Map<PrefixKey, Route>("prefixes").SetMany(defaults, routes);
        DataPath.Map<PrefixKey, SnatSource>("snat_sources").SetMany(defaults, sources);

        foreach (var vpc in new[] { Plain, Vxlan })
        {
            var vnet = vpc + 2;
            DataPath.Map<uint, VNet>("vnets").Set((uint)vnet, VNetValue(vnet, vpc));
            DataPath.Map<uint, uint>("vnis").Set((uint)VniOf(vnet), (uint)vnet);
            for (var i = 0u; i < RoutedHosts; i++)
            {
                AddHost(vpc, Routed + i, vnet, vpc == Plain ? OutsideHop : VtepHop);
            }
        }
    }

    private void Forwards()
    {
        foreach (var vpc in new[] { Plain, Vxlan })
        {
            var keys = new ServiceKey[Size.Forwards];
            var services = new Service[Size.Forwards];
            for (var i = 0; i < Size.Forwards; i++)
            {
                var (address, port) = ForwardOf(vpc, i);
                var (inside, insidePort) = BehindForward(i);
                keys[i] = new() { Address = A(address), Port = port, Length = 16, Protocol = 17 };
                services[i] = new() { Inside = A(inside), Realm = (uint)vpc, Kind = (uint)ServiceKind.Forward, FirstPort = port, InsidePort = insidePort, Uid = (uint)i };
                AddHost(vpc, inside, vpc, vpc == Plain ? PlainHop : VtepHop);
                if (i % ForwardsPerAddress == 0)
                {
                    AddServiceAddress(vpc, address);
                }
            }

            DataPath.Map<ServiceKey, Service>("services").SetMany(keys, services);
        }
    }

    private void Balancers()
    {
        foreach (var vpc in new[] { Plain, Vxlan })
        {
            var first = (uint)(vpc - 1) * BalancedHosts;
            var table = (uint)(vpc - 1) * 65_537;
            for (var i = 0u; i < BalancedHosts; i++)
            {
                DataPath.Map<uint, Backend>("backends").Set(first + i, new() { Address = A(Servers + i), Realm = (uint)vpc, Port = ServerPort, Uid = i });
                AddHost(vpc, Servers + i, vpc, vpc == Plain ? PlainHop : VtepHop);
            }

            var backends = Enumerable.Range(0, BalancedHosts).Select(i => new MaglevBackend(first + (uint)i, IpAddr.V4(Servers + (uint)i), ServerPort, 1)).ToArray();
            var cells = MaglevTable.Fill(MaglevTable.SizeFor(backends.Select(b => b.Weight)), backends);
            DataPath.Map<uint, uint>("maglev").SetMany([.. Enumerable.Range(0, cells.Length).Select(i => table + (uint)i)], cells);
            DataPath.Map<uint, Balancer>("balancers").Set((uint)vpc, new() { Table = table, Size = (uint)cells.Length, Uid = (uint)vpc });
            var address = BalancedOf(vpc);
            AddServiceAddress(vpc, address);
            DataPath.Map<ServiceKey, Service>("services").Set(
                new() { Address = A(address), Port = 80, Length = 16, Protocol = 17 },
                new() { Realm = (uint)vpc, Kind = (uint)ServiceKind.Balancer, Balancer = (uint)vpc, FirstPort = 80, Uid = 1 });
        }
    }

    /// <summary>Public address of a VPC's balancer.</summary>
    internal static uint BalancedOf(int vpc) => Balanced + (uint)vpc;

    /// <summary>Lists for what hosts of V-Nets send: the first one is that of V-Net 2, the others are those of V-Nets without traffic.</summary>
    private void Lists()
    {
        uint cell = 0, counter = 0;
        for (var list = 0; list < Lists(Size.ListRules); list++)
        {
            var rules = Math.Min(LargestList, Size.ListRules - (list * LargestList));
            if (!AccessListCompiler.TryCompile(ListOf(list + 1, rules), out var compiled, out var refusal))
            {
                throw new BenchmarkException(refusal.ToString());
            }

            var version = (uint)list + 1;
            DataPath.Map<uint, uint>("acl_cells").SetMany([.. Enumerable.Range(0, compiled.Cells.Length).Select(i => cell + (uint)i)], compiled.Cells);
            var (addresses, classes) = compiled.AddressEntries(version);
            DataPath.Map<AclAddressKey, AclClass>("acl_addresses").SetMany(addresses, classes);
            var (services, values) = compiled.ServiceEntries(version);
            DataPath.Map<AclServiceKey, AclService>("acl_services").SetMany(services, values);
            DataPath.Map<uint, Acl>("acls").Set(version, compiled.Value(cell, counter));
            cell += (uint)compiled.Cells.Length;
            counter += (uint)compiled.Counters;
        }

        DataPath.Map<uint, VNet>("vnets").Set(Vxlan, VNetValue(Vxlan, Vxlan) with { AclOut = 1 });
    }

    /// <summary>Puts the first list on V-Net 1 as well: what its hosts send then has sessions.</summary>
    internal void ListOnPlain() => DataPath.Map<uint, VNet>("vnets").Set(Plain, VNetValue(Plain, Plain) with { AclOut = 1 });

    /// <summary>Rules that name sources, destinations and ports that occur; the last one lets all else pass.</summary>
    private static SoftGateAccessList ListOf(int uid, int rules) => new()
    {
        Uid = uid,
        Name = $"list {uid}",
        Rules = [.. Enumerable.Range(0, rules).Select(i => i == rules - 1
            ? new SoftGateAccessRule { Number = i + 1, Permit = true }
            : new SoftGateAccessRule
            {
                Number = i + 1,
                Permit = i % 3 != 0,
                Sources = [IpPrefix.Parse($"10.0.{i % 16}.0/24")],
                Destinations = [IpPrefix.Parse($"10.200.{i / 16 % 16}.0/24")],
                Protocol = 17,
                Ports = [new((ushort)(20_000 + i), (ushort)(20_000 + i))],
            })],
    };

    private static VNet VNetValue(int vnet, int vpc) => new()
    {
        Uid = (uint)vnet,
        Vpc = (uint)vpc,
        Vni = (uint)VniOf(vnet),
        Kind = (ushort)VNetKind.L2,
        Mac = Mac6.Of(MacAddress.FromBytes(MacOf(vpc))),
        Mtu = 1400,
    };

    /// <summary>MAC of a V-Net's gateway: that of the port where frames are plain.</summary>
    private static byte[] MacOf(int vpc) => vpc == Plain ? VNet.InsideMac : ByVxlan.InnerTo!;

    private void AddHost(int realm, uint address, int vnet, uint hop) => DataPath.Map<HostKey, Route>("hosts").Set(
        Host(realm, address), new() { Hop = hop, Vnet = (uint)vnet, Mac = Mac6.Of(MacAddress.FromBytes(ByVxlan.InnerFrom!)), Flags = (ushort)RouteFlags.Known });

    private void AddServiceAddress(int realm, uint address)
    {
        DataPath.Map<HostKey, ServiceAddress>("service_addresses").Set(Host(0, address), new() { Lengths = 1u << 16 });
        DataPath.Map<Address16, PublicAddress>("public_addresses").Set(A(address), new() { Realm = (uint)realm });
    }
}
