using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Tests.Packets;

/// <summary>Packet in, verdict and packet out, through the kernel.</summary>
[Trait("Category", "lab")]
public sealed class DataPathTests : IClassFixture<Node>
{
    private const string Outside = "203.0.113.50";
    private const string Public = "198.18.0.1";
    private const string Outside6 = "2001:db8:99::50";
    private readonly Node _node;

    public DataPathTests(Node node)
    {
        _node = node;
        _node.Reset();
    }

    [Theory]
    [InlineData(Packet.Udp, 0)]
    [InlineData(Packet.Tcp, Packet.Syn)]
    public void SourceNatKeepsThePortAndComesBack(byte protocol, byte kind)
    {
        _node.SetSourceNat(1, 4, Public);
        var packet = Packet.UdpOf("10.0.0.10", 40001, Outside, 53) with { Protocol = protocol, Kind = kind, Tos = 0xb8 };
        var sent = _node.Send(Node.FromVpc(1, packet));
        Assert.Equal(packet with { Source = IpAddr.Parse(Public), Ttl = 63, Payload = packet.Payload }, sent.Packet with { Payload = packet.Payload });
        Assert.Equal(packet.Payload, sent.Packet.Payload);
        Assert.Equal((Node.PublicVlan, Node.PeerMac, Node.PortMac), (sent.Vlan, sent.To, sent.From));

        var reply = sent.Packet.Reply((byte)(kind == 0 ? 0 : Packet.Syn | Packet.Ack));
        var back = _node.Send(Node.FromOutside(reply));
        Assert.Equal((IpAddr.Parse("10.0.0.10"), (ushort)40001), (back.Packet.Destination, back.Packet.DestinationPort));
        Assert.Equal((5001, Node.HostMac, Node.GatewayMac), (back.Vni, back.To, back.From));
        Assert.Equal((Node.Vtep, Node.Vteps[0], (byte)0xb8), (back.Outer!.Source, back.Outer.Destination, back.Outer.Tos));
        Assert.Equal(2, _node.Sessions4.ToList().Count);
        var counters = _node.DataPath.PerCpu<VpcCounters>("vpc_counters").Get(1);
        Assert.Equal((1ul, 1ul), (counters.Aggregate(0ul, (n, c) => n + c.PacketsOut), counters.Aggregate(0ul, (n, c) => n + c.PacketsIn)));
    }

