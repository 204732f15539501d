using Fabric.Primitives;
using Fabric.SoftGate.Fuzz;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using static Fabric.SoftGate.Fuzz.World;

namespace Fabric.SoftGate.Tests.Edge;

/// <summary>ICMP errors of others about packets that were translated.</summary>
[Trait("Category", "lab")]
public sealed class IcmpErrorTests : EdgeTest
{
    private static readonly IpAddr Router = IpAddr.Parse("192.0.2.1"), Router6 = IpAddr.Parse("2001:db8:80::1");

    public static TheoryData<string, byte, byte> Outward()
    {
        var rows = new TheoryData<string, byte, byte>();
        foreach (var what in (string[])["udp", "udp without checksum", "tcp", "echo"])
        {
            rows.Add(what, 3, 4);
            rows.Add(what, 3, 1);
            rows.Add(what, 11, 0);
            rows.Add(what, 12, 0);
        }

        return rows;
    }

    /// <summary>Source NAT: the error about what the public address sent reaches the machine, as about what the machine sent.</summary>
    [Theory]
    [MemberData(nameof(Outward))]
    public void AnErrorFromOutsideReachesTheMachine(string what, byte type, byte code)
    {
        foreach (var source in (IpAddr[])[Vm, VmStatic])
        {
            var sent = Sent(what, source, Internet);
            var left = Packet(Leaves(FromVm(VniA, sent)));
            var outside = Dissected.OfPacket(left).Source;
            foreach (var quote in (byte[][])[left, left[..28], left[..40]])
            {
                foreach (var reporter in (IpAddr[])[Router, Internet])
                {
                    var error = Frames.Icmp(reporter, outside, type, code, 1400, quote);
                    var result = Dissected.Of(Leaves(FromInternet(Frames.Ip(reporter, outside, Frames.Icmp4, error))));
                    Assert.Equal(((int)VniA, reporter, source, type, code), (result.Vni, result.Source, result.Destination, result.Payload[0], result.Payload[1]));
                    Assert.Equal(1400, result.Payload[6] << 8 | result.Payload[7]);
                    Same(sent, result.Payload[8..]);
                }
            }
        }
    }

    /// <summary>Port forward: what a machine, or a router of the VPC, says of a packet from outside leaves as from the public address.</summary>
    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void AnErrorFromInsideHidesWhoSaysIt(string what)
    {
        var sent = Sent(what, Internet, ForwardB, to: 8081);
        var arrived = Packet(Leaves(FromInternet(sent)));
        Assert.Equal(81, Dissected.OfPacket(arrived).DestinationPort);
        foreach (var reporter in (IpAddr[])[Vm, IpAddr.Parse("10.0.0.9")])
        {
            var error = Frames.Icmp(reporter, Internet, 3, 1, 0, arrived);
            var result = Dissected.Of(Leaves(FromVm(VniB, Frames.Ip(reporter, Internet, Frames.Icmp4, error))));
            Assert.Equal((-1, PublicVlan, ForwardB, Internet), (result.Vni, result.Vlan, result.Source, result.Destination));
            Same(sent, result.Payload[8..]);
        }
    }

    [Fact]
    public void AnErrorAboutStaticNatHidesWhoSaysIt()
    {
        var sent = Sent("tcp", Internet, StaticA, to: 22);
        var arrived = Packet(Leaves(FromInternet(sent)));
        Assert.Equal(VmStatic, Dissected.OfPacket(arrived).Destination);
        var error = Frames.Icmp(Vm, Internet, 11, 0, 0, arrived);
        var result = Dissected.Of(Leaves(FromVm(VniA, Frames.Ip(Vm, Internet, Frames.Icmp4, error))));
        Assert.Equal((StaticA, Internet), (result.Source, result.Destination));
        Same(sent, result.Payload[8..]);
    }

