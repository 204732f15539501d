using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Fabric.Ctl.Capture;

/// <summary>Reads pcap and pcapng files from a stream, packet by packet. What cannot be read is a <see cref="CtlException"/>.</summary>
/// <remarks>
/// Classic files in both byte orders, with microseconds or nanoseconds; pcapng with any number of sections and interfaces.
/// <code>
/// pcap:   | magic 4 | version 4 | 8 | longest packet 4 | link type 4 |, then | seconds 4 | fraction 4 | captured 4 | length 4 | packet |
/// pcapng: | block type 4 | block length 4 | body, a multiple of 4 | block length 4 |
/// </code></remarks>
public sealed class CaptureReader
{
    /// <summary>Most octets of one packet or block that is kept in memory.</summary>
    public const int MaxBlock = 1024 * 1024;

    private const uint MicrosecondMagic = 0xa1b2c3d4;
    private const uint NanosecondMagic = 0xa1b23c4d;
    private const uint SectionHeader = 0x0a0d0d0a;
    private const uint ByteOrderMagic = 0x1a2b3c4d;
    private const uint InterfaceDescription = 1;
    private const uint ObsoletePacket = 2;
    private const uint SimplePacket = 3;
    private const uint EnhancedPacket = 6;
    private const ushort TimeResolutionOption = 9;
    private const int MaxInterfaces = 65536;
    private const long LastUnixSecond = 253_402_300_799;

    private readonly BufferedInput _input;
    private readonly List<(int LinkType, ulong UnitsPerSecond)> _interfaces = [];
    private bool _bigEndian;

    private CaptureReader(BufferedInput input) => _input = input;

    /// <summary>Whether these first four octets begin a capture file.</summary>
    public static bool IsCapture(ReadOnlySpan<byte> start) =>
        start.Length >= 4
        && (BinaryPrimitives.ReadUInt32BigEndian(start) is SectionHeader or MicrosecondMagic or NanosecondMagic
            || BinaryPrimitives.ReadUInt32LittleEndian(start) is MicrosecondMagic or NanosecondMagic);

    /// <summary>All packets of the file. A file that ends inside a packet is an error after the last whole one.</summary>
    public static IAsyncEnumerable<CapturedFrame> ReadAsync(BufferedInput input, CancellationToken cancellationToken) =>
        new CaptureReader(input).ReadAsync(cancellationToken);

