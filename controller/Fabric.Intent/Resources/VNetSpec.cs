using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>A layer 2 segment of a VPC in one site.</summary>
public sealed record VNetSpec : ResourceSpec
{
    /// <summary>The site whose fabric carries it.</summary>
    public required string Site { get; init; }

    /// <summary>The VPC it belongs to.</summary>
    public required string Vpc { get; init; }

    /// <summary>Its VNI, exactly as an orchestrator has given it; must lie outside the site's own pools. Allocated where absent.</summary>
    public Vni? Vni { get; init; }

    /// <summary>Gateway addresses with their prefix lengths, at most one a subnet.</summary>
    public IReadOnlyList<IpInterface> Gateways { get; init; } = [];

    /// <summary>Where it can be reached.</summary>
    public IReadOnlyList<AttachmentSpec> Attachments { get; init; } = [];

    /// <summary>The list for packets to the V-Net that pass the SoftGates; absent: everything may.</summary>
    public string? IngressAccessList { get; init; }

    /// <summary>The list for packets from the V-Net that pass the SoftGates; absent: everything may.</summary>
    public string? EgressAccessList { get; init; }

    /// <summary>True: nothing is forwarded for it while it has no list, because its first rules are still to come.</summary>
    public bool AwaitRules { get; init; }

    /// <summary>Largest IP packet in it through the SoftGates, octets, 1280..9000.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Addresses that the orchestrator knows and who has them.</summary>
    public ValueList<KnownHostSpec> KnownHosts { get; init; } = [];

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences()
    {
        yield return new("/spec/site", new(ResourceKind.Site, Site));
        yield return new("/spec/vpc", new(ResourceKind.Vpc, Vpc));
        if (IngressAccessList is { } ingress)
        {
            yield return new("/spec/ingressAccessList", new(ResourceKind.AclList, ingress));
        }

        if (EgressAccessList is { } egress)
        {
            yield return new("/spec/egressAccessList", new(ResourceKind.AclList, egress));
        }

        for (var i = 0; i < Attachments.Count; i++)
        {
            if (Attachments[i].Port is { } port)
            {
                yield return new($"/spec/attachments/{i}/port/device", new(ResourceKind.Device, port.Device));
            }
        }
    }

    /// <inheritdoc/>
    public bool Equals(VNetSpec? other) =>
        other is not null && Site == other.Site && Vpc == other.Vpc && Vni == other.Vni && Gateways.SequenceEqual(other.Gateways)
        && Attachments.SequenceEqual(other.Attachments) && IngressAccessList == other.IngressAccessList && EgressAccessList == other.EgressAccessList
        && AwaitRules == other.AwaitRules && Mtu == other.Mtu && KnownHosts == other.KnownHosts;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Site, Vpc, Vni, Gateways.Count, Attachments.Count);
}

/// <summary>An address that the orchestrator has given away.</summary>
/// <param name="Mac">MAC address of the interface.</param>
/// <param name="Address">IP address in a subnet of a gateway of the V-Net.</param>
public sealed record KnownHostSpec(MacAddress Mac, IpAddr Address);

/// <summary>Where a V-Net can be reached: exactly one of <c>port</c>, <c>tag</c> and <c>hypervisors</c>.</summary>
public sealed record AttachmentSpec
{
    /// <summary>One port of a leaf.</summary>
    public PortRef? Port { get; init; }

    /// <summary>Every leaf port of the site with this tag.</summary>
    public string? Tag { get; init; }

    /// <summary>True: wherever the V-Net's VNI appears on a hypervisor of the site.</summary>
    public bool Hypervisors { get; init; }

    /// <summary>802.1Q tag of its frames on the ports, 1..4094; absent: untagged.</summary>
    public VlanId? Vlan { get; init; }
}
