using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// The controller's intent for a routing domain: everything that has to be there, and nothing else that carries the domain's label. Pure.
/// What operators set besides stays.
/// </summary>
public sealed class DomainIntent
{
    /// <summary>Label of what belongs to a routing domain, with its key.</summary>
    public const string Owner = Naming.Prefix + "extension";

    private const int MostRuleNumber = 65535;
    private static readonly IpPrefix Anywhere = IpPrefix.Parse("0.0.0.0/0");
    private static readonly ImmutableArray<string> Owned =
        [Kinds.AclList, Kinds.Vpc, Kinds.VNet, Kinds.Allocation, Kinds.Subnet, Kinds.PublicAddress, Kinds.NatRule, Kinds.LoadBalancer];

    private readonly IntentView _view;
    private readonly DomainKey _key;
    private readonly RoutingDomain _domain;
    private readonly List<Change> _changes = [];
    private readonly HashSet<(string Kind, string Name)> _wanted = [];

    private DomainIntent(IntentView view, DomainKey key, RoutingDomain domain) => (_view, _key, _domain) = (view, key, domain);

    /// <summary>What makes the intent that of a domain.</summary>
    /// <exception cref="NetrisException">Site, tenant or system VPC are not to be found, or a name is taken.</exception>
    public static IReadOnlyList<Change> Plan(IntentView view, DomainKey key, RoutingDomain domain)
    {
        var intent = new DomainIntent(view, key, domain);
        if (domain.Vpc is not null || domain.Networks.Values.Any(static n => n.Implemented))
        {
            intent.Write();
        }

        var owner = key.ToString();
        return
        [
            .. intent._changes,
            .. Owned.SelectMany(view.All).Where(r => r.Label(Owner) == owner && !intent._wanted.Contains((r.Kind, r.Name))).Select(Change.Delete),
        ];
    }

    /// <summary>Name of the domain's VPC in the controller.</summary>
    public static string VpcName(DomainKey key) => key.ToString();

    private void Write()
    {
        var tenant = Named(Kinds.Tenant, "tenant", _domain.Tenant);
        Want(Kinds.Vpc, VpcName(_key), spec => spec["tenant"] = tenant);
        var networks = _domain.Networks.Where(static n => n.Value.Implemented).ToList();
        Addresses(networks.Select(static n => n.Value));
        PublicRanges(networks.SelectMany(static n => n.Value.Addresses).Append(_domain.Vpc?.SourceNat).OfType<PublicAddress>());
        SourceNat(networks.Select(static n => n.Value));
        foreach (var (id, network) in networks)
        {
            Segment(id, network, tenant);
            Services(id, network);
            if (!_key.IsVpc && network.IsGateway)
            {
                FromOutside(network, tenant);
            }
        }
    }

    /// <summary>Address space: that of the VPC, and of each network what is outside it.</summary>
    private void Addresses(IEnumerable<Network> networks)
    {
        if (_domain.Vpc?.Cidr is { } supernet)
        {
            Allocate(supernet);
        }

        foreach (var gateway in networks.SelectMany(GatewaysOf))
        {
            if (_domain.Vpc?.Cidr?.Contains(gateway.Network) != true)
            {
                Allocate(gateway.Network);
            }

            Want(Kinds.Subnet, $"{_key} {gateway.Network}", spec =>
            {
                spec["vpc"] = VpcName(_key);
                spec["prefix"] = gateway.Network.ToString();
                spec["purpose"] = "common";
                spec["defaultGateway"] = gateway.Address.ToString();
            });
        }
    }

    private void Allocate(IpPrefix prefix) => Want(Kinds.Allocation, $"{_key} {prefix}", spec =>
    {
        spec["vpc"] = VpcName(_key);
        spec["prefix"] = prefix.ToString();
    });

