using System.Collections.Immutable;
using System.Net;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>A BGP speaker that keeps sessions to configured peers and the EVPN routes they send. All members may be called from any thread.</summary>
public sealed partial class BgpSpeaker : IAsyncDisposable
{
    private static readonly TimeSpan GoneFor = TimeSpan.FromSeconds(30);

    private readonly BgpSpeakerOptions _options;
    private readonly RouteEngine _engine;
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerKey, PeerRunner> _peers = [];
    private readonly HashSet<PeerKey> _dynamic = [];
    private readonly UnnumberedLinks _links;
    private readonly List<Task> _stopping = [];
    private readonly TcpBgpListener? _listener;
    private readonly HashSet<IpPrefix> _keyed = [];
    private IReadOnlyCollection<ListenRange> _ranges = [];
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
        Events = new EventHistory();
        var told = options.OnEvent;
        options = options with
        {
            OnEvent = e =>
            {
                Events.Add(e);
                told?.Invoke(e);
            },
        };
        _options = options;
        _engine = new RouteEngine(
            new SpeakerIdentity(options.LocalAsn, options.RouterId, options.ClusterId ?? options.RouterId), options.TimeProvider, options.AnnounceAllTargets,
            room: options.RoomForRoutes)
        {
            OnFault = e => Report(default, BgpEventKind.Problem, $"internal error: {e}"),
        };
        if (options.RecordDirectory is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        if (options.Lint is { } lint)
        {
            _engine.OnFinding = e => Report(default, BgpEventKind.Finding, $"{(e.Raised ? "raised" : "cleared")} {e.Finding.Code.Text()}: {e.Finding.Subject}: {string.Join("; ", e.Finding.Evidence.Take(4))}");
            _engine.Lint(lint);
        }

        _links = new UnnumberedLinks(options.TimeProvider, OnNeighbor);
        if (!options.Listen.IsEmpty)
        {
            _listener = new TcpBgpListener(options.Listen, options.TimeProvider);
            _listener.Start(caller => ConfigOf(PeerKey.Of(caller)), (caller, _, connection) => Accept(connection, PeerKey.Of(caller)));
        }
    }

    /// <summary>Where the speaker listens, with the ports that were free where 0 was asked for.</summary>
    public ImmutableArray<IPEndPoint> Endpoints => _listener?.Endpoints ?? [];

    /// <summary>The engine, for those who work on the table itself.</summary>
    internal RouteEngine Engine => _engine;

    /// <summary>What the speaker is made of.</summary>
    internal BgpSpeakerOptions Options => _options;

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

    /// <summary>How many routes of each family are known, each counted once.</summary>
    public ImmutableArray<(AddressFamily Family, int Routes)> Routes => [.. Enum.GetValues<FamilyIndex>().Select(f => (f.Family(), _engine.Count(f)))];

    /// <summary>How many different attribute sets these routes use.</summary>
    public int AttributeSetCount => _engine.Ask(static table => table.Sets.Count);

    /// <summary>
    /// Makes the peers exactly these, by address or, where they have none, by interface (unnumbered): new ones are started, missing ones are
    /// stopped with Cease, one whose session settings differ is started anew; all others are not touched. Returns at once.
    /// </summary>
    /// <exception cref="ArgumentException">A configuration cannot work or an address is there twice; nothing is changed then.</exception>
    /// <exception cref="BgpTransportException">An unnumbered peer's interface is not there, or raw sockets are not allowed.</exception>
    public void SetPeers(IReadOnlyCollection<SpeakerPeerConfig> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        var wanted = new Dictionary<PeerKey, SpeakerPeerConfig>();
        foreach (var peer in peers)
        {
            peer.Validate(_options.LocalAsn);
            if (!wanted.TryAdd(PeerKey.Of(peer), peer))
            {
                throw new ArgumentException($"peer {peer.Name} is configured twice", nameof(peers));
            }
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _stopping.RemoveAll(static t => t.IsCompleted);
            _stopping.AddRange(_links.SetInterfaces(wanted.Where(static w => w.Value.IsUnnumbered).ToDictionary(static w => w.Key.Interface!, static w => w.Value)));
            foreach (var (key, neighbor) in _links.Neighbors)
            {
                // The address is the neighbour's of this moment, the rest is what was asked for.
                wanted.Remove(new PeerKey(default, key));
                wanted[PeerKey.Of(neighbor)] = neighbor;
            }

            SetPresent(wanted.Where(static w => !w.Value.IsUnnumbered).ToDictionary());
        }
    }

