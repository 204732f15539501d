using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>An Ethernet segment this VTEP is attached to.</summary>
public sealed record LocalSegmentConfig
{
    /// <summary>Its identifier; not zero.</summary>
    public required EthernetSegmentId Esi { get; init; }

    /// <summary>Route distinguisher of the routes that speak for the whole segment; of type 1 (address:number) by RFC 7432 section 8.2.1.</summary>
    public required RouteDistinguisher Rd { get; init; }

    /// <summary>L2VNIs on the segment.</summary>
    public required ImmutableArray<Vni> Vnis { get; init; }

    /// <summary>Only the designated forwarder forwards.</summary>
    public bool SingleActive { get; init; }

    /// <summary>How the designated forwarder is to be elected; null is the default of RFC 7432 and announces nothing of it.</summary>
    public DfElection? Election { get; init; }

    /// <summary>The ES-import route target; null takes it from the identifier.</summary>
    public MacAddress? EsImport { get; init; }

    /// <summary>The ES-import community that is announced and taken.</summary>
    internal ExtendedCommunity EsImportCommunity =>
        EsImport is { } mac ? ExtendedCommunity.OfEsImport(mac) : ExtendedCommunity.EsImportOf(Esi);
}
