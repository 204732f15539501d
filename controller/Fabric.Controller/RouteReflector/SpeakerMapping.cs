using System.Collections.Immutable;
using Fabric.Bgp;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>The configuration in the speaker's terms.</summary>
public static class SpeakerMapping
{
    /// <summary>The peers that are configured one by one.</summary>
    public static ImmutableArray<SpeakerPeerConfig> Peers(RouteReflectorConfig config) =>
    [
        .. config.Neighbors.Select(n => PeerOf(config, n.Session, n.Address) with
        {
            Interface = n.Interface,
            Port = n.Port,
            LocalAddress = n.LocalAddress,
            Passive = n.Passive,
            Description = n.Description,
        }),
    ];

    /// <summary>Where dynamic peers may connect from. Never connected to, so they are passive.</summary>
    public static ImmutableArray<ListenRange> Ranges(RouteReflectorConfig config) =>
    [
        .. config.Ranges.Select(r => new ListenRange(
            r.Prefix, PeerOf(config, config.SessionOf(r), r.Prefix.Address) with { Passive = true, Description = r.Group }, r.MaxPeers)),
    ];

    private static SpeakerPeerConfig PeerOf(RouteReflectorConfig config, SessionSettings session, IpAddr address) => new()
    {
        Address = address,
        RemoteAsn = session.RemoteAsn ?? session.Role switch
        {
            PeerRole.ReflectorClient => config.Asn,
            PeerRole.RouteServerClient => RemoteAs.External,
            _ => RemoteAs.Any,
        },
        HoldTime = session.HoldTime,
        ConnectRetry = session.ConnectRetry,
        Ttl = session.Ttl,
        MinTtl = session.MinTtl,
        Families = [.. session.Families],
        AddPath = [.. session.AddPath],
        Md5Key = session.Md5Key,
        Role = session.Role,
        NextHopV4 = session.NextHopV4,
        NextHopV6 = session.NextHopV6,
        Import = session.Import,
        Export = session.Export,
        OpenWithoutPolicy = session.OpenWithoutPolicy,
        MaxPrefixes = session.MaxPrefixes,
        MaxPrefixesWarning = session.MaxPrefixesWarning,
        GracefulRestart = session.GracefulRestart,
        SendHold = session.SendHold,
    };
}
