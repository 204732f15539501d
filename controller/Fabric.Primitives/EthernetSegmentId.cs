using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>An Ethernet segment identifier, ten octets; all zero means single-homed.</summary>
/// <remarks>RFC 7432 section 5. Text is ten lower-case hex octets with colons.</remarks>
[JsonConverter(typeof(ValueTextJsonConverter<EthernetSegmentId>))]
public readonly record struct EthernetSegmentId : IValueText<EthernetSegmentId>
{
    private readonly ulong _high;
    private readonly ushort _low;

    private EthernetSegmentId(ulong high, ushort low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>The type octet, 0..5 by RFC 7432.</summary>
    public byte Type => (byte)(_high >> 56);

    /// <summary>Whether this is the ESI of single-homed sites.</summary>
    public bool IsZero => _high == 0 && _low == 0;

    /// <summary>Whether this is the reserved all-ones ESI.</summary>
    public bool IsMax => _high == ulong.MaxValue && _low == ushort.MaxValue;

    /// <summary>Reads ten octets.</summary>
    public static EthernetSegmentId FromBytes(ReadOnlySpan<byte> octets)
    {
        if (octets.Length != 10)
        {
            throw new ArgumentException("an Ethernet segment identifier has 10 octets", nameof(octets));
        }

        return new(BinaryPrimitives.ReadUInt64BigEndian(octets), BinaryPrimitives.ReadUInt16BigEndian(octets[8..]));
    }

    /// <summary>Writes ten octets.</summary>
    public void WriteTo(Span<byte> octets)
    {
        BinaryPrimitives.WriteUInt64BigEndian(octets, _high);
        BinaryPrimitives.WriteUInt16BigEndian(octets[8..], _low);
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out EthernetSegmentId value, [NotNullWhen(false)] out string? error)
    {
        Span<byte> octets = stackalloc byte[10];
        var good = text.Length == 29;
        for (var i = 0; good && i < 10; i++)
        {
            good = (i == 9 || text[(3 * i) + 2] == ':')
                && char.IsAsciiHexDigit(text[3 * i])
                && byte.TryParse(text.Slice(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octets[i]);
        }

        value = good ? FromBytes(octets) : default;
        error = good ? null : $"an Ethernet segment identifier is written as ten hex octets with colons, got {ValueText.Quote(text)}";
        return good;
    }

    /// <inheritdoc/>
    public int CompareTo(EthernetSegmentId other)
    {
        var byHigh = _high.CompareTo(other._high);
        return byHigh != 0 ? byHigh : _low.CompareTo(other._low);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[10];
        WriteTo(octets);
        return string.Join(':', octets.ToArray().Select(static o => o.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static EthernetSegmentId Parse(string s) => ValueText.Parse<EthernetSegmentId>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static EthernetSegmentId Parse(string s, IFormatProvider? provider) => ValueText.Parse<EthernetSegmentId>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static EthernetSegmentId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<EthernetSegmentId>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out EthernetSegmentId result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out EthernetSegmentId)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out EthernetSegmentId result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out EthernetSegmentId)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out EthernetSegmentId result) => TryParse(s, out result, out _);

    public static bool operator <(EthernetSegmentId left, EthernetSegmentId right) => left.CompareTo(right) < 0;

    public static bool operator >(EthernetSegmentId left, EthernetSegmentId right) => left.CompareTo(right) > 0;

    public static bool operator <=(EthernetSegmentId left, EthernetSegmentId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(EthernetSegmentId left, EthernetSegmentId right) => left.CompareTo(right) >= 0;
}
