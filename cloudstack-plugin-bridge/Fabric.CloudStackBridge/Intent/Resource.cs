using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>A resource of the controller, as it said.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name there, which never changes.</param>
/// <param name="Uid">Its number for life; the id that clients of the bridge see.</param>
/// <param name="Revision">Revision at which it was last changed.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Spec">What is wanted.</param>
public sealed record Resource(string Kind, string Name, int Uid, long Revision, ImmutableDictionary<string, string> Labels, JsonElement Spec)
{
    /// <summary>The VNI that a V-Net has, given or allocated; null: not known, or none.</summary>
    public int? Vni { get; init; }

    /// <summary>The name by which clients of the bridge know it.</summary>
    public string Title => Naming.Title(this);

    /// <summary>A text of the spec; null: absent.</summary>
    public string? Text(string member) => Spec.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A truth of the spec; false: absent.</summary>
    public bool Flag(string member) => Spec.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>A number of the spec; null: absent.</summary>
    public int? Number(string member) => Spec.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) ? n : null;

    /// <summary>A list of the spec; empty: absent.</summary>
    public IEnumerable<JsonElement> List(string member) =>
        Spec.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : Enumerable.Empty<JsonElement>();

    /// <summary>The texts of a list of the spec.</summary>
    public IEnumerable<string> Texts(string member) => List(member).Select(v => v.ToString());

    /// <summary>A label's value; null: absent.</summary>
    public string? Label(string key) => Labels.GetValueOrDefault(key);

    /// <summary>The spec, to be changed and written.</summary>
    public JsonObject CopySpec() => JsonObject.Create(Spec)!.DeepClone().AsObject();

    /// <summary>A resource from the controller's JSON.</summary>
    public static Resource Of(JsonElement json)
    {
        var spec = json.GetProperty("spec").Clone();
        return new Resource(
            json.GetProperty("kind").GetString()!,
            json.GetProperty("name").GetString()!,
            json.GetProperty("uid").GetInt32(),
            json.GetProperty("revision").GetInt64(),
            json.TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Object
                ? labels.EnumerateObject().ToImmutableDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal)
                : ImmutableDictionary<string, string>.Empty,
            spec)
        {
            Vni = VniOf(spec) ?? (json.TryGetProperty("status", out var status) ? VniOf(status) : null),
        };
    }

    private static int? VniOf(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty("vni", out var vni) && vni.ValueKind == JsonValueKind.Number ? vni.GetInt32() : null;
}
