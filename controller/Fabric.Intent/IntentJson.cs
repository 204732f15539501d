using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Fabric.Intent.Resources;

namespace Fabric.Intent;

/// <summary>
/// The one JSON form of intent: what the API takes and gives and what the store keeps. Members are camelCase, enumerations
/// camelCase strings; unknown members, duplicates and wrong types are errors.
/// </summary>
public static class IntentJson
{
    /// <summary>The serializer's settings.</summary>
    public static readonly JsonSerializerOptions Options = Create();

    /// <summary>The spec of a kind from its JSON text.</summary>
    /// <exception cref="JsonException">The text is not a spec of this kind; the message and the path say where.</exception>
    public static ResourceSpec ReadSpec(ResourceKind kind, JsonElement spec) =>
        (ResourceSpec?)spec.Deserialize(ResourceKindInfo.Of(kind).SpecType, Options) ?? throw new JsonException("spec must be an object, not null");

    /// <summary>The spec of a kind from JSON text that this class wrote.</summary>
    /// <exception cref="JsonException">The text is not a spec of this kind.</exception>
    public static ResourceSpec ReadSpec(ResourceKind kind, string spec) =>
        (ResourceSpec?)JsonSerializer.Deserialize(spec, ResourceKindInfo.Of(kind).SpecType, Options) ?? throw new JsonException("spec must be an object, not null");

    /// <summary>The JSON text of a spec.</summary>
    public static string WriteSpec(ResourceSpec spec) => JsonSerializer.Serialize(spec, spec.GetType(), Options);

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            PropertyNameCaseInsensitive = false,
            NumberHandling = JsonNumberHandling.Strict,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = 32,
            Converters = { new ExactEnumConverter() },
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RemoveIgnored } },
        };
        options.MakeReadOnly();
        return options;
    }

    /// <summary>Makes members that are not part of the form unknown ones; the serializer would take them and do nothing.</summary>
    private static void RemoveIgnored(JsonTypeInfo type)
    {
        for (var i = type.Properties.Count - 1; i >= 0; i--)
        {
            if (type.Properties[i].AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: true) == true)
            {
                type.Properties.RemoveAt(i);
            }
        }
    }
}
