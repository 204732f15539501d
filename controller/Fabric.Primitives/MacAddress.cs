using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>A 48-bit MAC address. Text is six lower-case hex octets with colons; dashes and dotted triples are understood.</summary>
[JsonConverter(typeof(ValueTextJsonConverter<MacAddress>))]
public readonly record struct MacAddress : IValueText<MacAddress>
{
    /// <summary>Makes the value from its 48 bits; more bits are an <see cref="ArgumentOutOfRangeException"/>.</summary>
    public MacAddress(ulong bits)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 0xffff_ffff_ffffUL);
        Bits = bits;
    }

    /// <summary>ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast => new(0xffff_ffff_ffffUL);

    /// <summary>The address as a 48-bit number, first octet highest.</summary>
    public ulong Bits { get; }

    /// <summary>Whether the group bit is set (multicast or broadcast).</summary>
    public bool IsMulticast => (Bits >> 40 & 1) != 0;

    /// <summary>Whether the address is locally administered.</summary>
    public bool IsLocal => (Bits >> 40 & 2) != 0;

    /// <summary>Whether all bits are zero.</summary>
    public bool IsZero => Bits == 0;

    /// <summary>Reads six octets.</summary>
    public static MacAddress FromBytes(ReadOnlySpan<byte> octets)
    {
        if (octets.Length != 6)
        {
            throw new ArgumentException("a MAC address has 6 octets", nameof(octets));
        }

        return new(((ulong)BinaryPrimitives.ReadUInt16BigEndian(octets) << 32) | BinaryPrimitives.ReadUInt32BigEndian(octets[2..]));
    }

    /// <summary>Writes six octets.</summary>
    public void WriteTo(Span<byte> octets)
    {
        BinaryPrimitives.WriteUInt16BigEndian(octets, (ushort)(Bits >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(octets[2..], (uint)Bits);
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress value, [NotNullWhen(false)] out string? error)
    {
        var (group, separator) = text.Length switch
        {
            17 => (2, text[2]),
            14 => (4, '.'),
            _ => (0, '\0'),
        };
        ulong bits = 0;
        var good = group != 0 && (separator is ':' or '-' or '.') && (group == 4 || separator != '.');
        for (var i = 0; good && i < text.Length; i++)
        {
            if (i % (group + 1) == group)
            {
                good = text[i] == separator;
            }
            else
            {
                good = char.IsAsciiHexDigit(text[i]);
                bits = good ? (bits << 4) | (uint)Nibble(text[i]) : 0;
            }
        }

        value = good ? new MacAddress(bits) : default;
        error = good ? null : $"a MAC address is written like 02:00:00:12:34:56, got {ValueText.Quote(text)}";
        return good;
    }

    /// <inheritdoc/>
    public int CompareTo(MacAddress other) => Bits.CompareTo(other.Bits);

    /// <inheritdoc/>
    public override string ToString() => string.Create(17, Bits, static (span, bits) =>
    {
        for (var i = 0; i < 6; i++)
        {
            var octet = (int)(bits >> (40 - (8 * i))) & 0xff;
            span[3 * i] = Hex(octet >> 4);
            span[(3 * i) + 1] = Hex(octet & 15);
            if (i < 5)
            {
                span[(3 * i) + 2] = ':';
            }
        }
    });

    private static int Nibble(char c) => char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;

    private static char Hex(int nibble) => (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static MacAddress Parse(string s) => ValueText.Parse<MacAddress>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static MacAddress Parse(string s, IFormatProvider? provider) => ValueText.Parse<MacAddress>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static MacAddress Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<MacAddress>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out MacAddress result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out MacAddress)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out MacAddress result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out MacAddress)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out MacAddress result) => TryParse(s, out result, out _);

    public static bool operator <(MacAddress left, MacAddress right) => left.CompareTo(right) < 0;

    public static bool operator >(MacAddress left, MacAddress right) => left.CompareTo(right) > 0;

    public static bool operator <=(MacAddress left, MacAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >=(MacAddress left, MacAddress right) => left.CompareTo(right) >= 0;
}