    /// <summary>
    /// Makes the addresses from which peers may connect exactly these. Peers that came by a range that is no longer there, or whose template's
    /// session settings differ, are stopped with Cease. The longest prefix decides.
    /// </summary>
    /// <exception cref="ArgumentException">A template cannot work or a prefix is there twice; nothing is changed then.</exception>
    public void SetListenRanges(IReadOnlyCollection<ListenRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        if (ranges.Select(static r => r.Prefix).Distinct().Count() != ranges.Count)
        {
            throw new ArgumentException("a listen range is there twice", nameof(ranges));
        }

        foreach (var range in ranges)
        {
            (range.Template with { Address = range.Prefix.Address }).Validate(_options.LocalAsn);
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _ranges = [.. ranges.OrderByDescending(static r => r.Prefix.Length)];
            SetKeys(
            [
                .. _peers.Where(p => !_dynamic.Contains(p.Key)).Select(static p => (IpPrefix.Host(p.Key.Address), p.Value.Config.Md5Key)),
                .. _ranges.Select(static r => (r.Prefix, r.Template.Md5Key)),
            ]);
            foreach (var key in _dynamic.ToArray())
            {
                var runner = _peers[key];
                var config = RangeOf(key.Address) is { } range ? DynamicConfig(range, key.Address) : null;
                if (config is not null && config.SameSession(runner.Config))
                {
                    runner.Reconfigure(config);
                    continue;
                }

                Remove(key, config is null ? BgpError.PeerDeconfigured : BgpError.ConfigurationChange);
            }
        }
    }

    /// <summary>Takes a connection that somebody has opened: it is the configured peer's of that address, or of a listen range, or is closed.</summary>
    internal void Accept(IBgpConnection connection, PeerKey remote)
    {
        lock (_lock)
        {
            if (!_disposed && FindOrAdd(remote) is { } runner)
            {
                runner.Accept(connection);
                return;
            }
        }

        connection.Dispose();
    }

