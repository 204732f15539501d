using Fabric.Bgp.Transport.Unnumbered;

namespace Fabric.Bgp.Speaker;

/// <summary>Links whose neighbour is found by router advertisements. The owner's lock guards it.</summary>
/// <param name="time">The clock.</param>
/// <param name="onNeighbor">Told, from elsewhere, of the peer that was there and the one that is there now.</param>
internal sealed class UnnumberedLinks(TimeProvider time, Action<SpeakerPeerConfig?, SpeakerPeerConfig?> onNeighbor)
{
    private readonly Dictionary<string, Link> _links = new(StringComparer.Ordinal);

    /// <summary>The present neighbours, by interface, configured as asked for.</summary>
    public IEnumerable<(string Interface, SpeakerPeerConfig Peer)> Neighbors =>
        _links.Where(static l => l.Value.Neighbor is not null).Select(static l => (l.Key, l.Value.Neighbor!));

    /// <summary>Makes the interfaces exactly these. The tasks end when those that went are quiet.</summary>
    public IReadOnlyList<Task> SetInterfaces(IReadOnlyDictionary<string, SpeakerPeerConfig> wanted)
    {
        var fresh = wanted.Keys.Where(w => !_links.ContainsKey(w)).Select(w => (Name: w, Interface: new UnnumberedInterface(w, time))).ToList();
        var ending = new List<Task>();
        foreach (var (name, link) in _links.Where(l => !wanted.ContainsKey(l.Key)).ToList())
        {
            _links.Remove(name);
            ending.Add(link.EndAsync());
        }

        foreach (var (name, link) in _links)
        {
            link.Configure(wanted[name]);
        }

        foreach (var (name, @interface) in fresh)
        {
            _links.Add(name, new Link(@interface, wanted[name], onNeighbor));
        }

        return ending;
    }

    private sealed class Link
    {
        private readonly UnnumberedInterface _interface;
        private readonly Action<SpeakerPeerConfig?, SpeakerPeerConfig?> _onNeighbor;
        private readonly Task _following;
        private SpeakerPeerConfig _config;
        private SpeakerPeerConfig? _neighbor;

        public Link(UnnumberedInterface @interface, SpeakerPeerConfig config, Action<SpeakerPeerConfig?, SpeakerPeerConfig?> onNeighbor)
        {
            _interface = @interface;
            _config = config;
            _onNeighbor = onNeighbor;
            _following = Task.Run(FollowAsync);
        }

        public SpeakerPeerConfig? Neighbor => Volatile.Read(ref _neighbor);

        public void Configure(SpeakerPeerConfig config)
        {
            _config = config;
            if (Neighbor is { } neighbor)
            {
                Volatile.Write(ref _neighbor, config with { Address = neighbor.Address });
            }
        }

        public async Task EndAsync()
        {
            await _interface.DisposeAsync().ConfigureAwait(false);
            await _following.ConfigureAwait(false);
        }

        private async Task FollowAsync()
        {
            await foreach (var address in _interface.NeighborsAsync().ConfigureAwait(false))
            {
                var before = Neighbor;
                SpeakerPeerConfig? now = address is { } there ? _config with { Address = there } : null;
                Volatile.Write(ref _neighbor, now);
                _onNeighbor(before, now);
            }
        }
    }
}
