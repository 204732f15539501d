using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.Bgp.Transport;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Connects from inside a network namespace.</summary>
internal sealed class NamespaceConnector(string ns) : IBgpConnector
{
    private readonly TcpBgpConnector _connector = new();

    public Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken) =>
        NamespacePair.In(ns, () => _connector.ConnectAsync(peer, cancellationToken));
}
