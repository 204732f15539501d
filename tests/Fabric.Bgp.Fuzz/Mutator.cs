using System.Buffers.Binary;

namespace Fabric.Bgp.Fuzz;

/// <summary>Breaks good messages in the ways that find most: single octets and bits, interesting values, cuts, doubled pieces, splices.</summary>
public static class Mutator
{
    /// <summary>Room that a mutated message needs at most, for messages of at most 64 KiB.</summary>
    public const int Room = 128 * 1024;

    private const int HeaderLength = 19;
    private const int MaxPiece = 40;

    private static ReadOnlySpan<byte> Interesting => [0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 18, 19, 24, 32, 33, 48, 96, 127, 128, 129, 254, 255];

    /// <summary>A mutated message of the corpus.</summary>
    public static byte[] Mutate(IReadOnlyList<byte[]> corpus, Random random)
    {
        var room = new byte[Room];
        return room[..Mutate(corpus, random, room)];
    }

    /// <summary>Writes a mutated message of the corpus; answers its length.</summary>
    /// <param name="corpus">Messages to begin with.</param>
    /// <param name="random">Chooses what happens.</param>
    /// <param name="room">Where the message goes, <see cref="Room"/> octets.</param>
    public static int Mutate(IReadOnlyList<byte[]> corpus, Random random, Span<byte> room)
    {
        var message = corpus[random.Next(corpus.Count)];
        message.CopyTo(room);
        var length = message.Length;
        for (var n = random.Next(1, 5); n > 0 && length > 0; n--)
        {
            // Mostly behind the header, which is soon tested.
            var first = random.Next(20) == 0 ? 0 : Math.Min(length - 1, HeaderLength);
            var at = random.Next(first, length);
            switch (random.Next(6))
            {
                case 0:
                    room[at] = (byte)random.Next(256);
                    break;
                case 1:
                    room[at] = Interesting[random.Next(Interesting.Length)];
                    break;
                case 2:
                    room[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3:
                    var cut = Math.Min(random.Next(1, 5), length - at);
                    room[(at + cut)..length].CopyTo(room[at..]);
                    length -= cut;
                    break;
                case 4:
                    length = Insert(room, length, at, room.Slice(at, Math.Min(random.Next(1, 20), length - at)));
                    break;
                default:
                    var other = corpus[random.Next(corpus.Count)];
                    var from = random.Next(other.Length);
                    length = Insert(room, length, at, other.AsSpan(from, Math.Min(random.Next(1, MaxPiece), other.Length - from)));
                    break;
            }
        }

        if (random.Next(2) == 0)
        {
            FitLengths(room[..length]);
        }

        return length;
    }

    /// <summary>Gives the message lengths that fit again, so that the mutation is seen by the inner decoders.</summary>
    private static void FitLengths(Span<byte> message)
    {
        const int AttributesAt = 23;
        if (message.Length is < AttributesAt or > 65535)
        {
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(message[16..], (ushort)message.Length);
        if (message[18] == 2 && message[19] == 0 && message[20] == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(message[21..], (ushort)(message.Length - AttributesAt));
        }
    }

    private static int Insert(Span<byte> room, int length, int at, ReadOnlySpan<byte> piece)
    {
        Span<byte> copy = stackalloc byte[MaxPiece];
        piece.CopyTo(copy);
        room[at..length].CopyTo(room[(at + piece.Length)..]);
        copy[..piece.Length].CopyTo(room[at..]);
        return length + piece.Length;
    }
}
