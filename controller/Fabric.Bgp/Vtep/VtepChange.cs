using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>What a row of a VTEP's tables is now, with all that is needed to forward by it: segments and overlay indexes are looked up.</summary>
public abstract record VtepChange
{
    private VtepChange()
    {
    }

    /// <summary>A MAC of a bridge domain.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Address">The MAC.</param>
    /// <param name="Entry">Where it is; null when it is nowhere.</param>
    /// <param name="Destinations">Where to send, the equal ones first and backups last; empty when it is nowhere or its segment cannot be reached.</param>
    public sealed record Mac(Vni Vni, MacAddress Address, MacEntry? Entry, ImmutableArray<Destination> Destinations) : VtepChange;

    /// <summary>Who has an address in a bridge domain.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Ip">The address.</param>
    /// <param name="Entry">Who has it; null when nobody has.</param>
    public sealed record Neighbor(Vni Vni, IpAddr Ip, NeighborEntry? Entry) : VtepChange;

    /// <summary>A VTEP that wants, or no longer wants, flooded frames of a bridge domain.</summary>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Vtep">The VTEP.</param>
    /// <param name="Entry">How to flood to it; null when it is to be left out.</param>
    public sealed record Flood(Vni Vni, IpAddr Vtep, FloodEntry? Entry) : VtepChange;

    /// <summary>A prefix of a VRF.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Prefix">The prefix.</param>
    /// <param name="Destinations">Equal ways there; empty when there is none (RFC 9136 section 3.2: a prefix whose overlay index leads nowhere is not used).</param>
    public sealed record Route(Vni Vni, IpPrefix Prefix, ImmutableArray<Destination> Destinations) : VtepChange;

    /// <summary>A host of a VRF, which goes before every prefix.</summary>
    /// <param name="Vni">L3VNI.</param>
    /// <param name="Ip">The host.</param>
    /// <param name="Destinations">Equal ways there; empty when it is local or nowhere.</param>
    public sealed record Host(Vni Vni, IpAddr Ip, ImmutableArray<Destination> Destinations) : VtepChange;

    /// <summary>The designated forwarder of an own segment.</summary>
    /// <param name="Esi">The segment.</param>
    /// <param name="Vni">L2VNI.</param>
    /// <param name="Result">Who it is; null while there is no election.</param>
    public sealed record Forwarder(EthernetSegmentId Esi, Vni Vni, DfResult? Result) : VtepChange;
}
