using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Security;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>Address translation: source NAT, port forwarding, static NAT.</summary>
public static class NatEndpoints
{
    private const string Version = "2";
    private const string AnyPort = "1-65535";
    private const int MostAddresses = 256;

    /// <summary>Maps the endpoints.</summary>
    public static void MapNat(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v2/nat", ListAsync);
        app.MapGet("/api/v2/nat/{id}", async (string id, IntentFeed feed, CancellationToken stop) =>
        {
            var view = await feed.ReadyAsync(stop);
            return Envelope.Ok(Row(view, Lookup.ByPath(view, Kinds.NatRule, id)), Version);
        });
        app.MapPost("/api/v2/nat", CreateAsync);
        app.MapPut("/api/v2/nat/{id}", ChangeAsync);
        app.MapDelete("/api/v2/nat/{id}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var vpcs = Lookup.Vpcs(view, context.Request)?.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        var sites = Filters.Ids(context.Request, "filterBySites");

        // Prefix translation of IPv6 has no form here.
        return Envelope.Ok(
            view.All(Kinds.NatRule).Where(n => n.Text("type") != "nptv6" && (vpcs is null || vpcs.Contains(n.Text("vpc")!))
                && (sites is null || Rows.SiteOf(view, n) is not { } site || sites.Contains(site.Uid))).Select(n => Row(view, n)),
            Version);
    }

    private static object Row(IntentView view, Resource nat)
    {
        var snat = nat.Text("type") == "snat";
        var first = nat.Texts("public").FirstOrDefault() is { } text ? IpAddr.Parse(text) : default(IpAddr?);
        var any = first?.IsV6 == true ? "::/0" : "0.0.0.0/0";
        var enabled = !nat.Spec.TryGetProperty("enabled", out var flag) || flag.ValueKind != JsonValueKind.False;
        var protocol = nat.Text("protocol") ?? "all";
        var host = first is { } address ? IpPrefix.Host(address).ToString() : "";
        return new
        {
            id = nat.Uid,
            name = nat.Title,
            site = Rows.SiteOf(view, nat) is { } site ? Rows.Ref(site) : null,
            vpc = Rows.Ref(view.VpcOf(nat)),
            state = new { label = enabled ? "Enabled" : "Disabled", value = enabled ? "enabled" : "disabled", status = enabled ? "success" : "disabled" },
            action = new { label = snat ? "SNAT" : "DNAT", value = snat ? "SNAT" : "DNAT" },
            protocol = new { label = protocol.ToUpperInvariant(), value = protocol },
            sourceAddress = snat ? nat.Text("inside") : any,
            sourcePort = AnyPort,
            destinationAddress = snat ? any : host,
            destinationPort = Ports(nat),
            snatToIP = snat ? host : "",
            snatToPool = nat.Label(Naming.Prefix + "pool") ?? "",
            dnatToIP = snat ? "" : IpPrefix.Host(IpAddr.Parse(nat.Text("insideAddress")!)).ToString(),
            dnatToPort = nat.Number("insidePort"),
            portGroup = default(object),
            comment = nat.Label(Naming.Prefix + "comment") ?? "",
        };
    }

    private static string Ports(Resource nat)
    {
        if (!nat.Spec.TryGetProperty("ports", out var ports) || ports.ValueKind != JsonValueKind.Object)
        {
            return "";
        }

        var (first, last) = (ports.GetProperty("first").GetInt32(), ports.GetProperty("last").GetInt32());
        return first == last ? $"{first}" : $"{first}-{last}";
    }

    private static async Task<IResult> CreateAsync(HttpContext context, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var name = body.Name();
        var snat = IsSnat(body) ?? throw NetrisException.Field("action", "is missing");
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vpc = Lookup.Vpc(v, body);
                if (Find(v, vpc, name, snat, body) is { } there)
                {
                    return [Change.Update(there, Spec(there.CopySpec(), snat, body), name, Labels(v, there.Labels, body))];
                }

                return [Change.Create(v, Kinds.NatRule, name, Spec(new JsonObject { ["vpc"] = vpc.Name }, snat, body), Labels(v, ImmutableDictionary<string, string>.Empty, body))];
            },
            stop);
        return Envelope.Ok(Rows.Id(Find(view, Lookup.Vpc(view, body), name, snat, body)!.Uid), Version, "Successfully created.");
    }

    /// <summary>The rule that a repeated request means: same VPC, name and action, and for DNAT the same public address, since a VM's static
    /// translations share a name.</summary>
    private static Resource? Find(IntentView view, Resource vpc, string name, bool snat, Fields body)
    {
        var address = snat ? null : Lookup.AddressOrNone(body, "destinationAddress")?.ToString();
        return view.In(vpc, Kinds.NatRule).FirstOrDefault(n =>
            n.Title == name && n.Text("type") == "snat" == snat && n.Text("type") != "nptv6" && (snat || n.Texts("public").FirstOrDefault() == address));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, string id, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var nat = Lookup.ByPath(v, Kinds.NatRule, id);
                if (Lookup.VpcOrNone(v, body) is { } vpc && vpc.Name != nat.Text("vpc"))
                {
                    throw NetrisException.Field("vpc", "the VPC of a rule cannot change; delete it and make it anew");
                }

                var snat = nat.Text("type") == "snat";
                return IsSnat(body) is { } asked && asked != snat
                    ? throw NetrisException.Field("action", "the action of a rule cannot change; delete it and make it anew")
                    : [Change.Update(nat, Spec(nat.CopySpec(), snat, body), body.Has("name") ? body.Name() : null, Labels(v, nat.Labels, body))];
            },
            stop);
        return Envelope.Ok(Rows.Id(Lookup.ByPath(view, Kinds.NatRule, id).Uid), Version, "Successfully updated.");
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string id, IntentWriter writer, CancellationToken stop)
    {
        await writer.WriteAsync(context.Reason(), view => Lookup.TryByPath(view, Kinds.NatRule, id) is { } nat ? [Change.Delete(nat)] : [], stop);
        return Envelope.Ok(null, Version, "Successfully deleted.");
    }

    private static bool? IsSnat(Fields body) => body.Text("action")?.ToUpperInvariant() switch
    {
        null or "" => null,
        "SNAT" => true,
        "DNAT" => false,
        _ => throw NetrisException.Field("action", "must be SNAT or DNAT"),
    };

    /// <summary>A rule's spec with what a request says of it; what is absent stays.</summary>
    private static JsonObject Spec(JsonObject spec, bool snat, Fields body)
    {
        if (body.Flag("state") is { } enabled)
        {
            spec["enabled"] = enabled;
        }

        if (body.Text("sourcePort") is { Length: > 0 } port && port is not (AnyPort or "0-65535" or "any"))
        {
            throw NetrisException.Field("sourcePort", "translation by source port is not there");
        }

        return snat ? SourceSpec(spec, body) : DestinationSpec(spec, body);
    }

    private static JsonObject SourceSpec(JsonObject spec, Fields body)
    {
        spec["type"] = "snat";
        if (Lookup.PrefixOrNone(body, "sourceAddress") is { } inside)
        {
            spec["inside"] = inside.ToString();
        }

        if (Lookup.PrefixOrNone(body, "destinationAddress") is { Length: > 0 })
        {
            throw NetrisException.Field("destinationAddress", "source NAT towards some destinations only is not there");
        }

        if (Lookup.AddressOrNone(body, "snatToIP") is { } address)
        {
            spec["public"] = new JsonArray(address.ToString());
        }
        else if (Lookup.PrefixOrNone(body, "snatToPool") is { } pool)
        {
            spec["public"] = pool.AddressCount > 0 && pool.AddressCount <= MostAddresses
                ? new JsonArray([.. Enumerable.Range(0, (int)pool.AddressCount).Select(i => (JsonNode)IpAddr.FromNumber(pool.Family, pool.Address.Number + (UInt128)i).ToString())])
                : throw NetrisException.Field("snatToPool", $"a pool has at most {MostAddresses} addresses");
        }

        return spec["inside"] is null ? throw NetrisException.Field("sourceAddress", "is missing")
            : spec["public"] is null ? throw NetrisException.Field("snatToIP", "is missing")
            : spec;
    }

    private static JsonObject DestinationSpec(JsonObject spec, Fields body)
    {
        if (Lookup.PrefixOrNone(body, "sourceAddress") is { Length: > 0 })
        {
            throw NetrisException.Field("sourceAddress", "translation for some sources only is not there");
        }

        if (Lookup.AddressOrNone(body, "destinationAddress") is { } address)
        {
            spec["public"] = new JsonArray(address.ToString());
        }

        if (Lookup.AddressOrNone(body, "dnatToIP") is { } inside)
        {
            spec["insideAddress"] = inside.ToString();
        }

        if (body.Text("protocol")?.ToLowerInvariant() is { Length: > 0 } protocol)
        {
            Set(spec, "protocol", protocol is "all" or "ip" ? null : protocol is "tcp" or "udp" or "icmp" ? protocol : throw NetrisException.Field("protocol", "must be tcp, udp, icmp or all"));
        }

        if (body.Text("destinationPort") is { } ports)
        {
            Set(spec, "ports", ports.Length == 0 || ports == AnyPort ? null : Range(ports));
        }

        if (body.Has("dnatToPort"))
        {
            Set(spec, "insidePort", body.Number("dnatToPort", 0, 65535) is > 0 and var port ? port : null);
        }

        // Without ports there is nothing that an inside port would follow.
        if (spec["ports"] is null)
        {
            spec.Remove("insidePort");
        }

        if (spec["ports"] is not null && spec["protocol"] is null)
        {
            throw NetrisException.Field("protocol", "ports need tcp or udp");
        }

        spec["type"] = spec["protocol"] is null ? "static" : "dnat";
        return spec["public"] is null ? throw NetrisException.Field("destinationAddress", "is missing")
            : spec["insideAddress"] is null ? throw NetrisException.Field("dnatToIP", "is missing")
            : spec;
    }

    private static void Set(JsonObject spec, string member, JsonNode? value)
    {
        if (value is null)
        {
            spec.Remove(member);
        }
        else
        {
            spec[member] = value;
        }
    }

    private static JsonObject Range(string text)
    {
        var parts = text.Split('-', StringSplitOptions.TrimEntries);
        return parts.Length is 1 or 2 && ushort.TryParse(parts[0], out var first) && ushort.TryParse(parts[^1], out var last) && first > 0 && last >= first
            ? new JsonObject { ["first"] = first, ["last"] = last }
            : throw NetrisException.Field("destinationPort", $"'{Lookup.Short(text)}' is no port or range of ports such as 80 or 80-90");
    }

    private static ImmutableDictionary<string, string> Labels(IntentView view, ImmutableDictionary<string, string> labels, Fields body)
    {
        labels = body.Has("comment") ? labels.WithLabel("comment", body.Text("comment")) : labels;
        labels = body.Has("snatToIP") || body.Has("snatToPool") ? labels.WithLabel("pool", string.IsNullOrEmpty(body.Text("snatToIP")) ? body.Text("snatToPool") : null) : labels;
        return body.Has("site") || !labels.ContainsKey(Naming.Prefix + "site") ? labels.WithLabel("site", Lookup.Site(view, body).Name) : labels;
    }
}
