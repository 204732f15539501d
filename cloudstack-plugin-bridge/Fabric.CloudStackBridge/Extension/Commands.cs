using System.Collections.Frozen;
using System.Collections.Immutable;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// What each command of CloudStack means for what it has said before. Pure. Each says "make it so": said twice it is as if said once, and
/// to remove what is not there is no error.
/// </summary>
public static partial class Commands
{
    private static readonly FrozenDictionary<string, Func<RoutingDomain, Call, Effect>> All = new Dictionary<string, Func<RoutingDomain, Call, Effect>>
    {
        ["ensure-network-device"] = EnsureDevice,
        ["implement-network"] = ImplementNetwork,
        ["shutdown-network"] = ShutdownNetwork,
        ["destroy-network"] = DestroyNetwork,
        ["implement-vpc"] = ImplementVpc,
        ["shutdown-vpc"] = ShutdownVpc,
        ["update-vpc-source-nat-ip"] = (d, c) => c.PublicAddress() is not null ? ImplementVpc(d, c) : throw NetrisException.Field("public_ip", "is missing"),
        ["assign-ip"] = AssignIp,
        ["release-ip"] = ReleaseIp,
        ["add-static-nat"] = AddStaticNat,
        ["delete-static-nat"] = DeleteStaticNat,
        ["add-port-forward"] = AddPortForward,
        ["delete-port-forward"] = DeletePortForward,
        ["apply-fw-rules"] = ApplyFirewall,
        ["apply-network-acl"] = ApplyAcl,
        ["apply-lb-rules"] = ApplyBalancers,
        ["prepare-nic"] = (d, c) => AddHost(d, c, static h => h with { Prepared = true }),
        ["release-nic"] = (d, c) => ChangeHost(d, c, static h => h with { Prepared = false }),
        ["config-dhcp-subnet"] = (d, c) => ConfigureService(d, c),
        ["config-dns-subnet"] = (d, c) => ConfigureService(d, c),
        ["add-dhcp-entry"] = (d, c) => AddHost(ConfigureService(d, c), c, static h => h with { Dhcp = true }),
        ["add-dns-entry"] = (d, c) => AddHost(ConfigureService(d, c), c, static h => h with { DnsName = true }),
        ["remove-dhcp-entry"] = RemoveDhcpEntry,
        ["remove-dns-entry"] = (d, c) => ChangeHost(d, c, static h => h with { DnsName = false }),
        ["save-vm-data"] = (d, c) => Save(d, c, GuestFiles.Of(c.Items("vm_data")), whole: true),
        ["save-password"] = (d, c) => SaveOne(d, c, "password", GuestFiles.Password),
        ["save-userdata"] = (d, c) => SaveOne(d, c, "userdata", GuestFiles.UserData),
        ["save-sshkey"] = (d, c) => SaveOne(d, c, "sshkey", GuestFiles.PublicKeys),
        ["save-hypervisor-hostname"] = (d, c) => SaveOne(d, c, "hypervisor_hostname", GuestFiles.HypervisorName),
        ["restore-network"] = Restore,

        // The last interface of a subnet is gone; what was said of each of them is gone already.
        ["remove-dhcp-subnet"] = Nothing,
        ["remove-dns-subnet"] = Nothing,

        // The class in CloudStack never sends it.
        ["set-dhcp-options"] = Nothing,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The commands.</summary>
    public static IReadOnlyCollection<string> Names => All.Keys;

    /// <summary>What a command leads to.</summary>
    /// <exception cref="NetrisException">It cannot be accepted.</exception>
    public static Effect Apply(RoutingDomain domain, Call call) =>
        All.TryGetValue(call.Command, out var command) ? command(domain, call) : throw new NetrisException(404, $"there is no command {Lookup.Short(call.Command)}");

    private static Effect Nothing(RoutingDomain domain, Call call) => domain;

    private static Effect EnsureDevice(RoutingDomain domain, Call call) =>
        domain.Vpc is { } vpc && Call.Prefix(call.Payload, "vpc_cidr") is { } cidr ? domain with { Vpc = vpc with { Cidr = cidr } } : domain;

    private static Effect ImplementVpc(RoutingDomain domain, Call call)
    {
        var vpc = domain.Vpc ?? new VpcPart();
        return Registered(domain, call) with
        {
            Vpc = vpc with
            {
                Cidr = Call.Prefix(call.Payload, "vpc_cidr") ?? Call.Prefix(call.Payload, "cidr") ?? vpc.Cidr,
                SourceNat = call.PublicAddress() ?? vpc.SourceNat,
            },
        };
    }

    private static Effect ShutdownVpc(RoutingDomain domain, Call call)
    {
        // A VPC that CloudStack still calls enabled is restarted, and its tiers are only back by their own restart.
        var restarts = string.Equals(call.Payload.Text("vpc_state"), "enabled", StringComparison.OrdinalIgnoreCase);
        return restarts && domain.Networks.Values.Any(static n => n.Implemented)
            ? domain
            : new Effect(RoutingDomain.Empty, [.. domain.Networks.Keys.Select(static n => new KeepOnly(n, []))]);
    }

    private static Effect ImplementNetwork(RoutingDomain domain, Call call)
    {
        var present = domain.Networks.GetValueOrDefault(call.NetworkId);
        var gateway = call.Subnet("gateway", "cidr");
        var network = (present ?? new Network()) with
        {
            Implemented = true,
            Vni = call.Vni(),
            Gateway = gateway,
            Gateway6 = call.Subnet("network_ip6_gateway", "network_ip6_cidr"),
            ServiceAddress = call.AddressOrNone("extension_ip"),
        };
        return Registered(domain, call) with
        {
            Vpc = call.Key.IsVpc ? domain.Vpc ?? new VpcPart() : null,
            Networks = domain.Networks.SetItem(call.NetworkId, network),
        };
    }

    /// <summary>The segment goes, and with it everything that is told anew when it comes back.</summary>
    private static Effect ShutdownNetwork(RoutingDomain domain, Call call) => Change(domain, call, static n => n with
    {
        Implemented = false,
        Vni = null,

        // It may go out behind another address when it comes back, and this one may be somebody else's by then.
        Addresses = [.. n.Addresses.Select(static a => a with { SourceNat = false })],
        StaticNats = [],
        Forwards = [],
        Balancers = [],
        Firewall = null,
        Acl = null,
        Hosts = [.. n.Hosts.Select(static h => h with { Prepared = false }).Where(IsKnown)],
    });

    private static Effect DestroyNetwork(RoutingDomain domain, Call call)
    {
        // A tier that CloudStack still calls implemented is only part of a VPC that is restarted.
        return call.Key.IsVpc && call.IsLive && domain.Networks.ContainsKey(call.NetworkId)
            ? domain
            : new Effect(domain with { Networks = domain.Networks.Remove(call.NetworkId) }, [new KeepOnly(call.NetworkId, [])]);
    }

    private static Effect AssignIp(RoutingDomain domain, Call call)
    {
        var address = call.PublicAddress() ?? throw NetrisException.Field("public_ip", "is missing");
        return call.Key.IsVpc && address.SourceNat
            ? Add(domain, call, static n => n) with { Vpc = domain.Vpc is { } vpc ? vpc with { SourceNat = address } : null }
            : Add(domain, call, n => With(n, address));
    }

    private static Effect ReleaseIp(RoutingDomain domain, Call call)
    {
        // A VPC keeps its source NAT address as long as it has tiers; a tier that goes does not take it along.
        var ip = call.Address("public_ip");
        return Change(domain, call, n => n with { Addresses = [.. n.Addresses.Where(a => a.Ip != ip)] });
    }

    private static RoutingDomain Registered(RoutingDomain domain, Call call) => domain with { Site = call.Site, Tenant = call.Tenant };

    /// <summary>
    /// Adds to a network. One that has no segment here takes nothing: CloudStack says all of it again when it implements the network. One that
    /// CloudStack believes to have a segment cannot be left like that.
    /// </summary>
    private static RoutingDomain Add(RoutingDomain domain, Call call, Func<Network, Network> change) => Change(domain, call, n => n.Implemented ? change(n) : n, call.IsLive);

    /// <summary>Changes a network if it is there.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="call">The command.</param>
    /// <param name="change">What changes.</param>
    /// <param name="needed">Whether a network without a segment is an error.</param>
    private static RoutingDomain Change(RoutingDomain domain, Call call, Func<Network, Network> change, bool needed = false)
    {
        var network = domain.Networks.GetValueOrDefault(call.NetworkId);
        if (needed && network?.Implemented != true)
        {
            throw new NetrisException(409, $"network {call.NetworkId} of zone {call.Key.Zone} is not implemented here; restart it in CloudStack (restartNetwork)");
        }

        return network is null ? domain : domain with { Networks = domain.Networks.SetItem(call.NetworkId, change(network)) };
    }

    private static Network WithPublic(Network network, Call call) => call.PublicAddress() is { } address && network.Addresses.All(a => a.Ip != address.Ip)
        ? With(network, address with { SourceNat = false })
        : network;

    /// <summary>A network with a public address; of several that it goes out behind, the last one named counts.</summary>
    private static Network With(Network network, PublicAddress address) => network with
    {
        Addresses = [.. network.Addresses.Where(a => a.Ip != address.Ip).Select(a => address.SourceNat ? a with { SourceNat = false } : a).Append(address).OrderBy(static a => a.Ip)],
    };
}
