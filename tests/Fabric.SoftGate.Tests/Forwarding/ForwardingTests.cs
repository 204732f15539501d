using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Forwarding;

/// <summary>From a state to packets, feature by feature.</summary>
[Trait("Category", "lab")]
public sealed class ForwardingTests : IDisposable
{
    private const string Public = "198.18.0.1";
    private readonly Gate _gate = new();

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Source_nat_goes_out_and_back_and_hairpins()
    {
        _gate.Apply(Gate.Plain with { Nat = [Gate.SourceNat(1, Public), Gate.SourceNat(2, "198.18.0.2")] });
        var sent = _gate.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40001, Gate.Outside, 53)));
        Assert.Equal((IpAddr.Parse(Public), (ushort)40001, Node.PublicVlan), (sent.Packet.Source, sent.Packet.SourcePort, sent.Vlan));
        var back = _gate.Send(Node.FromOutside(sent.Packet.Reply()));
        Assert.Equal((IpAddr.Parse("10.0.0.10"), 5001, Node.Vteps[0]), (back.Packet.Destination, back.Vni, back.Outer!.Destination));
        Assert.Equal(IpAddr.Parse("198.18.0.2"), _gate.Send(Node.FromVpc(2, Packet.UdpOf("10.0.0.10", 40001, Gate.Outside, 53))).Packet.Source);

        var hairpin = _gate.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.20", 6000, Public, 40001)));
        Assert.Equal((IpAddr.Parse("10.0.0.10"), IpAddr.Parse(Public)), (hairpin.Packet.Destination, hairpin.Packet.Source));
        _gate.Drop(Counter.NoTranslation, Node.FromVpc(1, Packet.UdpOf("2001:db8:a::10", 1, Gate.Outside6, 2)));
    }

    [Fact]
    public void Static_nat_goes_both_ways()
    {
        _gate.Apply(Gate.Plain with { Nat = [Gate.Static(1, "10.0.0.10", Public), Gate.SourceNat(1, "198.18.0.2")] });
        Assert.Equal(IpAddr.Parse(Public), _gate.Send(Node.FromVpc(1, Packet.TcpOf("10.0.0.10", 9, Gate.Outside, 443, Packet.Syn))).Packet.Source);
        Assert.Equal(IpAddr.Parse("198.18.0.2"), _gate.Send(Node.FromVpc(1, Packet.TcpOf("10.0.0.20", 9, Gate.Outside, 443, Packet.Syn))).Packet.Source);
        Assert.Equal(IpAddr.Parse("10.0.0.10"), _gate.Send(Node.FromOutside(Packet.UdpOf(Gate.Outside, 7, Public, 8))).Packet.Destination);
    }

    [Fact]
    public void Ranges_of_ports_are_forwarded_and_follow_changes()
    {
        SoftGateNat Rule(string inside) => new()
        {
            Uid = 7,
            Vpc = 2,
            Kind = SoftGateNatKind.Destination,
            Public = [IpAddr.Parse(Public)],
            InsideAddress = IpAddr.Parse(inside),
            Protocol = Packet.Tcp,
            Ports = new(8001, 8010),
            InsidePort = 9001,
        };
        _gate.Apply(Gate.Plain with { Nat = [Rule("10.0.0.10")] });
        for (ushort port = 8001; port <= 8010; port++)
        {
            var sent = _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, 5, Public, port, Packet.Syn)));
            Assert.Equal((IpAddr.Parse("10.0.0.10"), (ushort)(port + 1000), 5002), (sent.Packet.Destination, sent.Packet.DestinationPort, sent.Vni));
        }

        _gate.Drop(Counter.NoSession, Node.FromOutside(Packet.TcpOf(Gate.Outside, 5, Public, 8011, Packet.Syn)));

        // The rule leads elsewhere: what it had led to ends with its next packet.
        _gate.Apply(Gate.Plain with { Nat = [Rule("10.0.0.20")] });
        _gate.Drop(Counter.NoTranslation, Node.FromOutside(Packet.TcpOf(Gate.Outside, 5, Public, 8001, Packet.Ack)));
        Assert.Equal(IpAddr.Parse("10.0.0.20"), _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, 6, Public, 8001, Packet.Syn))).Packet.Destination);
        _gate.Apply(Gate.Plain);
        Assert.Equal(XdpVerdict.Pass, _gate.Run(Node.FromOutside(Packet.TcpOf(Gate.Outside, 7, Public, 8001, Packet.Syn))).Verdict);
    }

    [Fact]
    public void Balancers_share_by_weight_and_keep_what_drains()
    {
        var state = Gate.Plain with { Balancers = [Gate.Balancer(1, Public, Gate.Backend("10.0.0.10", 3), Gate.Backend("10.0.0.20"))] };
        _gate.Apply(state);
        var counts = Enumerable.Range(0, 800).GroupBy(i => _gate.Send(Node.FromOutside(Packet.TcpOf($"203.0.113.{i % 200}", (ushort)(1000 + i), Public, 80, Packet.Syn))).Packet.Destination)
            .ToDictionary(g => g.Key, g => g.Count());
        Assert.InRange(counts[IpAddr.Parse("10.0.0.10")], 540, 660);

        var flows = Enumerable.Range(1, 20).Select(i => (Port: (ushort)(100 + i), Sent: _gate.Connect((ushort)(100 + i), Public, 80))).ToList();
        Assert.All(flows, f => Assert.Equal(8080, f.Sent.Packet.DestinationPort));

        // Weight 0 drains; a back end more, and one fewer, break nobody else's.
        _gate.Apply(state with { Balancers = [Gate.Balancer(1, Public, Gate.Backend("10.0.0.10", 0), Gate.Backend("10.0.0.20"), Gate.Backend("10.0.0.30"))] });
        foreach (var (port, sent) in flows)
        {
            Assert.Equal(sent.Packet.Destination, _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, port, Public, 80, Packet.Ack))).Packet.Destination);
        }

        Assert.All(Enumerable.Range(1, 100), i => Assert.NotEqual(
            IpAddr.Parse("10.0.0.10"), _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, (ushort)(5000 + i), Public, 80, Packet.Syn))).Packet.Destination));
        _gate.Apply(state with { Balancers = [Gate.Balancer(1, Public, Gate.Backend("10.0.0.20"))] });
        foreach (var (port, sent) in flows)
        {
            Assert.Equal(sent.Packet.Destination, _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, port, Public, 80, Packet.Ack))).Packet.Destination);
        }

        _gate.Apply(Gate.Plain with { Balancers = [Gate.Balancer(1, Public)] });
        _gate.Drop(Counter.NoBackend, Node.FromOutside(Packet.TcpOf(Gate.Outside, 77, Public, 80, Packet.Syn)));
    }

    [Fact]
    public void Balancers_keep_to_the_source_and_limit_sources()
    {
        var balancer = Gate.Balancer(1, Public, Gate.Backend("10.0.0.10"), Gate.Backend("10.0.0.20"), Gate.Backend("10.0.0.30"));
        _gate.Apply(Gate.Plain with { Balancers = [balancer with { Balancing = SoftGateBalancing.SourceAffinity, Sources = [IpPrefix.Parse("203.0.113.0/24")] }] });
        var chosen = Enumerable.Range(1, 60).Select(i => (
            Client: i % 10,
            To: _gate.Send(Node.FromOutside(Packet.TcpOf($"203.0.113.{i % 10}", (ushort)(1000 + i), Public, 80, Packet.Syn))).Packet.Destination)).Distinct().ToList();
        Assert.Equal(10, chosen.Count);
        Assert.True(chosen.Select(c => c.To).Distinct().Count() > 1);
        _gate.Drop(Counter.Denied, Node.FromOutside(Packet.TcpOf("203.0.114.1", 5, Public, 80, Packet.Syn)));
        _gate.Apply(Gate.Plain with { Balancers = [balancer] });
        _gate.Send(Node.FromOutside(Packet.TcpOf("203.0.114.1", 5, Public, 80, Packet.Syn)));
    }

    [Fact]
    public void Balancers_may_be_internal_and_hide_the_client()
    {
        _gate.Apply(Gate.Plain with
        {
            Balancers = [Gate.Balancer(1, "10.0.0.200", Gate.Backend("10.0.0.20")) with { Internal = true, SourceNat = true, Ports = new(80, 81) }],
        });
        var sent = _gate.Send(Node.FromVpc(1, Packet.TcpOf("10.0.0.10", 5, "10.0.0.200", 81, Packet.Syn)));
        Assert.Equal((IpAddr.Parse("10.0.0.1"), IpAddr.Parse("10.0.0.20"), (ushort)8080), (sent.Packet.Source, sent.Packet.Destination, sent.Packet.DestinationPort));
        var back = _gate.Send(Node.FromVpc(1, sent.Packet.Reply(Packet.Syn | Packet.Ack)));
        Assert.Equal((IpAddr.Parse("10.0.0.200"), (ushort)81, IpAddr.Parse("10.0.0.10")), (back.Packet.Source, back.Packet.SourcePort, back.Packet.Destination));
        _gate.Drop(Counter.Unresolved, Node.FromVpc(2, Packet.TcpOf("10.0.0.10", 5, "10.0.0.200", 80, Packet.Syn)));
        _gate.Drop(Counter.Unsupported, Node.FromVpc(1, Packet.TcpOf("10.0.0.10", 5, "10.0.0.200", 82, Packet.Syn)));
        Assert.Equal(IpAddr.Parse("10.0.0.200"), _gate.Send(Node.FromVpc(1, Packet.EchoOf("10.0.0.10", "10.0.0.200", 7))).Packet.Source);
    }

    [Fact]
    public void Unwell_back_ends_get_nothing_new_and_a_restart_does_not_forget_it()
    {
        var state = Gate.Plain with
        {
            Balancers =
            [
                Gate.Balancer(1, Public, Gate.Backend("10.0.0.10"), Gate.Backend("10.0.0.20")) with { HealthCheck = SoftGateHealthCheck.Tcp },
                Gate.Balancer(2, "198.18.0.2", Gate.Backend("10.0.0.10"), Gate.Backend("10.0.0.20")) with { HealthCheck = SoftGateHealthCheck.Tcp },
            ],
        };
        _gate.Apply(state);
        Assert.Single(_gate.DataPath.Map<uint, Balancer>("balancers").ToList().Select(b => b.Value.Table).Distinct());
        Assert.Equal(2, _gate.DataPath.Map<Address16, Probe>("probes").ToList().Count);
        _gate.Forwarding.SetBackendHealth(1, IpAddr.Parse("10.0.0.20"), 8080, well: false);
        Assert.Equal([], _gate.Forwarding.Verify());
        Assert.Equal([IpAddr.Parse("10.0.0.10")], Chosen(Public, 1000));
        Assert.Equal(2, Chosen("198.18.0.2", 4000).Count);

        _gate.Restart();
        var written = _gate.Forwarding.Written;
        _gate.Apply(state);
        Assert.Equal(written, _gate.Forwarding.Written);
        Assert.Equal([IpAddr.Parse("10.0.0.10")], Chosen(Public, 2000));
        _gate.Forwarding.SetBackendHealth(1, IpAddr.Parse("10.0.0.20"), 8080, well: true);
        Assert.Equal([], _gate.Forwarding.Verify());
        Assert.Equal(2, Chosen(Public, 3000).Count);

        List<IpAddr> Chosen(string address, int from) =>
            [.. Enumerable.Range(from, 50).Select(p => _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, (ushort)p, address, 80, Packet.Syn))).Packet.Destination).Distinct()];
    }

    [Fact]
    public void Least_connections_moves_new_sessions_to_who_has_few()
    {
        _gate.Apply(Gate.Plain with
        {
            Balancers = [Gate.Balancer(1, Public, Gate.Backend("10.0.0.10"), Gate.Backend("10.0.0.20")) with { Balancing = SoftGateBalancing.LeastConnections }],
        });
        var backends = _gate.DataPath.Map<uint, Backend>("backends").ToList().Where(b => b.Value.Address.Equals(Node.A("10.0.0.10"))).Select(b => b.Key).Single();
        _gate.DataPath.Map<uint, BackendUsage>("backend_usages").Set(backends, new() { Sessions = 1000 });
        for (var i = 0; i < 10; i++)
        {
            _gate.Forwarding.Balance();
        }

        Assert.Equal([], _gate.Forwarding.Verify());
        var busy = Enumerable.Range(1000, 300).Count(p =>
            _gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, (ushort)p, Public, 80, Packet.Syn))).Packet.Destination == IpAddr.Parse("10.0.0.10"));
        Assert.InRange(busy, 0, 40);
    }

    [Fact]
    public void Lists_judge_on_the_way_in_and_out_of_vnets_of_vpcs_and_of_public_addresses()
    {
        var state = Gate.Plain with
        {
            Nat = [Gate.SourceNat(1, "198.18.0.9"), Gate.Static(1, "10.0.0.10", Public)],
            AccessLists = [Gate.List(1, permit: true, 80, 443), Gate.List(2, permit: false, 25), Gate.List(3, permit: false, 23), Gate.List(4, permit: false, 443)],
            Vpcs = [Gate.Vpc(1) with { AccessList = 3 }, Gate.Vpc(2)],
            VNets = [Gate.VNet(1) with { IngressList = 1, EgressList = 2 }, Gate.VNet(2)],
            PublicAddresses = [new() { Prefix = IpPrefix.Parse($"{Public}/32"), Vpc = 1, AccessList = 4 }],
        };
        _gate.Apply(state);
        _gate.Send(Out(53));
        _gate.Drop(Counter.Denied, Out(25));
        _gate.Drop(Counter.Denied, Out(23));
        _gate.Send(In(80));
        _gate.Drop(Counter.Denied, In(443));
        _gate.Drop(Counter.Denied, In(8080));

        // Shared lists are compiled once; who no longer names one leaves it to the others.
        _gate.Apply(state with { VNets = [Gate.VNet(1) with { IngressList = 1 }, Gate.VNet(2) with { IngressList = 1, EgressList = 2 }] });
        Assert.Equal(4, _gate.DataPath.Map<uint, Acl>("acls").ToList().Count);
        _gate.Send(Out(25));
        _gate.Apply(Gate.Plain);
        Assert.Empty(_gate.DataPath.Map<uint, Acl>("acls").ToList());
        Assert.Empty(_gate.DataPath.Map<AclServiceKey, AclService>("acl_services").ToList());

        static byte[] Out(ushort port) => Node.FromVpc(1, Packet.TcpOf("10.0.0.10", 1000, Gate.Outside, port, Packet.Syn));

        static byte[] In(ushort port) => Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, Public, port, Packet.Syn));
    }

    [Fact]
    public void A_deny_that_is_added_ends_what_it_denies_and_nothing_else()
    {
        var state = Gate.Plain with { Nat = [Gate.Static(1, "10.0.0.10", Public)], AccessLists = [Gate.List(1, permit: true, 80, 443)], VNets = [Gate.VNet(1) with { IngressList = 1 }, Gate.VNet(2)] };
        _gate.Apply(state);
        _gate.Connect(1000, Public, 80);
        _gate.Connect(1000, Public, 443);

        // An unrelated change of another VPC, then one of this, then the deny.
        _gate.Apply(state with { Nat = [.. state.Nat, Gate.SourceNat(2, "198.18.0.7")] });
        Both();
        _gate.Apply(state with { Nat = [.. state.Nat, Gate.SourceNat(1, "198.18.0.8")] });
        Both();
        _gate.Apply(state with { AccessLists = [Gate.List(1, permit: true, 443)] });
        _gate.Drop(Counter.Denied, Ack(80));
        _gate.Send(Ack(443));
        Assert.Equal(2, _gate.Sessions4.ToList().Count);

        void Both()
        {
            _gate.Send(Ack(80));
            _gate.Send(Ack(443));
        }

        static byte[] Ack(ushort port) => Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, Public, port, Packet.Ack));
    }

    [Fact]
    public void A_list_that_cannot_be_is_refused_by_name_and_the_one_before_stays()
    {
        var huge = new SoftGateAccessList
        {
            Uid = 1,
            Name = "huge",
            Rules = Enumerable.Range(0, 1001).Select(i => new SoftGateAccessRule { Number = i, Permit = false, Protocol = Packet.Tcp, Ports = [new((ushort)i, (ushort)i)] }).ToValueList(),
        };
        var state = Gate.Plain with { Nat = [Gate.Static(1, "10.0.0.10", Public)], AccessLists = [Gate.List(1, permit: true, 80)], VNets = [Gate.VNet(1) with { IngressList = 1 }, Gate.VNet(2)] };
        _gate.Apply(state);
        var refused = _gate.TryApply(state with { AccessLists = [huge], Nat = [.. state.Nat, Gate.SourceNat(2, "198.18.0.7")] });
        Assert.True(refused.InForce);
        Assert.Contains("access list huge (uid 1): it has 1001 rules", Assert.Single(refused.Refusals), StringComparison.Ordinal);
        _gate.Send(In(80));
        _gate.Drop(Counter.Denied, In(81));
        Assert.Equal(IpAddr.Parse("198.18.0.7"), _gate.Send(Node.FromVpc(2, Packet.TcpOf("10.0.0.10", 1000, Gate.Outside, 1, Packet.Syn))).Packet.Source);

        // Another process finds the old one, and it stays.
        _gate.Restart();
        Assert.Single(_gate.TryApply(state with { AccessLists = [huge] }).Refusals);
        _gate.Learn();
        _gate.Send(In(80));
        _gate.Drop(Counter.Denied, In(81));
        _gate.Apply(state with { AccessLists = [Gate.List(1, permit: true, 81)] });
        _gate.Send(In(81));

        // Without one before, and where a list is not there at all: nothing may pass.
        _gate.TryApply(Gate.Plain);
        Assert.Contains("nothing may pass", Assert.Single(_gate.TryApply(state with { AccessLists = [huge] }).Refusals), StringComparison.Ordinal);
        _gate.Learn();
        _gate.Drop(Counter.Denied, In(80));
        Assert.Contains("V-Net net1 names access list 1, which is not there", Assert.Single(_gate.TryApply(state with { AccessLists = [] }).Refusals), StringComparison.Ordinal);
        _gate.Drop(Counter.Denied, In(80));

        static byte[] In(ushort port) => Node.FromOutside(Packet.TcpOf(Gate.Outside, 1000, Public, port, Packet.Syn));
    }

    [Fact]
    public void Limits_hold_for_vpcs_and_public_addresses()
    {
        var state = Gate.Plain with { Nat = [Gate.Static(1, "10.0.0.10", Public), Gate.Static(2, "10.0.0.10", "198.18.0.2")] };
        _gate.Apply(state with
        {
            Vpcs = [Gate.Vpc(1) with { BandwidthLimit = 8000 }, Gate.Vpc(2)],
            PublicAddresses = [new() { Prefix = IpPrefix.Parse("198.18.0.2/32"), Vpc = 2, BandwidthLimit = 8000 }],
        });
        Assert.True(Metered(1));
        Assert.True(Metered(2));
        _gate.Apply(state);
        Assert.False(Metered(1));
        Assert.False(Metered(2));

        bool Metered(int vpc)
        {
            var frame = Node.FromVpc(vpc, Packet.UdpOf("10.0.0.10", 1000, Gate.Outside, 2, new string('x', 1400)));
            return Enumerable.Range(0, 80).Any(_ => _gate.Run(frame).Counters == nameof(Counter.Metered));
        }
    }

    [Theory]
    [InlineData("198.18.5.10/32", "198.18.5.10", Gate.Outside)]
    [InlineData("198.18.5.0/28", "198.18.5.10", Gate.Outside)]
    [InlineData("2001:db8:5::/64", "2001:db8:5::10", Gate.Outside6)]
    public void Public_prefixes_are_routed_as_they_are(string prefix, string host, string peer)
    {
        var routed = new SoftGatePublicAddress { Prefix = IpPrefix.Parse(prefix), Vpc = 2, Routed = true };
        var state = Gate.Plain with { PublicAddresses = [routed], AccessLists = [Gate.List(1, permit: false, 23)], Nat = [Gate.SourceNat(2, "198.18.0.2")] };
        Apply(state);
        var sent = _gate.Send(In(22));
        Assert.Equal((IpAddr.Parse(host), 5002), (sent.Packet.Destination, sent.Vni));
        Assert.Equal(IpAddr.Parse(host), _gate.Send(Node.FromVpc(2, Packet.TcpOf(host, 5, peer, 443, Packet.Syn))).Packet.Source);
        Assert.NotEqual(XdpVerdict.Redirect, _gate.Run(Node.FromVpc(1, Packet.TcpOf(host, 5, peer, 444, Packet.Syn))).Verdict);

        Apply(state with { PublicAddresses = [routed with { AccessList = 1, BandwidthLimit = 8000 }] });
        _gate.Send(In(22));
        _gate.Drop(Counter.Denied, In(23));
        var frame = Node.FromVpc(2, Packet.UdpOf(host, 1000, peer, 2, new string('x', 1400)));
        Assert.Contains(Enumerable.Range(0, 80), _ => _gate.Run(frame).Counters == nameof(Counter.Metered));

        // What was learnt of the prefix comes back when it is no VPC's any more.
        _gate.Forwarding.LearnPublic(IpPrefix.Parse(prefix), new Plan.PublicGateway(IpAddr.Parse("198.51.100.1"), Node.Lo, Node.PublicVlan));
        Assert.Equal([], _gate.Forwarding.Verify());
        _gate.Drop(Counter.Denied, In(23));
        Apply(Gate.Plain);
        Assert.Equal(XdpVerdict.Pass, _gate.Run(In(25)).Verdict);

        void Apply(SoftGateState state)
        {
            _gate.Apply(state);
            _gate.Forwarding.LearnHost(Vni.Parse("5002"), IpAddr.Parse(host), new Plan.Place(Node.Vteps[1], Vni.Parse("5002"), Node.HostMac));
        }

        byte[] In(ushort port) => Node.FromOutside(Packet.TcpOf(peer, 9, host, port, Packet.Syn));
    }

    [Fact]
    public void Prefixes_are_translated_both_ways()
    {
        var rule = new SoftGateNat { Uid = 5, Vpc = 1, Kind = SoftGateNatKind.Prefix, Inside = IpPrefix.Parse("2001:db8:a::/64"), PublicPrefix = IpPrefix.Parse("2001:db8:1:2::/64") };
        _gate.Apply(Gate.Plain with { Nat = [rule] });
        var sent = _gate.Send(Node.FromVpc(1, Packet.UdpOf("2001:db8:a::10", 1, Gate.Outside6, 2)));
        Assert.True(rule.PublicPrefix.Value.Contains(sent.Packet.Source));
        Assert.Equal(IpAddr.Parse("2001:db8:a::10"), _gate.Send(Node.FromOutside(sent.Packet.Reply())).Packet.Destination);

        // Without a session too.
        Assert.Equal(IpAddr.Parse("2001:db8:a::10"), _gate.Send(Node.FromOutside(Packet.UdpOf("2001:db8:98::1", 9, sent.Packet.Source.ToString(), 8))).Packet.Destination);
        _gate.Apply(Gate.Plain);
        Assert.Equal(XdpVerdict.Pass, _gate.Run(Node.FromOutside(Packet.UdpOf("2001:db8:97::1", 9, sent.Packet.Source.ToString(), 8))).Verdict);
    }

    [Fact]
    public void Blocked_vnets_forward_nothing_and_unknown_addresses_send_nothing()
    {
        var state = Gate.Plain with { Nat = [Gate.SourceNat(1, Public)] };
        _gate.Apply(state with { VNets = [Gate.VNet(1) with { Blocked = true }, Gate.VNet(2)] });
        _gate.Drop(Counter.Blocked, Out("10.0.0.10"));
        _gate.Apply(state with
        {
            Vpcs = [Gate.Vpc(1) with { AntiSpoof = true }, Gate.Vpc(2)],
            VNets = [Gate.VNet(1) with { KnownHosts = [new(Node.HostMac, IpAddr.Parse("10.0.0.10"))] }, Gate.VNet(2)],
        });
        _gate.Send(Out("10.0.0.10"));
        _gate.Drop(Counter.Spoofed, Out("10.0.0.20"));
        _gate.Apply(state);
        _gate.Send(Out("10.0.0.20"));

        static byte[] Out(string host) => Node.FromVpc(1, Packet.UdpOf(host, 1000, Gate.Outside, 53));
    }

    [Fact]
    public void A_pool_that_loses_an_address_ends_the_sessions_on_it()
    {
        _gate.Apply(Gate.Plain with { Nat = [Gate.SourceNat(1, Public)] });
        var packet = Packet.UdpOf("10.0.0.10", 1000, Gate.Outside, 53);
        Assert.Equal(IpAddr.Parse(Public), _gate.Send(Node.FromVpc(1, packet)).Packet.Source);
        _gate.Apply(Gate.Plain with { Nat = [Gate.SourceNat(1, Public, "198.18.0.2")] });
        Assert.Equal(IpAddr.Parse(Public), _gate.Send(Node.FromVpc(1, packet)).Packet.Source);
        _gate.Apply(Gate.Plain with { Nat = [Gate.SourceNat(1, "198.18.0.2"), Gate.SourceNat(2, Public)] });
        _gate.Drop(Counter.NoTranslation, Node.FromVpc(1, packet));
        Assert.Empty(_gate.Sessions4.ToList());

        // Its block goes with the next sweep, and the host has the new address.
        var blocks = _gate.DataPath.Map<BlockKey, NatBlock>("nat_blocks");
        foreach (var (key, block) in blocks.ToList())
        {
            blocks.Set(key, block with { Emptied = block.Emptied - 5 });
        }

        Assert.Equal(0u, TestRun.Syscall(_gate.DataPath, "fabric_sweep"));
        Assert.Equal(IpAddr.Parse("198.18.0.2"), _gate.Send(Node.FromVpc(1, packet)).Packet.Source);
    }
}
