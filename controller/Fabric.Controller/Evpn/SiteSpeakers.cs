using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.NetworkInformation;
using System.Text.Json;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Speaker;
using Fabric.Compiler;
using Fabric.Controller.Glass;
using Fabric.Controller.Http;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.Sqlite;
using Fabric.Storage;
using Fabric.Storage.Routes;

namespace Fabric.Controller.Evpn;

/// <summary>
/// Keeps an EVPN session to every spine of every site from which this machine has a controller address, and so knows who is
/// where. The spines are told the routes that were injected here and nothing else; no data path of the intent depends on it.
/// One speaker a site, since each site has an AS of its own for controllers.
/// </summary>
public sealed partial class SiteSpeakers : BackgroundService, IBgpSpeakers
{
    private static readonly TimeSpan AddressCheck = TimeSpan.FromSeconds(5);

    private readonly IntentStore _intent;
    private readonly InjectedRouteStore _injected;
    private readonly TimeProvider _time;
    private readonly ILogger<SiteSpeakers> _log;

    // Who holds it sees the store and the speakers agree on what is injected, and the same speakers throughout.
    private readonly SemaphoreSlim _turn = new(1);
    private ImmutableSortedDictionary<int, SiteSpeaker> _sites = ImmutableSortedDictionary<int, SiteSpeaker>.Empty;

    /// <summary>Wires the service; nothing runs before it is started.</summary>
    public SiteSpeakers(FabricStore store, TimeProvider time, ILogger<SiteSpeakers> log)
    {
        (_intent, _injected) = (store.Intent, store.InjectedRoutes);
        _time = time;
        _log = log;
    }

