using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>One or two SoftGates that serve a site together: each VPC is owned by one of them, the other one takes over. One pair a site.</summary>
public sealed record SoftGatePairSpec : ResourceSpec
{
    /// <summary>The site.</summary>
    public required string Site { get; init; }

    /// <summary>The devices, one or two with role softgate.</summary>
    public required ValueList<string> SoftGates { get; init; }

    /// <summary>Links to upstream routers.</summary>
    public ValueList<UpstreamSpec> Upstreams { get; init; } = [];

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences()
    {
        yield return new("/spec/site", new(ResourceKind.Site, Site));
        for (var i = 0; i < SoftGates.Count; i++)
        {
            yield return new($"/spec/softGates/{i}", new(ResourceKind.Device, SoftGates[i]));
        }
    }
}

/// <summary>A port of a SoftGate towards an upstream router, and BGP over it.</summary>
public sealed record UpstreamSpec
{
    /// <summary>Name of the SoftGate.</summary>
    public required string SoftGate { get; init; }

    /// <summary>Its port.</summary>
    public required string Port { get; init; }

    /// <summary>802.1Q tag; absent: untagged.</summary>
    public VlanId? Vlan { get; init; }

    /// <summary>Own addresses on the link.</summary>
    public required ValueList<IpInterface> Addresses { get; init; }

    /// <summary>The routers there.</summary>
    public ValueList<UpstreamPeerSpec> Peers { get; init; } = [];
}

/// <summary>An upstream router.</summary>
/// <param name="Address">Its address on the link.</param>
/// <param name="Asn">Its ASN.</param>
public sealed record UpstreamPeerSpec(IpAddr Address, Asn Asn);
