using Fabric.Primitives;
using Fabric.SoftGate.Fuzz;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using static Fabric.SoftGate.Fuzz.World;

namespace Fabric.SoftGate.Tests.Edge;

/// <summary>Fragments and extension headers.</summary>
[Trait("Category", "lab")]
public sealed class FragmentTests : EdgeTest
{
    private static readonly byte[] Payload = Data(120);

    [Fact]
    public void ADatagramInFragmentsIsTranslatedAsOne()
    {
        var datagram = Frames.Udp(Vm, Internet, 4000, 53, Payload);
        var whole = new byte[datagram.Length];
        IpAddr? outside = null;
        foreach (var (at, size) in ((int, int)[])[(0, 48), (48, 32), (80, 48)])
        {
            var parts = Dissected.Of(Leaves(FromVm(VniA, Part(Vm, Internet, datagram, at, size))));
            Assert.Equal((PoolA, Internet, at, at + size < whole.Length), (parts.Source, parts.Destination, parts.FragmentOffset, parts.More));
            parts.Payload.CopyTo(whole.AsSpan(at));
            outside = parts.Source;
        }

        Assert.Null(Dissected.OfPacket(Frames.Ip(outside!.Value, Internet, Frames.UdpNumber, whole)).WrongChecksum());
        Assert.Equal(Payload, whole[8..]);
        Assert.Empty(World.DataPath.Map<FragmentKey, Fragment>("fragments").ToList());
    }

    [Fact]
    public void Ipv6FragmentsPass()
    {
        var datagram = Frames.Udp(Vm6, VmOther6, 4000, 53, Payload);
        foreach (var (at, size) in ((int, int)[])[(0, 64), (96, 32), (64, 32)])
        {
            Leaves(FromVm(VniA, Part(Vm6, VmOther6, datagram, at, size)));
        }

        Assert.Empty(World.DataPath.Map<FragmentKey, Fragment>("fragments").ToList());
    }

    [Theory]
    [InlineData("10.0.0.10", "192.0.2.80")]
    [InlineData("fd00::10", "fd00::11")]
    public void ALaterFragmentBeforeItsFirstIsDropped(string from, string to)
    {
        var (source, destination) = (IpAddr.Parse(from), IpAddr.Parse(to));
        var datagram = Frames.Udp(source, destination, 4000, 53, Payload);
        Drops(Counter.FragmentEarly, FromVm(VniA, Part(source, destination, datagram, 48, 32)));
        Leaves(FromVm(VniA, Part(source, destination, datagram, 0, 48)));
        Leaves(FromVm(VniA, Part(source, destination, datagram, 48, 32)));
    }

    [Theory]
    [InlineData("10.0.0.10", "192.0.2.80", 40, 32)]
    [InlineData("10.0.0.10", "192.0.2.80", 0, 48)]
    [InlineData("fd00::10", "fd00::11", 40, 32)]
    [InlineData("fd00::10", "fd00::11", 16, 16)]
    public void AnOverlapDropsTheRestOfTheDatagram(string from, string to, int at, int size)
    {
        var (source, destination) = (IpAddr.Parse(from), IpAddr.Parse(to));
        var datagram = Frames.Udp(source, destination, 4000, 53, Payload);
        Leaves(FromVm(VniA, Part(source, destination, datagram, 0, 48)));
        Drops(Counter.FragmentOverlap, FromVm(VniA, Part(source, destination, datagram, at, size)));
        Drops(Counter.FragmentOverlap, FromVm(VniA, Part(source, destination, datagram, 48, 32)));
        Leaves(FromVm(VniA, Part(source, destination, datagram, 0, 48, id: 78)));
    }

    [Fact]
    public void NothingMayFollowTheEnd()
    {
        var datagram = Frames.Udp(Vm, Internet, 4000, 53, Payload);
        Leaves(FromVm(VniA, Part(Vm, Internet, datagram, 0, 48)));
        Leaves(FromVm(VniA, Part(Vm, Internet, datagram, 96, 32)));
        Drops(Counter.FragmentOverlap, FromVm(VniA, Frames.Ip(Vm, Internet, Frames.UdpNumber, Data(8), id: 77, offset: 128)));
    }

    [Fact]
    public void FragmentsOfAnotherVpcDoNotFollow()
    {
        var datagram = Frames.Udp(Vm, Internet, 4000, 53, Payload);
        Leaves(FromVm(VniA, Part(Vm, Internet, datagram, 0, 48)));
        Drops(Counter.FragmentEarly, FromVm(VniB, Part(Vm, Internet, datagram, 48, 32)));
    }

    [Theory]
    [InlineData("10.0.0.10", "192.0.2.80")]
    [InlineData("fd00::10", "fd00::11")]
    public void ATinyFirstFragmentIsMalformed(string from, string to)
    {
        var (source, destination) = (IpAddr.Parse(from), IpAddr.Parse(to));
        var segment = Frames.Tcp(source, destination, 4000, 80, 2, Data(40));
        Drops(Counter.Malformed, FromVm(VniA, Frames.Ip(source, destination, Frames.TcpNumber, segment[..8], more: true)));
        Drops(Counter.Malformed, FromVm(VniA, Frames.Ip(source, destination, Frames.TcpNumber, segment[..16], more: true)));
        Leaves(FromVm(VniA, Frames.Ip(source, destination, Frames.TcpNumber, segment[..24], more: true)));
    }

