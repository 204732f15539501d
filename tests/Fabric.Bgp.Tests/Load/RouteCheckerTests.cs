using System.Buffers.Binary;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Tests.Load;

/// <summary>What a client of the benchmark notices about the routes it is told: each check broken once.</summary>
public sealed class RouteCheckerTests
{
    private const uint Originator = 0x0A010001;
    private const uint Cluster = 0x0A000001;
    private static readonly byte[] Added = Samples.Hex("80 09 04 0a010001 80 0a 04 0a000001");

    [Theory]
    [InlineData(100, 100)]
    [InlineData(4, 4)]
    public void Routes_that_come_once_as_sent_are_complete(int perAttributes, int perUpdate)
    {
        var routes = new EncodedRoutes(new RouteSet(500, 100, perAttributes, perUpdate));
        var checker = New(routes);
        foreach (var body in LoadMessageTests.Bodies(routes.Messages().Span))
        {
            Assert.False(checker.Complete);
            checker.Update(Reflected(body));
        }

        Assert.Null(checker.Error);
        Assert.True(checker.Complete);
    }

    [Fact]
    public void Routes_that_the_sender_has_marked_as_reflected_need_no_reflector()
    {
        var routes = new EncodedRoutes(new RouteSet(500));
        var (checker, otherCluster) = (New(routes), New(routes));
        LoadMessageTests.Bodies(routes.Messages(reflection: new(Originator, Cluster)).Span).ForEach(body => checker.Update(body));
        LoadMessageTests.Bodies(routes.Messages(reflection: new(Originator, Cluster + 1)).Span).ForEach(body => otherCluster.Update(body));
        Assert.Equal((null, true), (checker.Error, checker.Complete));
        Assert.StartsWith("attribute 10 with", otherCluster.Error, StringComparison.Ordinal);
        checker.ExpectChange(150, 7);
        checker.Update(routes.Change(150, 7, new(Originator, Cluster))[MessageWriter.HeaderLength..]);
        Assert.Equal((null, true), (checker.Error, checker.ChangeArrived));
    }

    [Fact]
    public void Routes_may_be_packed_and_ordered_in_another_way()
    {
        var set = new RouteSet(200);
        var routes = new EncodedRoutes(set);
        var checker = New(routes);
        byte[] backwards = [.. Enumerable.Range(0, 60).Reverse().SelectMany(r => routes.Nlri(r, 1).ToArray())];
        checker.Update(Reflected(Body(set, 59, backwards)));
        checker.Update(Reflected(Body(set, 100, routes.Nlri(100, 100))));
        checker.Update(Reflected(Body(set, 60, routes.Nlri(60, 40))));
        Assert.Null(checker.Error);
        Assert.True(checker.Complete);
    }

    [Fact]
    public void End_of_rib_and_route_targets_of_others_are_no_routes()
    {
        var checker = New(new EncodedRoutes(new RouteSet(10)));
        checker.Update([0, 0, 0, 0]);
        checker.Update(Samples.Hex("0000 0006 80 0f 03 0019 46"));
        foreach (var body in LoadMessageTests.Bodies(MessageWriter.Membership([1, 2], 1)))
        {
            checker.Update(body);
        }

        Assert.Null(checker.Error);
        Assert.Equal((0, 0), (checker.Arrived, checker.Messages));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(4)]
    public void Any_flipped_bit_is_noticed(int perAttributes)
    {
        var routes = new EncodedRoutes(new RouteSet(104, 100, perAttributes, 4));
        var bodies = LoadMessageTests.Bodies(routes.Messages().Span).ConvertAll(Reflected);
        for (var bit = 0; bit < bodies[0].Length * 8; bit++)
        {
            // A route that becomes another one that exists is noticed when that one comes.
            var mutant = bodies[0].ToArray();
            mutant[bit / 8] ^= (byte)(1 << (bit % 8));
            var checker = New(routes);
            checker.Update(mutant);
            bodies[1..].ForEach(b => checker.Update(b));
            Assert.True(checker.Error is not null, $"octet {bit / 8} bit {bit % 8} of {Convert.ToHexStringLower(mutant)}");
        }
    }

    [Fact]
    public void Any_cut_off_message_is_noticed()
    {
        var routes = new EncodedRoutes(new RouteSet(2));
        var body = Reflected(LoadMessageTests.Bodies(routes.Messages().Span)[0]);
        for (var length = 0; length < body.Length; length++)
        {
            var cut = body[..length];
            if (length >= 4)
            {
                BinaryPrimitives.WriteUInt16BigEndian(cut.AsSpan(2), (ushort)(length - 4));
            }

            var checker = New(routes);
            checker.Update(cut);
            Assert.True(checker.Error is not null || cut is [0, 0, 0, 0], $"{length} octets");
            Assert.Equal(0, checker.Arrived);
        }
    }

    [Fact]
    public void An_attribute_that_is_lost_doubled_or_new_is_noticed()
    {
        var routes = new EncodedRoutes(new RouteSet(4, 100, 4, 4));
        var body = Reflected(LoadMessageTests.Bodies(routes.Messages().Span)[0]);
        var attributes = Attributes(body);
        Assert.Equal(9, attributes.Count);
        Assert.Null(After(routes, attributes));
        foreach (var attribute in attributes)
        {
            Assert.NotNull(After(routes, attributes.Where(a => a != attribute)));
            Assert.NotNull(After(routes, attributes.Append(attribute)));
        }

        Assert.NotNull(After(routes, attributes.Append(Samples.Hex("c0 20 0c 000000010000000200000003"))));
        Assert.NotNull(After(routes, attributes.Append(Samples.Hex("40 03 04 0a000001"))));
    }

