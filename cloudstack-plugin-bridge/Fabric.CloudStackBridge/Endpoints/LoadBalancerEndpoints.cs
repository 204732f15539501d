using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Rules;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>Layer 4 load balancers.</summary>
public static class LoadBalancerEndpoints
{
    private const string Version = "2";

    /// <summary>Maps the endpoints.</summary>
    public static void MapLoadBalancers(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v2/l4lb", ListAsync);
        app.MapGet("/api/v2/l4lb/{id}", async (string id, IntentFeed feed, CancellationToken stop) =>
        {
            var view = await feed.ReadyAsync(stop);
            return Envelope.Ok(Row(view, Lookup.ByPath(view, Kinds.LoadBalancer, id)), Version);
        });
        app.MapPost("/api/v2/l4lb", CreateAsync);
        app.MapPut("/api/v2/l4lb/{id}", ChangeAsync);
        app.MapDelete("/api/v2/l4lb/{id}", async (HttpContext context, string id, IntentWriter writer, CancellationToken stop) =>
        {
            await writer.WriteAsync(context.Reason(), view => Lookup.TryByPath(view, Kinds.LoadBalancer, id) is { } balancer ? [Change.Delete(balancer)] : [], stop);
            return Envelope.Ok(null, Version);
        });
    }

    private static async Task<IResult> ListAsync(HttpContext context, IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var vpcs = Lookup.Vpcs(view, context.Request)?.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        var sites = Filters.Ids(context.Request, "filterBySites");
        return Envelope.Ok(
            view.All(Kinds.LoadBalancer).Where(b => (vpcs is null || vpcs.Contains(b.Text("vpc")!))
                && (sites is null || Rows.SiteOf(view, b) is not { } site || sites.Contains(site.Uid))).Select(b => Row(view, b)),
            Version);
    }

    private static object Row(IntentView view, Resource balancer)
    {
        var vpc = view.VpcOf(balancer);
        var enabled = !balancer.Spec.TryGetProperty("enabled", out var flag) || flag.ValueKind != JsonValueKind.False;
        var port = balancer.Spec.GetProperty("ports").GetProperty("first").GetInt32();
        var address = balancer.Text("address")!;
        return new
        {
            id = balancer.Uid,
            name = balancer.Title,
            description = "",
            vpc = Rows.Ref(vpc),
            site = Rows.SiteOf(view, balancer) is { } site ? Rows.Ref(site) : null,
            tenant = Rows.TenantOf(view, vpc),
            protocol = balancer.Text("protocol")!.ToUpperInvariant(),
            ipFamily = address.Contains(':') ? "ipv6" : "ipv4",
            ip = address,
            port,
            status = enabled ? "enable" : "disable",
            state = new { label = "OK", value = "success" },
            @internal = balancer.Flag("internal") ? 1 : 0,
            backendIps = balancer.List("backends").Select((b, i) => new
            {
                id = i + 1,
                ip = b.GetProperty("address").GetString(),
                port = b.TryGetProperty("port", out var own) && own.ValueKind == JsonValueKind.Number ? own.GetInt32() : port,

                // What is in maintenance keeps its sessions and gets no new ones.
                maintenance = b.TryGetProperty("weight", out var weight) && weight.ValueKind == JsonValueKind.Number && weight.GetInt32() == 0,
            }),
            tags = Array.Empty<string>(),
        };
    }

