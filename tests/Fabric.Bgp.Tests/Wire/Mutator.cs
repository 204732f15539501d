namespace Fabric.Bgp.Tests.Wire;

/// <summary>Breaks good messages in the ways that find most: single octets, interesting values, cuts, doubled pieces, splices.</summary>
internal static class Mutator
{
    private static ReadOnlySpan<byte> Interesting => [0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 18, 19, 32, 33, 48, 127, 128, 129, 254, 255];

    public static byte[] Mutate(IReadOnlyList<byte[]> corpus, Random random)
    {
        var message = corpus[random.Next(corpus.Count)].ToList();
        for (var n = random.Next(1, 5); n > 0 && message.Count > 0; n--)
        {
            var at = random.Next(Math.Min(message.Count, 19), message.Count + 1);
            at = Math.Min(random.Next(20) == 0 ? random.Next(message.Count) : at, message.Count - 1);
            switch (random.Next(6))
            {
                case 0:
                    message[at] = (byte)random.Next(256);
                    break;
                case 1:
                    message[at] = Interesting[random.Next(Interesting.Length)];
                    break;
                case 2:
                    message.RemoveRange(at, Math.Min(random.Next(1, 5), message.Count - at));
                    break;
                case 3:
                    message.InsertRange(at, message.GetRange(at, Math.Min(random.Next(1, 20), message.Count - at)));
                    break;
                case 4:
                    message[at] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    var other = corpus[random.Next(corpus.Count)];
                    var from = random.Next(other.Length);
                    message.InsertRange(at, other.AsSpan(from, Math.Min(random.Next(1, 40), other.Length - from)).ToArray());
                    break;
            }
        }

        // Half of them get lengths that fit again, so that the mutation is seen by the inner decoders.
        if (random.Next(2) == 0 && message.Count is > 23 and < 4096)
        {
            message[16] = (byte)(message.Count >> 8);
            message[17] = (byte)message.Count;
            if (message[19] == 0 && message[20] == 0)
            {
                message[21] = (byte)((message.Count - 23) >> 8);
                message[22] = (byte)(message.Count - 23);
            }
        }

        return [.. message];
    }
}
