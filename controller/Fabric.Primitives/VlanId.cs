using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>A VLAN identifier, 1..4094.</summary>
/// <remarks>IEEE 802.1Q: 0 and 4095 are reserved.</remarks>
[JsonConverter(typeof(ValueNumberJsonConverter<VlanId>))]
public readonly record struct VlanId : IValueNumber<VlanId>
{
    /// <summary>The smallest value.</summary>
    public const ushort MinValue = 1;

    /// <summary>The largest value.</summary>
    public const ushort MaxValue = 4094;

    /// <summary>Makes the value; a number out of range is an <see cref="ArgumentOutOfRangeException"/>.</summary>
    public VlanId(long value)
    {
        if (!TryCreate(value, out var made, out var error))
        {
            throw new ArgumentOutOfRangeException(nameof(value), error);
        }

        this = made;
    }

    private VlanId(ushort value, bool _) => Value = value;

    /// <summary>The number. 0 only in <c>default</c>, which stands for "none".</summary>
    public ushort Value { get; }

    /// <inheritdoc/>
    public static string Expectation => $"VLAN must be a whole number {MinValue}..{MaxValue}";

    long IValueNumber<VlanId>.Number => Value;

    /// <inheritdoc/>
    public static bool TryCreate(long number, out VlanId value, [NotNullWhen(false)] out string? error)
    {
        if (number is < MinValue or > MaxValue)
        {
            value = default;
            error = $"VLAN must be {MinValue}..{MaxValue}, got {number}";
            return false;
        }

        value = new VlanId((ushort)number, true);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out VlanId value, [NotNullWhen(false)] out string? error)
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
    public int CompareTo(VlanId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static VlanId Parse(string s) => ValueText.Parse<VlanId>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static VlanId Parse(string s, IFormatProvider? provider) => ValueText.Parse<VlanId>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static VlanId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<VlanId>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out VlanId result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out VlanId)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out VlanId result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out VlanId)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out VlanId result) => TryParse(s, out result, out _);

    public static bool operator <(VlanId left, VlanId right) => left.CompareTo(right) < 0;

    public static bool operator >(VlanId left, VlanId right) => left.CompareTo(right) > 0;

    public static bool operator <=(VlanId left, VlanId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(VlanId left, VlanId right) => left.CompareTo(right) >= 0;
}
