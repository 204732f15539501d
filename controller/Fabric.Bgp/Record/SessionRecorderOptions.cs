namespace Fabric.Bgp.Record;

/// <summary>Where a session is recorded, and how much of it is kept.</summary>
public sealed record SessionRecorderOptions
{
    /// <summary>The file that is written; older ones are beside it with .1, .2 and so on behind the name.</summary>
    public required string Path { get; init; }

    /// <summary>A file that has reached that many octets is followed by a new one.</summary>
    public long MaxFileOctets { get; init; } = 16 << 20;

    /// <summary>Older files that are kept; 0 and more.</summary>
    public int OlderFiles { get; init; } = 3;
}
