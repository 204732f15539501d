using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Rules;

/// <summary>Seen from a tier.</summary>
public enum Direction
{
    /// <summary>To the tier.</summary>
    Ingress,

    /// <summary>From the tier.</summary>
    Egress,
}

/// <summary>A V-Net that rules can be about.</summary>
/// <param name="VNet">Its uid.</param>
/// <param name="Title">Its name.</param>
/// <param name="Networks">The subnets of its gateways.</param>
public sealed record Tier(int VNet, string Title, ImmutableArray<IpPrefix> Networks);

/// <summary>Turns the rules of a VPC into the access lists of its tiers. Pure.</summary>
public static class TierLists
{
    /// <summary>The names of a V-Net's lists in the controller.</summary>
    public static IEnumerable<string> NamesOf(int vnet) => [NameOf(vnet, Direction.Ingress), NameOf(vnet, Direction.Egress)];

    /// <summary>The tiers of a VPC: V-Nets with gateways that the bridge has made.</summary>
    public static ImmutableArray<Tier> TiersOf(IntentView view, Resource vpc) =>
    [
        .. view.In(vpc, Kinds.VNet).Where(n => n.Label(Naming.Made) is not null && n.List("gateways").Any())
            .Select(n => new Tier(n.Uid, n.Title, [.. n.Texts("gateways").Select(g => IpInterface.Parse(g).Network)])),
    ];

    /// <summary>
    /// The tier and direction that a rule is about; null: none. A rule says neither, it only has the tier's subnet at one of its ends. Where
    /// both ends are tiers, the name says which: a rule's name begins like that of its tier.
    /// </summary>
    public static (int VNet, Direction Direction)? Place(AclRule rule, ImmutableArray<Tier> tiers)
    {
        var (source, destination) = (IpPrefix.Parse(rule.SrcPrefix), IpPrefix.Parse(rule.DstPrefix));
        foreach (var match in new Func<IpPrefix, IpPrefix, bool>[] { static (network, end) => network == end, static (network, end) => network.Contains(end) })
        {
            var found = tiers.Where(t => t.Networks.Any(n => match(n, destination))).Select(t => (Tier: t, Direction: Direction.Ingress))
                .Concat(tiers.Where(t => t.Networks.Any(n => match(n, source))).Select(t => (Tier: t, Direction: Direction.Egress)))
                .ToList();
            if (found.Count > 0)
            {
                var (tier, direction) = found.MaxBy(f => CommonPrefix(f.Tier.Title, rule.Name));
                return (tier.VNet, direction);
            }
        }

        return null;
    }

    /// <summary>What brings the tiers of a VPC under its rules.</summary>
    /// <param name="view">What there is.</param>
    /// <param name="vpc">The VPC.</param>
    /// <param name="rules">Its rules, in order.</param>
    /// <param name="waiting">V-Nets that still wait for their first rule.</param>
    /// <param name="waits">V-Nets that have got none, and go on waiting.</param>
    public static List<Change> Plan(IntentView view, Resource vpc, IEnumerable<AclRule> rules, IReadOnlySet<int> waiting, out ImmutableHashSet<int> waits)
    {
        var tiers = TiersOf(view, vpc);
        var placed = rules.Select(r => (Rule: r, Place: Place(r, tiers))).Where(p => p.Place is not null).ToLookup(p => p.Place!.Value, p => p.Rule);
        waits = [.. tiers.Select(t => t.VNet).Where(t => waiting.Contains(t) && !placed.Contains((t, Direction.Ingress)) && !placed.Contains((t, Direction.Egress)))];
        var changes = new List<Change>();
        foreach (var vnet in tiers.Select(t => t.VNet).Except(waits).Select(t => view.Find(Kinds.VNet, t)!))
        {
            var spec = vnet.CopySpec();
            foreach (var direction in Enum.GetValues<Direction>())
            {
                var name = NameOf(vnet.Uid, direction);
                var list = List(vpc.Text("tenant")!, direction, [.. placed[(vnet.Uid, direction)]]);
                changes.Add(view.Find(Kinds.AclList, name) is { } present ? Change.Update(present, list) : Change.Create(view, Kinds.AclList, name, list));
                spec[direction == Direction.Ingress ? "ingressAccessList" : "egressAccessList"] = name;
            }

            spec["awaitRules"] = false;
            changes.Add(Change.Update(vnet, spec));
        }

        return changes;
    }

    /// <summary>
    /// An access list. What no rule is about is CloudStack's own default: nothing comes in; everything goes out until there are rules for
    /// what goes out, then nothing else does.
    /// </summary>
    private static JsonObject List(string tenant, Direction direction, IReadOnlyList<AclRule> rules) => new()
    {
        ["tenant"] = tenant,
        ["default"] = direction == Direction.Egress && rules.Count == 0 ? "permit" : "deny",
        ["rules"] = new JsonArray([.. rules.Select(Rule).OfType<JsonObject>().Select((r, i) =>
        {
            r["number"] = i + 1;
            return (JsonNode)r;
        })]),
    };

    /// <summary>A rule of a list; null: no packet can match it.</summary>
    private static JsonObject? Rule(AclRule rule)
    {
        var (source, destination) = (IpPrefix.Parse(rule.SrcPrefix), IpPrefix.Parse(rule.DstPrefix));
        if (source.Family != destination.Family && source.Length > 0 && destination.Length > 0)
        {
            return null;
        }

        // "Anywhere" is written as IPv4 also where the other end is IPv6.
        var mixed = source.Family != destination.Family;
        var v6 = source.Length == 0 && mixed ? destination.Address.IsV6 : source.Address.IsV6;
        var json = new JsonObject { ["action"] = rule.Action };
        var protocol = rule.Proto switch
        {
            "all" or "ip" => null,
            "icmp" when v6 => "icmpv6",
            var same => same,
        };
        if (protocol is not null)
        {
            json["protocol"] = protocol;
        }

        if (!(mixed && source.Length == 0))
        {
            json["sources"] = new JsonArray(source.ToString());
        }

        if (!(mixed && destination.Length == 0))
        {
            json["destinations"] = new JsonArray(destination.ToString());
        }

        if (protocol is "tcp" or "udp" or "6" or "17" or "132" && !(rule.DstPortFrom <= 1 && rule.DstPortTo is 0 or 65535))
        {
            json["ports"] = new JsonArray(new JsonObject { ["first"] = Math.Max(rule.DstPortFrom, 1), ["last"] = rule.DstPortTo });
        }

        if (protocol is "icmp" or "icmpv6" && rule.IcmpType is >= 0 and var type)
        {
            json["icmpType"] = type;
        }

        json["comment"] = rule.Name;
        return json;
    }

    private static string NameOf(int vnet, Direction direction) => $"cloudstack V-Net {vnet} {(direction == Direction.Ingress ? "ingress" : "egress")}";

    private static int CommonPrefix(string a, string b)
    {
        var length = 0;
        while (length < a.Length && length < b.Length && a[length] == b[length])
        {
            length++;
        }

        return length;
    }
}
