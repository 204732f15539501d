using System.Text.Json;
using System.Text.Json.Serialization;
using Fabric.Bgp.Fsm;

namespace Fabric.Bgp.Record;

/// <summary>One line of a recording: a start, from which the lines after it can be replayed, or a step.</summary>
internal sealed record RecordLine
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How the peer is configured from here on; a start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PeerFsmConfig? Config { get; init; }

    /// <summary>Where the peer is; a start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PeerState? State { get; init; }

    /// <summary>What happened; a step.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PeerEvent? Event { get; init; }

    /// <summary>The received message, header included, in hex.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; init; }

    /// <summary>What the codec made of the message.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Decoded { get; init; }

    /// <summary>What was decided, each an action.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Actions { get; init; }
}
