using Fabric.Ctl.Capture;

namespace Fabric.Ctl.Tests.Capture;

public sealed class TcpDirectionTests
{
    [Theory]
    [InlineData(1u)]
    [InlineData(uint.MaxValue - 20)]
    [InlineData(int.MaxValue - 20u)]
    public void Segments_in_any_order_and_doubled_give_the_stream(uint start)
    {
        var stream = Enumerable.Range(0, 200).Select(static i => (byte)i).ToArray();
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var segments = new List<(int At, int Length)>();
            for (var at = 0; at < stream.Length;)
            {
                var length = Math.Min(random.Next(1, 30), stream.Length - at);
                segments.Add((at, length));
                if (random.Next(3) == 0)
                {
                    // A retransmission, cut differently.
                    var from = Math.Max(0, at - random.Next(20));
                    segments.Add((from, Math.Min(random.Next(1, 50), stream.Length - from)));
                }

                at += length;
            }

            var order = segments.ToArray();
            random.Shuffle(order);
            var direction = new TcpDirection();
            Assert.True(direction.Start(start));
            var read = new List<byte>();
            foreach (var (at, length) in order)
            {
                Assert.True(direction.Add(unchecked(start + 1 + (uint)at), stream.AsSpan(at, length)));
                var take = random.Next(direction.Ready.Length + 1);
                read.AddRange(direction.Ready[..take]);
                direction.Advance(take);
            }

            read.AddRange(direction.Ready);
            Assert.Equal(stream, read);
            Assert.False(direction.IsWaiting);
        }
    }

    [Fact]
    public void A_connection_that_begins_anew_forgets_the_old_one()
    {
        var direction = new TcpDirection();
        direction.Start(100);
        direction.Add(101, [1, 2, 3]);
        Assert.False(direction.Start(100));
        Assert.Equal([1, 2, 3], direction.Ready.ToArray());
        Assert.True(direction.Start(5000));
        direction.Add(5001, [9]);
        Assert.Equal([9], direction.Ready.ToArray());
    }

    [Fact]
    public void Numbers_far_off_are_of_a_connection_whose_beginning_was_not_seen()
    {
        var direction = new TcpDirection();
        direction.Add(100, [1]);
        direction.Add(2_000_000_000, [2]);
        Assert.Equal([2], direction.Ready.ToArray());
    }

    [Fact]
    public void What_waits_is_bounded_and_a_gap_is_given_up()
    {
        var direction = new TcpDirection();
        direction.Add(0, [1, 2]);
        var segment = new byte[1000];
        uint sequence = 12;
        while (direction.Add(sequence, segment))
        {
            sequence += 1000;
            Assert.True(direction.Held < 2 * TcpDirection.MaxWaiting);
        }

        Assert.Equal(2 + 10, direction.SkipGap());
        Assert.Equal(sequence + 1000 - 12, (uint)direction.Ready.Length);
        Assert.Equal(0, direction.SkipGap());
    }

    [Fact]
    public void What_is_lost_behind_a_cut_segment_is_skipped()
    {
        var direction = new TcpDirection();
        direction.Add(0, [1, 2]);
        direction.Add(10, [3]);
        Assert.Equal(10, direction.SkipTo(10));
        Assert.Equal([3], direction.Ready.ToArray());
        Assert.Equal(0, direction.SkipTo(5));
    }
}
