using System.Buffers.Binary;

namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>Finds messages in a stream.</summary>
public static class Framing
{
    /// <summary>Looks for a whole message at the start; the type is <see cref="MessageType.None"/> when there is not yet one.</summary>
    /// <returns>False when this is no BGP message.</returns>
    public static bool TryRead(ReadOnlySpan<byte> buffer, out MessageType type, out ReadOnlySpan<byte> body, out int length)
    {
        type = MessageType.None;
        body = default;
        length = 0;
        if (buffer.Length < MessageWriter.HeaderLength)
        {
            return true;
        }

        length = BinaryPrimitives.ReadUInt16BigEndian(buffer[16..]);
        if ((BinaryPrimitives.ReadUInt64BigEndian(buffer) & BinaryPrimitives.ReadUInt64BigEndian(buffer[8..])) != ulong.MaxValue
            || length is < MessageWriter.HeaderLength or > MessageWriter.MaxLength || buffer[18] is < 1 or > 5)
        {
            return false;
        }

        if (buffer.Length >= length)
        {
            type = (MessageType)buffer[18];
            body = buffer[MessageWriter.HeaderLength..length];
        }

        return true;
    }
}
