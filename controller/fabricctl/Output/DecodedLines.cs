using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Fabric.Bgp.Display;
using Fabric.Ctl.Capture;

namespace Fabric.Ctl.Output;

/// <summary>Prints BGP messages, one JSON object a line.</summary>
/// <param name="output">Where the lines go.</param>
public sealed class DecodedLines(TextWriter output) : IMessageSink
{
    private readonly ArrayBufferWriter<byte> _line = new(4096);
    private char[] _text = new char[4096];

    /// <summary>Whether any message was malformed.</summary>
    public bool AnyMalformed { get; private set; }

    /// <summary>Prints a message of a numbered line of hex.</summary>
    public void Message(int line, ReadOnlySpan<byte> message, DecodeContext context)
    {
        using var json = Begin();
        json.WriteNumber("line", line);
        AnyMalformed |= !BgpJson.WriteFields(json, message, context);
        End(json);
    }

    /// <inheritdoc/>
    public void Message(in MessageOrigin origin, ReadOnlySpan<byte> message, DecodeContext context)
    {
        using var json = Begin();
        Write(json, origin);
        AnyMalformed |= !BgpJson.WriteFields(json, message, context);
        End(json);
    }

    /// <inheritdoc/>
    public void Gap(in MessageOrigin origin, long octets) => Note(origin, "gap", octets);

    /// <inheritdoc/>
    public void Incomplete(in MessageOrigin origin, int octets) => Note(origin, "incomplete", octets);

    private static void Write(Utf8JsonWriter json, in MessageOrigin origin)
    {
        if (origin.Time is { } time)
        {
            json.WriteString("time", time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
        }

        json.WriteString("source", origin.Source.ToString());
        json.WriteNumber("source_port", origin.SourcePort);
        json.WriteString("destination", origin.Destination.ToString());
        json.WriteNumber("destination_port", origin.DestinationPort);
    }

    private void Note(in MessageOrigin origin, string type, long octets)
    {
        using var json = Begin();
        Write(json, origin);
        json.WriteString("type", type);
        json.WriteNumber("length", octets);
        End(json);
    }

    private Utf8JsonWriter Begin()
    {
        _line.ResetWrittenCount();
        var json = new Utf8JsonWriter(_line);
        json.WriteStartObject();
        return json;
    }

    private void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Flush();
        if (_text.Length < _line.WrittenCount)
        {
            _text = new char[_line.WrittenCount * 2];
        }

        output.WriteLine(_text.AsSpan(0, Encoding.UTF8.GetChars(_line.WrittenSpan, _text)));
    }
}
