using System.Globalization;
using System.Text.Json;

namespace Fabric.CloudStackBridge.Http;

/// <summary>
/// The members of a JSON object that a client sent, read as generously as their meaning allows: a number may be in quotes or end
/// in <c>.0</c>, null and absent are the same, unknown members are passed over.
/// </summary>
public readonly struct Fields(JsonElement element)
{
    private const int Longest = 1024 * 1024;

    /// <summary>Reads the body of a request, whatever its method and media type; an absent one has no members.</summary>
    /// <param name="context">The request.</param>
    /// <param name="longest">Most octets.</param>
    /// <exception cref="NetrisException">It is no JSON object, or too large.</exception>
    public static async Task<Fields> ReadAsync(HttpContext context, int longest = Longest)
    {
        using var octets = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var count)
        {
            octets.Write(buffer, 0, count);
            if (octets.Length > longest)
            {
                throw new NetrisException(413, $"a body has at most {longest >> 20} MiB");
            }
        }

        if (octets.Length == 0)
        {
            return default;
        }

        try
        {
            using var document = JsonDocument.Parse(octets.GetBuffer().AsMemory(0, (int)octets.Length), new JsonDocumentOptions { MaxDepth = 16 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new Fields(document.RootElement.Clone())
                : throw new NetrisException(400, "the body must be a JSON object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new NetrisException(400, "the body is not JSON");
        }
    }

    /// <summary>Whether a member is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A value as it came. Null: absent.</summary>
    public JsonElement? Raw(string name) => Find(name);

    /// <summary>A text; numbers and booleans count as their text. Null: absent.</summary>
    public string? Text(string name, int longest = 4096)
    {
        var text = Find(name) is not { } value ? null : AsText(value) ?? throw NetrisException.Field(name, "must be a text");
        return text is null || text.Length <= longest ? text : throw NetrisException.Field(name, $"has more than {longest} characters");
    }

    /// <summary>A name that must be there: 1..512 characters, none of them a control character.</summary>
    public string Name(string name = "name")
    {
        var text = Text(name) ?? throw NetrisException.Field(name, "is missing");
        return text.Length is > 0 and <= 512 && !text.Any(char.IsControl) && text is not ("." or "..")
            ? text
            : throw NetrisException.Field(name, "must have 1 to 512 characters and no control characters");
    }

    /// <summary>An integer inside bounds. Null: absent, or an empty text.</summary>
    public int? Number(string name, int least, int most)
    {
        if (Find(name) is not { } value || AsText(value) is "")
        {
            return null;
        }

        return AsNumber(value) is { } number && number >= least && number <= most
            ? (int)number
            : throw NetrisException.Field(name, $"must be an integer from {least} to {most}");
    }

    /// <summary>A truth: true, 1, yes, enabled, in quotes or not. Null: absent, or an empty text.</summary>
    public bool? Flag(string name) => Text(name)?.ToLowerInvariant() switch
    {
        null or "" => null,
        "true" or "1" or "yes" or "enabled" => true,
        "false" or "0" or "no" or "disabled" => false,
        _ => throw NetrisException.Field(name, "must be true or false"),
    };

    /// <summary>An object. Null: absent.</summary>
    public Fields? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new Fields(value) : throw NetrisException.Field(name, "must be an object");

    /// <summary>A list; one value alone counts as a list of it. Null: absent.</summary>
    public IReadOnlyList<JsonElement>? List(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];

    /// <summary>A list of ids. Empty: absent.</summary>
    public IReadOnlyList<int> Ids(string name) =>
        [.. (List(name) ?? []).Select(v => AsNumber(v) is { } id and > 0 and <= int.MaxValue ? (int)id : throw NetrisException.Field(name, "must be ids"))];

    /// <summary>A JSON scalar as text; null when it is a list, an object or null.</summary>
    public static string? AsText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => ValidText(value),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    private static decimal? AsNumber(JsonElement value) =>
        AsText(value) is { Length: <= 40 } text && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && decimal.IsInteger(number)
            ? number
            : null;

    private static string ValidText(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            throw new NetrisException(400, "the body has a text that is not valid Unicode");
        }
    }

    private JsonElement? Find(string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