    /// <summary>The ranges of public addresses: everybody's, so that they stay.</summary>
    private void PublicRanges(IEnumerable<PublicAddress> addresses)
    {
        var system = _view.SystemVpcs.Select(static v => v.Name).ToHashSet(StringComparer.Ordinal);
        var ranges = _view.All(Kinds.Allocation).Where(a => system.Contains(a.Text("vpc")!)).Select(static a => IpPrefix.Parse(a.Text("prefix")!)).ToList();
        foreach (var address in addresses.Where(static a => a.Range is not null))
        {
            var range = address.Range!.Value;
            if (!ranges.Exists(r => r.Contains(address.Ip)))
            {
                var owner = _view.DefaultVpc ?? throw Lookup.NoSystemVpc();
                var spec = new JsonObject { ["vpc"] = owner.Name, ["prefix"] = range.ToString() };
                _changes.Add(new Change(Kinds.Allocation, Naming.Free(_view, Kinds.Allocation, $"public {range}"), spec, ImmutableDictionary<string, string>.Empty, null));
                ranges.Add(range);
            }
        }
    }

    private void SourceNat(IEnumerable<Network> networks)
    {
        var (address, inside) = _key.IsVpc
            ? (_domain.Vpc?.SourceNat, _domain.Vpc?.Cidr ?? Anywhere)
            : networks.Where(static n => n.IsGateway).Select(static n => (n.Addresses.FirstOrDefault(static a => a.SourceNat), n.Gateway!.Value.Network)).FirstOrDefault();
        if (address is not null)
        {
            Want(Kinds.NatRule, $"{_key} source NAT", spec =>
            {
                spec["vpc"] = VpcName(_key);
                spec["type"] = "snat";
                spec["inside"] = inside.ToString();
                spec["public"] = new JsonArray(address.Ip.ToString());
            });
        }
    }

    private void Segment(int id, Network network, string tenant)
    {
        var name = _key.VNet(id);
        var gateways = GatewaysOf(network).ToList();
        var (ingress, egress) = gateways.Count == 0 ? (null, null) : ($"{name} ingress", $"{name} egress");
        var awaits = ingress is not null && (_key.IsVpc ? network.Acl is null : network.Firewall is null);
        if (awaits)
        {
            (ingress, egress) = (null, null);
        }
        else if (ingress is not null)
        {
            if (_key.IsVpc)
            {
                var items = network.Acl!.Value;
                List(ingress, tenant, permit: false, Numbered(items.Where(static i => !i.Egress)));

                // CloudStack's documentation: what leaves is open until there are rules about it.
                List(egress!, tenant, permit: !items.Any(static i => i.Egress), Numbered(items.Where(static i => i.Egress)));
            }
            else
            {
                var firewall = network.Firewall!;

                // To inside addresses IPv4 comes only translated, and the lists of the public addresses have seen it; IPv6 comes as it is.
                List(ingress, tenant, permit: false, Counted([(true, new Match { Sources = [Anywhere] })]));
                List(egress!, tenant, firewall.EgressAllowed, Counted(firewall.Rules.Where(static r => r.Ip is null).Select(r => (!firewall.EgressAllowed, r.Match))));
            }
        }

        Want(Kinds.VNet, name, spec =>
        {
            spec["site"] = Named(Kinds.Site, "site", _domain.Site);
            spec["vpc"] = VpcName(_key);

            // A VNI that the controller has chosen comes back from CloudStack, and stays the controller's.
            var chosen = _view.Find(Kinds.VNet, name) is { } present && present.Number("vni") is null && network.Vni?.Value == present.Vni;
            Set(spec, "vni", chosen || network.Vni is not { } vni ? null : vni.Value);
            spec["gateways"] = Texts(gateways);
            spec["ingressAccessList"] = ingress;
            spec["egressAccessList"] = egress;
            Tidy(spec, "ingressAccessList", "egressAccessList");
            spec["awaitRules"] = awaits;
            spec["knownHosts"] = KnownHosts(network, gateways);
            if (!spec.ContainsKey("attachments"))
            {
                spec["attachments"] = new JsonArray(new JsonObject { ["hypervisors"] = true });
            }
        });
    }

    /// <summary>Who has which address, of the networks that have gateways.</summary>
    private static JsonArray KnownHosts(Network network, List<IpInterface> gateways) =>
    [
        .. network.Hosts.SelectMany(static h => h.Addresses.Select(a => (h.Mac, Address: a)))
            .Where(h => gateways.Exists(g => g.Network.Contains(h.Address) && g.Address != h.Address)).OrderBy(static h => h.Address)
            .Select(static h => (JsonNode)new JsonObject { ["mac"] = h.Mac.ToString(), ["address"] = h.Address.ToString() }),
    ];