    [Fact]
    public void MappingDoesNotDependOnTheDestination()
    {
        _node.SetSourceNat(1, 4, Public, "198.18.0.2", "198.18.0.3");
        var all = Enumerable.Range(1, 20).Select(i => _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40001, $"203.0.113.{i}", 53))).Packet)
            .Select(p => (p.Source, p.SourcePort)).Distinct();
        Assert.Single(all);
        var other = _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40002, Outside, 53))).Packet;
        Assert.Equal(all.Single().Source, other.Source);
        Assert.NotEqual(all.Single().SourcePort, other.SourcePort);
    }

    [Fact]
    public void TwoHostsWithOnePortAndTwoVpcsWithOneAddressStayApart()
    {
        _node.SetSourceNat(1, 4, Public);
        _node.SetSourceNat(2, 4, Public);
        var seen = new HashSet<ushort>();
        foreach (var (realm, host) in new[] { (1, "10.0.0.10"), (1, "10.0.0.20"), (2, "10.0.0.10"), (2, "10.0.0.20") })
        {
            var sent = _node.Send(Node.FromVpc(realm, Packet.UdpOf(host, 40001, Outside, 53)));
            Assert.True(seen.Add(sent.Packet.SourcePort));
            Assert.Equal(40001 % 16, sent.Packet.SourcePort % 16);
            var back = _node.Send(Node.FromOutside(sent.Packet.Reply()));
            Assert.Equal((5000 + realm, IpAddr.Parse(host)), (back.Vni, back.Packet.Destination));
        }
    }

    [Fact]
    public void BlocksAreBoundedAndPortsAreGivenBack()
    {
        _node.SetSourceNat(1, 2, Public);
        var got = 0;
        for (ushort port = 20000; port < 20200; port++)
        {
            if (_node.Run(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", port, Outside, 53))).Verdict == XdpVerdict.Redirect)
            {
                got++;
            }
        }

        Assert.Equal(128, got);
        Assert.Equal(2, _node.Blocks.ToList().Count);
        _node.Drop(Counter.NoNatPort, Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 30000, Outside, 53)));

        _node.DataPath.Map<uint, Settings>("settings").TryGet(0, out var settings);
        foreach (var (key, session) in _node.Sessions4.ToList())
        {
            _node.Sessions4.Set(key, session with { Seen = session.Seen - settings.Udp - 1 });
        }

        Assert.Equal(0u, TestRun.Syscall(_node.DataPath, "fabric_sweep"));
        Assert.Empty(_node.Sessions4.ToList());
        Assert.All(_node.Blocks.ToList(), b => Assert.Equal(0ul, b.Value.Used));
        _node.DataPath.Map<uint, VpcUsage>("vpc_usages").TryGet(1, out var usage);
        Assert.Equal(0ul, usage.Sessions);
        foreach (var (key, block) in _node.Blocks.ToList())
        {
            _node.Blocks.Set(key, block with { Emptied = block.Emptied - settings.BlockHold - 5 });
        }

        Assert.Equal(0u, TestRun.Syscall(_node.DataPath, "fabric_sweep"));
        Assert.Empty(_node.Blocks.ToList());
        Assert.Empty(_node.NatHosts.ToList());
        _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 30000, Outside, 53)));
    }

    [Fact]
    public void EchoIsTranslatedByItsIdentifier()
    {
        _node.SetSourceNat(1, 4, Public);
        var first = _node.Send(Node.FromVpc(1, Packet.EchoOf("10.0.0.10", Outside, 4242))).Packet;
        var second = _node.Send(Node.FromVpc(1, Packet.EchoOf("10.0.0.20", Outside, 4242))).Packet;
        Assert.NotEqual(first.SourcePort, second.SourcePort);
        var back = _node.Send(Node.FromOutside(second.Reply())).Packet;
        Assert.Equal((IpAddr.Parse("10.0.0.20"), (ushort)4242, (byte)0), (back.Destination, back.SourcePort, back.Kind));
        _node.Drop(Counter.NoSession, Node.FromVpc(1, Packet.EchoOf("10.0.0.10", "203.0.113.51", 1, reply: true)));
    }

    [Fact]
    public void UdpWithoutChecksumStaysSo()
    {
        _node.SetSourceNat(1, 4, Public);
        Assert.True(_node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 53) with { WithoutChecksum = true })).Packet.WithoutChecksum);
    }

    [Theory]
    [InlineData("10.0.0.10", Public, Outside)]
    [InlineData("2001:db8:a::10", "2001:db8:1::1", Outside6)]
    public void StaticNatGoesBothWays(string inside, string outside, string peer)
    {
        _node.SetStatic(1, inside, outside);
        var sent = _node.Send(Node.FromVpc(1, Packet.TcpOf(inside, 999, peer, 443, Packet.Syn) with { Mss = 1460 }));
        Assert.Equal((IpAddr.Parse(outside), (ushort)999), (sent.Packet.Source, sent.Packet.SourcePort));
        var into = _node.Send(Node.FromOutside(Packet.UdpOf(peer, 7, outside, 8)));
        Assert.Equal((IpAddr.Parse(inside), 5001), (into.Packet.Destination, into.Vni));
        Assert.Equal(IpAddr.Parse(outside), _node.Send(Node.FromVpc(1, into.Packet.Reply())).Packet.Source);
        Assert.Equal(IpAddr.Parse(inside), _node.Send(Node.FromOutside(Packet.EchoOf(peer, outside, 1))).Packet.Destination);
    }

    [Fact]
    public void RangesOfPortsAreForwarded()
    {
        // 8000..8015 to 9000..9015, of these 8004 to another host as it is.
        _node.SetForward(Public, Packet.Tcp, 8000, 12, 1, "10.0.0.10", 9000);
        _node.SetForward(Public, Packet.Tcp, 8004, 16, 2, "10.0.0.20", 0);
        var sent = _node.Send(Node.FromOutside(Packet.TcpOf(Outside, 5, Public, 8003, Packet.Syn)));
        Assert.Equal((IpAddr.Parse("10.0.0.10"), (ushort)9003, 5001), (sent.Packet.Destination, sent.Packet.DestinationPort, sent.Vni));
        var other = _node.Send(Node.FromOutside(Packet.TcpOf(Outside, 5, Public, 8004, Packet.Syn)));
        Assert.Equal((IpAddr.Parse("10.0.0.20"), (ushort)8004, 5002), (other.Packet.Destination, other.Packet.DestinationPort, other.Vni));
        var back = _node.Send(Node.FromVpc(1, sent.Packet.Reply(Packet.Syn | Packet.Ack))).Packet;
        Assert.Equal((IpAddr.Parse(Public), (ushort)8003), (back.Source, back.SourcePort));
        _node.Drop(Counter.NoSession, Node.FromOutside(Packet.TcpOf(Outside, 5, Public, 8016, Packet.Syn)));
        _node.Drop(Counter.NoSession, Node.FromOutside(Packet.TcpOf(Outside, 6, Public, 8003, Packet.Ack)));
    }

    [Fact]
    public void TenantReachesTenantThroughPublicAddresses()
    {
        _node.SetSourceNat(1, 4, Public);
        _node.SetForward("198.18.0.9", Packet.Tcp, 443, 16, 2, "10.0.0.10", 8443);
        var sent = _node.Send(Node.FromVpc(1, Packet.TcpOf("10.0.0.10", 40000, "198.18.0.9", 443, Packet.Syn)));
        Assert.Equal(5002, sent.Vni);
        Assert.Equal((IpAddr.Parse(Public), IpAddr.Parse("10.0.0.10"), (ushort)8443), (sent.Packet.Source, sent.Packet.Destination, sent.Packet.DestinationPort));
        var back = _node.Send(Node.FromVpc(2, sent.Packet.Reply(Packet.Syn | Packet.Ack)));
        Assert.Equal(5001, back.Vni);
        Assert.Equal((IpAddr.Parse("198.18.0.9"), IpAddr.Parse("10.0.0.10"), (ushort)40000), (back.Packet.Source, back.Packet.Destination, back.Packet.DestinationPort));
    }

    [Fact]
    public void HairpinReachesWhatAHostHasMapped()
    {
        _node.SetSourceNat(1, 4, Public);
        var mapped = _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.20", 5000, Outside, 53))).Packet;
        var sent = _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 6000, Public, mapped.SourcePort)));
        Assert.Equal((IpAddr.Parse("10.0.0.20"), (ushort)5000, IpAddr.Parse(Public)), (sent.Packet.Destination, sent.Packet.DestinationPort, sent.Packet.Source));
        var back = _node.Send(Node.FromVpc(1, sent.Packet.Reply()));
        Assert.Equal((IpAddr.Parse("10.0.0.10"), (ushort)6000, mapped.SourcePort), (back.Packet.Destination, back.Packet.DestinationPort, back.Packet.SourcePort));
        _node.Drop(Counter.NoSession, Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 6000, Public, 65000)));
        _node.Drop(Counter.NoSession, Node.FromOutside(Packet.UdpOf("203.0.113.99", 53, Public, mapped.SourcePort)));
    }

    [Fact]
    public void RoutedInsideTheVpcWithoutASession()
    {
        var sent = _node.Send(Node.FromVpc(1, Packet.TcpOf("10.0.0.10", 1, "10.0.0.20", 2, Packet.Ack)));
        Assert.Equal((5001, (byte)63), (sent.Vni, sent.Packet.Ttl));
        Assert.Empty(_node.Sessions4.ToList());
        var six = _node.Send(Node.FromVpc(2, Packet.UdpOf("2001:db8:a::10", 1, "2001:db8:a::20", 2)));
        Assert.Equal((5002, Node.Vteps[1]), (six.Vni, six.Outer!.Destination));
        _node.Drop(Counter.Unresolved, Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, "10.0.0.99", 2)));
    }

    [Fact]
    public void UnderlayMayBeIpv6()
    {
        _node.UseIpv6Underlay();
        var inner = Frame.Ethernet(Node.GatewayMac, Node.HostMac, Packet.UdpOf("10.0.0.10", 1, "10.0.0.20", 2).ToBytes());
        var sent = _node.Send(Frame.Ethernet(Node.PortMac, Node.RouterMac, Frame.Vxlan(Node.Vtep6Of2, Node.Vtep6, 5002, inner)));
        Assert.Equal((Node.Vtep6, Node.Vtep6Of2, 5002), (sent.Outer!.Source, sent.Outer.Destination, sent.Vni));
    }

    [Fact]
    public void PlainPortsAreAsGoodAsVxlan()
    {
        _node.SetSourceNat(1, 4, Public);
        var sent = _node.Send(Frame.Ethernet(Node.GatewayMac, Node.HostMac, Packet.UdpOf("10.0.0.10", 1, Outside, 2).ToBytes(), Node.PlainVlan));
        Assert.Equal(IpAddr.Parse(Public), sent.Packet.Source);
        _node.Drop(Counter.NotForUs, Frame.Ethernet(Node.PeerMac, Node.HostMac, Packet.UdpOf("10.0.0.10", 1, Outside, 2).ToBytes(), Node.PlainVlan));
    }

    [Fact]
    public void RoutedIpv6LeavesAndComesBackAsItIs()
    {
        _node.Drop(Counter.NoTranslation, Node.FromVpc(1, Packet.UdpOf("2001:db8:a::10", 1, Outside6, 2)));
        _node.ChangeVpc(1, v => v with { Flags = v.Flags | (uint)VpcFlags.RoutedPublic6 });
        var sent = _node.Send(Node.FromVpc(1, Packet.UdpOf("2001:db8:a::10", 1, Outside6, 2)));
        Assert.Equal(IpAddr.Parse("2001:db8:a::10"), sent.Packet.Source);
        Assert.Equal(5001, _node.Send(Node.FromOutside(sent.Packet.Reply())).Vni);

        // From outside first: a prefix that leads into the VPC.
        _node.ChangeVpc(0, v => v with { Prefixes6 = WithLength(v.Prefixes6, 48) });
        _node.Prefixes.Set(Node.Prefix(0, "2001:db8:a::/48"), new() { Hop = 2, Flags = (ushort)RouteFlags.IntoVpc });
        Assert.Equal(5002, _node.Send(Node.FromOutside(Packet.UdpOf(Outside6, 9, "2001:db8:a::20", 8))).Vni);
    }

    [Theory]
    [InlineData("2001:db8:a::/48", "2001:db8:1::/48")]
    [InlineData("2001:db8:a::/64", "2001:db8:1:2::/64")]
    public void PrefixesAreTranslatedWithoutTouchingChecksums(string inside, string outside)
    {
        var sources = _node.DataPath.Map<PrefixKey, SnatSource>("snat_sources");
        var (to, length) = Address16.Of(IpPrefix.Parse(outside));
        var (from, _) = Address16.Of(IpPrefix.Parse(inside));
        sources.Set(Node.Prefix(1, inside), new() { Flags = (uint)SnatFlags.Prefix, To = to, Length = length });
        sources.Set(Node.Prefix(0, outside), new() { Flags = (uint)SnatFlags.Prefix, To = from, Length = length, Realm = 1 });
        _node.ChangeVpc(1, v => v with { Sources6 = WithLength(v.Sources6, length) });
        _node.ChangeVpc(0, v => v with { Sources6 = WithLength(v.Sources6, length), Prefixes6 = WithLength(v.Prefixes6, length) });
        _node.Prefixes.Set(Node.Prefix(0, outside), new() { Hop = 1, Flags = (ushort)RouteFlags.IntoVpc });

        var packet = Packet.UdpOf("2001:db8:a::10", 1, Outside6, 2);
        var sent = _node.Send(Node.FromVpc(1, packet)).Packet;
        Assert.True(IpPrefix.Parse(outside).Contains(sent.Source));
        Assert.Equal(Checksum.Of(packet.ToBytes().AsSpan(8, 16)), Checksum.Of(sent.ToBytes().AsSpan(8, 16)));

        var into = _node.Send(Node.FromOutside(Packet.UdpOf("2001:db8:98::1", 5, sent.Source.ToString(), 6)));
        Assert.Equal((IpAddr.Parse("2001:db8:a::10"), 5001), (into.Packet.Destination, into.Vni));
    }

    [Fact]
    public void TcpIsFollowedFromHandshakeToEnd()
    {
        _node.SetSourceNat(1, 4, Public);
        var syn = Packet.TcpOf("10.0.0.10", 40000, Outside, 443, Packet.Syn);
        var sent = _node.Send(Node.FromVpc(1, syn)).Packet;
        Assert.DoesNotContain(_node.Sessions4.ToList(), s => ((SessionFlags)s.Value.Flags).HasFlag(SessionFlags.Established));
        _node.Send(Node.FromOutside(sent.Reply(Packet.Syn | Packet.Ack)));
        Assert.DoesNotContain(_node.Sessions4.ToList(), s => ((SessionFlags)s.Value.Flags).HasFlag(SessionFlags.Established));
        _node.Send(Node.FromVpc(1, syn with { Kind = Packet.Ack }));
        Assert.All(_node.Sessions4.ToList(), s => Assert.True(((SessionFlags)s.Value.Flags).HasFlag(SessionFlags.Established)));
        _node.Send(Node.FromVpc(1, syn with { Kind = Packet.Ack | Packet.Fin }));
        _node.Send(Node.FromOutside(sent.Reply(Packet.Fin | Packet.Ack)));
        Assert.All(_node.Sessions4.ToList(), s => Assert.True(((SessionFlags)s.Value.Flags).HasFlag(SessionFlags.Fin)));

        foreach (var (key, session) in _node.Sessions4.ToList())
        {
            _node.Sessions4.Set(key, session with { Seen = session.Seen - 241 });
        }

        Assert.Equal(0u, TestRun.Syscall(_node.DataPath, "fabric_sweep"));
        Assert.Empty(_node.Sessions4.ToList());
        _node.Drop(Counter.NoSession, Node.FromVpc(1, syn with { Kind = Packet.Ack }));
    }

    [Theory]
    [InlineData("10.0.0.10", Outside, 1460, 1460)]
    [InlineData("10.0.0.10", Outside, 8960, 1460)]
    [InlineData("10.0.0.10", Outside, 536, 536)]
    public void SegmentSizesAreClamped(string source, string destination, ushort offered, ushort expected)
    {
        _node.SetSourceNat(1, 4, Public);
        var sent = _node.Send(Node.FromVpc(1, Packet.TcpOf(source, 1, destination, 2, Packet.Syn) with { Mss = offered }));
        Assert.Equal(expected, sent.Packet.Mss);
    }

    [Fact]
    public void WhatARuleNoLongerAllowsEnds()
    {
        _node.SetForward(Public, Packet.Udp, 53, 16, 1, "10.0.0.10", 53);
        var packet = Packet.UdpOf(Outside, 5, Public, 53);
        var sent = _node.Send(Node.FromOutside(packet)).Packet;
        _node.ChangeVpc(1, v => v);
        _node.Send(Node.FromVpc(1, sent.Reply()));
        Assert.All(_node.Sessions4.ToList(), s => Assert.Equal(3u, s.Value.Policy));
        _node.SetForward(Public, Packet.Udp, 53, 16, 1, "10.0.0.20", 53);
        _node.ChangeVpc(1, v => v);
        _node.Drop(Counter.NoTranslation, Node.FromVpc(1, sent.Reply()));
        Assert.Empty(_node.Sessions4.ToList());
        Assert.Equal(IpAddr.Parse("10.0.0.20"), _node.Send(Node.FromOutside(packet)).Packet.Destination);
    }

    [Fact]
    public void OnlyKnownAddressesSendWhereThatIsAsked()
    {
        _node.SetSourceNat(1, 4, Public);
        _node.ChangeVpc(1, v => v with { Flags = v.Flags | (uint)VpcFlags.AntiSpoof });
        _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 2)));
        _node.Drop(Counter.Spoofed, Node.FromVpc(1, Packet.UdpOf("10.0.0.11", 1, Outside, 2)));
        _node.Drop(Counter.Spoofed, Node.FromVpc(1, Packet.UdpOf("192.168.0.11", 1, "10.0.0.20", 2)));
    }

    [Fact]
    public void QuotaRefusesNewSessionsOnly()
    {
        _node.SetSourceNat(1, 4, Public);
        _node.ChangeVpc(1, v => v with { SessionQuota = 2 });
        _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 2)));
        _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 3)));
        _node.Drop(Counter.SessionQuota, Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 4)));
        _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 2)));
    }

    [Fact]
    public void ProbesEnterTheVpcFromItsGateway()
    {
        _node.DataPath.Map<Address16, Probe>("probes").Set(Node.A("169.254.1.1"), new() { Backend = Node.A("10.0.0.10"), Source = Node.A("10.0.0.1"), Realm = 1 });
        _node.Prefixes.Set(Node.Prefix(0, "169.254.0.2/32"), new() { Hop = 6 });
        _node.ChangeVpc(0, v => v with { Prefixes4 = v.Prefixes4 | (1UL << 32) });
        var probe = Packet.TcpOf("169.254.0.2", 40000, "169.254.1.1", 80, Packet.Syn);
        var sent = _node.Send(Frame.Ethernet(Node.PortMac, Node.PeerMac, probe.ToBytes(), Node.ProbeVlan));
        Assert.Equal((IpAddr.Parse("10.0.0.1"), IpAddr.Parse("10.0.0.10"), 5001), (sent.Packet.Source, sent.Packet.Destination, sent.Vni));
        var back = _node.Send(Node.FromVpc(1, sent.Packet.Reply(Packet.Syn | Packet.Ack)));
        Assert.Equal((IpAddr.Parse("169.254.1.1"), IpAddr.Parse("169.254.0.2"), Node.ProbeVlan), (back.Packet.Source, back.Packet.Destination, back.Vlan));

        // To a back end that is gone: the kernel does not get it, either.
        _node.Drop(Counter.NoSession, Frame.Ethernet(Node.PortMac, Node.PeerMac, (probe with { Destination = IpAddr.Parse("169.254.1.9") }).ToBytes(), Node.ProbeVlan));

        // Nothing of it is left soon after its end.
        _node.Send(Frame.Ethernet(Node.PortMac, Node.PeerMac, (probe with { Kind = Packet.Rst }).ToBytes(), Node.ProbeVlan));
        foreach (var (key, session) in _node.Sessions4.ToList())
        {
            _node.Sessions4.Set(key, session with { Seen = session.Seen - 5 });
        }

        Assert.Equal(0u, TestRun.Syscall(_node.DataPath, "fabric_sweep"));
        Assert.Empty(_node.Sessions4.ToList());
    }

    [Fact]
    public void WhatIsRememberedLastsUntilTablesChange()
    {
        _node.SetSourceNat(1, 4, Public);
        _node.TablesChanged();
        var packet = Packet.UdpOf("10.0.0.10", 40001, Outside, 53);
        var back = Node.FromOutside(_node.Send(Node.FromVpc(1, packet)).Packet.Reply());
        IpAddr Behind(byte[] frame) => _node.Send(frame).Outer!.Destination;
        Assert.Equal(Node.Vteps[0], Behind(back));

        // A host that moves.
        _node.SetHost(1, "10.0.0.10", 3);
        Assert.Equal(Node.Vteps[0], Behind(back));
        _node.TablesChanged();
        Assert.Equal(Node.Vteps[1], Behind(back));

        // The default route of the public realm, and then one beside it.
        _node.Prefixes.Set(Node.Prefix(0, "0.0.0.0/0"), new() { Hop = 6 });
        _node.TablesChanged();
        Assert.Equal(Node.ProbeVlan, _node.Send(Node.FromVpc(1, packet)).Vlan);
        _node.Prefixes.Set(Node.Prefix(0, $"{Outside}/32"), new() { Hop = 1 });
        _node.ChangeVpc(0, v => v with { Prefixes4 = v.Prefixes4 | (1UL << 32) });
        _node.TablesChanged();
        Assert.Equal(Node.PublicVlan, _node.Send(Node.FromVpc(1, packet)).Vlan);
        Assert.Equal(Node.ProbeVlan, _node.Send(Node.FromVpc(1, packet with { Destination = IpAddr.Parse("203.0.113.51") })).Vlan);

        // A VNI that is another V-Net's, one that is gone, and a port of another kind.
        _node.DataPath.Map<uint, uint>("vnis").Set(5001, 2);
        _node.TablesChanged();
        _node.Drop(Counter.NoTranslation, Node.FromVpc(1, packet));
        _node.DataPath.Map<uint, uint>("vnis").Remove(5001);
        _node.TablesChanged();
        _node.Drop(Counter.UnknownVni, Node.FromVpc(1, packet));
        _node.SetPort(Node.UnderlayVlan, PortRole.None);
        _node.TablesChanged();
        Assert.Equal(XdpVerdict.Pass, _node.Run(Node.FromVpc(1, packet)).Verdict);
    }

    [Fact]
    public void WhatSharesACellIsNotMistaken()
    {
        _node.TablesChanged();
        _node.DataPath.Map<uint, uint>("vnis").Set(5001 + 4096, 2);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal((5001, 5002), (
                _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, "10.0.0.20", 2))).Vni,
                _node.Send(Frame.Ethernet(Node.PortMac, Node.RouterMac, Frame.Vxlan(Node.Vteps[0], Node.Vtep, 5001 + 4096, Frame.Ethernet(
                    Node.GatewayMac, Node.HostMac, Packet.UdpOf("10.0.0.10", 1, "10.0.0.20", 2).ToBytes())))).Vni));
            _node.Drop(Counter.UnknownVni, Frame.Ethernet(Node.PortMac, Node.RouterMac, Frame.Vxlan(Node.Vteps[0], Node.Vtep, 5001 + 8192, new byte[64])));
        }

        // More hosts than there are cells, each behind one of two VTEPs.
        foreach (var _ in new[] { 1, 2 })
        {
            for (var i = 0; i < 10_000; i++)
            {
                var host = $"10.1.{i / 250}.{i % 250}";
                _node.SetHost(1, host, (uint)(2 + (i % 2)));
                var sent = Frame.Read(_node.Run(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, host, 2))).Packet);
                Assert.Equal((Node.Vteps[i % 2], 5001), (sent.Outer!.Destination, sent.Vni));
            }
        }
    }

    [Fact]
    public void WhatIsNotOursPasses()
    {
        Assert.Equal(XdpVerdict.Pass, _node.Run(Frame.Ethernet(Node.PortMac, Node.PeerMac, Packet.UdpOf(Outside, 1, "198.51.100.2", 179).ToBytes(), 77)).Verdict);
        Assert.Equal(XdpVerdict.Pass, _node.Run(Node.FromOutside(Packet.TcpOf(Outside, 1, "198.51.100.2", 179, Packet.Syn))).Verdict);
        Assert.Equal(XdpVerdict.Pass, _node.Run(Frame.Ethernet(Node.PortMac, Node.RouterMac, Packet.UdpOf("192.0.2.9", 1, "192.0.2.1", 4790).ToBytes())).Verdict);
        Assert.Equal(XdpVerdict.Pass, _node.Run(Frame.Ethernet(Node.PortMac, Node.RouterMac, Packet.UdpOf("192.0.2.9", 1, "192.0.2.2", 4789).ToBytes())).Verdict);
        _node.Drop(Counter.UnknownVni, Frame.Ethernet(Node.PortMac, Node.RouterMac, Frame.Vxlan(Node.Vteps[0], Node.Vtep, 77, new byte[64])));
    }

    [Fact]
    public void BlockedVNetsForwardNothing()
    {
        _node.ChangeVNet(1, v => v with { Flags = (ushort)VNetFlags.Blocked });
        _node.Drop(Counter.Blocked, Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, "10.0.0.20", 2)));
        _node.SetForward(Public, Packet.Udp, 53, 16, 1, "10.0.0.10", 53);
        _node.Drop(Counter.Blocked, Node.FromOutside(Packet.UdpOf(Outside, 5, Public, 53)));
    }

    [Fact]
    public void ExtensionHeadersAndOptionsStay()
    {
        _node.SetStatic(1, "2001:db8:a::10", "2001:db8:1::1");
        _node.SetSourceNat(1, 4, Public);
        var six = _node.Send(Node.FromVpc(1, Packet.UdpOf("2001:db8:a::10", 1, Outside6, 2) with { Options = [0, 0, 1, 4, 0, 0, 0, 0] })).Packet;
        Assert.Equal((IpAddr.Parse("2001:db8:1::1"), 8), (six.Source, six.Options.Length));
        var four = _node.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 1, Outside, 2) with { Options = [1, 1, 1, 0] })).Packet;
        Assert.Equal((IpAddr.Parse(Public), 4), (four.Source, four.Options.Length));
    }

    [Fact]
    public void OtherProtocolsPassByAddressAlone()
    {
        _node.SetSourceNat(1, 4, Public);
        var esp = Packet.UdpOf("10.0.0.10", 0, Outside, 0) with { Protocol = 50 };
        Assert.Equal(IpAddr.Parse(Public), _node.Send(Node.FromVpc(1, esp)).Packet.Source);
        Assert.Equal(IpAddr.Parse("10.0.0.10"), _node.Send(Node.FromOutside(Packet.UdpOf(Outside, 0, Public, 0) with { Protocol = 50 })).Packet.Destination);
        _node.Drop(Counter.NoNatPort, Node.FromVpc(1, esp with { Source = IpAddr.Parse("10.0.0.20") }));
    }

    /// <summary>Cut at every octet: never sent on, unless the cut is behind the packet.</summary>
    [Theory]
    [InlineData("10.0.0.10", Outside, Packet.Tcp)]
    [InlineData("10.0.0.10", Outside, Packet.Udp)]
    [InlineData("10.0.0.10", Outside, Packet.Icmp)]
    [InlineData("2001:db8:a::10", Outside6, Packet.Tcp)]
    [InlineData("2001:db8:a::10", Outside6, Packet.IcmpV6)]
    public void CutPacketsGoNowhere(string source, string destination, byte protocol)
    {
        _node.SetSourceNat(1, 4, Public);
        _node.SetStatic(1, "2001:db8:a::10", "2001:db8:1::1");
        var packet = Packet.UdpOf(source, 5, destination, 5) with { Protocol = protocol, Kind = (byte)(protocol == Packet.Tcp ? 2 : protocol == Packet.Icmp ? 8 : 128) };
        foreach (var frame in new[]
        {
            Node.FromVpc(1, packet),
            Frame.Ethernet(Node.GatewayMac, Node.HostMac, packet.ToBytes(), Node.PlainVlan),
        })
        {
            Assert.Equal(XdpVerdict.Redirect, _node.Run(frame).Verdict);
            for (var length = 14; length < frame.Length; length++)
            {
                var verdict = _node.Run(frame[..length]).Verdict;
                Assert.True(verdict is XdpVerdict.Drop or XdpVerdict.Pass, $"{length} of {frame.Length}: {verdict}");
            }
        }
    }

    private static Lengths6 WithLength(Lengths6 set, int length)
    {
        set[length / 64] |= 1ul << (length % 64);
        return set;
    }
}
