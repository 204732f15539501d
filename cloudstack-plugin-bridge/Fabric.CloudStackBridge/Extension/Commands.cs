using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// What each command of CloudStack means for what it has said before. Pure. Each says "make it so": said twice it is as if said once, and
/// to remove what is not there is no error.
/// </summary>
public static class Commands
{
    private const int MostServers = 8;

    private static readonly FrozenDictionary<string, Func<RoutingDomain, Call, Effect>> All = new Dictionary<string, Func<RoutingDomain, Call, Effect>>
    {
        ["ensure-network-device"] = EnsureDevice,
        ["implement-network"] = ImplementNetwork,
        ["shutdown-network"] = ShutdownNetwork,
        ["destroy-network"] = DestroyNetwork,
        ["implement-vpc"] = ImplementVpc,
        ["shutdown-vpc"] = ShutdownVpc,
        ["update-vpc-source-nat-ip"] = ImplementVpc,
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
            ? Add(domain, call, static n => n) with { Vpc = (domain.Vpc ?? new VpcPart()) with { SourceNat = address } }
            : Add(domain, call, n => With(n, address));
    }

    private static Effect ReleaseIp(RoutingDomain domain, Call call)
    {
        // A VPC keeps its source NAT address as long as it has tiers; a tier that goes does not take it along.
        var ip = call.Address("public_ip");
        return Change(domain, call, n => n with { Addresses = [.. n.Addresses.Where(a => a.Ip != ip)] });
    }

    private static Effect AddStaticNat(RoutingDomain domain, Call call)
    {
        var rule = new StaticNat(call.Address("public_ip"), call.Address("private_ip"));
        return Add(domain, call, n => WithPublic(n, call) with { StaticNats = [.. n.StaticNats.Where(s => s.Ip != rule.Ip).Append(rule).OrderBy(static s => s.Ip)] });
    }

    private static Effect DeleteStaticNat(RoutingDomain domain, Call call)
    {
        var (ip, inside) = (call.Address("public_ip"), call.AddressOrNone("private_ip"));
        return Change(domain, call, n => n with { StaticNats = [.. n.StaticNats.Where(s => s.Ip != ip || (inside is not null && s.Inside != inside))] });
    }

    private static Effect AddPortForward(RoutingDomain domain, Call call)
    {
        var inside = call.Address("private_ip");
        var (first, last) = Ports(call.Payload, "public_port");
        var (insideFirst, insideLast) = Ports(call.Payload, "private_port");
        if (last - first != insideLast - insideFirst)
        {
            throw NetrisException.Field("private_port", "has another number of ports than public_port");
        }

        var rule = new PortForward(call.Address("public_ip"), Service(call.Payload), first, last, inside, insideFirst);
        return Add(domain, call, n => WithPublic(n, call) with
        {
            Forwards = [.. n.Forwards.Where(f => !f.Is(rule)).Append(rule).OrderBy(static f => (f.Ip, f.Protocol, f.First))],
        });
    }

    private static Effect DeletePortForward(RoutingDomain domain, Call call)
    {
        // A late delete that names an old target must not take a newer rule away.
        var (first, last) = Ports(call.Payload, "public_port");
        var inside = call.AddressOrNone("private_ip");
        var rule = new PortForward(call.Address("public_ip"), Service(call.Payload), first, last, inside ?? default, 0);
        var insideFirst = string.IsNullOrEmpty(call.Payload.Text("private_port")) ? default(int?) : Ports(call.Payload, "private_port").First;
        return Change(domain, call, n => n with
        {
            Forwards = [.. n.Forwards.Where(f => !f.Is(rule) || (inside is not null && f.Inside != inside) || (insideFirst is not null && f.InsideFirst != insideFirst))],
        });
    }

