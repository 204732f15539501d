using Fabric.Bgp.Display;
using Fabric.Bgp.Wire;
using Fabric.Ctl;
using Fabric.Ctl.Capture;

namespace Fabric.Bgp.Fuzz;

/// <summary>What must hold for lines of hex and capture files whatever is in them.</summary>
public static class InputCheck
{
    /// <summary>Looks at a line.</summary>
    public static string? HexViolation(ReadOnlySpan<byte> line)
    {
        if (!HexLine.TryParse(line, out var octets, out var error))
        {
            return error.Length > 0 ? null : "a line is refused without a reason";
        }

        var again = System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(octets));
        return HexLine.TryParse(again, out var same, out _) && same.AsSpan().SequenceEqual(octets) ? null : "hex is not the same again";
    }

    /// <summary>Looks at a file.</summary>
    public static string? CaptureViolation(byte[] file)
    {
        var sink = new BoundedSink(file.Length);
        var conversations = new BgpConversations(179, DecodeContext.Unknown, sink);
        var frames = CaptureReader.ReadAsync(new BufferedInput(new MemoryStream(file)), CancellationToken.None).GetAsyncEnumerator();
        try
        {
            // A stream in memory is never waited for.
            while (frames.MoveNextAsync().AsTask().GetAwaiter().GetResult())
            {
                conversations.Add(frames.Current);
            }
        }
        catch (CtlException)
        {
            // Unreadable, said as it should be.
        }
        finally
        {
            frames.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        conversations.End();
        return sink.Violation;
    }

    /// <summary>No more may come out of a file than is in it, but for the few octets of a header that is shown and searched on behind its first octet.</summary>
    private sealed class BoundedSink(int fileLength) : IMessageSink
    {
        private long _octets;

        public string? Violation { get; private set; }

        public void Message(in MessageOrigin origin, ReadOnlySpan<byte> message, DecodeContext context)
        {
            _octets += message.Length;
            if (message.IsEmpty || message.Length > BgpFrame.MaxExtendedLength)
            {
                Violation ??= $"a message of {message.Length} octets";
            }
            else if (_octets > (long)fileLength * BgpFrame.HeaderLength)
            {
                Violation ??= "more messages than the file can hold";
            }
        }

        public void Gap(in MessageOrigin origin, long octets) => Violation ??= octets > 0 ? null : $"a gap of {octets} octets";

        public void Incomplete(in MessageOrigin origin, int octets) => Violation ??= octets > 0 ? null : $"{octets} octets of a message";
    }
}
