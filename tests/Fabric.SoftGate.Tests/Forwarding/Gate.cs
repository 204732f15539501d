using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Forwarding;

/// <summary>
/// A SoftGate from a state to packets: VPCs 1 and 2 with the same addresses, V-Net 10.0.0.0/24 and 2001:db8:a::/64 with hosts .10, .20 and .30
/// behind two VTEPs, a default route to the outside over tag 100. All ports are interface 1.
/// </summary>
internal sealed class Gate : IDisposable
{
    internal const string Outside = "203.0.113.50";
    internal const string Outside6 = "2001:db8:99::50";
    internal static readonly Dictionary<string, uint> Interfaces = new() { ["lo"] = Node.Lo };

    private readonly Capacities _capacities;
    private readonly byte[] _output = new byte[16384];

    internal Gate(IReadOnlyDictionary<string, uint>? sizes = null)
    {
        DataPath = DataPathObject.Load(new DataPathOptions
        {
            Sizes = new Dictionary<string, uint>(sizes ?? new Dictionary<string, uint>()) { ["sessions4"] = 4096, ["sessions6"] = 4096 },
        });
        var neighbor = new Adjacency { Expires = long.MaxValue, Ifindex = Node.Lo, Mtu = 9000, Destination = Mac6.Of(Node.PeerMac), Source = Mac6.Of(Node.PortMac) };
        for (var i = 0u; i < 256; i++)
        {
            DataPath.PerCpu<Adjacency>("adjacencies").SetAll(i, neighbor);
        }

        _capacities = new() { Vpcs = DataPath.Map<uint, Vpc>("vpcs").MaxEntries };
        Forwarding = New();
    }

    internal DataPathObject DataPath { get; }

    internal SoftGate.Forwarding.Forwarding Forwarding { get; private set; }

    internal BpfMap<Session4Key, Session4> Sessions4 => DataPath.Map<Session4Key, Session4>("sessions4");

    /// <summary>The state that all begin with: nothing but VPCs and V-Nets.</summary>
    internal static SoftGateState Plain { get; } = new()
    {
        Revision = 1,
        Node = new()
        {
            Name = "softgate1",
            Asn = new Asn(65101),
            Loopback = IpAddr.Parse("10.255.3.1"),
            DeviceNumber = 9,
            FabricNumber = 100,
            ServiceVtep = Node.Vtep,
            RouterMac = MacAddress.Parse("02:00:00:00:00:02"),
            GatewayMac = Node.GatewayMac,
            UnderlayPorts = ["lo"],
            UnderlayMtu = 9000,
            Upstreams = [new() { Port = "lo", Vlan = VlanId.Parse("100"), Addresses = [IpInterface.Parse("198.51.100.2/24")] }],
        },
        Vpcs = [Vpc(1), Vpc(2)],
        VNets = [VNet(1), VNet(2)],
    };

    internal static SoftGateVpc Vpc(int uid) => new() { Uid = uid, Name = $"vpc{uid}", L3Vni = Vni.Parse($"{4000 + uid}"), Owner = "softgate1", RoutedIpv6 = false };

    internal static SoftGateVNet VNet(int vpc) => new()
    {
        Uid = 10 + vpc,
        Name = $"net{vpc}",
        Vpc = vpc,
        Vni = Vni.Parse($"{5000 + vpc}"),
        Gateways = [IpInterface.Parse("10.0.0.1/24"), IpInterface.Parse("2001:db8:a::1/64")],
    };

    internal static SoftGateNat SourceNat(int vpc, params string[] addresses) =>
        new() { Uid = 100 + vpc, Vpc = vpc, Kind = SoftGateNatKind.Source, Public = addresses.Select(IpAddr.Parse).ToValueList() };

    internal static SoftGateNat Static(int vpc, string inside, string outside) =>
        new() { Uid = 200 + vpc, Vpc = vpc, Kind = SoftGateNatKind.Static, Public = [IpAddr.Parse(outside)], InsideAddress = IpAddr.Parse(inside) };

    internal static SoftGateBalancer Balancer(int uid, string address, params SoftGateBackend[] backends) => new()
    {
        Uid = uid,
        Vpc = 1,
        Address = IpAddr.Parse(address),
        Protocol = Packet.Tcp,
        Ports = new(80, 80),
        Backends = backends.ToValueList(),
    };

    internal static SoftGateBackend Backend(string address, int weight = 1, ushort port = 8080) => new(IpAddr.Parse(address), port, weight);

