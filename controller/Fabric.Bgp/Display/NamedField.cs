using Fabric.Primitives;

namespace Fabric.Bgp.Display;

/// <summary>One field of a decoded value: a name in snake_case and a text or, without a text, a number.</summary>
/// <param name="Name">The name.</param>
/// <param name="Text">The value as text; null when it is a number.</param>
/// <param name="Number">The value as number.</param>
public readonly record struct NamedField(string Name, string? Text, ulong Number)
{
    /// <summary>A number.</summary>
    public static NamedField Of(string name, ulong number) => new(name, null, number);

    /// <summary>A value as its text.</summary>
    public static NamedField Of<T>(string name, T value)
        where T : struct, IValueText<T> => new(name, value.ToString(), 0);

    /// <summary>A text.</summary>
    public static NamedField Of(string name, string text) => new(name, text, 0);
}