    private void Services(int id, Network network)
    {
        foreach (var rule in network.StaticNats)
        {
            Want(Kinds.NatRule, $"{_key.VNet(id)} static NAT {rule.Ip}", spec =>
            {
                spec["vpc"] = VpcName(_key);
                spec["type"] = "static";
                spec["public"] = new JsonArray(rule.Ip.ToString());
                spec["insideAddress"] = rule.Inside.ToString();
            });
        }

        foreach (var rule in network.Forwards)
        {
            var ports = rule.First == rule.Last ? $"{rule.First}" : $"{rule.First}-{rule.Last}";
            Want(Kinds.NatRule, $"{_key.VNet(id)} forward {rule.Ip} {rule.Protocol} {ports}", spec =>
            {
                spec["vpc"] = VpcName(_key);
                spec["type"] = "dnat";
                spec["public"] = new JsonArray(rule.Ip.ToString());
                spec["protocol"] = rule.Protocol;
                spec["ports"] = Range(rule.First, rule.Last);
                spec["insideAddress"] = rule.Inside.ToString();
                spec["insidePort"] = rule.InsideFirst;
            });
        }

        foreach (var rule in network.Balancers)
        {
            Want(Kinds.LoadBalancer, $"{_key.VNet(id)} balancer {rule.Id}", spec =>
            {
                spec["vpc"] = VpcName(_key);
                spec["address"] = rule.Ip.ToString();
                spec["internal"] = _domain.Networks.Values.SelectMany(GatewaysOf).Any(g => g.Network.Contains(rule.Ip));
                spec["protocol"] = rule.Protocol;
                spec["ports"] = Range(rule.Port, rule.Port);
                spec["algorithm"] = rule.Algorithm;
                spec["backends"] = new JsonArray([.. rule.Members.Select(static m => new JsonObject { ["address"] = m.Ip.ToString(), ["port"] = m.Port, ["weight"] = 1 })]);
            });
        }
    }

    /// <summary>Isolated networks: a public address that is in use is closed but for what rules open.</summary>
    private void FromOutside(Network network, string tenant)
    {
        var rules = (network.Firewall?.Rules ?? []).Where(static r => r.Ip is not null).ToLookup(static r => r.Ip!.Value, static r => r.Match);
        var addresses = network.Addresses.Where(static a => a.SourceNat).Select(static a => a.Ip).Concat(network.StaticNats.Select(static s => s.Ip)).Concat(network.Forwards.Select(static f => f.Ip))
            .Concat(network.Balancers.Select(static b => b.Ip)).Where(a => !network.Gateway!.Value.Network.Contains(a)).Distinct();
        foreach (var address in addresses)
        {
            var list = $"{_key} from outside {address}";
            List(list, tenant, permit: false, Counted(rules[address].Select(static m => (true, m))));
            Want(Kinds.PublicAddress, $"{_key} {address}", spec =>
            {
                spec["vpc"] = VpcName(_key);
                spec["prefix"] = IpPrefix.Host(address).ToString();
                spec["accessList"] = list;
            });
        }
    }

    private void List(string name, string tenant, bool permit, IEnumerable<JsonObject> rules) => Want(Kinds.AclList, name, spec =>
    {
        spec["tenant"] = tenant;
        spec["default"] = permit ? "permit" : "deny";
        spec["rules"] = new JsonArray([.. rules]);
    });

    /// <summary>Items with CloudStack's own numbers, as far as each is one that a list can have; else with their places.</summary>
    private static IEnumerable<JsonObject> Numbered(IEnumerable<AclItem> items)
    {
        var rules = items.SelectMany(static i => Rules(i.Permit, i.Match).Select(r => (i.Number, Rule: r))).ToList();
        var own = rules.TrueForAll(static r => r.Number <= MostRuleNumber) && rules.Select(static r => r.Number).Distinct().Count() == rules.Count;
        return rules.Select((r, i) =>
        {
            r.Rule["number"] = own ? r.Number : i + 1;
            r.Rule["comment"] = $"CloudStack {r.Number}";
            return r.Rule;
        });
    }

    private static IEnumerable<JsonObject> Counted(IEnumerable<(bool Permit, Match Match)> rules) => rules.SelectMany(static r => Rules(r.Permit, r.Match)).Select(static (r, i) =>
    {
        r["number"] = i + 1;
        return r;
    });

