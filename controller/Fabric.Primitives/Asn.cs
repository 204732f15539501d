using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>An autonomous system number, 1..4294967295.</summary>
/// <remarks>RFC 6793. Text is asplain; asdot ("1.10") is understood (RFC 5396).</remarks>
[JsonConverter(typeof(ValueNumberJsonConverter<Asn>))]
public readonly record struct Asn : IValueNumber<Asn>
{
    /// <summary>The smallest value.</summary>
    public const uint MinValue = 1;

    /// <summary>The largest value.</summary>
    public const uint MaxValue = 4294967295;

    /// <summary>Makes the value; a number out of range is an <see cref="ArgumentOutOfRangeException"/>.</summary>
    public Asn(long value)
    {
        if (!TryCreate(value, out var made, out var error))
        {
            throw new ArgumentOutOfRangeException(nameof(value), error);
        }

        this = made;
    }

    private Asn(uint value, bool _) => Value = value;

    /// <summary>The number. 0 only in <c>default</c>, which stands for "none".</summary>
    public uint Value { get; }

    /// <inheritdoc/>
    public static string Expectation => $"ASN must be a whole number {MinValue}..{MaxValue}";

    long IValueNumber<Asn>.Number => Value;

    /// <inheritdoc/>
    public static bool TryCreate(long number, out Asn value, [NotNullWhen(false)] out string? error)
    {
        if (number is < MinValue or > MaxValue)
        {
            value = default;
            error = $"ASN must be {MinValue}..{MaxValue}, got {number}";
            return false;
        }

        value = new Asn((uint)number, true);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out Asn value, [NotNullWhen(false)] out string? error)
    {
        var dot = text.IndexOf('.');
        if (dot > 0
            && ValueText.TryDigits(text[..dot], ushort.MaxValue, out var high)
            && ValueText.TryDigits(text[(dot + 1)..], ushort.MaxValue, out var low))
        {
            return TryCreate((long)((high << 16) | low), out value, out error);
        }

        if (!ValueText.TryDigits(text, long.MaxValue, out var number))
        {
            value = default;
            error = $"{Expectation}, got {ValueText.Quote(text)}";
            return false;
        }

        return TryCreate((long)number, out value, out error);
    }

    /// <inheritdoc/>
    public int CompareTo(Asn other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static Asn Parse(string s) => ValueText.Parse<Asn>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static Asn Parse(string s, IFormatProvider? provider) => ValueText.Parse<Asn>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static Asn Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<Asn>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out Asn result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out Asn)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Asn result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out Asn)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Asn result) => TryParse(s, out result, out _);

    public static bool operator <(Asn left, Asn right) => left.CompareTo(right) < 0;

    public static bool operator >(Asn left, Asn right) => left.CompareTo(right) > 0;

    public static bool operator <=(Asn left, Asn right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Asn left, Asn right) => left.CompareTo(right) >= 0;
}
