using System.Text.Json;

namespace Fabric.Primitives;

internal static class ValueJson
{
    /// <summary>The text of a string token; ill-formed Unicode is a <see cref="JsonException"/> like any other bad input.</summary>
    public static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("the text is not well-formed Unicode", e);
        }
    }

    public static string Name(JsonTokenType token) => token switch
    {
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        JsonTokenType.StartArray => "an array",
        _ => "an object",
    };
}