    private static async Task<IResult> CreateAsync(HttpContext context, IntentWriter writer, RuleStore rules, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var name = body.Name();
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vpc = Lookup.Vpc(v, body);
                if (Find(v, vpc, name) is { } there)
                {
                    return [Change.Update(there, Spec(v, vpc, there.CopySpec(), body), name, Labels(v, there.Labels, body))];
                }

                var spec = Spec(v, vpc, new JsonObject { ["vpc"] = vpc.Name, ["algorithm"] = "roundRobin" }, body);

                // Rules that are older than the balancer hold from its beginning.
                var labels = Labels(v, ImmutableDictionary<string, string>.Empty, body);
                var sources = BalancerSources.Of(IpAddr.Parse((string)spec["address"]!), (string)spec["protocol"]!, (int)spec["ports"]!["first"]!, v.SystemVpcs.SelectMany(s => rules.Of(s.Uid)));
                return [Change.Create(v, Kinds.LoadBalancer, name, BalancerSources.Apply(spec, sources), BalancerSources.Apply(labels, sources))];
            },
            stop);
        return Envelope.Ok(Rows.Id(Find(view, Lookup.Vpc(view, body), name)!.Uid), Version);
    }

    private static Resource? Find(IntentView view, Resource vpc, string name) => view.In(vpc, Kinds.LoadBalancer).FirstOrDefault(b => b.Title == name);

    private static async Task<IResult> ChangeAsync(HttpContext context, string id, IntentWriter writer, RuleStore rules, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var balancer = Lookup.ByPath(v, Kinds.LoadBalancer, id);
                var vpc = v.VpcOf(balancer);
                return Lookup.VpcOrNone(v, body) is { } other && other.Uid != vpc.Uid
                    ? throw NetrisException.Field("vpc", "the VPC of a load balancer cannot change; delete it and make it anew")
                    : [Change.Update(balancer, Spec(v, vpc, balancer.CopySpec(), body), body.Has("name") ? body.Name() : null, Labels(v, balancer.Labels, body))];
            },
            stop);

        // Its address or port may be one that other rules are about.
        foreach (var system in view.SystemVpcs.Where(s => !rules.Of(s.Uid).IsEmpty))
        {
            rules.Touch(system.Uid);
        }

        return Envelope.Ok(null, Version);
    }

    /// <summary>A balancer's spec with what a request says of it; what is absent stays.</summary>
    private static JsonObject Spec(IntentView view, Resource vpc, JsonObject spec, Fields body)
    {
        if (body.Flag("automatic") == true)
        {
            throw NetrisException.Field("automatic", "give the address in ip");
        }

        if (body.Text("protocol")?.ToLowerInvariant() is { Length: > 0 } protocol)
        {
            spec["protocol"] = protocol is "tcp" or "udp" ? protocol : throw NetrisException.Field("protocol", "must be TCP or UDP");
        }

        if (Lookup.AddressOrNone(body, "ip") is { } address)
        {
            spec["address"] = address.ToString();
            spec["internal"] = view.In(vpc, Kinds.VNet).SelectMany(n => n.Texts("gateways")).Any(g => IpInterface.Parse(g).Network.Contains(address));
            if (body.Text("ipFamily") is { Length: > 0 } family && family.EndsWith('6') != address.IsV6)
            {
                throw NetrisException.Field("ipFamily", $"{address} is not of this family");
            }
        }

        if (body.Number("port", 1, 65535) is { } port)
        {
            spec["ports"] = new JsonObject { ["first"] = port, ["last"] = port };
        }

        if (body.Text("status")?.ToLowerInvariant() is { Length: > 0 } status)
        {
            spec["enabled"] = status switch
            {
                "enable" or "enabled" => true,
                "disable" or "disabled" => false,
                _ => throw NetrisException.Field("status", "must be enable or disable"),
            };
        }

        if (body.Text("healthCheck")?.ToLowerInvariant() is { Length: > 0 } check)
        {
            spec["healthCheck"] = HealthCheck(check, body);
        }

        if ((body.List("backend") ?? body.List("backendIps")) is { } backends)
        {
            spec["backends"] = new JsonArray([.. backends.Select(Backend).DistinctBy(b => ((string?)b["address"], (int?)b["port"]))]);
        }

        foreach (var (member, field) in new[] { ("protocol", "protocol"), ("address", "ip"), ("ports", "port") })
        {
            if (spec[member] is null)
            {
                throw NetrisException.Field(field, "is missing");
            }
        }

        return spec;
    }

    private static JsonObject? HealthCheck(string type, Fields body)
    {
        if (type == "none")
        {
            return null;
        }

        var check = new JsonObject { ["type"] = type is "tcp" or "http" ? type : throw NetrisException.Field("healthCheck", "must be None, TCP or HTTP") };
        if (body.Text("requestPath") is { Length: > 0 } path)
        {
            check["path"] = path;
        }

        // Clients count in milliseconds.
        if (body.Number("timeOut", 1, 600_000) is { } timeout)
        {
            check["timeoutSeconds"] = Math.Clamp((timeout + 999) / 1000, 1, 600);
        }

        return check;
    }

    private static JsonObject Backend(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Object)
        {
            var fields = new Fields(item);
            return Backend(
                Lookup.AddressOrNone(fields, "ip") ?? throw NetrisException.Field("backend", "a back end has an ip"),
                fields.Number("port", 1, 65535) ?? throw NetrisException.Field("backend", "a back end has a port"),
                fields.Flag("maintenance") == true);
        }

        var text = Fields.AsText(item) ?? "";
        var colon = text.LastIndexOf(':');
        return colon > 0 && IpAddr.TryParse(text[..colon].Trim('[', ']'), out var address)
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? Backend(address, port, false)
            : throw NetrisException.Field("backend", $"'{Lookup.Short(text)}' is no back end such as 10.0.1.23:8080");

        static JsonObject Backend(IpAddr address, int port, bool maintenance) => new() { ["address"] = address.ToString(), ["port"] = port, ["weight"] = maintenance ? 0 : 1 };
    }

    private static ImmutableDictionary<string, string> Labels(IntentView view, ImmutableDictionary<string, string> labels, Fields body) =>
        body.Has("site") || !labels.ContainsKey(Naming.Prefix + "site") ? labels.WithLabel("site", Lookup.Site(view, body).Name) : labels;
}
