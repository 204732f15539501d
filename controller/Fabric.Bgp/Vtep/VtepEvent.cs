using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Something a VTEP is told.</summary>
public abstract record VtepEvent
{
    private VtepEvent()
    {
    }

    /// <summary>A path was announced or withdrawn.</summary>
    /// <param name="Path">Which, by whom.</param>
    public sealed record PathSaid(EvpnPathEvent Path) : VtepEvent;

    /// <summary>A bridge domain is there, or changed. <see cref="VtepAction.TellAgain"/> says which paths must be told again.</summary>
    /// <param name="Config">How it is configured.</param>
    public sealed record L2VniSet(L2VniConfig Config) : VtepEvent;

    /// <summary>A bridge domain is gone, with everything that was learnt in it.</summary>
    /// <param name="Vni">Its VNI.</param>
    public sealed record L2VniRemoved(Vni Vni) : VtepEvent;

    /// <summary>A VRF is there, or changed. <see cref="VtepAction.TellAgain"/> says which paths must be told again.</summary>
    /// <param name="Config">How it is configured.</param>
    public sealed record L3VniSet(L3VniConfig Config) : VtepEvent;

    /// <summary>A VRF is gone.</summary>
    /// <param name="Vni">Its VNI.</param>
    public sealed record L3VniRemoved(Vni Vni) : VtepEvent;

    /// <summary>This VTEP is attached to a segment, or its configuration changed. <see cref="VtepAction.TellAgain"/> says which paths must be told again.</summary>
    /// <param name="Config">How it is configured.</param>
    public sealed record SegmentSet(LocalSegmentConfig Config) : VtepEvent;

    /// <summary>This VTEP is no longer attached to a segment.</summary>
    /// <param name="Esi">Its identifier.</param>
    public sealed record SegmentRemoved(EthernetSegmentId Esi) : VtepEvent;

    /// <summary>The data plane saw a MAC on a local port. Told again for a MAC that is remote meanwhile, it has moved back.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="Esi">The segment it is on; zero for a single-homed port.</param>
    /// <param name="Sticky">It must not move.</param>
    public sealed record MacLearnt(Vni Vni, MacAddress Mac, EthernetSegmentId Esi = default, bool Sticky = false) : VtepEvent;

    /// <summary>A MAC is here by decision, not by learning: nothing remote changes or removes it.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="Sequence">Mobility sequence number to announce.</param>
    /// <param name="Sticky">Announced as sticky.</param>
    /// <param name="DefaultGateway">It is a gateway's: announced with the default gateway community.</param>
    public sealed record MacInjected(Vni Vni, MacAddress Mac, uint Sequence = 0, bool Sticky = false, bool DefaultGateway = false) : VtepEvent;

    /// <summary>A local MAC is gone, with its addresses.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    public sealed record MacGone(Vni Vni, MacAddress Mac) : VtepEvent;

    /// <summary>A local MAC, which must be known, has this address (ARP or ND).</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    /// <param name="Ip">The address.</param>
    /// <param name="Flags">Flags to announce, RFC 9047.</param>
    public sealed record NeighborLearnt(Vni Vni, MacAddress Mac, IpAddr Ip, NeighborFlags Flags = NeighborFlags.None) : VtepEvent;

    /// <summary>A local address is gone.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Ip">The address.</param>
    public sealed record NeighborGone(Vni Vni, IpAddr Ip) : VtepEvent;

    /// <summary>A VRF has a prefix here: a subnet of its own, or one behind a gateway.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Prefix">The prefix.</param>
    /// <param name="Gateway">Gateway address as overlay index (RFC 9136 section 4.1); null announces the router's MAC.</param>
    /// <param name="Preference">How good it is to look to others; null takes the VRF's.</param>
    public sealed record PrefixSet(Vni Vni, IpPrefix Prefix, IpAddr? Gateway = null, RoutePreference? Preference = null) : VtepEvent;

    /// <summary>A local prefix is gone.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Prefix">The prefix.</param>
    public sealed record PrefixGone(Vni Vni, IpPrefix Prefix) : VtepEvent;

    /// <summary>Somebody looked at a duplicate MAC: it takes part again.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Mac">The MAC.</param>
    public sealed record DuplicateCleared(Vni Vni, MacAddress Mac) : VtepEvent;

    /// <summary>All paths are told anew, from here to <see cref="RetellEnded"/>.</summary>
    public sealed record RetellBegun : VtepEvent;

    /// <summary>All paths have been told: whichever was not since <see cref="RetellBegun"/> is gone.</summary>
    public sealed record RetellEnded : VtepEvent;

    /// <summary>Time has passed: <see cref="VtepState.NextDeadline"/> was reached.</summary>
    public sealed record Tick : VtepEvent;
}
