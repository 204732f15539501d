using System.Diagnostics.CodeAnalysis;

namespace Fabric.Primitives;

/// <summary>A value that is a whole number with a range, written as a number in JSON.</summary>
/// <typeparam name="TSelf">The value type itself.</typeparam>
public interface IValueNumber<TSelf> : IValueText<TSelf>
    where TSelf : struct, IValueNumber<TSelf>
{
    /// <summary>Makes the value from a number; never throws.</summary>
    static abstract bool TryCreate(long number, out TSelf value, [NotNullWhen(false)] out string? error);

    /// <summary>Says what was expected, for a token that is no whole number; e.g. "VNI must be a whole number 1..16777215".</summary>
    static abstract string Expectation { get; }

    /// <summary>The number.</summary>
    long Number { get; }
}
