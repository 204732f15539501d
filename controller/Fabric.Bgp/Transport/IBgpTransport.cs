using Fabric.Bgp.Speaker;

namespace Fabric.Bgp.Transport;

/// <summary>A byte stream to a peer. One task may read while one other writes.</summary>
public interface IBgpConnection : IDisposable
{
    /// <summary>The own end, for people.</summary>
    string LocalEndpoint { get; }

    /// <summary>Reads some octets; 0 when the peer has closed.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Waits until there is something to read, or the peer has closed, so that no buffer is held meanwhile.</summary>
    ValueTask WaitReadableAsync(CancellationToken cancellationToken);

    /// <summary>Writes all octets.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>
    /// Writes all octets of all parts, in order. The list and its parts must stay as they are until the send is complete; up to
    /// eight parts go without allocation. A send that is cancelled leaves part of a message behind: nothing can follow it.
    /// </summary>
    ValueTask SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken);

    /// <summary>Says that nothing more will be sent; what was sent still arrives.</summary>
    void ShutdownSend();
}

/// <summary>Opens connections to peers. Tests put a stand-in here.</summary>
public interface IBgpConnector
{
    /// <summary>Connects to a peer; failure is an exception whose message people can read.</summary>
    Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken);
}
