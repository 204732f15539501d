using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>What a V-Net's guests are served on their own hypervisor: DHCP, DNS, metadata. Nothing secret.</summary>
/// <param name="VNet">Name of the V-Net in the controller.</param>
/// <param name="Address">Address at which guests find the services; null: only the link-local one of metadata services.</param>
/// <param name="DnsServers">Resolvers that queries are passed on to.</param>
/// <param name="DnsSuffix">Suffix of the guests' names; null: none.</param>
public sealed record GuestNetworkService(string VNet, IpAddr? Address, ValueList<IpAddr> DnsServers, string? DnsSuffix);

/// <summary>An interface of a guest and what it has been given.</summary>
/// <param name="VNet">Name of the V-Net in the controller.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Ipv4">Its IPv4 address; null: none.</param>
/// <param name="Ipv6">Its IPv6 address; null: none.</param>
/// <param name="Hostname">The guest's host name; null: not known.</param>
/// <param name="Gateway">Router of its subnet with the subnet's length; null: not known.</param>
/// <param name="DefaultNic">Whether it is the guest's default interface, which alone is told a router.</param>
/// <param name="Dhcp">Whether DHCP answers it.</param>
/// <param name="Dns">Whether DNS answers for its name.</param>
public sealed record GuestBinding(
    string VNet, MacAddress Mac, IpAddr? Ipv4, IpAddr? Ipv6, string? Hostname, IpInterface? Gateway, bool DefaultNic, bool Dhcp, bool Dns);

/// <summary>What of a routing domain concerns the services of its guests: the one place that says so.</summary>
public static class GuestServices
{
    /// <summary>The services of a network; null: it has no segment.</summary>
    public static GuestNetworkService? Of(DomainKey key, int id, RoutingDomain domain) => domain.Networks.GetValueOrDefault(id) is { Implemented: true } network
        ? new GuestNetworkService(key.VNet(id), network.ServiceAddress, network.Dns, network.DnsSuffix)
        : null;

    /// <summary>The interfaces of a network, by their MAC addresses; none while it has no segment.</summary>
    public static IEnumerable<GuestBinding> Bindings(DomainKey key, int id, RoutingDomain domain) => domain.Networks.GetValueOrDefault(id) is { Implemented: true } network
        ? network.Hosts.Select(h => new GuestBinding(key.VNet(id), h.Mac, h.Ip, h.Ip6, h.Hostname, h.Gateway, h.IsDefault, h.Dhcp, h.DnsName))
        : [];
}
