using System.Diagnostics;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Forwarding;

/// <summary>States one after the other, and processes one after the other, over the same maps.</summary>
[Trait("Category", "lab")]
public sealed class RestartTests : IDisposable
{
    private const string Public = "198.18.0.1";
    private readonly Gate _gate = new();

    /// <summary>One of everything.</summary>
    private static readonly SoftGateState Full = Gate.Plain with
    {
        Vpcs = [Gate.Vpc(1) with { BandwidthLimit = 1_000_000_000, AccessList = 2 }, Gate.Vpc(2)],
        VNets = [Gate.VNet(1) with { IngressList = 1 }, Gate.VNet(2) with { KnownHosts = [new(Node.HostMac, IpAddr.Parse("10.0.0.77"))] }],
        AccessLists = [Gate.List(1, permit: true, 80, 8080), Gate.List(2, permit: false, 25)],
        Nat =
        [
            Gate.SourceNat(1, "198.18.0.9", "198.18.0.10"), Gate.SourceNat(2, "198.18.0.11"), Gate.Static(1, "10.0.0.10", Public),
            new() { Uid = 301, Vpc = 2, Kind = SoftGateNatKind.Prefix, Inside = IpPrefix.Parse("2001:db8:a::/64"), PublicPrefix = IpPrefix.Parse("2001:db8:1:2::/64") },
        ],
        Balancers =
        [
            Gate.Balancer(1, "198.18.0.3", Gate.Backend("10.0.0.10"), Gate.Backend("10.0.0.20")) with { Sources = [IpPrefix.Parse("203.0.113.0/24")] },
            Gate.Balancer(2, "10.0.0.200", Gate.Backend("10.0.0.10", 2), Gate.Backend("10.0.0.20")) with { Internal = true },
        ],
        PublicAddresses =
        [
            new() { Prefix = IpPrefix.Parse("198.18.0.0/24"), Vpc = 1, BandwidthLimit = 2_000_000_000 },
            new() { Prefix = IpPrefix.Parse("198.18.5.0/28"), Vpc = 2, Routed = true, BandwidthLimit = 3_000_000_000, AccessList = 2 },
        ],
    };

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Another_process_writes_nothing_and_sessions_go_on()
    {
        // Indices that are not in the order of the state.
        _gate.Apply(Full with { Vpcs = [Full.Vpcs[1]] });
        _gate.Apply(Full);
        var first = _gate.Connect(1000, Public, 80);
        var balanced = _gate.Connect(1001, "198.18.0.3", 80);
        var mapped = _gate.Send(Node.FromVpc(2, Packet.UdpOf("10.0.0.10", 4000, Gate.Outside, 53)));
        var before = Snapshot();

        _gate.Restart();
        _gate.Apply(Full);
        Assert.Equal(0, _gate.Forwarding.Written);
        Assert.Equal(before, Snapshot());
        Assert.Equal(first.Packet.Destination, _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, Public, 80, Packet.Ack))).Packet.Destination);
        Assert.Equal(balanced.Packet.Destination, _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, 1001, "198.18.0.3", 80, Packet.Ack))).Packet.Destination);
        Assert.Equal(5002, _gate.Send(Node.FromOutside(mapped.Packet.Reply())).Vni);
        _gate.Forwarding.CompleteOverlay((_, _, _) => { });
        _gate.Forwarding.CompletePublic();
        Assert.Equal(0, _gate.Forwarding.Written);
    }

    [Fact]
    public void What_has_changed_meanwhile_is_in_force_after_a_restart()
    {
        _gate.Apply(Full);
        _gate.Connect(1000, Public, 80);
        _gate.Connect(1000, "198.18.0.3", 80);
        _gate.Restart();
        _gate.Apply(Full with { AccessLists = [Gate.List(1, permit: true, 8080), Full.AccessLists[1]], Vpcs = [Full.Vpcs[0]] });
        _gate.Drop(Counter.Denied, Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, Public, 80, Packet.Ack)));
        _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, "198.18.0.3", 80, Packet.Ack)));
        Assert.Equal(2, _gate.Sessions4.ToList().Count);
        Assert.Equal([1u], _gate.DataPath.Map<uint, Vpc>("vpcs").ToList().Where(v => v.Value.Uid != 0).Select(v => v.Value.Uid));
    }

    [Fact]
    public void A_vpc_that_goes_leaves_nothing_to_the_next_one()
    {
        using var gate = new Gate(new Dictionary<string, uint> { ["vpcs"] = 3 });
        gate.Apply(Gate.Plain with { Nat = [Gate.SourceNat(2, Public)] });
        Assert.Equal(IpAddr.Parse(Public), gate.Send(Node.FromVpc(2, Packet.UdpOf("10.0.0.10", 1, Gate.Outside, 2))).Packet.Source);
        gate.Apply(Gate.Plain with { Vpcs = [Gate.Vpc(1)], VNets = [Gate.VNet(1)] });
        gate.Drop(Counter.UnknownVni, Node.FromVpc(2, Packet.UdpOf("10.0.0.10", 1, Gate.Outside, 2)));

        // The same realm for another VPC with the same addresses.
        var third = Gate.Plain with
        {
            Vpcs = [Gate.Vpc(1), Gate.Vpc(3) with { L3Vni = Vni.Parse("4002") }],
            VNets = [Gate.VNet(1), Gate.VNet(2) with { Vpc = 3 }],
            Nat = [Gate.SourceNat(3, "198.18.0.2")],
        };
        gate.Apply(third);
        gate.Drop(Counter.NoTranslation, Node.FromVpc(2, Packet.UdpOf("10.0.0.10", 1, Gate.Outside, 2)));
        Assert.Empty(gate.Sessions4.ToList());
        gate.Restart();
        gate.Apply(third);
        Assert.Equal(0, gate.Forwarding.Written);
    }

    [Fact]
    public void Sessions_of_a_vpc_that_is_gone_are_swept()
    {
        _gate.Apply(Full);
        _gate.Connect(1000, Public, 80);
        _gate.Send(Node.FromVpc(2, Packet.UdpOf("10.0.0.10", 4000, Gate.Outside, 53)));
        _gate.Apply(Full with { Vpcs = [Full.Vpcs[0]] });
        Assert.Equal(0u, TestRun.Syscall(_gate.DataPath, "fabric_sweep"));
        Assert.Equal(2, _gate.Sessions4.ToList().Count);
        _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, Public, 80, Packet.Ack)));
    }

    [Fact]
    public void What_does_not_fit_or_contradicts_itself_changes_nothing()
    {
        using var gate = new Gate(new Dictionary<string, uint> { ["services"] = 64, ["acl_services"] = 8, ["hosts"] = 16 });
        gate.Apply(Gate.Plain with { Nat = [Gate.SourceNat(1, Public)] });
        gate.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Gate.Outside, 2)));
        var written = gate.Forwarding.Written;
        var many = Enumerable.Range(1, 65).Select(i => Forward(i, 1, "198.18.0.8", (ushort)i)).ToValueList();
        Refused(Gate.Plain with { Nat = many }, "map services has room for 64 and is full");
        Refused(Gate.Plain with { Nat = [Gate.SourceNat(1, Public), Gate.SourceNat(2, Public)] }, $"public address {Public} is wanted twice");
        Refused(Gate.Plain with { Vpcs = [Gate.Vpc(1), Gate.Vpc(2) with { L3Vni = Vni.Parse("4001") }] }, "VNI 4001 is wanted twice");
        Refused(Gate.Plain with { Nat = [Forward(1, 1, Public, 80), Forward(2, 1, Public, 80)] }, "two rules want 198.18.0.1 protocol 6 ports 80-80");
        Assert.Equal(written, gate.Forwarding.Written);
        gate.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Gate.Outside, 2)));

        // A list without room is refused alone; so is a host.
        var ports = Enumerable.Range(1, 9).Select(i => (ushort)(2 * i)).ToArray();
        var refusal = Assert.Single(gate.TryApply(Gate.Plain with { AccessLists = [Gate.List(1, permit: true, ports)], VNets = [Gate.VNet(1) with { IngressList = 1 }, Gate.VNet(2)] }).Refusals);
        Assert.Contains("access list list1 (uid 1): map acl_services has room for 8", refusal, StringComparison.Ordinal);
        for (var i = 0u; i < 20; i++)
        {
            gate.Forwarding.LearnHost(Vni.Parse("5001"), IpAddr.V4(0x0a000080 + i), new Place(Node.Vteps[0], Vni.Parse("5001"), Node.HostMac));
        }

        Assert.InRange(gate.Forwarding.NotLearnt, 14, 14);
        Assert.Equal([], gate.Forwarding.Verify());
        gate.Apply(Gate.Plain);

        void Refused(SoftGateState state, string why)
        {
            var result = gate.TryApply(state);
            Assert.False(result.InForce);
            Assert.Contains(why, Assert.Single(result.Refusals), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Differences_are_named_and_repaired()
    {
        _gate.Apply(Full);
        var services = _gate.DataPath.Map<ServiceKey, Service>("services");
        services.Remove(services.ToList()[0].Key);
        services.Set(new ServiceKey { Address = Node.A("198.18.0.66"), Protocol = 6, Port = 1, Length = 16 }, default);
        var vnets = _gate.DataPath.Map<uint, VNet>("vnets");
        var (index, vnet) = vnets.ToList().First(v => v.Value.AclIn != 0);
        vnets.Set(index, vnet with { AclIn = 0 });
        var cells = _gate.DataPath.Map<uint, uint>("acl_cells");
        cells.TryGet(0, out var cell);
        cells.Set(0, cell ^ 1);
        var wrong = _gate.Forwarding.Verify();
        Assert.Equal(4, wrong.Count);
        Assert.Contains("198.18.0.66 protocol 6 ports 1-1 is there and not wanted in services", wrong);
        Assert.Contains($"vnets[{index}] is wrong in vnets", wrong);
        Assert.Contains(wrong, w => w.EndsWith("is missing in services", StringComparison.Ordinal));
        Assert.Contains("acl_cells[0] is wrong in acl_cells", wrong);
        _gate.Forwarding.Repair();
        Assert.Equal([], _gate.Forwarding.Verify());
    }

    /// <summary>Whatever states follow each other, with routes and restarts between: the maps are as they should be.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_sequence_of_states_leaves_the_maps_as_they_should_be(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 25; i++)
        {
            switch (random.Next(6))
            {
                case 0:
                    _gate.Restart();
                    break;
                case 1:
                    _gate.Learn();
                    break;
                case 2:
                    _gate.Forwarding.SetBackendHealth(random.Next(1, 4), IpAddr.Parse(random.Next(2) == 0 ? "10.0.0.10" : "10.0.0.20"), 8080, random.Next(2) == 0);
                    break;
            }

            Assert.True(_gate.TryApply(States.Random(random)).InForce);
        }

        // As a fresh load, but for the indices: the same number of entries of each kind.
        var last = States.Random(random);
        _gate.Apply(last);
        using var fresh = new Gate();
        fresh.Apply(last);
        Assert.Equal(Counts(fresh), Counts(_gate));

        static string Counts(Gate gate) => string.Join(", ", MapIds.All.Where(m => !MapIds.IsCells(m) && m is not (MapId.Hops or MapId.Vpcs)).Select(m => $"{m} {gate.Count(m)}"));
    }

    private static SoftGateNat Forward(int uid, int vpc, string address, ushort port) => new()
    {
        Uid = uid,
        Vpc = vpc,
        Kind = SoftGateNatKind.Destination,
        Public = [IpAddr.Parse(address)],
        InsideAddress = IpAddr.V4(0x0a000000 + (uint)uid),
        Protocol = Packet.Tcp,
        Ports = new(port, port),
    };

    /// <summary>All that the agent writes, in octets.</summary>
    private string Snapshot() => string.Join('\n', MapIds.All.Where(m => !MapIds.IsCells(m)).SelectMany(_gate.Entries).Order(StringComparer.Ordinal));
}
