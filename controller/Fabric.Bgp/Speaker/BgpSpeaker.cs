using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>A BGP speaker that keeps sessions to configured peers and the EVPN routes they send. All members may be called from any thread.</summary>
public sealed class BgpSpeaker : IAsyncDisposable
{
    private readonly BgpSpeakerOptions _options;
    private readonly RouteEngine _engine;
    private readonly Lock _lock = new();
    private readonly Dictionary<IpAddr, PeerRunner> _peers = [];
    private readonly HashSet<Task> _stopping = [];
    private bool _disposed;

    /// <summary>Makes a speaker without peers.</summary>
    public BgpSpeaker(BgpSpeakerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.RouterId.IsV4 || options.RouterId.IsUnspecified)
        {
            throw new ArgumentException($"the BGP identifier must be an IPv4 address other than 0.0.0.0, got {options.RouterId}", nameof(options));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.OctetsInFlight, 1, nameof(options));
        _options = options;
        _engine = new RouteEngine(
            new SpeakerIdentity(options.LocalAsn, options.RouterId, options.ClusterId ?? options.RouterId), options.TimeProvider, options.AnnounceAllTargets)
        {
            OnFault = e => options.OnEvent?.Invoke(new BgpEvent(options.TimeProvider.GetUtcNow(), default, BgpEventKind.Problem, $"internal error: {e}")),
        };
    }

    /// <summary>The engine, for tests that hold it up.</summary>
    internal RouteEngine Engine => _engine;

    /// <summary>All peers by address.</summary>
    public IReadOnlyList<PeerStatus> Peers
    {
        get
        {
            lock (_lock)
            {
                return [.. _peers.Values.Select(static p => p.Status).OrderBy(static s => s.Config.Address)];
            }
        }
    }

    /// <summary>How many EVPN routes are known, each counted once.</summary>
    public int RouteCount => _engine.Count(FamilyIndex.Evpn);

    /// <summary>How many different attribute sets these routes use.</summary>
    public int AttributeSetCount => _engine.Ask(static table => table.Sets.Count);

    /// <summary>
    /// Makes the peers exactly these, by address: new ones are started, missing ones are stopped with Cease, one whose session
    /// settings differ is started anew; all others are not touched. Returns at once.
    /// </summary>
    /// <exception cref="ArgumentException">A configuration cannot work or an address is there twice; nothing is changed then.</exception>
    public void SetPeers(IReadOnlyCollection<SpeakerPeerConfig> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        var wanted = new Dictionary<IpAddr, SpeakerPeerConfig>();
        foreach (var peer in peers)
        {
            peer.Validate();
            if (!wanted.TryAdd(peer.Address, peer))
            {
                throw new ArgumentException($"peer {peer.Address} is configured twice", nameof(peers));
            }
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _stopping.RemoveWhere(static t => t.IsCompleted);
            foreach (var (address, runner) in _peers.ToArray())
            {
                if (wanted.TryGetValue(address, out var config) && config.SameSession(runner.Config))
                {
                    runner.Reconfigure(config);
                    continue;
                }

                _peers.Remove(address);
                _stopping.Add(runner.StopAsync(NotificationMessage.Cease(config is null ? BgpError.PeerDeconfigured : BgpError.ConfigurationChange)));
            }

            foreach (var (address, config) in wanted)
            {
                if (!_peers.ContainsKey(address))
                {
                    var runner = new PeerRunner(config, _options, _engine);
                    _peers.Add(address, runner);
                    runner.Start();
                }
            }
        }
    }

    /// <summary>Ends a peer's session with Cease/Administrative Reset; it starts again by itself. False when there is no such peer.</summary>
    /// <param name="address">The peer.</param>
    /// <param name="text">A text the peer's operator may see (RFC 9003).</param>
    public bool ResetPeer(IpAddr address, string? text = null)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(address, out var runner))
            {
                return false;
            }

            runner.Restart(NotificationMessage.Cease(BgpError.AdministrativeReset, text));
            return true;
        }
    }

    /// <summary>The routes that match, as of one moment. The snapshot does not change.</summary>
    public EvpnSnapshot Query(EvpnRouteFilter? filter = null) => _engine.Query(filter ?? new());

    /// <summary>
    /// Changes from this call on, in batches, until the token is cancelled or the speaker is disposed. Query after the call:
    /// batches with a version not above the snapshot's are in it already.
    /// </summary>
    public IAsyncEnumerable<EvpnChangeBatch> WatchAsync(CancellationToken cancellationToken = default)
    {
        // Subscribed at the call, not at the first read: nothing between the two is missed.
        var subscription = _engine.Subscribe();
        return Read(subscription, cancellationToken);
    }

    /// <summary>Stops all peers with Cease/Administrative Shutdown and waits until their connections are closed.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] stopping;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            stopping = [.. _stopping, .. _peers.Values.Select(static p => p.StopAsync(NotificationMessage.Cease(BgpError.AdministrativeShutdown)))];
            _peers.Clear();
        }

        await Task.WhenAll(stopping).ConfigureAwait(false);
        await _engine.DisposeAsync().ConfigureAwait(false);
    }

    private async IAsyncEnumerable<EvpnChangeBatch> Read(
        RibSubscription subscription, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var batch in subscription.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
        finally
        {
            _engine.Unsubscribe(subscription);
        }
    }
}
