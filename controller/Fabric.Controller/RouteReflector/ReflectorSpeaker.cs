using System.Collections.Immutable;
using Fabric.Bgp;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Controller.Glass;
using Fabric.Controller.RouteReflector.Metrics;
using Fabric.Hosting;

namespace Fabric.Controller.RouteReflector;

/// <summary>The speaker of a reflector: it follows a configuration and can be sampled.</summary>
public sealed class ReflectorSpeaker : IAsyncDisposable, IBgpSpeakers
{
    // 18 MiB, so that the routes of a first second wait for no memory.
    private const int RoomForRoutes = 150_000;

    private readonly RouteReflectorConfig _config;
    private readonly TimeProvider _time;
    private readonly BgpSpeaker _speaker;

    /// <summary>Starts the speaker and its sessions.</summary>
    /// <exception cref="IOException">It cannot listen as told.</exception>
    public ReflectorSpeaker(RouteReflectorConfig config, EventLog log, TimeProvider time)
    {
        _config = config;
        _time = time;
        _speaker = new BgpSpeaker(new BgpSpeakerOptions
        {
            LocalAsn = config.Asn,
            RouterId = config.RouterId,
            ClusterId = config.ClusterId,
            Listen = [.. config.Listen],
            AnnounceAllTargets = true,
            RoomForRoutes = RoomForRoutes,
            Lint = config.Lint ? new EvpnLinterOptions { ImportersKnown = true } : null,
            RecordDirectory = config.Record,
            TimeProvider = time,
            OnEvent = log.Write,
        });
        Follow(config);
    }

    /// <summary>Makes the sessions those of a configuration that <see cref="RouteReflectorConfig.SameProcess"/> holds for; sessions that need not change stay.</summary>
    public void Follow(RouteReflectorConfig config)
    {
        _speaker.SetPeers(SpeakerMapping.Peers(config));
        _speaker.SetListenRanges(SpeakerMapping.Ranges(config));
    }

    /// <inheritdoc/>
    public IReadOnlyList<NamedSpeaker> All => [new(null, _speaker)];

    /// <summary>The speaker at this moment.</summary>
    public async Task<ReflectorSample> SampleAsync(CancellationToken cancellationToken = default)
    {
        var counts = (await _speaker.CountRoutesAsync(cancellationToken)).ToLookup(static c => (c.Peer, c.Interface));
        var now = _time.GetUtcNow();
        return new ReflectorSample(
            _config.Asn.Value,
            _config.RouterId.ToString(),
            [.. _speaker.Routes.Select(r => new TableRoutes(r.Family, r.Routes, _speaker.Peers.Sum(p => (long)p.RoutesOf(r.Family))))],
            _speaker.AttributeSetCount,
            [.. _speaker.Peers.Select(p => SampleOf(p, counts[(p.Config.Address, p.Config.Interface)].ToDictionary(static c => c.Family), now))]);
    }

    /// <summary>Ends all sessions with Cease/Administrative Shutdown.</summary>
    public ValueTask DisposeAsync() => _speaker.DisposeAsync();

    private static PeerSample SampleOf(PeerStatus peer, Dictionary<AddressFamily, RouteCounts> counts, DateTimeOffset now)
    {
        var up = peer.Phase == PeerPhase.Established;
        return new PeerSample(
            peer.Config.Name,
            peer.RemoteAsn?.Value ?? 0,
            peer.Config.Description ?? "",
            peer.Config.Interface ?? "",
            peer.Phase,
            up ? now - peer.Since : TimeSpan.Zero,
            peer.EstablishedCount,
            peer.EstablishedCount - (up ? 1 : 0),
            Counts(peer.Received),
            Counts(peer.Sent),
            [.. peer.RoutesReceived.Select(r => counts.GetValueOrDefault(r.Family) is var c ? new FamilyRoutes(r.Family, r.Routes, c.Accepted, c.Advertised) : default)]);
    }

    private static ImmutableArray<MessageCount> Counts(ImmutableArray<(BgpMessageType Type, long Count)> messages) =>
    [
        .. messages.Select(static m => new MessageCount(m.Type == BgpMessageType.RouteRefresh ? "refresh" : m.Type.ToString().ToLowerInvariant(), m.Count)),
        new("message", messages.Sum(static m => m.Count)),
    ];
}