    private static Effect ApplyFirewall(RoutingDomain domain, Call call)
    {
        var rules = call.Structure("fw_rules") is { ValueKind: System.Text.Json.JsonValueKind.Object } json
            ? new Fields(json)
            : throw NetrisException.Field("fw_rules", "must be an object");
        var allowed = rules.Flag("default_egress_allow") ?? throw NetrisException.Field("fw_rules.default_egress_allow", "is missing");
        var items = Call.Items(rules.Raw("rules") ?? throw NetrisException.Field("fw_rules.rules", "is missing"), "fw_rules.rules");
        var firewall = new Firewall(allowed, [.. items.Select(FirewallRule).OrderBy(static r => r.Id).Select(static r => r.Rule)]);

        // The empty set is what everything begins and ends with, and no error for a network that is not here.
        return Change(domain, call, n => n.Implemented ? n with { Firewall = firewall } : n, needed: items.Count > 0 && call.IsLive);
    }

    private static (int Id, FirewallRule Rule) FirewallRule(Fields item)
    {
        var ingress = item.Text("type")?.ToLowerInvariant() switch
        {
            "ingress" => true,
            "egress" => false,
            _ => throw NetrisException.Field("fw_rules.type", "must be ingress or egress"),
        };
        var ip = ingress ? Call.Address(item, "publicIp") ?? throw NetrisException.Field("fw_rules.publicIp", "is missing") : default(IpAddr?);
        return (item.Number("id", 0, int.MaxValue) ?? 0, new FirewallRule(ip, MatchOf(item, "fw_rules") with
        {
            Sources = Prefixes(item, "sourceCidrs"),
            Destinations = ingress ? [] : Prefixes(item, "destCidrs"),
        }));
    }

    private static Effect ApplyAcl(RoutingDomain domain, Call call)
    {
        var items = call.Items("acl_rules").Select(AclItem).OrderBy(static i => i.Number).ToValueList();
        return Change(domain, call, n => n.Implemented ? n with { Acl = items } : n, needed: items.Count > 0 && call.IsLive);
    }

    private static AclItem AclItem(Fields item)
    {
        var egress = item.Text("trafficType")?.ToLowerInvariant() switch
        {
            "ingress" => false,
            "egress" => true,
            _ => throw NetrisException.Field("acl_rules.trafficType", "must be ingress or egress"),
        };
        var permit = item.Text("action")?.ToLowerInvariant() switch
        {
            "allow" => true,
            "deny" => false,
            _ => throw NetrisException.Field("acl_rules.action", "must be allow or deny"),
        };
        var number = item.Number("number", 1, int.MaxValue) ?? throw NetrisException.Field("acl_rules.number", "is missing");
        var others = Prefixes(item, "sourceCidrs");

        // An item has one list of prefixes: those at the other end.
        var match = MatchOf(item, "acl_rules");
        return new AclItem(number, permit, egress, egress ? match with { Destinations = others } : match with { Sources = others });
    }

    private static Effect ApplyBalancers(RoutingDomain domain, Call call)
    {
        var rules = call.Items("lb_rules").Select(static r => (Id: LongId(r), Revoked: r.Flag("revoke") == true, Fields: r)).ToList();
        var revoked = rules.Where(static r => r.Revoked).Select(static r => r.Id).ToHashSet();
        var wanted = rules.Where(static r => !r.Revoked).Select(static r => Balancer(r.Id, r.Fields)).ToList();
        return wanted.Count == 0
            ? Change(domain, call, n => n with { Balancers = [.. n.Balancers.Where(b => !revoked.Contains(b.Id))] })
            : Add(domain, call, n => n with
            {
                Balancers = [.. n.Balancers.Where(b => !revoked.Contains(b.Id) && wanted.TrueForAll(w => w.Id != b.Id)).Concat(wanted).OrderBy(static b => b.Id)],
            });

        static long LongId(Fields rule) => rule.Number("id", 1, int.MaxValue) ?? throw NetrisException.Field("lb_rules.id", "is missing");
    }

