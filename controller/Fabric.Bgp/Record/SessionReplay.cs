using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Bgp.Fsm;

namespace Fabric.Bgp.Record;

/// <summary>Makes the steps of a recording again, offline, and compares. The file is hostile until parsed.</summary>
public static class SessionReplay
{
    /// <summary>Longest line that is read, in characters; the longest message makes a third of that.</summary>
    public const int MaxLineLength = 1 << 19;

    /// <summary>The steps up to the end or the first difference, which is the last one then.</summary>
    /// <param name="lines">The recording.</param>
    public static IEnumerable<ReplayStep> Run(TextReader lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        PeerFsmConfig? config = null;
        var state = PeerState.Initial;
        for (var number = 1; ReadLine(lines) is { } text; number++)
        {
            if (!TryParse(text, out var line, out var error))
            {
                yield return Broken(number, error);
                yield break;
            }

            if (line is { Config: { } nextConfig, State: { } nextState, Event: null })
            {
                (config, state) = (nextConfig, nextState);
                continue;
            }

            if (config is null || line.Event is not { } @event)
            {
                yield return Broken(number, config is null ? "the recording does not begin with configuration and state" : "the line has no event");
                yield break;
            }

            var step = Step(number, line, @event, config, ref state);
            yield return step;
            if (step.Difference is not null)
            {
                yield break;
            }
        }
    }

    private static ReplayStep Step(int number, RecordLine line, PeerEvent @event, PeerFsmConfig config, ref PeerState state)
    {
        string? difference = null;
        if (line.Message is { } hex)
        {
            var message = FromHex(hex);
            difference = message is null ? "the message is not written as hex digits"
                : MessageDigest.Contradiction(message, @event)
                ?? (MessageDigest.Of(message, state.Session?.Context) is var decoded && decoded != line.Decoded
                    ? $"the message decodes to \"{decoded}\", recorded is \"{line.Decoded}\""
                    : null);
        }

        var (next, actions) = PeerFsm.Step(state, @event, config);
        state = next;
        var now = JsonSerializer.SerializeToElement(actions, RecordJson.Options);
        if (line.Actions is not { } recorded)
        {
            difference ??= "the line has no actions";
        }
        else if (!JsonElement.DeepEquals(now, recorded))
        {
            difference ??= FirstDifference(now, recorded);
        }

        return new(number, line.At, JsonSerializer.Serialize(@event, RecordJson.Options), [.. now.EnumerateArray().Select(static a => a.GetRawText())], difference);
    }

    private static string FirstDifference(JsonElement now, JsonElement recorded)
    {
        if (recorded.ValueKind != JsonValueKind.Array)
        {
            return "the actions are no list";
        }

        var (decided, expected) = (now.EnumerateArray().ToList(), recorded.EnumerateArray().ToList());
        for (var n = 0; ; n++)
        {
            var (a, b) = (n < decided.Count ? decided[n].GetRawText() : "nothing", n < expected.Count ? expected[n].GetRawText() : "nothing");
            if (n >= Math.Max(decided.Count, expected.Count) || n >= decided.Count || n >= expected.Count || !JsonElement.DeepEquals(decided[n], expected[n]))
            {
                return $"action {n + 1} is {a}, recorded is {b}";
            }
        }
    }

    private static bool TryParse(string text, out RecordLine line, out string error)
    {
        line = null!;
        error = "";
        if (text.Length > MaxLineLength)
        {
            error = "the line is too long";
            return false;
        }

        try
        {
            line = JsonSerializer.Deserialize<RecordLine>(text, RecordJson.Options) ?? throw new JsonException("the line is null");
            return true;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException or InvalidOperationException or FormatException or OverflowException)
        {
            error = $"the line cannot be read: {e.Message}";
            return false;
        }
    }

    private static byte[]? FromHex(string hex)
    {
        var octets = new byte[hex.Length / 2];
        return hex.Length % 2 == 0 && Convert.FromHexString(hex, octets, out _, out _) == System.Buffers.OperationStatus.Done ? octets : null;
    }

    /// <summary>A line, cut behind <see cref="MaxLineLength"/> so that a file without line ends does not fill the memory; null at the end.</summary>
    private static string? ReadLine(TextReader reader)
    {
        var builder = new System.Text.StringBuilder();
        for (int next; (next = reader.Read()) >= 0;)
        {
            if (next == '\n')
            {
                return builder.ToString();
            }

            builder.Append((char)next);
            if (builder.Length > MaxLineLength)
            {
                return builder.ToString();
            }
        }

        return builder.Length == 0 ? null : builder.ToString();
    }

    private static ReplayStep Broken(int number, string error) => new(number, default, "", ImmutableArray<string>.Empty, error);
}