    [Theory]
    [InlineData("udp", 2)]
    [InlineData("tcp", 1)]
    [InlineData("echo", 3)]
    public void Ipv6ErrorsPass(string what, byte type)
    {
        var sent = Sent(what, VmC6, Internet6);
        var left = Packet(Leaves(FromLeaf6(VniC, Frames.Ethernet(GatewayMac, VmMac, sent))));
        var error = Frames.Icmp(Router6, VmC6, type, 0, 1280, left);
        var result = Dissected.Of(Leaves(FromInternet(Frames.Ip(Router6, VmC6, Frames.Icmp6, error))));
        Assert.Equal(((int)VniC, Router6, VmC6), (result.Vni, result.Source, result.Destination));
        Same(sent, result.Payload[8..]);
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    [InlineData("echo")]
    public void ErrorsFollowTranslatedPrefixes(string what)
    {
        var sent = Sent(what, Vm6, Internet6);
        var left = Packet(Leaves(FromVm(VniB, sent)));
        Assert.Equal(VmB6Outside, Dissected.OfPacket(left).Source);
        var error = Frames.Icmp(Router6, VmB6Outside, 2, 0, 1280, left);
        var result = Dissected.Of(Leaves(FromInternet(Frames.Ip(Router6, VmB6Outside, Frames.Icmp6, error))));
        Assert.Equal(((int)VniB, Router6, Vm6), (result.Vni, result.Source, result.Destination));
        Same(sent, result.Payload[8..]);

        sent = Sent("tcp", Internet6, VmB6Outside);
        var arrived = Packet(Leaves(FromInternet(sent)));
        error = Frames.Icmp(VmOther6, Internet6, 1, 3, 0, arrived);
        result = Dissected.Of(Leaves(FromVm(VniB, Frames.Ip(VmOther6, Internet6, Frames.Icmp6, error))));
        Assert.Equal((VmB6Outside, Internet6), (result.Source, result.Destination));
        Same(sent, result.Payload[8..]);
    }

    /// <summary>Translated IPv6, as a session says: addresses, ports and all four checksums.</summary>
    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    [InlineData("echo")]
    public void Ipv6ErrorsAreTranslated(string what)
    {
        var outside = IpAddr.Parse("2001:db8:d::10");
        var sent = Sent(what, outside, Internet6);
        var parts = Dissected.OfPacket(sent);
        var echo = what == "echo";
        var (source, destination) = echo ? ((ushort)7, (ushort)7) : (parts.SourcePort, parts.DestinationPort);
        World.DataPath.Map<Session6Key, Session6>("sessions6").Set(
            new Session6Key
            {
                RealmProtocol = parts.Protocol,
                Source = At(Internet6),
                Destination = At(outside),
                SourcePort = Net(destination),
                DestinationPort = Net(source),
            },
            new Session6
            {
                Realm = 1,
                Policy = 2,
                Source = At(Internet6),
                Destination = At(Vm6),
                SourcePort = Net(echo ? (ushort)1234 : destination),
                DestinationPort = Net(1234),
                Flags = (ushort)SessionFlags.Translated,
            });
        var error = Frames.Icmp(Router6, outside, 2, 0, 1280, sent);
        var result = Dissected.Of(Leaves(FromInternet(Frames.Ip(Router6, outside, Frames.Icmp6, error))));
        Assert.Equal(((int)VniA, Router6, Vm6), (result.Vni, result.Source, result.Destination));
        Same(Sent(what, Vm6, Internet6, from: 1234), result.Payload[8..]);
    }

    [Fact]
    public void AnErrorThatBelongsToNothingIsDropped()
    {
        // From outside it may be for the node itself: the kernel gets it.
        var quoted = Sent("udp", PoolA, Internet);
        Assert.Equal(XdpVerdict.Pass, World.Run(FromInternet(Frames.Ip(Router, PoolA, Frames.Icmp4, Frames.Icmp(Router, PoolA, 3, 1, 0, quoted)))).Verdict);
        quoted = Sent("udp", Internet, Vm);
        Drops(Counter.NoSession, FromVm(VniA, Frames.Ip(Vm, Internet, Frames.Icmp4, Frames.Icmp(Vm, Internet, 3, 1, 0, quoted))));
    }

    [Fact]
    public void AnErrorFromAnAddressThatIsNotKnownIsSpoofed()
    {
        var sent = Frames.Ip(Internet6, VmC6, Frames.UdpNumber, Frames.Udp(Internet6, VmC6, 5, 6, Data(9)));
        var arrived = Packet(Leaves(FromInternet(sent)));
        foreach (var (reporter, spoofed) in ((IpAddr, bool)[])[(VmC6, false), (IpAddr.Parse("2001:db8:c::66"), true), (Vm6, true)])
        {
            var frame = FromLeaf6(VniC, Frames.Ethernet(
                GatewayMac, VmMac, Frames.Ip(reporter, Internet6, Frames.Icmp6, Frames.Icmp(reporter, Internet6, 1, 4, 0, arrived))));
            if (spoofed)
            {
                Drops(Counter.Spoofed, frame);
            }
            else
            {
                Leaves(frame);
            }
        }
    }

    [Fact]
    public void AnErrorAboutAFlowWithoutSessionPasses()
    {
        var quoted = Frames.Ip(Vm, VmStatic, Frames.UdpNumber, Frames.Udp(Vm, VmStatic, 5, 6, Data(9)));
        var result = Dissected.Of(Leaves(FromVm(VniA, Frames.Ip(VmStatic, Vm, Frames.Icmp4, Frames.Icmp(VmStatic, Vm, 3, 3, 0, quoted)))));
        Assert.Equal((VmStatic, Vm, (int)VniA), (result.Source, result.Destination, result.Vni));
        Assert.Equal(quoted, result.Payload[8..].ToArray());
    }

    [Fact]
    public void AnErrorIsForWhoHasSentWhatItQuotes()
    {
        var sent = Sent("tcp", Internet, ForwardB, to: 8081);
        var arrived = Packet(Leaves(FromInternet(sent)));
        Drops(Counter.NoSession, FromVm(VniB, Frames.Ip(Vm, Router, Frames.Icmp4, Frames.Icmp(Vm, Router, 3, 1, 0, arrived))));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(27)]
    [InlineData(8)]
    [InlineData(0)]
    public void AQuoteThatIsTooShortIsMalformed(int length)
    {
        var arrived = Packet(Leaves(FromInternet(Sent("tcp", Internet, ForwardB, to: 8081))));
        Drops(Counter.Malformed, FromVm(VniB, Frames.Ip(Vm, Internet, Frames.Icmp4, Frames.Icmp(Vm, Internet, 3, 1, 0, arrived[..length]))));
    }

    /// <summary>What is quoted is the packet that was sent, as far as it goes, but for the TTL that it had on the way.</summary>
    private static void Same(byte[] sent, ReadOnlySpan<byte> quoted)
    {
        var expected = sent.ToArray();
        var actual = quoted.ToArray();
        var v4 = sent[0] >> 4 == 4;
        Assert.False(v4 && Octets.Sum(actual.AsSpan(0, 20)) != 0xffff, "checksum of the quoted header");
        foreach (var at in (int[])(v4 ? [8, 10, 11] : [7]))
        {
            expected[at] = actual[at] = 0;
        }

        Assert.Equal(Convert.ToHexString(expected.AsSpan(0, actual.Length)), Convert.ToHexString(actual));
    }

    private static ushort Net(ushort port) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(port);

    private static byte[] Sent(string what, IpAddr source, IpAddr destination, ushort from = 5353, ushort to = 53) => what switch
    {
        "udp" => Frames.Ip(source, destination, Frames.UdpNumber, Frames.Udp(source, destination, from, to, Data(50))),
        "udp without checksum" => Frames.Ip(source, destination, Frames.UdpNumber, Frames.Udp(source, destination, from, to, Data(50), checksum: false)),
        "tcp" => Frames.Ip(source, destination, Frames.TcpNumber, Frames.Tcp(source, destination, from, to, 2, [])),
        _ => Frames.Ip(
            source, destination, source.IsV4 ? Frames.Icmp4 : Frames.Icmp6,
            Frames.Icmp(source, destination, source.IsV4 ? (byte)8 : (byte)128, 0, (uint)((from == 5353 ? 7 : from) << 16) | 1, Data(50))),
    };
}
