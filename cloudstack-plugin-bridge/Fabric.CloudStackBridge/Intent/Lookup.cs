using System.Globalization;
using Fabric.CloudStackBridge.Http;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>Finds what a request names, by id or else by name.</summary>
public static class Lookup
{
    /// <summary>The site that a request names; the only one where it names none.</summary>
    public static Resource Site(IntentView view, Fields body)
    {
        if (body.List("sites") is { Count: > 0 } sites)
        {
            return sites is [{ ValueKind: System.Text.Json.JsonValueKind.Object } one]
                ? Named(view, Kinds.Site, "sites", new Fields(one))!
                : throw NetrisException.Field("sites", "give exactly one site");
        }

        return Named(view, Kinds.Site, "site", body.Object("site"))
            ?? ById(view, Kinds.Site, "siteID", body.Number("siteID", 1, int.MaxValue) ?? body.Number("site_id", 1, int.MaxValue))
            ?? Only(view, Kinds.Site, "site");
    }

    /// <summary>The tenant that a request names; the only one where it names none.</summary>
    public static Resource Tenant(IntentView view, Fields body, string member) => Named(view, Kinds.Tenant, member, body.Object(member)) ?? Only(view, Kinds.Tenant, member);

    /// <summary>The VPC that a request names; null where it names none.</summary>
    public static Resource? VpcOrNone(IntentView view, Fields body) => Named(view, Kinds.Vpc, "vpc", body.Object("vpc"));

    /// <summary>The VPC that a request names; the default one where it names none.</summary>
    public static Resource Vpc(IntentView view, Fields body) => VpcOrNone(view, body) ?? view.DefaultVpc ?? throw NoSystemVpc();

    /// <summary>The VPCs that a list is narrowed to; null: it is not narrowed.</summary>
    public static IReadOnlyList<Resource>? Vpcs(IntentView view, HttpRequest request) =>
        Filters.Ids(request, "filterByVpc") is { } ids ? [.. view.All(Kinds.Vpc).Where(v => ids.Contains(v.Uid))] : null;

    /// <summary>The resource that a path names by its id.</summary>
    public static Resource ByPath(IntentView view, string kind, string id) =>
        TryByPath(view, kind, id) ?? throw NetrisException.NotFound($"{kind} with id {(id.Length > 40 ? id[..40] : id)}");

    /// <summary>The resource that a path names by its id; null: there is none.</summary>
    public static Resource? TryByPath(IntentView view, string kind, string id) => Id(id) is { } uid ? view.Find(kind, uid) : null;

    /// <summary>An id in a path; null: it is none.</summary>
    public static int? Id(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>A prefix that a request must have; bits behind its length do not count, and an address alone is one of its own.</summary>
    public static IpPrefix Prefix(Fields body, string member) => PrefixOrNone(body, member) ?? throw NetrisException.Field(member, "is missing");

    /// <summary>A prefix of a request; null: absent or empty.</summary>
    public static IpPrefix? PrefixOrNone(Fields body, string member)
    {
        var text = body.Text(member);
        return string.IsNullOrEmpty(text) ? null : ParsePrefix(text) ?? throw NetrisException.Field(member, $"'{Short(text)}' is no prefix such as 10.0.0.0/16");
    }

    /// <summary>The prefix of a text; null: it is none.</summary>
    public static IpPrefix? ParsePrefix(string text) =>
        IpInterface.TryParse(text, out var address) ? address.Network : IpAddr.TryParse(text, out var host) ? IpPrefix.Host(host) : null;

    /// <summary>An address of a request, with or without the length of a single address; null: absent or empty.</summary>
    public static IpAddr? AddressOrNone(Fields body, string member) => PrefixOrNone(body, member) is not { } prefix ? null
        : prefix.IsHost ? prefix.Address : throw NetrisException.Field(member, "must be one address");

    /// <summary>There is no VPC that holds public addresses.</summary>
    public static NetrisException NoSystemVpc() =>
        new(409, "there is no system VPC; make one in the controller: kind Vpc with spec.system true");

    /// <summary>As much of a text as an error message takes.</summary>
    public static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private static Resource? Named(IntentView view, string kind, string member, Fields? named)
    {
        if (named is not { } reference)
        {
            return null;
        }

        if (ById(view, kind, member, reference.Number("id", 1, int.MaxValue)) is { } byId)
        {
            return byId;
        }

        return reference.Text("name") is not { Length: > 0 } name ? throw NetrisException.Field(member, "has neither an id nor a name")
            : view.All(kind).FirstOrDefault(r => r.Title == name) ?? throw NetrisException.Field(member, $"there is no {kind} '{Short(name)}'");
    }

    private static Resource? ById(IntentView view, string kind, string member, int? id) =>
        id is not { } uid ? null : view.Find(kind, uid) ?? throw NetrisException.Field(member, $"there is no {kind} with id {uid}");

    private static Resource Only(IntentView view, string kind, string member)
    {
        var all = view.All(kind).Take(2).ToList();
        return all.Count == 1 ? all[0] : throw NetrisException.Field(member, "is missing");
    }
}
