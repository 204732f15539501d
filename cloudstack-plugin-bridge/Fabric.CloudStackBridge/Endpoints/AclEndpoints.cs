using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Rules;
using Fabric.CloudStackBridge.Store;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>
/// Access rules. They are stored and listed at once; <see cref="RuleEnforcer"/> puts them in force when a burst of writes is over, since
/// clients delete all of them before they write them anew.
/// </summary>
public static class AclEndpoints
{
    private const string Version = "1";
    private const int MostOfTier = 1000;

    /// <summary>Maps the endpoints.</summary>
    public static void MapAcls(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/acl", ListAsync);
        app.MapPost("/api/acl", CreateAsync);
        app.MapPut("/api/acl", ChangeAsync);
        app.MapDelete("/api/acl", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IntentFeed feed, RuleStore rules, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var vpcs = Lookup.Vpcs(view, context.Request);
        var wanted = vpcs is [var one] ? rules.Of(one.Uid) : rules.All();
        var known = (vpcs ?? [.. view.All(Kinds.Vpc)]).ToDictionary(v => (long)v.Uid);
        return Envelope.Ok(wanted.Where(r => known.ContainsKey(r.Vpc)).Select(r => Row(known[r.Vpc], r)), Version);
    }

    private static object Row(Resource vpc, AclRule rule) => new
    {
        id = rule.Id,
        name = rule.Name,
        action = rule.Action,
        proto = rule.Proto,
        src_prefix = rule.SrcPrefix,
        dst_prefix = rule.DstPrefix,
        dst_port_from = rule.DstPortFrom,
        dst_port_to = rule.DstPortTo,
        src_port_from = rule.SrcPortFrom,
        src_port_to = rule.SrcPortTo,
        icmp_type = rule.IcmpType,
        established = rule.Established,
        reverse = rule.Reverse ?? "no",
        comment = rule.Comment,
        vpc = Rows.Ref(vpc),
    };

    private static async Task<IResult> CreateAsync(HttpContext context, IntentFeed feed, RuleStore rules, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var body = await Fields.ReadAsync(context);
        var vpc = Lookup.Vpc(view, body);
        var rule = Read(new AclRule { Vpc = vpc.Uid, Name = body.Name() }, body, whole: true);
        Bound(view, vpc, rule, rules);
        return Envelope.Ok(Rows.Id(rules.Put(rule)!.Value), Version);
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, IntentFeed feed, RuleStore rules, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var body = await Fields.ReadAsync(context);
        var id = body.Number("id", 1, int.MaxValue) ?? throw NetrisException.Field("id", "is missing");
        var present = rules.Find(id) ?? throw NetrisException.NotFound($"access rule with id {id}");
        var vpc = Lookup.VpcOrNone(view, body)?.Uid ?? present.Vpc;
        var name = body.Has("name") ? body.Name() : present.Name;
        if (rules.Of((int)vpc).Any(r => r.Name == name && r.Id != id))
        {
            throw new NetrisException(409, $"This kind of acl already exists: '{name}'");
        }

        var rule = Read(present with { Vpc = vpc, Name = name }, body, whole: false);
        return rules.Put(rule) is { } same ? Envelope.Ok(Rows.Id(same), Version) : throw NetrisException.NotFound($"access rule with id {id}");
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, RuleStore rules)
    {
        var ids = (await Fields.ReadAsync(context)).Ids("id");
        if (ids.Count == 0)
        {
            throw NetrisException.Field("id", "is missing");
        }

        rules.Delete(ids);
        return Envelope.Ok(null, Version);
    }

    /// <summary>A tier takes a bounded number of rules; better said now than when they are put in force.</summary>
    private static void Bound(IntentView view, Resource vpc, AclRule rule, RuleStore rules)
    {
        var present = rules.Of(vpc.Uid);
        if (present.Length < MostOfTier || present.Any(r => r.Name == rule.Name))
        {
            return;
        }

        var tiers = TierLists.TiersOf(view, vpc);
        if (TierLists.Place(rule, tiers) is { } place && present.Count(r => TierLists.Place(r, tiers) == place) >= MostOfTier)
        {
            throw new NetrisException(400, $"a tier has at most {MostOfTier} rules in a direction");
        }
    }

    /// <summary>A rule with what a request says of it; what is absent stays.</summary>
    private static AclRule Read(AclRule rule, Fields body, bool whole)
    {
        rule = rule with
        {
            Action = body.Text("action")?.ToLowerInvariant() switch
            {
                null when !whole => rule.Action,
                "permit" => "permit",
                "deny" => "deny",
                _ => throw NetrisException.Field("action", "must be permit or deny"),
            },
            Proto = body.Text("proto")?.ToLowerInvariant() switch
            {
                null when !whole => rule.Proto,
                "tcp" or "udp" or "icmp" or "icmpv6" or "all" or "ip" => body.Text("proto")!.ToLowerInvariant(),
                { } number when byte.TryParse(number, System.Globalization.NumberStyles.None, null, out var protocol) => $"{protocol}",
                _ => throw NetrisException.Field("proto", "must be tcp, udp, icmp, all, ip or a number 0 to 255"),
            },
            SrcPrefix = Prefix(body, "src_prefix", rule.SrcPrefix),
            DstPrefix = Prefix(body, "dst_prefix", rule.DstPrefix),
            SrcPortFrom = body.Number("src_port_from", 0, 65535) ?? rule.SrcPortFrom,
            SrcPortTo = body.Number("src_port_to", 0, 65535) ?? rule.SrcPortTo,
            DstPortFrom = body.Number("dst_port_from", 0, 65535) ?? rule.DstPortFrom,
            DstPortTo = body.Number("dst_port_to", 0, 65535) ?? rule.DstPortTo,
            IcmpType = body.Number("icmp_type", -1, 255) ?? rule.IcmpType,
            Established = body.Number("established", 0, 1) ?? rule.Established,
            Reverse = body.Text("reverse", 16) ?? rule.Reverse,
            Comment = body.Text("comment", 8192) ?? rule.Comment,
        };
        if (rule.SrcPortFrom > 1 || rule.SrcPortTo is not (0 or 65535))
        {
            throw NetrisException.Field("src_port_from", "rules for some source ports only are not there");
        }

        if (rule.DstPortTo < rule.DstPortFrom)
        {
            throw NetrisException.Field("dst_port_to", "is below dst_port_from");
        }

        return rule;
    }

    private static string Prefix(Fields body, string member, string present) =>
        Lookup.PrefixOrNone(body, member)?.ToString() ?? (present.Length > 0 ? present : throw NetrisException.Field(member, "is missing"));
}