    /// <summary>The rules of a list that mean what a match does: none where no packet can be meant, two where ICMP is meant in both families.</summary>
    private static IEnumerable<JsonObject> Rules(bool permit, Match match)
    {
        var families = new[] { IpFamily.V4, IpFamily.V6 }.Where(f => Fits(match.Sources, f) && Fits(match.Destinations, f)).ToList();
        if (match.Protocol != "icmp")
        {
            return families.Count == 0 ? [] : [Rule(permit, match.Protocol, match, match.Sources, match.Destinations)];
        }

        // Without prefixes CloudStack means its own family, IPv4.
        return families.Where(f => f == IpFamily.V4 || match.Sources.Count + match.Destinations.Count > 0)
            .Select(f => Rule(permit, f == IpFamily.V4 ? "icmp" : "icmpv6", match, match.Sources.Where(p => p.Family == f), match.Destinations.Where(p => p.Family == f)));

        static bool Fits(ValueList<IpPrefix> prefixes, IpFamily family) => prefixes.Count == 0 || prefixes.Any(p => p.Family == family);
    }

    /// <summary>A rule, with each member that the controller gives back, so that one that has not changed is seen not to have.</summary>
    private static JsonObject Rule(bool permit, string? protocol, Match match, IEnumerable<IpPrefix> sources, IEnumerable<IpPrefix> destinations)
    {
        var rule = new JsonObject
        {
            ["action"] = permit ? "permit" : "deny",
            ["sources"] = Texts(sources),
            ["destinations"] = Texts(destinations),
            ["ports"] = match.First is { } first && match.Last is { } last && (first, last) != (1, 65535) ? new JsonArray(Range(first, last)) : [],
            ["log"] = false,
        };
        Set(rule, "protocol", protocol);
        Set(rule, "icmpType", match.IcmpType);
        Set(rule, "icmpCode", match.IcmpCode);
        return rule;
    }

    private static IEnumerable<IpInterface> GatewaysOf(Network network) => network.IsGateway ? new[] { network.Gateway, network.Gateway6 }.OfType<IpInterface>() : [];

    /// <summary>Wants a resource of a name, with what is set in its spec and what else it has.</summary>
    private void Want(string kind, string name, Action<JsonObject> set)
    {
        var owner = _key.ToString();
        var present = _view.Find(kind, name);
        if (present is not null && present.Label(Owner) != owner)
        {
            throw new NetrisException(409, $"{kind} '{name}' is there, and CloudStack has not made it; rename or remove it in the controller");
        }

        if (!_wanted.Add((kind, name)))
        {
            return;
        }

        var spec = present?.CopySpec() ?? [];
        set(spec);
        _changes.Add(new Change(kind, name, spec, (present?.Labels ?? ImmutableDictionary<string, string>.Empty).SetItem(Owner, owner), present));
    }

    /// <summary>The name of what a registration names; the only one where it names none.</summary>
    private string Named(string kind, string detail, string? name)
    {
        if (name is not null)
        {
            return _view.All(kind).FirstOrDefault(r => r.Name == name || r.Title == name)?.Name
                ?? throw NetrisException.Field(detail, $"there is no {kind} '{Lookup.Short(name)}' in the controller; correct the detail {detail} by updateRegisteredExtension");
        }

        return _view.All(kind).Take(2).ToList() is [var only]
            ? only.Name
            : throw NetrisException.Field(detail, $"the controller has not exactly one {kind}; name one in the detail {detail} by updateRegisteredExtension");
    }

    private static void Set(JsonObject json, string member, JsonNode? value)
    {
        json[member] = value;
        Tidy(json, member);
    }

    /// <summary>Leaves out what is null: the controller does too.</summary>
    private static void Tidy(JsonObject json, params ReadOnlySpan<string> members)
    {
        foreach (var member in members)
        {
            if (json[member] is null)
            {
                json.Remove(member);
            }
        }
    }

    private static JsonObject Range(int first, int last) => new() { ["first"] = first, ["last"] = last };

    private static JsonArray Texts<T>(IEnumerable<T> values) => [.. values.Select(static v => (JsonNode)v!.ToString()!)];
}