    private static Balancer Balancer(long id, Fields rule)
    {
        var protocol = rule.Text("protocol")?.ToLowerInvariant() switch
        {
            "tcp" => "tcp",
            "udp" => "udp",
            "tcp-proxy" => throw NetrisException.Field("lb_rules.protocol", "the PROXY protocol is not there; choose tcp: members see the client's own address"),
            _ => throw NetrisException.Field("lb_rules.protocol", "must be tcp or udp"),
        };
        var algorithm = rule.Text("algorithm")?.ToLowerInvariant() switch
        {
            null or "" or "roundrobin" => "roundRobin",
            "leastconn" => "leastConnections",
            "source" => "sourceAffinity",
            _ => throw NetrisException.Field("lb_rules.algorithm", "must be roundrobin, leastconn or source"),
        };
        var members = (rule.Raw("backends") is { } list ? Call.Items(list, "lb_rules.backends") : []).Where(static b => b.Flag("revoked") != true)
            .Select(static b => new Member(
                Call.Address(b, "ip") ?? throw NetrisException.Field("lb_rules.backends", "a member has an ip"),
                b.Number("port", 1, 65535) ?? throw NetrisException.Field("lb_rules.backends", "a member has a port")))
            .Distinct();
        return new Balancer(
            id,
            Call.Address(rule, "publicIp") ?? throw NetrisException.Field("lb_rules.publicIp", "is missing"),
            protocol,
            rule.Number("publicPort", 1, 65535) ?? throw NetrisException.Field("lb_rules.publicPort", "is missing"),
            algorithm,
            [.. members.OrderBy(static m => (m.Ip, m.Port))]);
    }

    private static RoutingDomain ConfigureService(RoutingDomain domain, Call call) => Add(domain, call, n => Service(n, call));

    private static Network Service(Network network, Call call)
    {
        var dns = call.Payload.Text("dns");
        return network with
        {
            ServiceAddress = call.AddressOrNone("extension_ip") ?? network.ServiceAddress,
            Dns = string.IsNullOrEmpty(dns) ? network.Dns : Servers(dns),
            DnsSuffix = call.Payload.Has("domain") ? Suffix(call.Payload) : network.DnsSuffix,
        };
    }

    /// <summary>An interface with what a command says of it.</summary>
    private static RoutingDomain AddHost(RoutingDomain domain, Call call, Func<Host, Host> change)
    {
        var mac = call.Mac();
        return Add(domain, call, n =>
        {
            var host = n.Hosts.FirstOrDefault(h => h.Mac == mac) ?? new Host { Mac = mac };
            var ip = call.AddressOrNone("ip") ?? host.Ip;
            return WithHost(n, change(host with
            {
                Ip = ip,
                Ip6 = call.AddressOrNone("ip6_address") ?? host.Ip6,
                Gateway = Gateway(call, ip) ?? host.Gateway,
                Hostname = Hostname(call.Payload) ?? host.Hostname,
                IsDefault = call.Payload.Flag("default_nic") ?? host.IsDefault,
            }));
        });
    }

    /// <summary>Changes an interface that is known; one that nothing keeps any more is gone.</summary>
    private static RoutingDomain ChangeHost(RoutingDomain domain, Call call, Func<Host, Host> change)
    {
        var mac = call.Mac();
        return Change(domain, call, n => n with { Hosts = [.. n.Hosts.Select(h => h.Mac == mac ? change(h) : h).Where(IsKnown)] });
    }

    /// <summary>The interface or its machine is gone for good. CloudStack does not remove the name by itself.</summary>
    private static Effect RemoveDhcpEntry(RoutingDomain domain, Call call) =>
        new(ChangeHost(domain, call, static h => h with { Dhcp = false, DnsName = false }), [new Forget(call.NetworkId, call.Mac())]);

    private static Effect SaveOne(RoutingDomain domain, Call call, string member, string file) => Save(
        domain, call, ImmutableSortedDictionary<string, string>.Empty.Add(file, GuestFiles.Content(call.Payload, member) ?? throw NetrisException.Field(member, "is missing")), whole: false);

