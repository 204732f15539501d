using Fabric.Bgp.Tests.Speaker;
using Fabric.Primitives;
using Fabric.SoftGate.Host;
using Fabric.SoftGate.Neighbors;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Tests.Evpn;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>Address resolution without packets.</summary>
public sealed class NeighborTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:10:01");
    private static readonly MacAddress Gateway = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly IpAddr Vtep = IpAddr.Parse("192.0.2.11");
    private static readonly NeighborKey Host = new(new Vni(5001), IpAddr.Parse("10.0.0.10"));
    private static readonly NeighborPlace Place = new(Mac, Vtep);
    private static readonly NeighborSettings Settings = new() { MostPerVNet = 3 };

    [Fact]
    public void A_wanted_host_is_asked_for_a_few_times_and_then_given_up()
    {
        var table = new NeighborTable(Settings);
        table.Want(Host, TimeSpan.Zero);
        table.Want(Host, TimeSpan.Zero);
        var asked = 0;
        for (var second = 0; second < 10; second++)
        {
            var duties = table.Due(TimeSpan.FromSeconds(second), 100);
            asked += duties.Count(d => d.Ask);
            Assert.All(duties, d => Assert.Null(d.Place));
        }

        Assert.Equal(Settings.FirstProbes, asked);
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void A_known_host_is_asked_where_it_was_then_everywhere_and_then_forgotten()
    {
        var table = new NeighborTable(Settings);
        Assert.True(table.Hear(Host, Place, TimeSpan.Zero));
        Assert.False(table.Hear(Host, Place, TimeSpan.Zero));
        Assert.True(table.Hear(Host, Place with { Vtep = IpAddr.Parse("192.0.2.12") }, TimeSpan.Zero));
        Assert.True(table.Hear(Host, Place, TimeSpan.Zero));
        var duties = Enumerable.Range(0, 200).SelectMany(s => table.Due(TimeSpan.FromSeconds(s), 100)).ToList();
        Assert.Equal(
            [.. Enumerable.Repeat((true, (NeighborPlace?)Place), Settings.UnicastProbes), .. Enumerable.Repeat((true, (NeighborPlace?)null), Settings.Probes - Settings.UnicastProbes), (false, Place)],
            duties.Select(d => (d.Ask, d.Place)));
        Assert.Null(table.PlaceOf(Host));
    }

    [Fact]
    public void A_host_that_answers_stays_and_each_v_net_has_so_many()
    {
        var table = new NeighborTable(Settings);
        table.Hear(Host, Place, TimeSpan.Zero);
        for (var second = 1; second < 1000; second++)
        {
            if (table.Due(TimeSpan.FromSeconds(second), 100).Count > 0)
            {
                table.Hear(Host, Place, TimeSpan.FromSeconds(second));
            }
        }

        Assert.Equal(Place, table.PlaceOf(Host));
        for (var i = 0u; i < 10; i++)
        {
            table.Want(Host with { Address = IpAddr.V4(0x0a000100 + i) }, TimeSpan.Zero);
        }

        Assert.Equal(3, table.Count);
        Assert.Equal(8, table.Refused);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.10")]
    [InlineData("2001:db8:a::1", "2001:db8:a::10")]
    public void What_a_gateway_asks_says_who_the_gateway_is(string gateway, string host)
    {
        foreach (var known in new[] { (MacAddress?)null, Mac })
        {
            var frame = NeighborFrames.Solicitation(IpAddr.Parse(gateway), Gateway, IpAddr.Parse(host), known);
            Assert.Equal(new NeighborNotice(IpAddr.Parse(gateway), Gateway, WantsRouter: false), NeighborNotice.Read(frame));
            if (known is not null)
            {
                Assert.Equal(Mac, MacAddress.FromBytes(frame.AsSpan(0, 6)));
            }
        }
    }

    [Fact]
    public void No_frame_is_too_odd_to_be_read()
    {
        var random = new Random(1);
        var frame = NeighborFrames.Solicitation(IpAddr.Parse("2001:db8:a::1"), Gateway, IpAddr.Parse("2001:db8:a::10"), null);
        for (var i = 0; i < 100_000; i++)
        {
            var odd = frame.AsSpan(0, random.Next(frame.Length + 1)).ToArray();
            for (var n = random.Next(4); n > 0 && odd.Length > 0; n--)
            {
                odd[random.Next(odd.Length)] = (byte)random.Next(256);
            }

            if (NeighborNotice.Read(odd) is { } notice)
            {
                Assert.False(notice.Mac.IsMulticast || notice.Address.IsMulticast);
            }
        }
    }

    [Fact]
    public void Only_the_owner_advertises_itself_unasked()
    {
        var clock = new ManualTime();
        var state = Samples.State();
        var floods = new FloodLists();
        floods.Add(Samples.Web, Vtep);
        var (owner, partner) = (new SentFrames(), new SentFrames());
        foreach (var (node, overlay) in new[] { ("g1", owner), ("g2", partner) })
        {
            var service = new NeighborService(Settings, overlay, floods, new NoHosts(), name => name == node, clock);
            service.Follow(state);
            for (var second = 0; second < 600; second++)
            {
                service.Tick();
                clock.Advance(TimeSpan.FromSeconds(1));
            }
        }

        Assert.InRange(owner.Count, 5, 10);
        Assert.Equal(0, partner.Count);
    }

    [Fact]
    public void A_link_local_address_follows_from_the_mac() =>
        Assert.Equal("fe80::ff:fe00:1", NeighborFrames.LinkLocal(Gateway).ToString());

    private sealed class SentFrames : IOverlay
    {
        internal int Count { get; private set; }

        public void Send(IpAddr source, IpAddr destination, Vni vni, ReadOnlySpan<byte> frame) => Count++;
    }

    private sealed class NoHosts : INeighborSink
    {
        public void Learn(Vni vni, IpAddr address, Place? place) => Assert.Fail("no host has spoken");
    }
}