    /// <summary>The sites with a speaker, and its sessions.</summary>
    public IEnumerable<(Resource Site, IReadOnlyList<PeerStatus> Peers)> Sessions(IntentSnapshot snapshot)
    {
        foreach (var (uid, site) in _sites)
        {
            if (snapshot.Find(uid) is { } resource)
            {
                yield return (resource, site.Speaker.Peers);
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<NamedSpeaker> All
    {
        get
        {
            var snapshot = _intent.Current;
            return
            [
                .. _sites.Select(s => (Site: snapshot.Find(s.Key), s.Value.Speaker)).Where(static s => s.Site is not null)
                    .Select(static s => new NamedSpeaker(s.Site!.Key.Name, s.Speaker)).OrderBy(static s => s.Site, StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>The routes of a site that match; empty where it has no speaker.</summary>
    public ImmutableArray<EvpnRouteView> Routes(Resource site, EvpnRouteFilter filter) =>
        _sites.TryGetValue(site.Uid, out var speaker) ? speaker.Speaker.Query(filter).Routes : [];

    /// <summary>Writes changes of what is injected into the store and then tells the spines of them, in the same order as any others.</summary>
    /// <param name="site">Name of the site.</param>
    /// <param name="write">The changes for the store, given the site.</param>
    /// <param name="changes">The same for the speaker; they are without fault.</param>
    /// <param name="cancellationToken">Gives up before the write is queued.</param>
    /// <exception cref="StoreException">Nothing was done.</exception>
    internal async Task<RouteWriteResult> InjectAsync(
        string site, Func<Resource, RouteWrite> write, IReadOnlyList<RouteInjection> changes, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_intent.Current.Find(ResourceKind.Site, site) is not { } resource || !_sites.TryGetValue(resource.Uid, out var speaker))
            {
                return new RouteWriteResult(RouteWriteOutcome.NoSite, null);
            }

            var result = await _injected.WriteAsync(write(resource), cancellationToken);
            if (result.Outcome == RouteWriteOutcome.Written)
            {
                await speaker.Speaker.InjectAsync(changes);
            }

            return result;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What is kept as injected at a site.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    internal async Task<ImmutableArray<InjectedRoute>> KeptAsync(string site, CancellationToken cancellationToken) =>
        _intent.Current.Find(ResourceKind.Site, site) is { } resource ? await _injected.ListAsync(resource.Uid, cancellationToken) : [];

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _turn.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await FollowAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The controller stops.
        }
        finally
        {
            await Task.WhenAll(_sites.Values.Select(s => s.Speaker.DisposeAsync().AsTask()));
        }
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        var subscription = _intent.Subscribe();
        try
        {
            await ConfigureAsync(stoppingToken);
            var next = subscription.Reader.WaitToReadAsync(stoppingToken).AsTask();
            while (true)
            {
                // Addresses come and go without anybody telling: a site may be given one of this machine's later on.
                await Task.WhenAny(next, Task.Delay(AddressCheck, _time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                while (subscription.Reader.TryRead(out _))
                {
                    // Only the newest snapshot counts.
                }

                if (next.IsCompleted)
                {
                    if (!await next)
                    {
                        subscription.Dispose();
                        subscription = _intent.Subscribe();
                    }

                    next = subscription.Reader.WaitToReadAsync(stoppingToken).AsTask();
                }

                await ConfigureAsync(stoppingToken);
            }
        }
        finally
        {
            subscription.Dispose();
        }
    }

    private async Task ConfigureAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await ConfigureAsync(_intent.Current, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ConfigureAsync(IntentSnapshot snapshot, CancellationToken cancellationToken)
    {
        var local = LocalAddresses();
        var wanted = snapshot.All(ResourceKind.Site).ToDictionary(s => s.Uid);
        foreach (var (uid, present) in _sites)
        {
            if (!wanted.TryGetValue(uid, out var site) || IdentityOf(snapshot, site, local) != present.Identity)
            {
                _sites = _sites.Remove(uid);
                await present.Speaker.DisposeAsync();
            }
        }

        foreach (var (uid, site) in wanted)
        {
            if (IdentityOf(snapshot, site, local) is not { } identity)
            {
                continue;
            }

            if (!_sites.TryGetValue(uid, out var speaker))
            {
                if (await InjectedAsync(site, cancellationToken) is not { } injected)
                {
                    continue;
                }

                // Before the first session, so that it comes before End-of-RIB.
                speaker = new SiteSpeaker(identity, CreateSpeaker(identity));
                await speaker.Speaker.InjectAsync(injected);
                _sites = _sites.Add(uid, speaker);
            }

            speaker.Speaker.SetPeers(PeersOf(snapshot, site, identity.Address));
        }
    }

    /// <summary>What is kept as injected at a site; null when the store cannot be read now.</summary>
    private async Task<List<RouteInjection>?> InjectedAsync(Resource site, CancellationToken cancellationToken)
    {
        var routes = new List<RouteInjection>();
        try
        {
            foreach (var kept in await _injected.ListAsync(site.Uid, cancellationToken))
            {
                try
                {
                    routes.Add(InjectionReader.ReadKept(kept.Change));
                }
                catch (Exception e) when (e is ProblemException or JsonException)
                {
                    Log.NotAnnounced(_log, e, site.Key.Name, kept.Family, kept.Name);
                }
            }
        }
        catch (StoreException e)
        {
            Log.StoreUnreadable(_log, e, site.Key.Name);
            return null;
        }

        if (routes.Count > 0)
        {
            Log.AnnouncedAgain(_log, site.Key.Name, routes.Count);
        }

        return routes;
    }

    private BgpSpeaker CreateSpeaker(SpeakerIdentity identity)
    {
        var last = new ConcurrentDictionary<IpAddr, (BgpEventKind, string)>();
        return new BgpSpeaker(new BgpSpeakerOptions
        {
            LocalAsn = identity.Asn,
            RouterId = identity.RouterId,
            TimeProvider = _time,
            Lint = new EvpnLinterOptions(),
            OnEvent = e => Note(e, last),
        });
    }

    /// <summary>Logs what happens to a peer; what happens again and again (a spine that is down) only once.</summary>
    private void Note(BgpEvent e, ConcurrentDictionary<IpAddr, (BgpEventKind, string)> last)
    {
        var again = last.TryGetValue(e.Peer, out var before) && before == (e.Kind, e.Text);
        last[e.Peer] = (e.Kind, e.Text);
        var level = again ? LogLevel.Debug : e.Kind is BgpEventKind.SessionUp or BgpEventKind.EndOfRib ? LogLevel.Information : LogLevel.Warning;
        Log.Event(_log, level, e.Peer, e.Kind, e.Text);
    }

    private static List<SpeakerPeerConfig> PeersOf(IntentSnapshot snapshot, Resource site, IpAddr local) =>
    [
        .. snapshot.ReferrersOf(site.Key, ResourceKind.Device)
            .Where(d => d.Spec is DeviceSpec { Role: DeviceRole.Spine, Management: { } management } && management.Address.Family == local.Family)
            .GroupBy(d => ((DeviceSpec)d.Spec).Management!.Address).Select(g => g.First())
            .Select(d => new SpeakerPeerConfig
            {
                Address = ((DeviceSpec)d.Spec).Management!.Address,
                RemoteAsn = DeviceIdentity.Of(snapshot, d).Asn, OwnRoutesOnly = true, OpenWithoutPolicy = true,
                LocalAddress = local,
                Description = d.Key.Name,
            }),
    ];

    private static SpeakerIdentity? IdentityOf(IntentSnapshot snapshot, Resource site, HashSet<IpAddr> local)
    {
        var spec = (SiteSpec)site.Spec;
        if (spec.Controllers.FirstOrDefault(local.Contains) is not { IsUnspecified: false } address
            || snapshot.Identifiers.Find(new(IdentifierSpace.Asn, site.Uid), new(site.Uid, IdentifierAssigner.ControllersPart)) is not { } asn)
        {
            return null;
        }

        // A BGP identifier has four octets (RFC 6286): the address itself, or what is last in an IPv6 one.
        var routerId = address.IsV4 ? address : IpAddr.V4((uint)(address.Number & uint.MaxValue) | 1);
        return new SpeakerIdentity(new Asn(asn.Value), routerId, address);
    }

    private static HashSet<IpAddr> LocalAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => IpAddr.TryParse(a.Address.ToString().Split('%')[0], out var address, out _) ? address : default)
            .Where(a => !a.IsUnspecified),
    ];

    private sealed record SpeakerIdentity(Asn Asn, IpAddr RouterId, IpAddr Address);

    private sealed record SiteSpeaker(SpeakerIdentity Identity, BgpSpeaker Speaker);

    private static partial class Log
    {
        [LoggerMessage(EventId = 1101, Message = "BGP peer {Peer}: {Kind} {Text}")]
        public static partial void Event(ILogger logger, LogLevel level, IpAddr peer, BgpEventKind kind, string text);

        [LoggerMessage(EventId = 1102, Level = LogLevel.Information, Message = "Site {Site}: {Count} injected routes are announced again")]
        public static partial void AnnouncedAgain(ILogger logger, string site, int count);

        [LoggerMessage(EventId = 1103, Level = LogLevel.Error, Message = "Site {Site}: the injected route {Family} {Name} is not announced, for it is none that would be taken now; withdraw it or inject it anew")]
        public static partial void NotAnnounced(ILogger logger, Exception error, string site, string family, string name);

        [LoggerMessage(EventId = 1104, Level = LogLevel.Error, Message = "Site {Site}: no BGP sessions yet, since the injected routes cannot be read from the store")]
        public static partial void StoreUnreadable(ILogger logger, Exception error, string site);
    }
}