    /// <summary>What machines are served is kept whatever the state of the network: they may be stopped.</summary>
    private static Effect Save(RoutingDomain domain, Call call, ImmutableSortedDictionary<string, string> files, bool whole) =>
        new(domain, [new SetFiles(call.NetworkId, call.Mac(), call.AddressOrNone("ip"), files, whole)]);

    /// <summary>All machines of a network at once, in place of what was said of each before.</summary>
    private static Effect Restore(RoutingDomain domain, Call call)
    {
        var data = call.Structure("restore_data") is { ValueKind: System.Text.Json.JsonValueKind.Object } json
            ? new Fields(json)
            : throw NetrisException.Field("restore_data", "must be an object");
        var (dhcp, dns, userData) = (data.Flag("dhcp_enabled") == true, data.Flag("dns_enabled") == true, data.Flag("userdata_enabled") == true);
        var machines = (data.Raw("vms") is { } list ? Call.Items(list, "restore_data.vms") : []).Select(m => (Mac: Call.Mac(m, "mac"), Fields: m)).DistinctBy(static m => m.Mac).ToList();
        var changed = Add(domain, call, n =>
        {
            var network = Service(n, call);

            // Interfaces without IPv4 are not in the list, and those of running machines are prepared.
            network = network with { Hosts = [.. network.Hosts.Select(h => h.Ip is null ? h : h with { Dhcp = false, DnsName = false })] };
            foreach (var (mac, machine) in machines)
            {
                var host = network.Hosts.FirstOrDefault(h => h.Mac == mac) ?? new Host { Mac = mac };
                network = WithHost(network, host with
                {
                    Ip = Call.Address(machine, "ip") ?? host.Ip,
                    Ip6 = Call.Address(machine, "ip6_address") ?? host.Ip6,
                    Gateway = host.Gateway ?? network.Gateway,
                    Hostname = Hostname(machine) ?? host.Hostname,
                    IsDefault = machine.Flag("default_nic") ?? host.IsDefault,
                    Dhcp = dhcp,
                    DnsName = dns,
                });
            }

            return network with { Hosts = [.. network.Hosts.Where(IsKnown)] };
        });
        if (!userData)
        {
            return changed;
        }

        var known = changed.Networks.GetValueOrDefault(call.NetworkId)?.Hosts ?? [];
        return new Effect(changed,
        [
            new KeepOnly(call.NetworkId, [.. machines.Select(static m => m.Mac), .. known.Where(static h => h.Ip is null).Select(static h => h.Mac)]),
            .. machines.Where(static m => m.Fields.Has("vm_data")).Select(m => new SetFiles(
                call.NetworkId, m.Mac, Call.Address(m.Fields, "ip"), GuestFiles.Of(Call.Items(Call.Structure(m.Fields, "vm_data")!.Value, "vm_data")), Whole: true)),
        ]);
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

    /// <summary>A network with an interface; whoever had one of its addresses before has it no more.</summary>
    private static Network WithHost(Network network, Host host)
    {
        var addresses = host.Addresses.ToHashSet();
        return network with
        {
            Hosts =
            [
                .. network.Hosts.Where(h => h.Mac != host.Mac)
                    .Select(h => (Before: h, After: h with { Ip = Left(h.Ip), Ip6 = Left(h.Ip6) }))
                    .Where(static h => h.After == h.Before || h.After.Addresses.Any()).Select(static h => h.After)
                    .Append(host).OrderBy(static h => h.Mac),
            ],
        };

        IpAddr? Left(IpAddr? address) => address is { } taken && addresses.Contains(taken) ? null : address;
    }

    private static bool IsKnown(Host host) => host.Prepared || host.Dhcp || host.DnsName;

    private static IpInterface? Gateway(Call call, IpAddr? ip)
    {
        if (call.AddressOrNone("gateway") is not { } gateway || ip is not { IsV4: true } || gateway.IsV6)
        {
            return null;
        }

        if (call.AddressOrNone("netmask") is { IsV4: true } mask)
        {
            var length = System.Numerics.BitOperations.PopCount(mask.V4Number);
            return mask.V4Number == (length == 0 ? 0 : uint.MaxValue << (32 - length))
                ? Call.Interface(gateway, length)
                : throw NetrisException.Field("netmask", $"{mask} is no netmask");
        }

        return call.Subnet("gateway", "cidr");
    }

    private static ValueList<IpAddr> Servers(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: <= MostServers } parts
        ? [.. parts.Select(static p => IpAddr.TryParse(p, out var address) ? address : throw NetrisException.Field("dns", $"'{Lookup.Short(p)}' is no address")).Distinct()]
        : throw NetrisException.Field("dns", $"has more than {MostServers} resolvers");

    private static string? Suffix(Fields payload) => DnsName(payload, "domain", 253);

    private static string? Hostname(Fields payload) => DnsName(payload, "hostname", 253);

    private static string? DnsName(Fields payload, string member, int longest)
    {
        var text = payload.Text(member)?.Trim();
        return string.IsNullOrEmpty(text) ? null
            : text.Length <= longest && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text
            : throw NetrisException.Field(member, $"'{Lookup.Short(text)}' is no DNS name");
    }

    private static string Service(Fields payload) => payload.Text("protocol")?.ToLowerInvariant() switch
    {
        "tcp" => "tcp",
        "udp" => "udp",
        _ => throw NetrisException.Field("protocol", "must be tcp or udp"),
    };

    private static (int First, int Last) Ports(Fields payload, string member)
    {
        var text = payload.Text(member) ?? throw NetrisException.Field(member, "is missing");
        var parts = text.Split(['-', ':'], StringSplitOptions.TrimEntries);
        return parts.Length is 1 or 2 && Number(parts[0]) is { } first && Number(parts[^1]) is { } last && first > 0 && last >= first
            ? (first, last)
            : throw NetrisException.Field(member, $"'{Lookup.Short(text)}' is no port or range of ports such as 80 or 80-90");

        static int? Number(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Protocol, ports and ICMP type of a rule.</summary>
    private static Match MatchOf(Fields item, string list)
    {
        var protocol = item.Text("protocol")?.ToLowerInvariant() switch
        {
            null or "" or "all" or "any" => null,
            "tcp" or "6" => "tcp",
            "udp" or "17" => "udp",
            "icmp" or "1" => "icmp",
            { } number when byte.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) => parsed.ToString(CultureInfo.InvariantCulture),
            _ => throw NetrisException.Field(list + ".protocol", "must be tcp, udp, icmp, all or a number 0 to 255"),
        };
        var match = new Match { Protocol = protocol };
        if (protocol is "tcp" or "udp" && item.Number("portStart", -1, 65535) is { } first)
        {
            var last = item.Number("portEnd", -1, 65535) ?? first;
            return last < first ? throw NetrisException.Field(list + ".portEnd", "is below portStart")
                : last < 1 ? match
                : match with { First = Math.Max(first, 1), Last = last };
        }

        return protocol == "icmp" && item.Number("icmpType", -1, 255) is >= 0 and var type
            ? match with { IcmpType = type, IcmpCode = item.Number("icmpCode", -1, 255) is >= 0 and var code ? code : null }
            : match;
    }

    private static ValueList<IpPrefix> Prefixes(Fields item, string member) =>
    [
        .. (item.List(member) ?? []).Select(Fields.AsText).Where(static t => !string.IsNullOrWhiteSpace(t))
            .Select(t => Lookup.ParsePrefix(t!.Trim()) ?? throw NetrisException.Field(member, $"'{Lookup.Short(t)}' is no prefix such as 198.51.100.0/24")).Distinct(),
    ];
}
