using Fabric.SoftGate.Health;

namespace Fabric.SoftGate.Sync;

/// <summary>What partners say to each other.</summary>
internal abstract record SyncMessage
{
    private SyncMessage()
    {
    }

    /// <summary>The first message of each side: who it is.</summary>
    /// <param name="Version">Version of this protocol, <see cref="SyncCodec.Version"/>.</param>
    /// <param name="Node">Name of the sender's Device.</param>
    internal sealed record Hello(byte Version, string Node) : SyncMessage;

    /// <summary>All sessions are wanted.</summary>
    internal sealed record Want : SyncMessage;

    /// <summary>A session is there, or has changed.</summary>
    internal sealed record Session(SessionRecord Record) : SyncMessage;

    /// <summary>A session has ended.</summary>
    internal sealed record Closed(SessionName Name) : SyncMessage;

    /// <summary>What a back end's health check has found last.</summary>
    internal sealed record Health(BackendName Backend, bool Well) : SyncMessage;

    /// <summary>All sessions that were wanted have been told.</summary>
    internal sealed record Complete : SyncMessage;

    /// <summary>Nothing to say.</summary>
    internal sealed record Alive : SyncMessage;
}
