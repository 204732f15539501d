using System.Text.RegularExpressions;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Names of groups, policies, statements and prefix lists.</summary>
internal static partial class ConfigName
{
    /// <summary>What a name looks like, for messages.</summary>
    public const string Rule = "a name has 1 to 63 letters, digits, dots, dashes and underscores, the first a letter or digit";

    /// <summary>Whether the text is a name.</summary>
    public static bool IsGood(string text) => Form().IsMatch(text);

    /// <summary>Parses a name.</summary>
    public static bool TryParse(string text, out string value, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? error)
    {
        value = text;
        error = IsGood(text) ? null : $"{Quoted.Of(text)} is no name; {Rule}";
        return error is null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
