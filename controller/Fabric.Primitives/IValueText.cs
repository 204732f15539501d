using System.Diagnostics.CodeAnalysis;

namespace Fabric.Primitives;

/// <summary>A value with one canonical text form and a parser that gives a reason instead of an exception.</summary>
/// <typeparam name="TSelf">The value type itself.</typeparam>
public interface IValueText<TSelf> : ISpanParsable<TSelf>, IComparable<TSelf>
    where TSelf : struct, IValueText<TSelf>
{
    /// <summary>Parses the text form; never throws.</summary>
    /// <param name="text">The text; hostile until parsed.</param>
    /// <param name="value">The value, or the default when the result is false.</param>
    /// <param name="error">Why the text was refused, in words for a user.</param>
    static abstract bool TryParse(ReadOnlySpan<char> text, out TSelf value, [NotNullWhen(false)] out string? error);
}
