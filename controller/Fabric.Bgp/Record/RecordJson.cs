using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Record;

/// <summary>How events, actions, states and configurations of a peer are written.</summary>
/// <remarks>The cases are those nested in <see cref="PeerEvent"/> and <see cref="PeerAction"/>, by their names: a new one is recorded without a change here, and a test looks that each comes back whole.</remarks>
internal static class RecordJson
{
    /// <summary>The property that names the case.</summary>
    public const string CaseProperty = "is";

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { AddCases } },
        IgnoreReadOnlyProperties = true,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        MaxDepth = 16,
        Converters = { new OctetsConverter(), new OpenMessageConverter(), new JsonStringEnumConverter() },
    };

    private static void AddCases(JsonTypeInfo info)
    {
        if (info.Type != typeof(PeerEvent) && info.Type != typeof(PeerAction))
        {
            return;
        }

        info.PolymorphismOptions = new() { TypeDiscriminatorPropertyName = CaseProperty };
        foreach (var type in info.Type.GetNestedTypes().Where(t => t.IsSubclassOf(info.Type)))
        {
            info.PolymorphismOptions.DerivedTypes.Add(new(type, type.Name));
        }
    }

    private static byte[] FromHex(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        try
        {
            return Convert.FromHexString(text ?? throw new JsonException("octets are written as hex digits"));
        }
        catch (FormatException e)
        {
            throw new JsonException("octets are written as hex digits", e);
        }
    }

    private sealed class OctetsConverter : JsonConverter<Octets>
    {
        public override Octets Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(FromHex(ref reader));

        public override void Write(Utf8JsonWriter writer, Octets value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    /// <summary>An OPEN is the hex of the message.</summary>
    private sealed class OpenMessageConverter : JsonConverter<OpenMessage>
    {
        public override OpenMessage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var octets = FromHex(ref reader);
            return octets.Length >= BgpFrame.HeaderLength && OpenMessage.TryDecode(octets.AsSpan(BgpFrame.HeaderLength), out var message, out _)
                ? message
                : throw new JsonException("this is no OPEN");
        }

        public override void Write(Utf8JsonWriter writer, OpenMessage value, JsonSerializerOptions options)
        {
            var message = new WireWriter(new byte[BgpFrame.MaxExtendedLength]);
            value.Encode(ref message);
            writer.WriteStringValue(Convert.ToHexStringLower(message.Written));
        }
    }
}