    [Fact]
    public void A_second_cluster_in_the_list_is_noticed()
    {
        var routes = new EncodedRoutes(new RouteSet(1));
        var sent = Attributes(LoadMessageTests.Bodies(routes.Messages().Span)[0]);
        Assert.NotNull(After(routes, [.. sent, Samples.Hex("80 09 04 0a010001"), Samples.Hex("80 0a 08 0a0000010a000001")]));
    }

    [Fact]
    public void A_route_that_comes_twice_is_noticed()
    {
        var routes = new EncodedRoutes(new RouteSet(100));
        var checker = New(routes);
        var body = Reflected(LoadMessageTests.Bodies(routes.Messages().Span)[0]);
        checker.Update(body);
        Assert.Null(checker.Error);
        checker.Update(body);
        Assert.Equal("route 0 came twice", checker.Error);
    }

    [Fact]
    public void A_route_that_is_lost_keeps_the_client_incomplete()
    {
        var set = new RouteSet(100);
        var routes = new EncodedRoutes(set);
        var checker = New(routes);
        checker.Update(Reflected(Body(set, 0, routes.Nlri(0, 99))));
        Assert.Equal((null, 99, false), (checker.Error, checker.Arrived, checker.Complete));
    }

    [Fact]
    public void A_route_with_anothers_attributes_is_noticed()
    {
        var set = new RouteSet(200);
        var routes = new EncodedRoutes(set);
        var checker = New(routes);
        checker.Update(Reflected(Body(set, 99, routes.Nlri(99, 2))));
        Assert.Equal("route 100 with the attributes of route 99", checker.Error);
    }

    [Fact]
    public void A_withdrawal_is_noticed()
    {
        var routes = new EncodedRoutes(new RouteSet(1));
        var checker = New(routes);
        checker.Update([0, 0, 0, 41, 0x80, 15, 38, 0, 25, 70, .. routes.Nlri(0, 1)]);
        Assert.NotNull(checker.Error);
    }

    [Fact]
    public void A_route_that_a_client_did_not_ask_for_is_noticed()
    {
        var routes = new EncodedRoutes(new RouteSet(300));
        var checker = new RouteChecker(routes, Originator, Cluster, wanted: [1, 3]);
        Assert.Equal(200, checker.Expected);
        var bodies = LoadMessageTests.Bodies(routes.Messages().Span);
        checker.Update(Reflected(bodies[0]));
        checker.Update(Reflected(bodies[2]));
        Assert.Equal((null, true), (checker.Error, checker.Complete));
        checker.Update(Reflected(bodies[1]));
        Assert.Equal("route 100 of VNI 2, which this client did not ask for", checker.Error);
    }

    [Fact]
    public void Older_attributes_are_an_error_unless_the_client_may_lag_and_never_come_after_newer_ones()
    {
        var routes = new EncodedRoutes(new RouteSet(100));
        var first = Reflected(LoadMessageTests.Bodies(routes.Messages(0).Span)[0]);
        var second = Reflected(LoadMessageTests.Bodies(routes.Messages(1).Span)[0]);
        var prompt = New(routes);
        prompt.Expect(1, mayLag: false);
        prompt.Update(first);
        Assert.NotNull(prompt.Error);
        var slow = New(routes);
        slow.Expect(1, mayLag: true);
        slow.Update(first);
        slow.Update(second);
        Assert.Equal((null, true, 100L), (slow.Error, slow.Complete, slow.Stale));
        slow.Update(first);
        Assert.Equal("route 0 fell back to older attributes", slow.Error);
    }

    [Fact]
    public void A_single_change_is_that_route_with_that_sequence_number_once()
    {
        var routes = new EncodedRoutes(new RouteSet(200));
        byte[] Change(int route, uint sequence) => Reflected(routes.Change(route, sequence)[MessageWriter.HeaderLength..]);
        RouteChecker Waiting()
        {
            var checker = New(routes);
            checker.ExpectChange(150, 7);
            return checker;
        }

        var right = Waiting();
        right.Update(Change(150, 7));
        Assert.Equal((null, true), (right.Error, right.ChangeArrived));
        right.Update(Change(150, 7));
        Assert.NotNull(right.Error);
        foreach (var (route, sequence) in new[] { (150, 6u), (151, 7u) })
        {
            var wrong = Waiting();
            wrong.Update(Change(route, sequence));
            Assert.Equal((true, false), (wrong.Error is not null, wrong.ChangeArrived));
        }
    }

    private static RouteChecker New(EncodedRoutes routes) => new(routes, Originator, Cluster);

    private static byte[] Body(RouteSet set, int first, ReadOnlySpan<byte> nlri)
    {
        var buffer = new byte[MessageWriter.MaxLength];
        return buffer[MessageWriter.HeaderLength..MessageWriter.Update(buffer, set, first, nlri, 0, null)];
    }

    /// <summary>What a reflector makes of the body of an UPDATE.</summary>
    private static byte[] Reflected(byte[] body) => WithAttributes([body[4..], Added]);

    private static string? After(EncodedRoutes routes, IEnumerable<byte[]> attributes)
    {
        var checker = New(routes);
        checker.Update(WithAttributes(attributes));
        return checker.Error;
    }

    private static byte[] WithAttributes(IEnumerable<byte[]> attributes)
    {
        byte[] all = [.. attributes.SelectMany(static a => a)];
        return [0, 0, (byte)(all.Length >> 8), (byte)all.Length, .. all];
    }

    private static List<byte[]> Attributes(byte[] body)
    {
        var attributes = new List<byte[]>();
        for (var at = 4; at < body.Length;)
        {
            var length = (body[at] & 0x10) != 0 ? 4 + BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(at + 2)) : 3 + body[at + 2];
            attributes.Add(body[at..(at + length)]);
            at += length;
        }

        return attributes;
    }
}
