using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fabric.SoftGate.Contracts;

/// <summary>The JSON form of what a SoftGate is told. Members that a node does not know are ignored: the controller may be newer.</summary>
public static class SoftGateJson
{
    /// <summary>The serializer's settings.</summary>
    public static readonly JsonSerializerOptions Options = Create();

    /// <summary>Reads a state.</summary>
    /// <exception cref="JsonException">It is none; the message says where.</exception>
    public static SoftGateState Read(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<SoftGateState>(json, Options) ?? throw new JsonException("the state must be an object, not null");

    /// <summary>Writes a state.</summary>
    public static byte[] Write(SoftGateState state) => JsonSerializer.SerializeToUtf8Bytes(state, Options);

    /// <summary>Reads a report.</summary>
    /// <exception cref="JsonException">It is none; the message says where.</exception>
    public static SoftGateReport ReadReport(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<SoftGateReport>(json, Options) ?? throw new JsonException("the report must be an object, not null");

    /// <summary>Writes a report.</summary>
    public static byte[] WriteReport(SoftGateReport report) => JsonSerializer.SerializeToUtf8Bytes(report, Options);

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            PropertyNameCaseInsensitive = false,
            NumberHandling = JsonNumberHandling.Strict,
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            MaxDepth = 16,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