    [Fact]
    public void AFragmentInTheMiddleHasAMultipleOfEightOctets() =>
        Drops(Counter.Malformed, FromVm(VniA, Frames.Ip(Vm, Internet, Frames.UdpNumber, Frames.Udp(Vm, Internet, 1, 2, Data(41))[..43], more: true)));

    [Fact]
    public void AFragmentBeyond65535IsMalformed()
    {
        Leaves(FromVm(VniA, Part(Vm, Internet, Frames.Udp(Vm, Internet, 4000, 53, Payload), 0, 48)));
        Drops(Counter.Malformed, FromVm(VniA, Frames.Ip(Vm, Internet, Frames.UdpNumber, Data(40), id: 77, offset: 65528)));
    }

    [Fact]
    public void AnExpiredEntryIsNone()
    {
        var datagram = Frames.Udp(Vm, Internet, 4000, 53, Payload);
        var fragments = World.DataPath.Map<FragmentKey, Fragment>("fragments");
        Leaves(FromVm(VniA, Part(Vm, Internet, datagram, 0, 48)));
        var (key, value) = Assert.Single(fragments.ToList());
        value.Expires -= 3600;
        fragments.Set(key, value);
        Drops(Counter.FragmentEarly, FromVm(VniA, Part(Vm, Internet, datagram, 48, 32)));
        Leaves(FromVm(VniA, Part(Vm, Internet, datagram, 0, 48)));
        Leaves(FromVm(VniA, Part(Vm, Internet, datagram, 48, 32)));
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(60)]
    [InlineData(43)]
    public void ExtensionHeadersAreFollowed(params int[] chain) =>
        Leaves(FromVm(VniA, Chained(chain)));

    [Fact]
    public void AWholeDatagramMayHaveAFragmentHeader()
    {
        Leaves(FromVm(VniA, Chained([44])));
        Assert.Empty(World.DataPath.Map<FragmentKey, Fragment>("fragments").ToList());
    }

    [Fact]
    public void TooManyExtensionHeadersAreDropped() =>
        Drops(Counter.Unsupported, FromVm(VniA, Chained([.. Enumerable.Repeat(60, 9)])));

    [Fact]
    public void HopByHopOptionsComeFirst() => Drops(Counter.Malformed, FromVm(VniA, Chained([60, 0])));

    [Fact]
    public void RoutesInThePacketAreDropped()
    {
        var packet = Chained([43]);
        packet[42] = 0; // type 0
        Assert.Equal(XdpVerdict.Drop, World.Run(FromVm(VniA, packet)).Verdict);
        packet = Chained([43]);
        packet[43] = 1; // a segment is left
        Assert.Equal(XdpVerdict.Drop, World.Run(FromVm(VniA, packet)).Verdict);
    }

    internal static byte[] Part(IpAddr source, IpAddr destination, byte[] datagram, int at, int size, uint id = 77) =>
        Frames.Ip(source, destination, Frames.UdpNumber, datagram[at..(at + size)], id: id, offset: at, more: at + size < datagram.Length);

    private static byte[] Chained(int[] chain)
    {
        var payload = Frames.Udp(Vm6, VmOther6, 4000, 53, Payload);
        byte next = Frames.UdpNumber;
        foreach (var kind in chain.Reverse())
        {
            // Padding; of a routing header type 4 with no segments left.
            byte[] header = kind switch { 43 => [next, 0, 4, 0, 0, 0, 0, 0], 44 => [next, 0, 0, 0, 0, 0, 0, 9], _ => [next, 0, 1, 4, 0, 0, 0, 0] };
            payload = [.. header, .. payload];
            next = (byte)kind;
        }

        return Frames.Ip6(Vm6, VmOther6, next, payload);
    }
}

/// <summary>A table of fragments that is full.</summary>
[Trait("Category", "lab")]
public sealed class FragmentTableTests : EdgeTest
{
    private const int Entries = 8;

    public FragmentTableTests() => Sizes = new Dictionary<string, uint> { ["fragments"] = Entries };

    [Fact]
    public void AFullTableIsCountedAndCleansItself()
    {
        var fragments = World.DataPath.Map<FragmentKey, Fragment>("fragments");
        for (var id = 1u; id <= Entries; id++)
        {
            Leaves(First(id));
        }

        Drops(Counter.FragmentTableFull, First(100));
        foreach (var (key, value) in fragments.ToList())
        {
            var past = value;
            past.Expires -= 3600;
            fragments.Set(key, past);
        }

        // At most one look for expired ones a second and CPU.
        var deadline = TimeProvider.System.GetTimestamp();
        while (World.Run(First(101)).Verdict == XdpVerdict.Drop)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline).TotalSeconds < 10, "the table has not cleaned itself");
        }

        Assert.Single(fragments.ToList());
    }

    private static byte[] First(uint id) => FromVm(VniA, FragmentTests.Part(Vm, Internet, Frames.Udp(Vm, Internet, 4000, 53, Data(80)), 0, 48, id));
}
