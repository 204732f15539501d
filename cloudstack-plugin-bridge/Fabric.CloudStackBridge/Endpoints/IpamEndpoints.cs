using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>Allocations and the subnets in them.</summary>
public static class IpamEndpoints
{
    private const string Version = "v2";

    /// <summary>Each purpose in the clients' and in the controller's spelling.</summary>
    private static readonly ImmutableArray<(string Theirs, string Ours)> Purposes =
        [("common", "common"), ("loopback", "loopback"), ("management", "management"), ("load-balancer", "loadBalancer"), ("nat", "nat"), ("inactive", "inactive")];

    /// <summary>Maps the endpoints.</summary>
    public static void MapIpam(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v2/ipam", TreeAsync);
        app.MapGet("/api/v2/ipam/subnets", SubnetsAsync);
        app.MapPost("/api/v2/ipam/allocation", (HttpContext context, IntentWriter writer, CancellationToken stop) => PutAllocationAsync(context, null, writer, stop));
        app.MapPut("/api/v2/ipam/allocation/{id}", (HttpContext context, string id, IntentWriter writer, CancellationToken stop) => PutAllocationAsync(context, id, writer, stop));
        app.MapPost("/api/v2/ipam/subnet", (HttpContext context, IntentWriter writer, AddressStore addresses, CancellationToken stop) =>
            PostSubnetAsync(context, writer, addresses, stop));
        app.MapPut("/api/v2/ipam/subnet/{id}", PutSubnetAsync);
        app.MapDelete("/api/v2/ipam/allocation/{**which}", (HttpContext context, string which, IntentWriter writer, CancellationToken stop) =>
            DeleteAsync(context, Kinds.Allocation, which, writer, null, stop));
        app.MapDelete("/api/v2/ipam/subnet/{**which}", (HttpContext context, string which, IntentWriter writer, AddressStore addresses, CancellationToken stop) =>
            DeleteAsync(context, Kinds.Subnet, which, writer, addresses, stop));
    }

    private static async Task<IResult> TreeAsync(HttpContext context, IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);

