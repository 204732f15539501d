using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text;
using Fabric.Bgp.Speaker;
using Fabric.Hosting;

namespace Fabric.Hosting;

/// <summary>Writes events as lines, each whole, from any thread. What a peer does again and again (one that is down) is written once.</summary>
public sealed class EventLog(TextWriter writer, LogFormat format, TimeProvider time)
{
    private const int MostRemembered = 10_000;

    // Terminals and browsers are no concern of a log, but a line must stay one.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (BgpEventKind Kind, string Text)> _last = new(StringComparer.Ordinal);

    /// <summary>Writes what has happened to a peer.</summary>
    public void Write(BgpEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        var peer = e.Peer.ToString();
        lock (_lock)
        {
            if (_last.TryGetValue(peer, out var before) && before == (e.Kind, e.Text) && e.Kind == BgpEventKind.Problem)
            {
                return;
            }

            if (_last.Count >= MostRemembered)
            {
                _last.Clear();
            }

            _last[peer] = (e.Kind, e.Text);
        }

        var level = e.Kind is BgpEventKind.SessionUp or BgpEventKind.EndOfRib ? "info" : "warning";
        Write(e.Time, level, JsonNamingPolicy.KebabCaseLower.ConvertName(e.Kind.ToString()), peer, e.Text);
    }

    /// <summary>Writes what has happened to the process.</summary>
    /// <param name="level">info, warning or error.</param>
    /// <param name="name">The kind of event, in lower case with dashes.</param>
    /// <param name="text">Text for people.</param>
    public void Write(string level, string name, string text) => Write(time.GetUtcNow(), level, name, null, text);

    private void Write(DateTimeOffset at, string level, string name, string? peer, string text)
    {
        var stamp = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var line = format == LogFormat.Json
            ? Json(stamp, level, name, peer, text)
            : $"{stamp} {level} {name} {(peer is null ? "" : peer + " ")}{string.Concat(text.Select(c => char.IsControl(c) ? '?' : c))}";
        lock (_lock)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private static string Json(string stamp, string level, string name, string? peer, string text)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", stamp);
            json.WriteString("level", level);
            json.WriteString("event", name);
            if (peer is not null)
            {
                json.WriteString("peer", peer);
            }

            json.WriteString("text", text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
