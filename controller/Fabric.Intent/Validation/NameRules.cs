using System.Globalization;
using System.Text;

namespace Fabric.Intent.Validation;

/// <summary>
/// What a resource may be called: anything a person or an orchestrator writes, spaces, slashes and every script included; not
/// what cannot be shown or kept: control characters, broken surrogates, blanks at either end.
/// </summary>
public static class NameRules
{
    /// <summary>Longest name in characters (Unicode code points).</summary>
    public const int MaxLength = 512;

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? Fault(string name)
    {
        if (name.Length == 0)
        {
            return $"a name has 1 to {MaxLength} characters, this one has 0";
        }

        if (char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1]))
        {
            return "a name neither begins nor ends with a blank";
        }

        var length = 0;
        for (var rest = name.AsSpan(); !rest.IsEmpty; length++)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var used) != System.Buffers.OperationStatus.Done)
            {
                return "a name must be well-formed Unicode";
            }

            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return "a name has no control characters and no line breaks";
            }

            rest = rest[used..];
        }

        if (length > MaxLength)
        {
            return $"a name has 1 to {MaxLength} characters, this one has {length}";
        }

        return name is "." or ".." ? "a name cannot be '.' or '..'" : null;
    }
}
