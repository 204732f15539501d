using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.Controller.Json;

/// <summary>JSON merge patch (RFC 7396).</summary>
public static class MergePatch
{
    /// <summary>The target with the patch applied.</summary>
    public static JsonNode? Apply(JsonNode? target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            return JsonNode.Parse(patch.GetRawText());
        }

        var result = target as JsonObject ?? [];
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                result.Remove(member.Name);
                continue;
            }

            var present = result[member.Name];
            result.Remove(member.Name);
            result[member.Name] = Apply(present, member.Value);
        }

        return result;
    }
}
