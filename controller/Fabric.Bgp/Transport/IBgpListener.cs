using System.Collections.Immutable;
using System.Net;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Bgp.Transport;

/// <summary>Who has connected, before it is known which peer that is.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its TCP port.</param>
/// <param name="LocalAddress">The own address it connected to.</param>
/// <param name="Interface">The interface, when the address is link-local; null otherwise.</param>
public sealed record BgpCaller(IpAddr Address, ushort Port, IpAddr LocalAddress, string? Interface);

/// <summary>Which peer a caller is; null refuses it. Called from the listener's own task: must be quick and must not throw.</summary>
public delegate SpeakerPeerConfig? BgpCallerLookup(BgpCaller caller);

/// <summary>Takes over a connection that a peer has opened. Called from the listener's own task: must be quick and must not throw.</summary>
public delegate void BgpAccept(BgpCaller caller, SpeakerPeerConfig peer, IBgpConnection connection);

/// <summary>Takes connections of peers. Tests put a stand-in here.</summary>
public interface IBgpListener : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    ImmutableArray<IPEndPoint> Endpoints { get; }

    /// <summary>Begins to take connections; may be called once.</summary>
    void Start(BgpCallerLookup lookup, BgpAccept accept);

    /// <summary>
    /// Wants TCP-MD5 signatures by this key from these addresses, or none any more with null. Of several prefixes the longest
    /// counts. Connections that are there keep the key they began with.
    /// </summary>
    /// <exception cref="BgpTransportException">The system cannot do it.</exception>
    void SetMd5Key(IpPrefix peers, TcpMd5Key? key);
}
