using Fabric.Bgp.Display;
using Fabric.Bgp.Wire;

namespace Fabric.Ctl.Capture;

/// <summary>One BGP connection: messages out of both directions, and what their OPENs agree on.</summary>
/// <param name="given">What to assume while not both OPENs were seen.</param>
/// <param name="sink">Takes the messages.</param>
public sealed class BgpConversation(DecodeContext given, IMessageSink sink)
{
    private const int MarkerLength = 16;

    private readonly Half _one = new();
    private readonly Half _other = new();

    /// <summary>Octets held in memory.</summary>
    public int Held => _one.Tcp.Held + _other.Tcp.Held;

    /// <summary>Takes a segment.</summary>
    /// <param name="fromFirst">Whether it is of the first direction.</param>
    /// <param name="time">When it was seen.</param>
    /// <param name="segment">The segment.</param>
    public void Add(bool fromFirst, DateTimeOffset? time, in TcpSegment segment)
    {
        var half = fromFirst ? _one : _other;
        half.Origin = new(time, segment.Source, segment.SourcePort, segment.Destination, segment.DestinationPort);
        var sequence = segment.Sequence;
        if (segment.IsSyn)
        {
            if (half.Tcp.Start(sequence))
            {
                half.Restart();
                Learn();
            }

            sequence++;
        }

        var keepsUp = half.Tcp.Add(sequence, segment.Payload.Span);
        Frame(half);
        if (segment.Missing > 0)
        {
            Lose(half, half.Tcp.SkipTo(sequence + (uint)segment.Payload.Length + (uint)segment.Missing));
        }
        else if (!keepsUp)
        {
            Lose(half, half.Tcp.SkipGap());
        }
    }

    /// <summary>Nothing more comes: gives what is left.</summary>
    public void End()
    {
        foreach (var half in (ReadOnlySpan<Half>)[_one, _other])
        {
            while (half.Tcp.IsWaiting)
            {
                Lose(half, half.Tcp.SkipGap());
            }

            if (half.InStep && !half.Tcp.Ready.IsEmpty)
            {
                sink.Incomplete(half.Origin, half.Tcp.Ready.Length);
            }
        }
    }

    private void Lose(Half half, long octets)
    {
        if (octets > 0)
        {
            sink.Gap(half.Origin, octets);
            half.InStep = false;
        }

        Frame(half);
    }

    private void Frame(Half half)
    {
        while (half.InStep || Seek(half))
        {
            var ready = half.Tcp.Ready;
            var context = half.Context ?? given;
            switch (BgpFrame.Read(ready, context.MaxMessageLength, out var type, out var length, out _))
            {
                case FrameStatus.Incomplete:
                    return;
                case FrameStatus.Bad:
                    sink.Message(half.Origin, ready[..Math.Min(BgpFrame.HeaderLength, ready.Length)], context);
                    half.Tcp.Advance(1);
                    half.InStep = false;
                    break;
                default:
                    var message = ready[..length];
                    sink.Message(half.Origin, message, context);
                    if (type == BgpMessageType.Open && OpenMessage.TryDecode(message[BgpFrame.HeaderLength..], out var open, out _))
                    {
                        half.Open = open;
                        Learn();
                    }

                    half.Tcp.Advance(length);
                    break;
            }
        }
    }

    /// <summary>Goes to where a header may begin; false while there is none in what is ready.</summary>
    private static bool Seek(Half half)
    {
        Span<byte> marker = stackalloc byte[MarkerLength];
        marker.Fill(0xff);
        while (true)
        {
            var ready = half.Tcp.Ready;
            var at = ready.IndexOf(marker);
            half.Tcp.Advance(at < 0 ? Math.Max(0, ready.Length - (MarkerLength - 1)) : at);
            if (at < 0 || half.Tcp.Ready.Length < BgpFrame.HeaderLength)
            {
                return false;
            }

            if (BgpFrame.Read(half.Tcp.Ready, BgpFrame.MaxExtendedLength, out _, out _, out _) != FrameStatus.Bad)
            {
                return half.InStep = true;
            }

            half.Tcp.Advance(1);
        }
    }

    private void Learn()
    {
        var both = _one.Open is not null && _other.Open is not null;
        _one.Context = both ? DecodeContext.Between(_one.Open!, _other.Open!) : null;
        _other.Context = both ? DecodeContext.Between(_other.Open!, _one.Open!) : null;
    }

    private sealed class Half
    {
        public TcpDirection Tcp { get; } = new();

        public MessageOrigin Origin { get; set; }

        /// <summary>Whether a message begins where the ready octets begin. A capture may start in the middle of a connection.</summary>
        public bool InStep { get; set; }

        public OpenMessage? Open { get; set; }

        public DecodeContext? Context { get; set; }

        public void Restart()
        {
            InStep = true;
            Open = null;
        }
    }
}
