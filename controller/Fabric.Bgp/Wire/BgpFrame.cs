using System.Buffers.Binary;
namespace Fabric.Bgp.Wire;

/// <summary>What <see cref="BgpFrame.Read"/> found at the start of a buffer.</summary>
public enum FrameStatus
{
    /// <summary>A whole message is there.</summary>
    Complete,

    /// <summary>More octets are needed.</summary>
    Incomplete,

    /// <summary>This is no BGP message; the session must end with the notification given.</summary>
    Bad,
}

/// <summary>Message framing, apart from decoding.</summary>
/// <remarks>RFC 4271 section 4.1, RFC 8654 for the longer maximum.
/// <code>
/// | marker 16 (all ones) | length 2 | type 1 | body length-19 |
/// </code></remarks>
public static class BgpFrame
{
    /// <summary>Octets of the header.</summary>
    public const int HeaderLength = 19;

    /// <summary>Longest message, in octets.</summary>
    public const int MaxLength = 4096;

    /// <summary>Longest message once RFC 8654 is negotiated (never OPEN and KEEPALIVE).</summary>
    public const int MaxExtendedLength = 65535;

    private const int LengthOffset = 16;

    private static ReadOnlySpan<byte> Marker => [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];

    /// <summary>Type and length of a message of our own, which needs no check.</summary>
    internal static (BgpMessageType Type, int Length) TypeAndLength(ReadOnlySpan<byte> message) =>
        ((BgpMessageType)message[HeaderLength - 1], BinaryPrimitives.ReadUInt16BigEndian(message[(HeaderLength - 3)..]));

    /// <summary>Looks at the start of the buffer. The declared length is checked before the body is waited for.</summary>
    /// <param name="buffer">Octets received so far.</param>
    /// <param name="maxLength">Longest message this session allows.</param>
    /// <param name="type">Type of the message when complete.</param>
    /// <param name="length">Length of the whole message, header included, when complete; the length wanted when incomplete and known.</param>
    /// <param name="error">What to send when bad.</param>
    public static FrameStatus Read(ReadOnlySpan<byte> buffer, int maxLength, out BgpMessageType type, out int length, out NotificationMessage? error)
    {
        type = default;
        length = HeaderLength;
        error = null;
        var seen = Math.Min(buffer.Length, LengthOffset);
        if (!buffer[..seen].SequenceEqual(Marker[..seen]))
        {
            error = new(BgpError.Header, BgpError.NotSynchronized);
            return FrameStatus.Bad;
        }

        if (buffer.Length < HeaderLength)
        {
            return FrameStatus.Incomplete;
        }

        var reader = new WireReader(buffer[LengthOffset..]);
        length = reader.U16();
        type = (BgpMessageType)reader.U8();
        var (min, max) = type switch
        {
            BgpMessageType.Open => (29, MaxLength),
            BgpMessageType.Update => (23, maxLength),
            BgpMessageType.Notification => (21, maxLength),
            BgpMessageType.Keepalive => (19, 19),
            BgpMessageType.RouteRefresh => (23, maxLength),
            _ => (0, 0),
        };
        if (max == 0)
        {
            error = new(BgpError.Header, BgpError.BadType, new Octets([(byte)type]));
            return FrameStatus.Bad;
        }

        if (length < min || length > max)
        {
            error = new(BgpError.Header, BgpError.BadLength, new Octets(buffer.Slice(LengthOffset, 2)));
            return FrameStatus.Bad;
        }

        return buffer.Length >= length ? FrameStatus.Complete : FrameStatus.Incomplete;
    }

    /// <summary>Writes a header whose length <see cref="End"/> fills in.</summary>
    public static void Begin(ref WireWriter writer, BgpMessageType type)
    {
        writer.Bytes(Marker);
        writer.U16(0);
        writer.U8((byte)type);
    }

    /// <summary>Fills in the length of the message that began at <paramref name="start"/>.</summary>
    public static void End(ref WireWriter writer, int start) => writer.PatchU16(start + LengthOffset, writer.Position - start);
}
