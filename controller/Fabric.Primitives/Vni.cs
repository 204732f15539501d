using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>A VXLAN network identifier, 1..16777215.</summary>
/// <remarks>RFC 7348 section 5: 24 bits.</remarks>
[JsonConverter(typeof(ValueNumberJsonConverter<Vni>))]
public readonly record struct Vni : IValueNumber<Vni>
{
    /// <summary>The smallest value.</summary>
    public const uint MinValue = 1;

    /// <summary>The largest value.</summary>
    public const uint MaxValue = 16777215;

    /// <summary>Makes the value; a number out of range is an <see cref="ArgumentOutOfRangeException"/>.</summary>
    public Vni(long value)
    {
        if (!TryCreate(value, out var made, out var error))
        {
            throw new ArgumentOutOfRangeException(nameof(value), error);
        }

        this = made;
    }

    private Vni(uint value, bool _) => Value = value;

    /// <summary>The number. 0 only in <c>default</c>, which stands for "none".</summary>
    public uint Value { get; }

    /// <inheritdoc/>
    public static string Expectation => $"VNI must be a whole number {MinValue}..{MaxValue}";

    long IValueNumber<Vni>.Number => Value;

    /// <inheritdoc/>
    public static bool TryCreate(long number, out Vni value, [NotNullWhen(false)] out string? error)
    {
        if (number is < MinValue or > MaxValue)
        {
            value = default;
            error = $"VNI must be {MinValue}..{MaxValue}, got {number}";
            return false;
        }

        value = new Vni((uint)number, true);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out Vni value, [NotNullWhen(false)] out string? error)
    {
        if (!ValueText.TryDigits(text, long.MaxValue, out var number))
        {
            value = default;
            error = $"{Expectation}, got {ValueText.Quote(text)}";
            return false;
        }

        return TryCreate((long)number, out value, out error);
    }

    /// <inheritdoc/>
    public int CompareTo(Vni other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static Vni Parse(string s) => ValueText.Parse<Vni>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static Vni Parse(string s, IFormatProvider? provider) => ValueText.Parse<Vni>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static Vni Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<Vni>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out Vni result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out Vni)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Vni result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out Vni)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Vni result) => TryParse(s, out result, out _);

    public static bool operator <(Vni left, Vni right) => left.CompareTo(right) < 0;

    public static bool operator >(Vni left, Vni right) => left.CompareTo(right) > 0;

    public static bool operator <=(Vni left, Vni right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Vni left, Vni right) => left.CompareTo(right) >= 0;
}
