using System.Collections.Immutable;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>Counts of a peer's messages since it was added; written by its reader and its writer, read by anyone.</summary>
internal sealed class PeerCounters
{
    private static readonly BgpMessageType[] s_types = Enum.GetValues<BgpMessageType>();

    private readonly long[] _received = new long[(int)s_types.Max() + 1];
    private readonly long[] _sent = new long[(int)s_types.Max() + 1];
    private long _malformedUpdates;

    public ImmutableArray<(BgpMessageType Type, long Count)> Received => Read(_received);

    public ImmutableArray<(BgpMessageType Type, long Count)> Sent => Read(_sent);

    public long MalformedUpdates => Volatile.Read(ref _malformedUpdates);

    public void CountReceived(BgpMessageType type) => Interlocked.Increment(ref _received[(int)type]);

    public void CountReceivedUpdate(bool malformed)
    {
        CountReceived(BgpMessageType.Update);
        if (malformed)
        {
            Interlocked.Increment(ref _malformedUpdates);
        }
    }

    /// <summary>Counts whole messages in a row.</summary>
    public void CountSent(ReadOnlySpan<byte> messages)
    {
        while (messages.Length >= BgpFrame.HeaderLength)
        {
            var (type, length) = BgpFrame.TypeAndLength(messages);
            Interlocked.Increment(ref _sent[(int)type]);
            messages = messages[length..];
        }
    }

    private static ImmutableArray<(BgpMessageType, long)> Read(long[] counts) => [.. s_types.Select(t => (t, Volatile.Read(ref counts[(int)t])))];
}
