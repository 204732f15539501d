using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>What a device is for.</summary>
public enum DeviceRole
{
    /// <summary>Connects leaves; reflects EVPN.</summary>
    Spine,

    /// <summary>Connects servers and hypervisors; a VTEP, and the gateway of V-Nets where it can route.</summary>
    Leaf,

    /// <summary>A KVM host; a VTEP that only bridges.</summary>
    Hypervisor,

    /// <summary>A gateway server: NAT, load balancing and access lists for every VPC; a VTEP.</summary>
    Softgate,

    /// <summary>A server on a leaf port; not managed.</summary>
    Server,

    /// <summary>Somebody else's router or switch; not managed.</summary>
    External,
}

/// <summary>A switch, a host or a neighbour in the inventory.</summary>
public sealed record DeviceSpec : ResourceSpec
{
    /// <summary>The site it stands in.</summary>
    public required string Site { get; init; }

    /// <summary>What it is for.</summary>
    public required DeviceRole Role { get; init; }

    /// <summary>Its network operating system, by the name of a driver: <c>frr-linux</c> or <c>kvm-host</c>. Required of a managed role.</summary>
    public string? Os { get; init; }

    /// <summary>How to reach it. Required of a managed role.</summary>
    public ManagementSpec? Management { get; init; }

    /// <summary>Its ASN; allocated where absent: one for all spines of a site, one for every other device.</summary>
    public Asn? Asn { get; init; }

    /// <summary>Its loopback, router id and VTEP address, inside the site's pool; allocated where absent. The IPv6 loopback has the
    /// same place in the site's IPv6 pool.</summary>
    public IpAddr? Loopback { get; init; }

    /// <summary>Its ports, by interface name, each once.</summary>
    public IReadOnlyList<PortSpec> Ports { get; init; } = [];

    /// <summary>Whether Fabric configures it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsManaged => Role is DeviceRole.Spine or DeviceRole.Leaf or DeviceRole.Hypervisor or DeviceRole.Softgate;

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/site", new(ResourceKind.Site, Site))];

    /// <inheritdoc/>
    public bool Equals(DeviceSpec? other) =>
        other is not null && Site == other.Site && Role == other.Role && Os == other.Os && Equals(Management, other.Management)
        && Asn == other.Asn && Loopback == other.Loopback && Ports.SequenceEqual(other.Ports);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Site, Role, Os, Management, Asn, Loopback, Ports.Count);
}

/// <summary>How a device is reached over the management network.</summary>
public sealed record ManagementSpec
{
    /// <summary>Management address.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>Port of its SSH server, 1..65535.</summary>
    public int Port { get; init; } = 22;

    /// <summary>Account to log in as: letters, digits, <c>. _ -</c>, not beginning with a dash.</summary>
    public string User { get; init; } = "root";

    /// <summary>Public host keys it may show, in OpenSSH's form <c>ssh-ed25519 AAAA…</c>; at least one.</summary>
    public required IReadOnlyList<string> HostKeys { get; init; }

    /// <inheritdoc/>
    public bool Equals(ManagementSpec? other) =>
        other is not null && Address == other.Address && Port == other.Port && User == other.User && HostKeys.SequenceEqual(other.HostKeys);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Port, User, HostKeys.Count);
}

/// <summary>A port of a device.</summary>
public sealed record PortSpec
{
    /// <summary>Interface name on the device, 1..15 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Marks by which V-Nets choose ports.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(PortSpec? other) => other is not null && Name == other.Name && Tags.SequenceEqual(other.Tags);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Tags.Count);
}