    /// <summary>Ends a peer's session with Cease/Administrative Reset; it starts again by itself. False when there is no such peer.</summary>
    /// <param name="address">The peer.</param>
    /// <param name="text">A text the peer's operator may see (RFC 9003).</param>
    public bool ResetPeer(IpAddr address, string? text = null)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(_peers.Keys.FirstOrDefault(k => k.Address == address), out var runner))
            {
                return false;
            }

            runner.Restart(NotificationMessage.Cease(BgpError.AdministrativeReset, text));
            return true;
        }
    }

    /// <summary>
    /// Asks a peer to send its routes again (RFC 2918) without touching the session. Changed import policies need none: what a peer has sent
    /// is kept, refused routes too. This is for when somebody doubts that both sides have the same.
    /// </summary>
    /// <param name="address">The peer.</param>
    /// <param name="family">Of which family; null for all that were negotiated.</param>
    /// <returns>The families that were asked for, or why none was.</returns>
    public RefreshAnswer RequestRefresh(IpAddr address, AddressFamily? family = null)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(_peers.Keys.FirstOrDefault(k => k.Address == address), out var runner))
            {
                return new(RefreshOutcome.NoPeer, []);
            }

            var status = runner.Status;
            var outcome = status.Phase != Fsm.PeerPhase.Established ? RefreshOutcome.NoSession
                : !status.TakesRefresh ? RefreshOutcome.NotOffered
                : family is { } one && !status.Families.Contains(one) ? RefreshOutcome.NotNegotiated
                : RefreshOutcome.Asked;
            ImmutableArray<AddressFamily> families = outcome != RefreshOutcome.Asked ? [] : family is { } only ? [only] : status.Families;
            foreach (var wanted in families)
            {
                runner.RequestRefresh(wanted);
            }

            return new(outcome, families);
        }
    }

    /// <summary>What the linter finds wrong in the EVPN routes; null when it does not look (<see cref="BgpSpeakerOptions.Lint"/>).</summary>
    public ImmutableArray<LintFinding>? Findings => _engine.Findings;

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

            _dynamic.Clear();
            _disposed = true;
            stopping = [.. _stopping, .. _links.SetInterfaces(new Dictionary<string, SpeakerPeerConfig>()), .. _peers.Values.Select(static p => p.StopAsync(NotificationMessage.Cease(BgpError.AdministrativeShutdown)))];
            _peers.Clear();
        }

        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(stopping).ConfigureAwait(false);
        await _engine.DisposeAsync().ConfigureAwait(false);
    }

    private void Report(IpAddr peer, BgpEventKind kind, string text)
    {
        try
        {
            _options.OnEvent?.Invoke(new BgpEvent(_options.TimeProvider.GetUtcNow(), peer, kind, text));
        }
#pragma warning disable CA1031 // A log that fails must not end the speaker.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private static SpeakerPeerConfig DynamicConfig(ListenRange range, IpAddr address) => range.Template with { Address = address, Passive = true };

    /// <summary>How a caller is configured; null when it is not known.</summary>
    private SpeakerPeerConfig? ConfigOf(PeerKey remote)
    {
        lock (_lock)
        {
            return _peers.TryGetValue(remote, out var runner) ? runner.Config : RangeOf(remote.Address) is { } range ? DynamicConfig(range, remote.Address) : null;
        }
    }

    /// <summary>Makes the listener want signatures by exactly these keys.</summary>
    private void SetKeys(IReadOnlyCollection<(IpPrefix Peers, TcpMd5Key? Key)> wanted)
    {
        if (_listener is null)
        {
            return;
        }

        var keyed = wanted.Where(static w => w.Key is not null).ToDictionary(static w => w.Peers, static w => w.Key!);
        foreach (var gone in _keyed.Where(p => !keyed.ContainsKey(p)).ToList())
        {
            _listener.SetMd5Key(gone, null);
            _keyed.Remove(gone);
        }

        foreach (var (prefix, key) in keyed)
        {
            _listener.SetMd5Key(prefix, key);
            _keyed.Add(prefix);
        }
    }

    private ListenRange? RangeOf(IpAddr address) => _ranges.FirstOrDefault(r => r.Prefix.Contains(address));

    private PeerRunner? FindOrAdd(PeerKey remote)
    {
        if (_peers.TryGetValue(remote, out var known))
        {
            return known;
        }

        if (RangeOf(remote.Address) is not { } range)
        {
            return null;
        }

        var here = _dynamic.Where(k => range.Prefix.Contains(k.Address)).ToList();
        if (here.Count >= range.MaxPeers)
        {
            // One that has been gone for a while makes room; one that has just connected has not got further yet.
            var longAgo = _options.TimeProvider.GetUtcNow() - GoneFor;
            if (here.Find(a => _peers[a].Status is { Phase: Fsm.PeerPhase.Idle or Fsm.PeerPhase.Active } s && s.Since < longAgo) is not { Address.IsUnspecified: false } gone)
            {
                return null;
            }

            Remove(gone, BgpError.PeerDeconfigured);
        }

        var runner = Start(remote, DynamicConfig(range, remote.Address));
        _dynamic.Add(remote);
        return runner;
    }

    private PeerRunner Start(PeerKey key, SpeakerPeerConfig config)
    {
        var runner = new PeerRunner(config, _options, _engine);
        _peers.Add(key, runner);
        runner.Start();
        return runner;
    }

    /// <summary>Makes the peers that are configured and have an address exactly these.</summary>
    private void SetPresent(Dictionary<PeerKey, SpeakerPeerConfig> wanted)
    {
        SetKeys([.. wanted.Select(static w => (IpPrefix.Host(w.Key.Address), w.Value.Md5Key)), .. _ranges.Select(static r => (r.Prefix, r.Template.Md5Key))]);
        foreach (var (key, runner) in _peers.ToArray())
        {
            if (wanted.TryGetValue(key, out var config))
            {
                _dynamic.Remove(key);
                if (config.SameSession(runner.Config))
                {
                    runner.Reconfigure(config);
                    continue;
                }
            }
            else if (_dynamic.Contains(key))
            {
                continue;
            }

            Remove(key, config is null ? BgpError.PeerDeconfigured : BgpError.ConfigurationChange);
        }

        foreach (var (key, config) in wanted)
        {
            if (!_peers.ContainsKey(key))
            {
                Start(key, config);
            }
        }
    }

    /// <summary>The neighbour on an unnumbered link is another one, or gone.</summary>
    private void OnNeighbor(SpeakerPeerConfig? before, SpeakerPeerConfig? now)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            if (before is not null)
            {
                Remove(PeerKey.Of(before), BgpError.PeerDeconfigured);
            }

            if (now is not null && !_peers.ContainsKey(PeerKey.Of(now)))
            {
                Start(PeerKey.Of(now), now);
            }
        }
    }

    private void Remove(PeerKey key, byte reason)
    {
        _dynamic.Remove(key);
        if (_peers.Remove(key, out var runner))
        {
            _stopping.RemoveAll(static t => t.IsCompleted);
            _stopping.Add(runner.StopAsync(NotificationMessage.Cease(reason)));
        }
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
