using System.Text;

namespace Fabric.Bgp.Fuzz;

/// <summary>One stream of mutated input, given by its seed alone.</summary>
public sealed class FuzzWorker
{
    // One in so many inputs is shown as JSON, is a line of hex, is a capture file.
    private const int ShowEvery = 8;
    private const int HexEvery = 64;
    private const int CaptureEvery = 256;

    private readonly Random _random;
    private readonly CodecCheck _codec = new();
    private readonly byte[] _room = new byte[Mutator.Room];
    private readonly List<byte[]> _lines;
    private readonly List<byte[]> _captures;

    /// <summary>Begins a stream.</summary>
    public FuzzWorker(int seed)
    {
        _random = new Random(seed);
        _lines = [.. Corpus.Messages.Select(static m => Encoding.ASCII.GetBytes($"0x{Convert.ToHexStringLower(m)} # comment"))];
        _captures = Captures();
    }

    /// <summary>Messages that were looked at.</summary>
    public long Messages { get; private set; }

    /// <summary>Looks at so many inputs.</summary>
    /// <returns>What was found, with the input as hex; null when nothing was.</returns>
    public string? Run(int inputs)
    {
        for (var i = 0; i < inputs; i++)
        {
            var turn = _random.Next(CaptureEvery);
            var (kind, corpus) = turn == 0 ? ("capture", _captures) : turn % HexEvery == 1 ? ("hex line", _lines) : ("message", Corpus.Messages);
            var length = Mutator.Mutate(corpus, _random, _room);
            var input = _room.AsSpan(0, length);
            var context = _random.Next(CodecCheck.Contexts);
            string? violation;
            try
            {
                violation = kind switch
                {
                    "capture" => InputCheck.CaptureViolation(input.ToArray()),
                    "hex line" => InputCheck.HexViolation(input),
                    _ => _codec.Violation(input, context, turn % ShowEvery == 0),
                };
            }
            catch (Exception e)
            {
                violation = e.ToString();
            }

            Messages++;
            if (violation is not null)
            {
                return $"{kind} in context {context}: {violation}\n{Convert.ToHexStringLower(input)}";
            }
        }

        return null;
    }

    private static List<byte[]> Captures()
    {
        var files = new List<byte[]>();
        foreach (var linkType in (ReadOnlySpan<int>)[1, 113, 276, 101])
        {
            foreach (var ipv6 in (ReadOnlySpan<bool>)[false, true])
            {
                var builder = new CaptureBuilder(linkType) { Ipv6 = ipv6, Tags = 1 };
                builder.Add(false, 99, [], syn: true).Add(true, 999, [], syn: true);
                var (fromClient, fromListener) = (100u, 1000u);
                foreach (var message in Corpus.Messages.Take(12))
                {
                    var half = message.Length / 2;
                    builder.Add(false, fromClient + (uint)half, message.AsSpan(half)).Add(false, fromClient, message.AsSpan(0, half)).Add(true, fromListener, message);
                    (fromClient, fromListener) = (fromClient + (uint)message.Length, fromListener + (uint)message.Length);
                }

                files.Add(builder.Pcap(bigEndian: ipv6));
                files.Add(builder.Pcapng(bigEndian: !ipv6));
            }
        }

        return files;
    }
}
