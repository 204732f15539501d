using System.Buffers.Binary;
using Fabric.Primitives;
using Fabric.SoftGate.Fuzz;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using static Fabric.SoftGate.Fuzz.World;

namespace Fabric.SoftGate.Tests.Edge;

/// <summary>ICMP errors that are made here.</summary>
[Trait("Category", "lab")]
public sealed class IcmpAnswerTests : EdgeTest
{
    public static TheoryData<int> Sizes4 => [0, 1, 2, 3, 4, 40, 500, 520, 521, 1400];

    [Theory]
    [MemberData(nameof(Sizes4))]
    public void TheEndOfTheTtlIsTold(int size)
    {
        var packet = Frames.Ip(Vm, Internet, Frames.UdpNumber, Frames.Udp(Vm, Internet, 1, 2, Data(size)), ttl: 1);
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal(((int)VniA, Gateway4, Vm, (byte)64), (answer.Vni, answer.Source, answer.Destination, answer.Ttl));
        Assert.Equal((VmMac, GatewayMac, Leaf1), (answer.DestinationMac, answer.SourceMac, answer.OuterDestination));
        Assert.Equal([11, 0], answer.Payload[..2].ToArray());
        Assert.Equal(packet[..Math.Min(packet.Length, 548)], answer.Payload[8..].ToArray());
        Assert.Equal(answer.Data.Length, answer.Network + answer.Length);
        Assert.Equal(1UL, World.Count(Counter.TtlExceeded));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(1184)]
    [InlineData(1185)]
    [InlineData(1400)]
    public void TheEndOfTheHopLimitIsTold(int size)
    {
        var packet = Frames.Ip(Vm6, VmOther6, Frames.UdpNumber, Frames.Udp(Vm6, VmOther6, 1, 2, Data(size)), ttl: 1);
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal(((int)VniA, Gateway6, Vm6), (answer.Vni, answer.Source, answer.Destination));
        Assert.Equal([3, 0], answer.Payload[..2].ToArray());
        Assert.Equal(packet[..Math.Min(packet.Length, 1232)], answer.Payload[8..].ToArray());
        Assert.Equal(answer.Data.Length, answer.Network + answer.Length);
    }

    [Fact]
    public void OutsideTheNodeSaysIt()
    {
        var packet = Frames.Ip(Internet, StaticA, Frames.TcpNumber, Frames.Tcp(Internet, StaticA, 1, 22, 2, []), ttl: 1);
        var answer = Dissected.Of(Leaves(FromInternet(packet)));
        Assert.Equal((-1, PublicVlan, Node, Internet), (answer.Vni, answer.Vlan, answer.Source, answer.Destination));
        Assert.Equal(packet, answer.Payload[8..].ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatIsTooBigIsTold(bool dontFragment)
    {
        var packet = Frames.Ip(Vm, Internet, Frames.UdpNumber, Frames.Udp(Vm, Internet, 1, 2, Data(1600)), dontFragment: dontFragment);
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal((Gateway4, Vm), (answer.Source, answer.Destination));
        Assert.Equal([3, 4], answer.Payload[..2].ToArray());
        Assert.Equal(VnetMtu, BinaryPrimitives.ReadUInt16BigEndian(answer.Payload[6..]));
        Assert.Equal(packet[..548], answer.Payload[8..].ToArray());
        Assert.Equal(1UL, World.Count(Counter.TooBig));
    }

    /// <summary>A packet in several pieces of memory.</summary>
    [Theory]
    [InlineData(1600)]
    [InlineData(8000)]
    public void Ipv6PacketsThatAreTooBigAreTold(int size)
    {
        var packet = Frames.Ip(Vm6, VmOther6, Frames.UdpNumber, Frames.Udp(Vm6, VmOther6, 1, 2, Data(size)));
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal((Gateway6, Vm6), (answer.Source, answer.Destination));
        Assert.Equal([2, 0], answer.Payload[..2].ToArray());
        Assert.Equal(VnetMtu, BinaryPrimitives.ReadUInt32BigEndian(answer.Payload[4..]));
        Assert.Equal(packet[..1232], answer.Payload[8..].ToArray());
    }

    [Fact]
    public void ARejectedDestinationIsTold()
    {
        var target = IpAddr.Parse("10.0.9.1");
        var packet = Frames.Ip(Vm, target, Frames.UdpNumber, Frames.Udp(Vm, target, 1, 2, Data(10)));
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal((Gateway4, Vm), (answer.Source, answer.Destination));
        Assert.Equal([3, 0], answer.Payload[..2].ToArray());
        Assert.Equal(packet, answer.Payload[8..].ToArray());
    }

    [Fact]
    public void NothingIsToldAboutErrors()
    {
        var arrived = Packet(Leaves(FromInternet(Frames.Ip(Internet, ForwardB, Frames.TcpNumber, Frames.Tcp(Internet, ForwardB, 5, 8081, 2, [])))));
        var error = Frames.Icmp(Vm, Internet, 3, 1, 0, arrived);
        Drops(Counter.TtlExceeded, FromVm(VniB, Frames.Ip(Vm, Internet, Frames.Icmp4, error, ttl: 1)));
    }

    [Fact]
    public void NothingIsToldAboutLaterFragments()
    {
        var datagram = Frames.Udp(Vm, Internet, 4000, 53, Data(80));
        Leaves(FromVm(VniA, FragmentTests.Part(Vm, Internet, datagram, 0, 48)));
        Drops(Counter.TtlExceeded, FromVm(VniA, Frames.Ip(Vm, Internet, Frames.UdpNumber, datagram[48..80], id: 77, offset: 48, more: true, ttl: 1)));
    }

    [Fact]
    public void NothingIsToldWhereTheRouterHasNoAddress()
    {
        World.DataPath.Map<uint, Router>("routers").Set(VnetA, default);
        Drops(Counter.TtlExceeded, FromVm(VniA, Frames.Ip(Vm, Internet, Frames.UdpNumber, Frames.Udp(Vm, Internet, 1, 2, Data(10)), ttl: 1)));
    }

    [Fact]
    public void ErrorsAreBounded()
    {
        const int packets = 5000;
        var packet = FromVm(VniA, Frames.Ip(Vm, Internet, Frames.UdpNumber, Frames.Udp(Vm, Internet, 1, 2, Data(10)), ttl: 1));
        var begin = TimeProvider.System.GetTimestamp();
        var answers = Enumerable.Range(0, packets).Count(_ => World.Run(packet).Verdict == XdpVerdict.Redirect);
        var seconds = Math.Ceiling(TimeProvider.System.GetElapsedTime(begin).TotalSeconds) + 1;
        Assert.InRange(answers, 1, (int)(100 * Cpus.Possible * seconds));
        Assert.Equal((ulong)packets, World.Count(Counter.TtlExceeded));
    }
}