    /// <summary>A list that permits or denies one destination port of TCP, and the other way all else.</summary>
    internal static SoftGateAccessList List(int uid, bool permit, params ushort[] ports) => new()
    {
        Uid = uid,
        Name = $"list{uid}",
        PermitByDefault = !permit,
        Rules = [new() { Number = 10, Permit = permit, Protocol = Packet.Tcp, Ports = ports.Select(p => new SoftGatePorts(p, p)).ToValueList() }],
    };

    /// <summary>Applies a state that must be in force as a whole; maps must then be as they should.</summary>
    internal void Apply(SoftGateState state)
    {
        var result = Forwarding.Apply(state, Interfaces);
        Assert.Equal([], result.Refusals);
        Learn();
        Assert.Equal([], Forwarding.Verify());
    }

    internal SoftGate.Forwarding.ApplyResult TryApply(SoftGateState state)
    {
        var result = Forwarding.Apply(state, Interfaces);
        Assert.Equal([], Forwarding.Verify());
        return result;
    }

    /// <summary>Another process takes over the maps.</summary>
    internal void Restart() => Forwarding = New();

    /// <summary>Hosts and routes, as EVPN and BGP say them.</summary>
    internal void Learn()
    {
        for (var realm = 1; realm <= 2; realm++)
        {
            foreach (var host in new[] { "10.0.0.10", "10.0.0.20", "10.0.0.30", "2001:db8:a::10", "2001:db8:a::20" })
            {
                Forwarding.LearnHost(Vni.Parse($"{5000 + realm}"), IpAddr.Parse(host), new Place(Node.Vteps[realm - 1], Vni.Parse($"{5000 + realm}"), Node.HostMac));
            }
        }

        foreach (var prefix in new[] { "0.0.0.0/0", "::/0" })
        {
            Forwarding.LearnPublic(IpPrefix.Parse(prefix), new PublicGateway(IpAddr.Parse(prefix[0] == ':' ? "2001:db8:f::1" : "198.51.100.1"), Node.Lo, Node.PublicVlan));
        }
    }

    internal (XdpVerdict Verdict, Sent? Sent, string Counters) Run(byte[] frame)
    {
        var before = Counters();
        var (verdict, length) = TestRun.Xdp(DataPath, "fabric_xdp", frame, Node.Lo, _output);
        var counted = string.Join(", ", Counters().Select((n, i) => (n, i)).Where(c => c.n != before[c.i]).Select(c => ((Counter)c.i).ToString()));
        return (verdict, verdict == XdpVerdict.Redirect ? Frame.Read(_output.AsSpan(0, length)) : null, counted);
    }

    /// <summary>Runs a frame that must be sent on.</summary>
    internal Sent Send(byte[] frame)
    {
        var (verdict, sent, counters) = Run(frame);
        Assert.True(verdict == XdpVerdict.Redirect, $"{verdict}: {counters}");
        return sent!;
    }

    /// <summary>Runs a frame that must be dropped, for one reason.</summary>
    internal void Drop(Counter reason, byte[] frame)
    {
        var (verdict, _, counters) = Run(frame);
        Assert.Equal((XdpVerdict.Drop, reason.ToString()), (verdict, counters));
    }

    /// <summary>A connection from outside with its first three packets.</summary>
    /// <returns>What a packet of it becomes: the one with which it was opened, inside.</returns>
    internal Sent Connect(ushort port, string to, ushort toPort, string from = Outside)
    {
        var syn = Packet.TcpOf(from, port, to, toPort, Packet.Syn);
        var sent = Send(Node.FromOutside(syn));
        Send(Node.FromVpc(sent.Vni - 5000, sent.Packet.Reply(Packet.Syn | Packet.Ack)));
        Send(Node.FromOutside(syn with { Kind = Packet.Ack }));
        return sent;
    }

    /// <summary>Entries of a map that is not of cells, as text; of arrays what is not zero.</summary>
    internal IEnumerable<string> Entries(MapId map)
    {
        var entries = new Dictionary<EntryKey, byte[]>();
        new SoftGate.Forwarding.KernelMaps(DataPath).Read(map, entries);
        return entries.Select(e => $"{e.Key} {Convert.ToHexStringLower(e.Value)}");
    }

    /// <summary>Number of these.</summary>
    internal int Count(MapId map) => Entries(map).Count();

    public void Dispose() => DataPath.Dispose();

    private SoftGate.Forwarding.Forwarding New() => new(DataPath, _capacities, NodePlan.DefaultSettings);

    private ulong[] Counters()
    {
        var counters = DataPath.PerCpu<ulong>("counters");
        return [.. Enumerable.Range(0, (int)counters.MaxEntries).Select(i => counters.Get((uint)i).Aggregate(0ul, (a, b) => a + b))];
    }
}
