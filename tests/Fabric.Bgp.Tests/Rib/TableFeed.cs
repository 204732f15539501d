using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Rib;

/// <summary>A table without an engine: messages go in as the codec reads them, and nobody follows its changes.</summary>
internal sealed class TableFeed
{
    public RouteTable Table { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public RibPeer AddPeer(string address)
    {
        var peer = new RibPeer(IpAddr.Parse(address)) { RouterId = IpAddr.Parse(address) };
        Table.Enter(peer);
        return peer;
    }

    public void Apply(RibPeer peer, UpdateMessage update)
    {
        var scan = UpdateScanner.Scan(Samples.Encode(update).AsSpan(BgpFrame.HeaderLength), Samples.External);
        Assert.Empty(scan.Problems.ToArray());
        Each(scan.UnreachFamily, scan.Unreach, nlri => Table.Withdraw(peer, FamilyIndex.Evpn, nlri, 0));
        if (scan.Attributes is { } attributes)
        {
            var set = Table.Sets.Take(attributes);
            Each(scan.ReachFamily, scan.Reach, nlri => Table.Announce(peer, FamilyIndex.Evpn, nlri, 0, set, refused: false));
            Table.Sets.Release(set);
        }

        Table.Bury(Table.Version);
    }

    public void Flush(RibPeer peer)
    {
        Table.WithdrawAll(peer, static (_, _) => true);
        Table.Bury(Table.Version);
    }

    public IReadOnlyList<EvpnRouteView> Query(EvpnRouteFilter? filter = null) => EvpnViews.Query(Table, filter ?? new());

    private static void Each(AddressFamily family, ReadOnlySpan<byte> field, Action<byte[]> use)
    {
        var walker = new NlriWalker(family, field, addPath: false);
        while (walker.Next(out var route, out _, out _))
        {
            use(route.ToArray());
        }
    }
}
