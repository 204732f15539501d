using System.Threading.Channels;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>A reader of changes. One that falls behind loses changes and is told to query again; it never holds up the table.</summary>
internal sealed class RibSubscription
{
    private readonly Channel<EvpnChangeBatch> _batches = Channel.CreateBounded<EvpnChangeBatch>(
        new BoundedChannelOptions(64) { SingleReader = true, SingleWriter = true });

    private long _lostVersion;

    public void Publish(EvpnChangeBatch batch)
    {
        if (!_batches.Writer.TryWrite(batch))
        {
            Volatile.Write(ref _lostVersion, batch.Version);
        }
    }

    public void Complete() => _batches.Writer.TryComplete();

    public async IAsyncEnumerable<EvpnChangeBatch> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await _batches.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_batches.Reader.TryRead(out var batch))
            {
                yield return batch;
            }

            if (Interlocked.Exchange(ref _lostVersion, 0) is var lost and > 0)
            {
                yield return new EvpnChangeBatch(lost, [], Resync: true);
            }
        }
    }
}
