namespace Fabric.Controller.RouteReflector;

/// <summary>Quotes text from outside for a message.</summary>
internal static class Quoted
{
    private const int Longest = 64;

    /// <summary>The text in quotes, bounded, without control characters.</summary>
    public static string Of(string text)
    {
        var cut = text.Length > Longest;
        return $"\"{string.Concat((cut ? text[..Longest] : text).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}{(cut ? "…" : "")}\"";
    }
}
