using Fabric.Bgp.Transport;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>What tells peers apart: the address, with the interface where an address means something only there.</summary>
internal readonly record struct PeerKey(IpAddr Address, string? Interface)
{
    public static PeerKey Of(SpeakerPeerConfig peer) => new(peer.Address, peer.IsUnnumbered || peer.Address is { IsV6: true, IsLinkLocal: true } ? peer.Interface : null);

    public static PeerKey Of(BgpCaller caller) => new(caller.Address, caller.Interface);
}
