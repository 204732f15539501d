using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>What came of an event: a change of the view, a route to originate, or something to tell people.</summary>
public abstract record VtepAction
{
    private VtepAction()
    {
    }

    /// <summary>An own route is to be announced, or withdrawn when it has no attributes.</summary>
    /// <param name="Path">The route, from <see cref="PathSource.Local"/>.</param>
    public sealed record Originate(EvpnPathEvent Path) : VtepAction;

    /// <summary>Paths with one of these route targets are to be told again: they were not taken before, and may be now.</summary>
    /// <param name="Targets">Route targets, ES-import ones too; empty for all paths.</param>
    public sealed record TellAgain(ImmutableArray<ExtendedCommunity> Targets) : VtepAction;

    /// <summary>Routes with a route target come to be of use here, or no longer are (RFC 4684).</summary>
    /// <param name="Target">The route target, an ES-import one too.</param>
    /// <param name="Wanted">Whether they are of use.</param>
    public sealed record TargetWanted(ExtendedCommunity Target, bool Wanted) : VtepAction;

    /// <summary>A MAC table changed.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="Entry">Where it is now; null when it is nowhere.</param>
    public sealed record MacChanged(Vni Vni, MacAddress Mac, MacEntry? Entry) : VtepAction;

    /// <summary>A neighbour table (ARP, ND) changed.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Ip">The address.</param>
    /// <param name="Entry">Who has it now; null when nobody has.</param>
    public sealed record NeighborChanged(Vni Vni, IpAddr Ip, NeighborEntry? Entry) : VtepAction;

    /// <summary>A flood list changed.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Vtep">The VTEP.</param>
    /// <param name="Entry">How to flood to it; null when it is to be left out.</param>
    public sealed record FloodChanged(Vni Vni, IpAddr Vtep, FloodEntry? Entry) : VtepAction;

    /// <summary>Who is attached to a segment changed; every entry that points to the segment is concerned, and none is told by itself.</summary>
    /// <param name="Esi">The segment.</param>
    /// <param name="Vni">The one L2VNI in which it changed; null when it changed as a whole.</param>
    public sealed record SegmentChanged(EthernetSegmentId Esi, Vni? Vni) : VtepAction;

    /// <summary>A prefix of a VRF changed.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Prefix">The prefix.</param>
    /// <param name="Paths">Its equal paths now; empty when it is gone.</param>
    public sealed record PrefixChanged(Vni Vni, IpPrefix Prefix, ImmutableArray<PrefixPath> Paths) : VtepAction;

    /// <summary>A host route of a VRF changed.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Ip">The host.</param>
    /// <param name="Paths">Where it is now; empty when it is local or nowhere.</param>
    public sealed record HostChanged(Vni Vni, IpAddr Ip, ImmutableArray<HostPath> Paths) : VtepAction;

    /// <summary>A gateway that prefixes of a VRF point to is elsewhere, new, or gone; the prefixes are not told one by one.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Gateway">The gateway's address.</param>
    public sealed record GatewayChanged(Vni Vni, IpAddr Gateway) : VtepAction;

    /// <summary>A router's MAC that prefixes of a VRF point to is elsewhere, new, or gone; the prefixes are not told one by one.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="RouterMac">The router's MAC.</param>
    public sealed record RouterMacChanged(Vni Vni, MacAddress RouterMac) : VtepAction;

    /// <summary>The designated forwarder of an own segment changed.</summary>
    /// <param name="Esi">The segment.</param>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Result">Who it is; null while there is no election.</param>
    public sealed record ForwarderChanged(EthernetSegmentId Esi, Vni Vni, DfResult? Result) : VtepAction;

    /// <summary>A MAC moved from or to this VTEP.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="To">The VTEP it is behind now; null when it is here.</param>
    /// <param name="Sequence">The sequence number that decided.</param>
    public sealed record MacMoved(Vni Vni, MacAddress Mac, IpAddr? To, uint Sequence) : VtepAction;

    /// <summary>A MAC that must not move was seen in a second place (RFC 7432 section 15.2).</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="Vtep">The remote VTEP of the two.</param>
    public sealed record StickyConflict(Vni Vni, MacAddress Mac, IpAddr Vtep) : VtepAction;

    /// <summary>A MAC is a duplicate: nothing is announced of it, and it stays where it is, until it is cleared (RFC 7432 section 15.1).</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="Retry">When it is tried again; null for never.</param>
    public sealed record DuplicateDetected(Vni Vni, MacAddress Mac, DateTimeOffset? Retry) : VtepAction;

    /// <summary>A duplicate MAC takes part again.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    public sealed record DuplicateEnded(Vni Vni, MacAddress Mac) : VtepAction;

    /// <summary>A path, or an event from the data plane, could not be used.</summary>
    /// <param name="Reason">Text for people.</param>
    public sealed record Ignored(string Reason) : VtepAction;
}
