using System.Collections.Immutable;
using Fabric.Bgp;
using Fabric.Bgp.Fsm;

namespace Fabric.Controller.RouteReflector.Metrics;

/// <summary>A peer as metrics show it, at one moment.</summary>
/// <param name="Peer">Its address.</param>
/// <param name="Asn">Its AS; 0 while it is not known.</param>
/// <param name="Group">Its group or description; empty for none.</param>
/// <param name="Interface">The interface it is on, of an unnumbered neighbor; empty for others.</param>
/// <param name="Phase">State of its session.</param>
/// <param name="Uptime">How long the session is established; zero when it is not.</param>
/// <param name="Established">How often it was established.</param>
/// <param name="Flaps">How often an established session ended.</param>
/// <param name="MessagesReceived">Messages received since the peer is known, by type; types that are not counted are left out.</param>
/// <param name="MessagesSent">Messages sent, by type.</param>
/// <param name="Routes">Routes by family.</param>
public sealed record PeerSample(
    string Peer,
    uint Asn,
    string Group,
    string Interface,
    PeerPhase Phase,
    TimeSpan Uptime,
    long Established,
    long Flaps,
    ImmutableArray<MessageCount> MessagesReceived,
    ImmutableArray<MessageCount> MessagesSent,
    ImmutableArray<FamilyRoutes> Routes);

/// <summary>Messages of one type.</summary>
/// <param name="Type">open, update, notification, keepalive or refresh; message for all together. Names as GoBGP's.</param>
/// <param name="Count">How many.</param>
public readonly record struct MessageCount(string Type, long Count);

/// <summary>Routes of one family with one peer.</summary>
/// <param name="Family">The family.</param>
/// <param name="Received">Routes received, refused ones included.</param>
/// <param name="Accepted">Routes that the import policy let pass.</param>
/// <param name="Advertised">Routes sent to the peer.</param>
public readonly record struct FamilyRoutes(AddressFamily Family, long Received, long Accepted, long Advertised);
