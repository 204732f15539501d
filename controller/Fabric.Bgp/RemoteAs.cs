using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fabric.Primitives;

namespace Fabric.Bgp;

/// <summary>Which AS a peer must be in: any, the own one (<c>internal</c>), any other (<c>external</c>), or one by number.</summary>
[JsonConverter(typeof(TextConverter))]
public readonly record struct RemoteAs
{
    private const string InternalText = "internal";
    private const string ExternalText = "external";
    private const string AnyText = "any";

    private readonly bool? _internal;

    private RemoteAs(bool? isInternal, Asn? number) => (_internal, Number) = (isInternal, number);

    /// <summary>Any AS.</summary>
    public static RemoteAs Any => default;

    /// <summary>The own AS, whatever its number.</summary>
    public static RemoteAs Internal => new(true, null);

    /// <summary>Any AS but the own one.</summary>
    public static RemoteAs External => new(false, null);

    /// <summary>The AS by number; null when it is not said so.</summary>
    public Asn? Number { get; }

    /// <summary>Whether any will do.</summary>
    public bool IsAny => Number is null && _internal is null;

    /// <summary>The AS of a number; any for null.</summary>
    public static implicit operator RemoteAs(Asn? number) => new(null, number);

    /// <summary>Whether the peer is in the own AS; null when it may be or not.</summary>
    public bool? IsInternal(Asn own) => Number is { } number ? number == own : _internal;

    /// <summary>Whether a peer of this AS will do.</summary>
    /// <param name="peer">The number the peer gives.</param>
    /// <param name="own">The own AS.</param>
    public bool Takes(uint peer, Asn own) => Number is { } number ? number.Value == peer : _internal is not { } inside || inside == (peer == own.Value);

    /// <summary>Reads a number, <c>internal</c> or <c>external</c>; never throws.</summary>
    public static bool TryParse(string text, out RemoteAs value, [NotNullWhen(false)] out string? error)
    {
        value = text == InternalText ? Internal : text == ExternalText ? External : default;
        error = null;
        if (!value.IsAny)
        {
            return true;
        }

        if (Asn.TryParse(text, out var number, out error))
        {
            value = number;
            return true;
        }

        error = $"give an AS number, {InternalText} or {ExternalText}: {error}";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Number?.ToString() ?? (_internal is { } inside ? inside ? InternalText : ExternalText : AnyText);

    private sealed class TextConverter : JsonConverter<RemoteAs>
    {
        public override bool HandleNull => true;

        // Recordings once had a number, or null for any.
        public override RemoteAs Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Null => Any,
            JsonTokenType.Number when reader.TryGetInt64(out var number) && Asn.TryCreate(number, out var asn, out _) => asn,
            JsonTokenType.String when reader.GetString() is { } text && (text == AnyText || TryParse(text, out _, out _)) => TryParse(text, out var value, out _) ? value : Any,
            _ => throw new JsonException("this is no AS of a peer"),
        };

        public override void Write(Utf8JsonWriter writer, RemoteAs value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
