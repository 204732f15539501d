using Fabric.Bgp.Benchmarks.Wire;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Load;

/// <summary>The messages that the load generator of the benchmark writes with a codec of its own, read by the product's.</summary>
public sealed class LoadMessageTests
{
    private static readonly SessionContext Context = new(FourOctetAs: true, IsInternal: true, [AddressFamily.L2VpnEvpn, new(1, 132)]);

    [Fact]
    public void An_update_is_these_octets()
    {
        var routes = new EncodedRoutes(new RouteSet(1));
        Assert.Equal(
            Samples.Hex("""
                ffffffffffffffffffffffffffffffff 006f 02 0000 0058
                90 0e 002c 0019 46 04 0a400002 00
                02 21 0000fde800000001 00000000000000000000 00000000 30 020000000000 00 000001
                40 01 01 00
                40 02 00
                80 04 04 00000000
                40 05 04 00000064
                c0 10 10 0002fde800000001 030c000000000008
                """.ReplaceLineEndings(" ")),
            routes.Messages().ToArray());
    }

    [Theory]
    [InlineData(1000, 100, 100, 100)]
    [InlineData(1000, 100, 4, 4)]
    [InlineData(1000, 250, 250, 100)]
    [InlineData(1050, 100, 100, 100)]
    public void All_routes_are_in_the_messages_once_and_well_formed(int count, int perVni, int perAttributes, int perUpdate)
    {
        var set = new RouteSet(count, perVni, perAttributes, perUpdate);
        var found = new List<MacIpRoute>();
        foreach (var body in Bodies(new EncodedRoutes(set).Messages().Span))
        {
            var update = UpdateMessage.Decode(body, Context);
            Assert.Empty(update.Problems);
            found.AddRange(update.EvpnAnnounced.MacIp);
        }

        Assert.Equal(count, found.Count);
        Assert.Equal(count, found.Select(static r => r.Key).Distinct().Count());
        Assert.All(found, static r => Assert.Equal(r.Key.Rd, RouteDistinguisher.Parse($"65000:{r.Label1}")));
        Assert.Equal((count + perVni - 1) / perVni, found.Select(static r => r.Label1).Distinct().Count());
    }

    [Fact]
    public void Open_offers_what_the_benchmark_needs()
    {
        Assert.True(OpenMessage.TryDecode(MessageWriter.Open(0x0A010001, routeTargets: true).AsSpan(MessageWriter.HeaderLength), out var open, out _));
        Assert.Equal(Context.Families, open.Families);
        Assert.Equal((65000u, 180, IpAddr.Parse("10.1.0.1")), (open.AsNumber, open.HoldTime, open.Identifier));
        Assert.True(OpenMessage.TryDecode(MessageWriter.Open(1, routeTargets: false).AsSpan(MessageWriter.HeaderLength), out open, out _));
        Assert.Equal([AddressFamily.L2VpnEvpn], open.Families);
    }

    [Fact]
    public void Membership_names_each_route_target_and_the_end()
    {
        var bodies = Bodies(MessageWriter.Membership([7, 1000], 0x0A010001));
        var update = UpdateMessage.Decode(bodies[0], Context);
        Assert.Empty(update.Problems);
        Assert.Equal(
            Samples.Hex("60 0000fde8 0002fde800000007 60 0000fde8 0002fde8000003e8"), update.OtherAnnounced!.Value.Routes.Span.ToArray());
        Assert.Equal(new AddressFamily(1, 132), UpdateMessage.Decode(bodies[1], Context).EndOfRib);
    }

    [Fact]
    public void Every_part_of_a_message_is_incomplete_and_other_octets_are_no_message()
    {
        var message = new EncodedRoutes(new RouteSet(3)).Messages().ToArray();
        for (var length = 0; length < message.Length; length++)
        {
            Assert.True(Framing.TryRead(message.AsSpan(0, length), out var type, out _, out _));
            Assert.Equal(MessageType.None, type);
        }

        Assert.True(Framing.TryRead(message, out var whole, out _, out var read));
        Assert.Equal((MessageType.Update, message.Length), (whole, read));
        foreach (var (at, value) in new[] { (0, 0xFE), (15, 0), (16, 0x20), (18, 0), (18, 6) })
        {
            var bad = message.ToArray();
            bad[at] = (byte)value;
            Assert.False(Framing.TryRead(bad, out _, out _, out _), $"octet {at} = {value}");
        }

        Assert.False(Framing.TryRead(Samples.Hex("ffffffffffffffffffffffffffffffff 0012 04"), out _, out _, out _));
    }

    internal static List<byte[]> Bodies(ReadOnlySpan<byte> stream)
    {
        var bodies = new List<byte[]>();
        while (!stream.IsEmpty)
        {
            Assert.True(Framing.TryRead(stream, out var type, out var body, out var length));
            Assert.Equal(MessageType.Update, type);
            bodies.Add(body.ToArray());
            stream = stream[length..];
        }

        return bodies;
    }
}