        // An allocation has no site, so the filter by sites does not touch it.
        var vpcs = Lookup.Vpcs(view, context.Request) ?? [.. view.SystemVpcs.Take(1)];
        return Envelope.OkTree(vpcs.SelectMany(vpc =>
        {
            var tenant = Rows.TenantOf(view, vpc);
            var subnets = view.In(vpc, Kinds.Subnet).Select(s => (Resource: s, Prefix: IpPrefix.Parse(s.Text("prefix")!))).OrderBy(s => s.Prefix).ToList();
            return view.In(vpc, Kinds.Allocation).Select(a => new
            {
                id = a.Uid,
                type = "allocation",
                name = a.Title,
                description = "",
                prefix = a.Text("prefix"),
                subnet = Halves(IpPrefix.Parse(a.Text("prefix")!)),
                ipFamily = Family(a.Text("prefix")!),
                @readonly = "no",
                tenant,
                vpc = Rows.Ref(vpc),
                children = Children(view, vpc, a.Uid, null, new(Inside(a, subnets))),
            });
        }));
    }

    /// <summary>
    /// Rows with those inside them, from subnets in the order of their addresses, the larger before the smaller at the same one: whatever is inside a
    /// subnet follows it directly. Takes from the front those that are inside <paramref name="parent"/>.
    /// </summary>
    private static List<object> Children(IntentView view, Resource vpc, int allocation, (Resource Resource, IpPrefix Prefix)? parent, Queue<(Resource Resource, IpPrefix Prefix)> subnets)
    {
        var rows = new List<object>();
        while (subnets.TryPeek(out var next) && (parent is not { } outer || outer.Prefix.Contains(next.Prefix)))
        {
            subnets.Dequeue();
            rows.Add(SubnetRow(view, vpc, next.Resource, allocation, parent?.Resource.Uid ?? 0, Children(view, vpc, allocation, next, subnets)));
        }

        return rows;
    }

    private static async Task<IResult> SubnetsAsync(HttpContext context, IntentFeed feed, AddressStore addresses, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var sites = Filters.Ids(context.Request, "filterBySites");

        // A tenant's addresses for NAT and load balancing are in the system VPC, and are looked for in the tenant's.
        var vpcs = (Lookup.Vpcs(view, context.Request) ?? [.. view.SystemVpcs.Take(1)]).Concat(view.SystemVpcs).Distinct().ToList();
        var rows = new List<object>();
        foreach (var vpc in vpcs)
        {
            var allocations = view.In(vpc, Kinds.Allocation).Select(a => (a.Uid, Prefix: IpPrefix.Parse(a.Text("prefix")!))).ToList();
            var subnets = view.In(vpc, Kinds.Subnet).Select(s => (Resource: s, Prefix: IpPrefix.Parse(s.Text("prefix")!))).ToList();
            var ranges = subnets.Where(s => !s.Prefix.IsHost).ToList();
            foreach (var (subnet, prefix) in subnets.Where(s => sites is null || Rows.SiteOf(view, s.Resource) is not { } site || sites.Contains(site.Uid)))
            {
                var parent = ranges.Where(o => o.Prefix != prefix && o.Prefix.Contains(prefix)).OrderByDescending(o => o.Prefix.Length).Select(o => o.Resource.Uid).FirstOrDefault();
                rows.Add(SubnetRow(view, vpc, subnet, allocations.FirstOrDefault(a => a.Prefix.Contains(prefix)).Uid, parent, []));
            }

            if (vpc.Flag("system"))
            {
                rows.AddRange(addresses.All().Where(a => a.Vpc == vpc.Uid).Select(a => AddressRow(view, vpc, a, allocations.FirstOrDefault().Uid)));
            }
        }

        return Envelope.Ok(rows, Version);
    }

    private static object SubnetRow(IntentView view, Resource vpc, Resource subnet, int allocation, int parent, List<object> children) => new
    {
        id = subnet.Uid,
        type = "subnet",
        allocationID = allocation,
        parentID = parent,
        name = subnet.Title,
        description = "",
        prefix = subnet.Text("prefix"),
        subnet = Halves(IpPrefix.Parse(subnet.Text("prefix")!)),
        purpose = Theirs(subnet.Text("purpose")),
        ipFamily = Family(subnet.Text("prefix")!),
        @readonly = "no",
        defaultGateway = subnet.Text("defaultGateway") ?? "",
        tenant = Rows.TenantOf(view, vpc),
        sites = Rows.SitesOf(view, subnet),
        vpc = Rows.VpcRef(view, vpc),
        globalRouting = subnet.Flag("globalRouting"),
        children,
    };

    private static object AddressRow(IntentView view, Resource vpc, NotedAddress address, int allocation) => new
    {
        id = address.Id,
        type = "subnet",
        allocationID = allocation,
        parentID = 0,
        name = address.Name,
        description = "",
        prefix = address.Prefix,
        subnet = Halves(IpPrefix.Parse(address.Prefix)),
        purpose = address.Purpose,
        ipFamily = Family(address.Prefix),
        @readonly = "no",
        defaultGateway = "",
        tenant = Rows.TenantOf(view, vpc),
        sites = view.All(Kinds.Site).Take(1).Select(Rows.Ref),
        vpc = Rows.VpcRef(view, vpc),
        globalRouting = false,
        children = Array.Empty<object>(),
    };

    private static async Task<IResult> PutAllocationAsync(HttpContext context, string? id, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var name = id is null || body.Has("name") ? body.Name() : null;
        var prefix = id is null ? Lookup.Prefix(body, "prefix") : Lookup.PrefixOrNone(body, "prefix");
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                if (id is not null)
                {
                    // Its VPC stays, whatever the request says.
                    var present = Lookup.ByPath(v, Kinds.Allocation, id);
                    var spec = present.CopySpec();
                    spec["prefix"] = prefix?.ToString() ?? present.Text("prefix");
                    return [Change.Update(present, spec, name)];
                }

                var vpc = Lookup.Vpc(v, body);
                return At(v, Kinds.Allocation, vpc, prefix!.Value) is { } there
                    ? [Change.Update(there, there.CopySpec(), name)]
                    : [Change.Create(v, Kinds.Allocation, name!, new JsonObject { ["vpc"] = vpc.Name, ["prefix"] = prefix.ToString() })];
            },
            stop);
        return Envelope.Ok(Rows.Id(id is not null ? Lookup.ByPath(view, Kinds.Allocation, id).Uid : At(view, Kinds.Allocation, Lookup.Vpc(view, body), prefix!.Value)!.Uid), Version);
    }

    private static async Task<IResult> PostSubnetAsync(HttpContext context, IntentWriter writer, AddressStore addresses, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var (name, prefix, purpose) = (body.Name(), Lookup.Prefix(body, "prefix"), Ours(body.Text("purpose")) ?? "common");
        var inside = false;
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vpc = Lookup.Vpc(v, body);
                if (At(v, Kinds.Subnet, vpc, prefix) is { } there)
                {
                    return [.. Write(v, there, body)];
                }

                if (!Allocated(v, vpc, prefix))
                {
                    // The address of an internal load balancer is noted in the system VPC like a public one.
                    inside = vpc.Flag("system") && prefix.IsHost && purpose is "loadBalancer" or "nat"
                        && v.All(Kinds.Vpc).Any(o => !o.Flag("system") && Allocated(v, o, prefix));
                    return inside ? [] : throw NetrisException.Field("prefix", $"{prefix} is in no allocation of VPC '{vpc.Title}'");
                }

                var spec = new JsonObject { ["vpc"] = vpc.Name, ["prefix"] = prefix.ToString(), ["purpose"] = purpose };
                if (Gateway(body) is { } gateway)
                {
                    spec["defaultGateway"] = gateway;
                }

                if (body.Flag("globalRouting") is { } routed)
                {
                    spec["globalRouting"] = routed;
                }

                var labels = ImmutableDictionary<string, string>.Empty.WithLabel("site", Lookup.Site(v, body).Name);
                return [Change.Create(v, Kinds.Subnet, name, spec, labels), .. Routed(vpc, body)];
            },
            stop);
        var at = Lookup.Vpc(view, body);
        return Envelope.Ok(Rows.Id(inside ? addresses.Put(at.Uid, name, prefix.ToString(), Theirs(purpose)) : At(view, Kinds.Subnet, at, prefix)!.Uid), Version);
    }

    private static async Task<IResult> PutSubnetAsync(HttpContext context, string id, IntentFeed feed, IntentWriter writer, AddressStore addresses, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        if (Lookup.TryByPath(await feed.ReadyAsync(stop), Kinds.Subnet, id) is null && Lookup.Id(id) is { } number && addresses.Find(number) is { } noted)
        {
            return Envelope.Ok(Rows.Id(addresses.Put((int)noted.Vpc, body.Has("name") ? body.Name() : noted.Name, noted.Prefix, Theirs(Ours(body.Text("purpose"))) ?? noted.Purpose)), Version);
        }

        var view = await writer.WriteAsync(context.Reason(), v => [.. Write(v, Lookup.ByPath(v, Kinds.Subnet, id), body)], stop);
        return Envelope.Ok(Rows.Id(Lookup.ByPath(view, Kinds.Subnet, id).Uid), Version);
    }

    /// <summary>Writes over a subnet what a request says; what is absent stays, and so does its VPC.</summary>
    private static IEnumerable<Change> Write(IntentView view, Resource present, Fields body)
    {
        var spec = present.CopySpec();
        if (Lookup.PrefixOrNone(body, "prefix") is { } prefix)
        {
            spec["prefix"] = prefix.ToString();
        }

        if (Ours(body.Text("purpose")) is { } purpose)
        {
            spec["purpose"] = purpose;
        }

        if (Gateway(body) is { } gateway)
        {
            spec["defaultGateway"] = gateway;
        }

        if (body.Flag("globalRouting") is { } routed)
        {
            spec["globalRouting"] = routed;
        }

        yield return Change.Update(present, spec, body.Has("name") ? body.Name() : null);
        foreach (var change in Routed(view.VpcOf(present), body))
        {
            yield return change;
        }
    }

    /// <summary>A tier that is reached as it is makes its VPC one that needs no translation.</summary>
    private static IEnumerable<Change> Routed(Resource vpc, Fields body)
    {
        if (body.Flag("globalRouting") == true && !vpc.Flag("system") && !vpc.Flag("routedIpv4"))
        {
            var spec = vpc.CopySpec();
            spec["routedIpv4"] = true;
            yield return Change.Update(vpc, spec);
        }
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string kind, string which, IntentWriter writer, AddressStore? addresses, CancellationToken stop)
    {
        var noted = addresses is not null && Lookup.Id(which) is { } number ? addresses.Find(number) : null;
        await writer.WriteAsync(
            context.Reason(),
            view =>
            {
                if (Target(view, kind, which, context.Request) is not { } gone)
                {
                    return [];
                }

                var prefix = IpPrefix.Parse(gone.Text("prefix")!);
                var inside = kind == Kinds.Allocation ? view.In(view.VpcOf(gone), Kinds.Subnet).Where(s => prefix.Contains(IpPrefix.Parse(s.Text("prefix")!))) : [];
                return [.. inside.Select(Change.Delete), Change.Delete(gone)];
            },
            stop);
        if (noted is not null)
        {
            addresses!.Delete((int)noted.Id);
        }

        return Envelope.Ok(null, Version);
    }

    /// <summary>What a path names, by id or by prefix; null: it is not there.</summary>
    private static Resource? Target(IntentView view, string kind, string which, HttpRequest request)
    {
        if (Lookup.Id(which) is { } id)
        {
            return view.Find(kind, id);
        }

        if (Lookup.ParsePrefix(Uri.UnescapeDataString(which)) is not { } prefix)
        {
            throw new NetrisException(400, "the path must end in an id or a prefix");
        }

        var vpcs = Lookup.Vpcs(view, request);
        var found = view.All(kind).Where(r => r.Text("prefix") == prefix.ToString() && (vpcs is null || vpcs.Contains(view.VpcOf(r)))).ToList();
        return found.Count switch
        {
            0 => null,
            1 => found[0],
            _ => found.FirstOrDefault(f => view.VpcOf(f) == view.DefaultVpc) ?? throw new NetrisException(409, $"{prefix} is in several VPCs; say which by filterByVpc"),
        };
    }

    private static Resource? At(IntentView view, string kind, Resource vpc, IpPrefix prefix) => view.In(vpc, kind).FirstOrDefault(r => r.Text("prefix") == prefix.ToString());

    private static IEnumerable<(Resource Resource, IpPrefix Prefix)> Inside(Resource allocation, IEnumerable<(Resource Resource, IpPrefix Prefix)> subnets)
    {
        var block = IpPrefix.Parse(allocation.Text("prefix")!);
        return subnets.Where(s => block.Contains(s.Prefix));
    }

    private static bool Allocated(IntentView view, Resource vpc, IpPrefix prefix) =>
        view.In(vpc, Kinds.Allocation).Any(a => IpPrefix.Parse(a.Text("prefix")!).Contains(prefix));

    private static string? Gateway(Fields body) => Lookup.AddressOrNone(body, "defaultGateway")?.ToString();

    private static object Halves(IpPrefix prefix) => new { prefix = prefix.Address.ToString(), length = prefix.Length };

    private static string Family(string prefix) => prefix.Contains(':') ? "ipv6" : "ipv4";

    private static string? Ours(string? purpose) => string.IsNullOrEmpty(purpose) ? null
        : Purposes.FirstOrDefault(p => p.Theirs.Equals(purpose, StringComparison.OrdinalIgnoreCase)).Ours
            ?? throw NetrisException.Field("purpose", "must be one of " + string.Join(", ", Purposes.Select(p => p.Theirs)));

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(purpose))]
    private static string? Theirs(string? purpose) => purpose is null ? null : Purposes.First(p => p.Ours == purpose).Theirs;
}
