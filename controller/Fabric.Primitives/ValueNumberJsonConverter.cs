using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>Writes a value as a JSON number and reads it with a clear message on refusal.</summary>
/// <typeparam name="T">The value type.</typeparam>
public sealed class ValueNumberJsonConverter<T> : JsonConverter<T>
    where T : struct, IValueNumber<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            throw new JsonException($"{T.Expectation}, got {ValueJson.Name(reader.TokenType)}");
        }

        if (!reader.TryGetInt64(out var number))
        {
            var raw = reader.HasValueSequence ? "a number that long" : Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(40, reader.ValueSpan.Length)]);
            throw new JsonException($"{T.Expectation}, got {raw}");
        }

        return T.TryCreate(number, out var value, out var error) ? value : throw new JsonException(error);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumberValue(value.Number);
    }

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        T.TryParse(ValueJson.Text(ref reader), out var value, out var error) ? value : throw new JsonException(error);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, [DisallowNull] T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString()!);
    }
}
