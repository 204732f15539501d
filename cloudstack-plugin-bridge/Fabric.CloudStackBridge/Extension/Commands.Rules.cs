using System.Globalization;
using System.Text.Json;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <content>Translation, rules and load balancing.</content>
public static partial class Commands
{
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
        var rules = call.Structure("fw_rules") is { ValueKind: JsonValueKind.Object } json
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
