namespace Fabric.Bgp.Speaker;

/// <summary>Counts of a peer's messages since it was added; written by its reader and its owner, read by anyone.</summary>
internal sealed class PeerCounters
{
    private long _messagesReceived;
    private long _updatesReceived;
    private long _malformedUpdates;
    private long _messagesSent;

    public long MessagesReceived => Volatile.Read(ref _messagesReceived);

    public long UpdatesReceived => Volatile.Read(ref _updatesReceived);

    public long MalformedUpdates => Volatile.Read(ref _malformedUpdates);

    public long MessagesSent => Volatile.Read(ref _messagesSent);

    public void Received() => Interlocked.Increment(ref _messagesReceived);

    public void ReceivedUpdate(bool malformed)
    {
        Interlocked.Increment(ref _updatesReceived);
        if (malformed)
        {
            Interlocked.Increment(ref _malformedUpdates);
        }
    }

    public void Sent() => Interlocked.Increment(ref _messagesSent);
}
