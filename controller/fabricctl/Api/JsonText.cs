using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.Ctl.Api;

/// <summary>How this program writes JSON, and how it looks into JSON whose shape it does not vouch for.</summary>
public static class JsonText
{
    /// <summary>On one line.</summary>
    public static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For people.</summary>
    public static readonly JsonSerializerOptions Indented = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    /// <summary>The member that a path such as <c>spec.management.address</c> leads to; null when there is none.</summary>
    public static JsonNode? At(this JsonNode? node, string path)
    {
        foreach (var step in path.Split('.'))
        {
            node = node is JsonObject map && map.TryGetPropertyValue(step, out var next) ? next : null;
        }

        return node;
    }

    /// <summary>What a path leads to, as text: a list with commas between its items, empty when there is nothing.</summary>
    public static string TextAt(this JsonNode? node, string path) => Text(node.At(path));

    /// <summary>A value as text for people.</summary>
    public static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonArray array => string.Join(", ", array.Select(Text)),
        JsonObject map => string.Join(' ', map.Select(m => $"{m.Key}={Text(m.Value)}")),
        _ => node.ToString(),
    };

    /// <summary>The items of a list, nothing when it is none.</summary>
    public static IEnumerable<JsonNode?> ItemsAt(this JsonNode? node, string path) => node.At(path) as JsonArray ?? [];

    /// <summary>The condition of a type in a resource's status.</summary>
    public static JsonNode? Condition(this JsonNode? resource, string type) =>
        resource.ItemsAt("status.conditions").FirstOrDefault(c => c.TextAt("type") == type);

    /// <summary>Whether a resource says that it is ready.</summary>
    public static bool IsReady(this JsonNode? resource) =>
        resource.Condition("Ready").TextAt("status").Equals("true", StringComparison.OrdinalIgnoreCase);
}
