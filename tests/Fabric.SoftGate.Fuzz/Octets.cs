using System.Buffers.Binary;

namespace Fabric.SoftGate.Fuzz;

/// <summary>One's complement sums (RFC 1071).</summary>
public static class Octets
{
    /// <summary>The folded sum of 16-bit words; an odd last octet counts as the upper half of a word.</summary>
    public static ushort Sum(ReadOnlySpan<byte> data, uint start = 0)
    {
        ulong sum = start;
        var i = 0;
        for (; i + 1 < data.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        }

        if (i < data.Length)
        {
            sum += (uint)data[i] << 8;
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)sum;
    }

    /// <summary>The sum of an upper layer with its pseudo header (RFC 768, RFC 8200 section 8.1).</summary>
    public static ushort SumWithPseudoHeader(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, byte protocol, ReadOnlySpan<byte> data)
    {
        uint start = Sum(source);
        start += Sum(destination);
        start += protocol;
        start += (uint)data.Length >> 16;
        start += (uint)data.Length & 0xffff;
        return Sum(data, start);
    }
}
