using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>Writes a value as a JSON string in its canonical text form, and reads it with a clear message on refusal.</summary>
/// <typeparam name="T">The value type.</typeparam>
public sealed class ValueTextJsonConverter<T> : JsonConverter<T>
    where T : struct, IValueText<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? ReadText(ref reader)
            : throw new JsonException($"{typeof(T).Name} must be a JSON string, got {ValueJson.Name(reader.TokenType)}");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => ReadText(ref reader);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, [DisallowNull] T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString()!);
    }

    private static T ReadText(ref Utf8JsonReader reader) =>
        T.TryParse(ValueJson.Text(ref reader), out var value, out var error) ? value : throw new JsonException(error);
}
