using System.Buffers;
using Fabric.Primitives;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Sync;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.SoftGate.Tests.Sync;

/// <summary>Messages between partners as octets.</summary>
public sealed class SyncCodecTests
{
    [Fact]
    public void What_is_written_is_read_again() => ForAll(seed =>
    {
        var random = new Random(seed);
        var messages = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Message(random)).ToList();
        ReadOnlySpan<byte> octets = Write([.. messages]);
        var read = new List<SyncMessage>();
        while (SyncCodec.TryRead(ref octets, out var message, out var error))
        {
            Assert.Null(error);
            read.Add(message!);
        }

        Assert.Equal(messages, read);
        Assert.Equal(0, octets.Length);
    });

    [Fact]
    public void A_part_of_a_message_is_waited_for() => ForAll(seed =>
    {
        var octets = Write(Message(new Random(seed)));
        for (var length = 0; length < octets.Length; length++)
        {
            ReadOnlySpan<byte> part = octets.AsSpan(0, length);
            Assert.False(SyncCodec.TryRead(ref part, out var message, out var error));
            Assert.Equal((null, null, length), (message, error, part.Length));
        }
    });

    /// <summary>A message that is shorter or longer inside than it must be is none.</summary>
    [Fact]
    public void A_message_cut_or_continued_is_refused() => ForAll(seed =>
    {
        var octets = Write(Message(new Random(seed)));
        for (var length = 3; length <= octets.Length + 1; length++)
        {
            var other = new byte[length];
            octets.AsSpan(0, Math.Min(length, octets.Length)).CopyTo(other);
            other[0] = (byte)((length - 2) >> 8);
            other[1] = (byte)(length - 2);
            ReadOnlySpan<byte> rest = other;
            if (length != octets.Length && octets[2] != 1)
            {
                Assert.False(SyncCodec.TryRead(ref rest, out var message, out var error));
                Assert.Null(message);
                Assert.NotNull(error);
            }
        }
    });

    /// <summary>Whatever comes, nothing is thrown, and what is understood is written as it came.</summary>
    [Fact]
    public void Mutated_messages_are_refused_or_mean_what_they_say() => ForAll(seed =>
    {
        var random = new Random(seed);
        var octets = Write(Message(random));
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            octets[random.Next(octets.Length)] = (byte)random.Next(256);
        }

        ReadOnlySpan<byte> rest = octets;
        if (SyncCodec.TryRead(ref rest, out var message, out var error))
        {
            Assert.Equal(octets[..(octets.Length - rest.Length)], Write(message!));
        }
        else
        {
            Assert.True(error is not null || (octets[0] << 8 | octets[1]) > octets.Length - 2);
        }
    });

    [Theory]
    [InlineData("0000", "1..298 octets")]
    [InlineData("ffff", "1..298 octets")]
    [InlineData("000108", "type 8")]
    [InlineData("000d0705000000010a000001005001", "IP version 5")]
    [InlineData("000d0704000000010a000001005002", "health 2")]
    [InlineData("00020200", "1 octets behind")]
    [InlineData("000401010a41", "other characters")]
    public void Errors_say_what_is_wrong(string hex, string error)
    {
        ReadOnlySpan<byte> octets = Convert.FromHexString(hex);
        Assert.False(SyncCodec.TryRead(ref octets, out _, out var said));
        Assert.Contains(error, said, StringComparison.Ordinal);
    }

    [Fact]
    public void What_no_node_can_mean_is_refused()
    {
        var good = Record(new Random(1)) with { ToVpc = 0 };
        Refused(good with { Name = good.Name with { Vpc = 0 } }, "no VPC");
        Refused(good with { Forward = SessionFlags.Probe }, "flags");
        Refused(good with { Back = SessionFlags.Synced }, "flags");
        Refused(good with { BackNetwork = new((VNetKind)3, 1) }, "kind 3");
        Refused(good with { Balancer = -1 }, "no uid");

        static void Refused(SessionRecord record, string why)
        {
            ReadOnlySpan<byte> octets = Write(new SyncMessage.Session(record));
            Assert.False(SyncCodec.TryRead(ref octets, out _, out var error));
            Assert.Contains(why, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_largest_messages_fit()
    {
        Assert.InRange(Write(new SyncMessage.Hello(1, new string('n', 253))).Length, 256, SyncCodec.MaxLength);
        Assert.Equal(111, Write(new SyncMessage.Session(Enumerable.Range(0, 50).Select(i => Record(new Random(i))).First(r => r.Source.IsV6))).Length);
        Assert.Equal(63, Write(new SyncMessage.Session(Enumerable.Range(0, 50).Select(i => Record(new Random(i))).First(r => r.Source.IsV4))).Length);
    }

    private static void ForAll(Action<int> check) => Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), check).QuickCheckThrowOnFailure();

    private static byte[] Write(params SyncMessage[] messages)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var message in messages)
        {
            SyncCodec.Write(output, message);
        }

        return output.WrittenSpan.ToArray();
    }

    private static SyncMessage Message(Random random) => random.Next(8) switch
    {
        0 => new SyncMessage.Hello((byte)random.Next(256), new string('g', random.Next(1, 200))),
        1 => new SyncMessage.Want(),
        2 => new SyncMessage.Complete(),
        3 => new SyncMessage.Alive(),
        4 => new SyncMessage.Closed(Record(random).Name),
        5 => new SyncMessage.Health(new(random.Next(int.MaxValue), random.Next(2) == 0 ? IpAddr.V4(0x0a000001) : IpAddr.Parse("2001:db8::1"), (ushort)random.Next(65536)), random.Next(2) == 0),
        _ => new SyncMessage.Session(Record(random)),
    };

    private static SessionRecord Record(Random random)
    {
        var isV4 = random.Next(2) == 0;
        IpAddr Address() => isV4 ? IpAddr.V4((uint)random.NextInt64(uint.MaxValue)) : IpAddr.V6(new UInt128(0x20010db800000000, (ulong)random.NextInt64()));
        ushort Port() => (ushort)random.Next(65536);
        SessionFlags Flags() => (SessionFlags)random.Next(65536) & SessionRecord.Told;
        return new()
        {
            Name = new((byte)random.Next(256), random.Next(1, int.MaxValue), Address(), Address(), Port(), Port()),
            ToVpc = random.Next(int.MaxValue),
            Source = Address(),
            Destination = Address(),
            SourcePort = Port(),
            DestinationPort = Port(),
            Forward = Flags(),
            Back = Flags(),
            ForwardNetwork = new((VNetKind)random.Next(3), random.Next(int.MaxValue)),
            BackNetwork = new((VNetKind)random.Next(3), random.Next(int.MaxValue)),
            Balancer = random.Next(int.MaxValue),
            ForwardAge = (uint)random.NextInt64(uint.MaxValue),
            BackAge = (uint)random.NextInt64(uint.MaxValue),
        };
    }
}