    private async IAsyncEnumerable<CapturedFrame> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Need(4, cancellationToken);
        var frames = BinaryPrimitives.ReadUInt32BigEndian(_input.Buffered.Span) == SectionHeader ? Blocks(cancellationToken) : Records(cancellationToken);
        await foreach (var frame in frames)
        {
            yield return frame;
        }
    }

    private async IAsyncEnumerable<CapturedFrame> Records([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int FileHeader = 24;
        const int RecordHeader = 16;
        await Need(FileHeader, cancellationToken);
        _bigEndian = BinaryPrimitives.ReadUInt32BigEndian(_input.Buffered.Span) is MicrosecondMagic or NanosecondMagic;
        var unitsPerSecond = U32(0) switch
        {
            MicrosecondMagic => 1_000_000UL,
            NanosecondMagic => 1_000_000_000UL,
            _ => throw Unreadable("it is neither pcap nor pcapng"),
        };
        var linkType = (int)(U32(20) & 0x0fff_ffff);
        _input.Advance(FileHeader);
        while (await More(RecordHeader, cancellationToken))
        {
            var time = Time((U32(0) * (ulong)unitsPerSecond) + U32(4), unitsPerSecond);
            var captured = U32(8);
            if (captured > MaxBlock)
            {
                throw Unreadable($"a packet of {captured} octets");
            }

            await Need(RecordHeader + (int)captured, cancellationToken);
            yield return new(linkType, time, _input.Buffered.Slice(RecordHeader, (int)captured));
            _input.Advance(RecordHeader + (int)captured);
        }
    }

    private async IAsyncEnumerable<CapturedFrame> Blocks([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await More(12, cancellationToken))
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(_input.Buffered.Span) == SectionHeader)
            {
                StartSection();
            }

            var (type, length) = (U32(0), U32(4));
            if (length < 12 || length % 4 != 0)
            {
                throw Unreadable($"a block of {length} octets");
            }

            if (type is not (InterfaceDescription or ObsoletePacket or SimplePacket or EnhancedPacket))
            {
                if (!await _input.SkipAsync(length, cancellationToken))
                {
                    throw Cut();
                }

                continue;
            }

            if (length > MaxBlock)
            {
                throw Unreadable($"a block of {length} octets");
            }

            await Need((int)length, cancellationToken);
            if (type == InterfaceDescription)
            {
                AddInterface((int)length);
            }
            else if (Packet(type, (int)length) is { } frame)
            {
                yield return frame;
            }

            _input.Advance((int)length);
        }
    }

    private void StartSection()
    {
        _interfaces.Clear();
        _bigEndian = BinaryPrimitives.ReadUInt32BigEndian(_input.Buffered.Span[8..]) == ByteOrderMagic;
        if (U32(8) != ByteOrderMagic)
        {
            throw Unreadable("a section without byte order");
        }
    }

    /// <summary>| link type 2 | reserved 2 | longest packet 4 | options |; an option: | code 2 | length 2 | value, padded to 4 |.</summary>
    private void AddInterface(int length)
    {
        if (length < 20 || _interfaces.Count == MaxInterfaces)
        {
            throw Unreadable("an interface description that cannot be");
        }

        var unitsPerSecond = 1_000_000UL;
        for (var at = 16; at + 4 <= length - 4;)
        {
            var (code, size) = (U16(at), U16(at + 2));
            if (code == 0 || at + 4 + size > length - 4)
            {
                break;
            }

            if (code == TimeResolutionOption && size == 1)
            {
                unitsPerSecond = UnitsPerSecond(_input.Buffered.Span[at + 4]);
            }

            at += 4 + ((size + 3) & ~3);
        }

        _interfaces.Add((U16(8), unitsPerSecond));
    }

    /// <summary>A power of ten, or with the highest bit of two. 0 for what no counter of 64 bits can count.</summary>
    private static ulong UnitsPerSecond(byte resolution)
    {
        var exponent = resolution & 0x7f;
        if ((resolution & 0x80) != 0)
        {
            return exponent < 64 ? 1UL << exponent : 0;
        }

        return exponent <= 19 ? (ulong)Math.Pow(10, exponent) : 0;
    }

    /// <summary>
    /// Enhanced: | interface 4 | time 8 | captured 4 | length 4 | packet |; obsolete: the same with | interface 2 | dropped 2 |;
    /// simple: | length 4 | packet |, of the first interface.
    /// </summary>
    private CapturedFrame? Packet(uint type, int length)
    {
        var header = type == SimplePacket ? 12 : 28;
        if (length < header + 4)
        {
            throw Unreadable("a packet block without packet");
        }

        var number = type switch { SimplePacket => 0U, ObsoletePacket => U16(8), _ => U32(8) };
        var room = length - header - 4;
        var captured = type == SimplePacket ? (uint)Math.Min(U32(8), room) : U32(20);
        if (captured > room)
        {
            throw Unreadable("a packet longer than its block");
        }

        if (number >= _interfaces.Count)
        {
            throw Unreadable("a packet of an interface that is not described");
        }

        var (linkType, unitsPerSecond) = _interfaces[(int)number];
        var time = type == SimplePacket ? null : Time(((ulong)U32(12) << 32) | U32(16), unitsPerSecond);
        return new(linkType, time, _input.Buffered.Slice(header, (int)captured));
    }

    private static DateTimeOffset? Time(ulong units, ulong unitsPerSecond)
    {
        if (unitsPerSecond == 0)
        {
            return null;
        }

        var (seconds, rest) = Math.DivRem(units, unitsPerSecond);
        return seconds > LastUnixSecond
            ? null
            : DateTimeOffset.FromUnixTimeSeconds((long)seconds).AddTicks((long)((UInt128)rest * TimeSpan.TicksPerSecond / unitsPerSecond));
    }

    private async ValueTask<bool> More(int count, CancellationToken cancellationToken) =>
        await _input.HasAsync(count, cancellationToken) || (_input.Buffered.IsEmpty ? false : throw Cut());

    private async ValueTask Need(int count, CancellationToken cancellationToken)
    {
        if (!await _input.HasAsync(count, cancellationToken))
        {
            throw Cut();
        }
    }

    private uint U32(int at)
    {
        var octets = _input.Buffered.Span[at..];
        return _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(octets) : BinaryPrimitives.ReadUInt32LittleEndian(octets);
    }

    private ushort U16(int at)
    {
        var octets = _input.Buffered.Span[at..];
        return _bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(octets) : BinaryPrimitives.ReadUInt16LittleEndian(octets);
    }

    private static CtlException Cut() => Unreadable("it ends in the middle of a packet");

    private static CtlException Unreadable(string why) => new(ExitCodes.Usage, $"the capture cannot be read: {why}");
}
