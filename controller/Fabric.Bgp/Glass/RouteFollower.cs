using System.Threading.Channels;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Glass;

/// <summary>Somebody who reads the lists of changes of the table, at a pace of its own. Belongs to the engine, but for the signal.</summary>
internal sealed class RouteFollower(RouteFilter filter)
{
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public RouteFilter Filter { get; } = filter;

    /// <summary>Marks in the lists of changes, by family; 0 where it does not follow.</summary>
    public int[] Marks { get; } = new int[Families.Count];

    /// <summary>Whether changes of paths that are not the best ones count.</summary>
    public bool AllPaths { get; init; }

    /// <summary>Changes up to this version were there before it came.</summary>
    public long Since { get; set; }

    /// <summary>Whether it was so slow that changes went by.</summary>
    public bool Lost { get; set; }

    /// <summary>There may be something to read.</summary>
    public void Wake() => _signal.Writer.TryWrite(true);

    /// <summary>There will be nothing more.</summary>
    public void End() => _signal.Writer.TryComplete();

    /// <summary>Waits for <see cref="Wake"/>; false after <see cref="End"/>.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken) =>
        await _signal.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && _signal.Reader.TryRead(out _);
}
