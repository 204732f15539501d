using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Status;

namespace Fabric.Controller.Endpoints;

/// <summary>Reading and writing single resources, the same for every kind.</summary>
public static class ResourceEndpoints
{
    // api / v1 / plural / name
    private const int NameSegment = 3;

    /// <summary>Which resources a list can be narrowed to those that refer to: parameter and kind.</summary>
    private static readonly ImmutableArray<(string Parameter, ResourceKind Kind)> ReferenceFilters =
        [("site", ResourceKind.Site), ("tenant", ResourceKind.Tenant), ("vpc", ResourceKind.Vpc), ("device", ResourceKind.Device)];

    /// <summary>Maps the endpoints of every kind.</summary>
    public static void MapResources(this IEndpointRouteBuilder api)
    {
        Map<SiteSpec>(api, ResourceKind.Site);
        Map<TenantSpec>(api, ResourceKind.Tenant);
        Map<DeviceSpec>(api, ResourceKind.Device, "site");
        Map<LinkSpec>(api, ResourceKind.Link, "device");
        Map<SoftGatePairSpec>(api, ResourceKind.SoftGatePair, "site", "device");
        Map<AclListSpec>(api, ResourceKind.AclList, "tenant");
        Map<VpcSpec>(api, ResourceKind.Vpc, "tenant");
        Map<VNetSpec>(api, ResourceKind.VNet, "site", "vpc", "device");
        Map<IpamAllocationSpec>(api, ResourceKind.IpamAllocation, "vpc");
        Map<IpamSubnetSpec>(api, ResourceKind.IpamSubnet, "vpc");
        Map<PublicAddressSpec>(api, ResourceKind.PublicAddress, "vpc");
        Map<NatRuleSpec>(api, ResourceKind.NatRule, "vpc");
        Map<LoadBalancerSpec>(api, ResourceKind.LoadBalancer, "vpc");
        Map<StaticRouteSpec>(api, ResourceKind.StaticRoute, "vpc");
    }

    private static void Map<TSpec>(IEndpointRouteBuilder api, ResourceKind kind, params string[] references)
        where TSpec : ResourceSpec
    {
        var group = api.MapGroup(ResourceKindInfo.Of(kind).Plural).WithTags(kind.ToString());
        var list = group.MapGet("", (HttpContext context, IntentWrites intent, IStatusSource status) => List(context, intent.Current, status, kind))
            .WithName($"list{kind}s").WithSummary($"Lists {kind} resources, by name.")
            .WithQuery("name", "only the one with this name")
            .WithQuery("label", "only those with this label, as key=value or key; may be repeated, then all must match")
            .WithQuery("limit", "most items of a page, 1..1000; 200 if absent")
            .WithQuery("cursor", "where the page begins: next of the page before")
            .Produces<ResourceList<TSpec>>();
        foreach (var reference in references)
        {
            list.WithQuery(reference, $"only those that refer to this {reference}, by name");
        }

        group.MapPost("", (HttpContext context, IntentWrites intent, IStatusSource status) => CreateAsync(context, intent, status, kind))
            .WithName($"create{kind}").WithSummary($"Makes a {kind}. Honours Idempotency-Key.")
            .RequireRole(Role.Operator).Accepts<ResourceDocument<TSpec>>(ApiJson.MediaType).Produces<ResourceDocument<TSpec>>(201)
            .WithProblems(400, 409, 413, 415, 422, 503, 507);
        group.MapGet("by-uid/{uid}", (HttpContext context, IntentWrites intent, IStatusSource status) => GetByUid(context, intent.Current, status, kind))
            .WithName($"get{kind}ByUid").WithSummary($"Shows a {kind} by its uid.")
            .Produces<ResourceDocument<TSpec>>().WithProblems(404);
        group.MapGet("{name}", (HttpContext context, IntentWrites intent, IStatusSource status) => Get(context, intent.Current, status, Key(context, kind)))
            .WithName($"get{kind}").WithSummary($"Shows a {kind}.")
            .Produces<ResourceDocument<TSpec>>().WithProblems(404);
        group.MapPut("{name}", (HttpContext context, IntentWrites intent, IStatusSource status) => PutAsync(context, intent, status, Key(context, kind)))
            .WithName($"put{kind}").WithSummary($"Makes or replaces a {kind}. To replace, If-Match is needed: the ETag, or * for whatever is there.")
            .RequireRole(Role.Operator).Accepts<ResourceDocument<TSpec>>(ApiJson.MediaType)
            .Produces<ResourceDocument<TSpec>>().Produces<ResourceDocument<TSpec>>(201)
            .WithProblems(400, 409, 412, 413, 415, 422, 428, 503, 507);
        group.MapPatch("{name}", (HttpContext context, IntentWrites intent, IStatusSource status) => PatchAsync(context, intent, status, Key(context, kind)))
            .WithName($"patch{kind}").WithSummary($"Changes labels and spec of a {kind} by a merge patch (RFC 7396). Needs If-Match.")
            .RequireRole(Role.Operator).Accepts<JsonObject>("application/merge-patch+json").Produces<ResourceDocument<TSpec>>()
            .WithProblems(400, 404, 409, 412, 413, 415, 422, 428, 503, 507);
        group.MapDelete("{name}", (HttpContext context, IntentWrites intent) => DeleteAsync(context, intent, Key(context, kind)))
            .WithName($"delete{kind}").WithSummary($"Removes a {kind}. Needs If-Match.")
            .RequireRole(Role.Operator).Produces(204)
            .WithProblems(400, 404, 409, 412, 428, 503, 507);
    }

    /// <summary>The path of a resource.</summary>
    public static string PathOf(ResourceKey key) => $"/api/v1/{ResourceKindInfo.Of(key.Kind).Plural}/{Uri.EscapeDataString(key.Name)}";

    /// <summary>The resource that the path names, by name.</summary>
    public static ResourceKey Key(HttpContext context, ResourceKind kind) => new(kind, RequestPath.Segment(context, NameSegment));

    private static IResult List(HttpContext context, IntentSnapshot snapshot, IStatusSource status, ResourceKind kind)
    {
        var request = context.Request;
        var limit = Query.Limit(request);
        var after = Query.Cursor(request);
        var labels = request.Query["label"].Select(ParseLabel).ToList();
        var name = Query.Text(request, "name");
        var resources = name is null ? snapshot.All(kind) : snapshot.Find(kind, name) is { } one ? [one] : [];
        foreach (var (parameter, target) in ReferenceFilters)
        {
            if (Query.Text(request, parameter) is { } targetName)
            {
                var referrers = snapshot.ReferrersOf(new ResourceKey(target, targetName));
                resources = resources.Where(r => referrers.Contains(r.Key));
            }
        }

        var page = resources
            .Where(r => after is null || string.CompareOrdinal(r.Key.Name, after) > 0)
            .Where(r => labels.TrueForAll(l => r.Labels.TryGetValue(l.Key, out var value) && (l.Value is null || l.Value == value)))
            .Take(limit + 1)
            .ToList();
        return ApiJson.Result(new ResourceList<object>
        {
            Items = [.. page.Take(limit).Select(r => Documents.Of(snapshot, r, status))],
            Next = page.Count > limit ? Query.ToCursor(page[limit - 1].Key.Name) : null,
            Revision = snapshot.Revision,
        });
    }

    private static (string Key, string? Value) ParseLabel(string? text)
    {
        var parts = (text ?? "").Split('=', 2);
        return parts[0].Length == 0
            ? throw new ProblemException(Problems.BadQuery("label", "label must be key or key=value"))
            : (parts[0], parts.Length == 2 ? parts[1] : null);
    }

    private static IResult Get(HttpContext context, IntentSnapshot snapshot, IStatusSource status, ResourceKey key)
    {
        if (snapshot.Find(key) is not { } resource)
        {
            return Problems.NotFound(Missing(key));
        }

        context.Response.Headers.ETag = Preconditions.Tag(resource);
        return ApiJson.Result(Documents.Of(snapshot, resource, status));
    }

    private static IResult GetByUid(HttpContext context, IntentSnapshot snapshot, IStatusSource status, ResourceKind kind)
    {
        var text = RequestPath.Segment(context, NameSegment + 1);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var uid) && snapshot.Find(uid) is { } resource && resource.Key.Kind == kind
            ? Get(context, snapshot, status, resource.Key)
            : Problems.NotFound($"there is no {kind} with uid {Shorten(text)}");
    }

    private static async Task<IResult> CreateAsync(HttpContext context, IntentWrites intent, IStatusSource status, ResourceKind kind)
    {
        using var json = await RequestBody.ReadAsync(context);
        var body = ObjectReader.ReadBody(json, reader => ResourceBody.Read(reader, kind, null));
        var key = new ResourceKey(kind, body.Name!);
        return await intent.CommitAsync(context, new IntentWrite
        {
            Changes = _ => [new Change(ChangeOperation.Create, key, body.Spec, body.Labels)],
            Reason = RequestReason.Of(context.Request),
            RequestText = json.RootElement.GetRawText(),
            Respond = evaluation => Written(evaluation, key, status, 201),
        });
    }

    private static async Task<IResult> PutAsync(HttpContext context, IntentWrites intent, IStatusSource status, ResourceKey key)
    {
        var preconditions = Preconditions.Of(context.Request);
        using var json = await RequestBody.ReadAsync(context);
        var body = ObjectReader.ReadBody(json, reader => ResourceBody.Read(reader, key.Kind, key.Name));
        if (intent.Current.Find(key) is not { } present)
        {
            if (preconditions.Present)
            {
                return Problems.Stale($"there is no {key}; leave If-Match out to make it");
            }

            if (body.Uid is not null)
            {
                return Problems.Invalid([new FieldError("/uid", "is given by the controller; leave it out of what is to be made")]);
            }

            return await intent.CommitAsync(context, new IntentWrite
            {
                Changes = _ => [new Change(ChangeOperation.Create, key, body.Spec, body.Labels)],
                Reason = RequestReason.Of(context.Request),
                Respond = evaluation => Written(evaluation, key, status, 201),
                Refuse = errors => errors.All(e => e.Kind == ChangeErrorKind.AlreadyExists) ? Problems.Stale($"somebody else has made {key} meanwhile; read it") : null,
            });
        }

        var expected = preconditions.Expect(present);
        if (body.Uid is { } uid && uid != present.Uid)
        {
            return Problems.Invalid([new FieldError("/uid", $"{key} has uid {present.Uid}; a resource keeps its uid for life")]);
        }

        return await ReplaceAsync(context, intent, status, key, new Change(ChangeOperation.Update, key, body.Spec, body.Labels, expected));
    }

    private static async Task<IResult> PatchAsync(HttpContext context, IntentWrites intent, IStatusSource status, ResourceKey key)
    {
        var preconditions = Preconditions.Of(context.Request);
        using var json = await RequestBody.ReadAsync(context, "application/merge-patch+json");
        if (intent.Current.Find(key) is not { } present)
        {
            return Problems.NotFound(Missing(key));
        }

        var expected = preconditions.Expect(present);
        if (json.RootElement.ValueKind != JsonValueKind.Object)
        {
            return Problems.Invalid([new FieldError("", "must be an object")]);
        }

        var target = JsonSerializer.SerializeToNode(Documents.Of(present), ApiJson.Options);
        using var patched = JsonDocument.Parse(MergePatch.Apply(target, json.RootElement)!.ToJsonString(ApiJson.Options));
        var body = ObjectReader.ReadBody(patched, reader => ResourceBody.Read(reader, key.Kind, key.Name));
        if (body.Uid is { } uid && uid != present.Uid)
        {
            return Problems.Invalid([new FieldError("/uid", "a resource keeps its uid for life")]);
        }

        // The patch is meant for what was just read, whatever If-Match allows.
        var change = new Change(ChangeOperation.Update, key, body.Spec, body.Labels ?? ImmutableSortedDictionary<string, string>.Empty, expected ?? present.Revision);
        return await ReplaceAsync(context, intent, status, key, change);
    }

    private static Task<IResult> ReplaceAsync(HttpContext context, IntentWrites intent, IStatusSource status, ResourceKey key, Change change) =>
        intent.CommitAsync(context, new IntentWrite
        {
            Changes = _ => [change],
            Reason = RequestReason.Of(context.Request),
            Respond = evaluation => Written(evaluation, key, status, 200),
            Refuse = errors => errors.All(e => e.Kind == ChangeErrorKind.NotFound) ? Problems.Stale($"somebody else has deleted {key} meanwhile") : null,
        });

    private static async Task<IResult> DeleteAsync(HttpContext context, IntentWrites intent, ResourceKey key)
    {
        var preconditions = Preconditions.Of(context.Request);
        if (intent.Current.Find(key) is not { } present)
        {
            return Problems.NotFound(Missing(key));
        }

        var expected = preconditions.Expect(present);
        return await intent.CommitAsync(context, new IntentWrite
        {
            Changes = _ => [new Change(ChangeOperation.Delete, key, null, null, expected)],
            Reason = RequestReason.Of(context.Request),
            Respond = _ => new Storage.StoredResponse(204, "{}", ""),
        });
    }

    private static Storage.StoredResponse Written(Evaluation evaluation, ResourceKey key, IStatusSource status, int code)
    {
        var resource = evaluation.After.Find(key)!;
        var document = Documents.Of(evaluation.After, resource, status);
        return code == 201
            ? StoredResult.Of(document, code, ("ETag", Preconditions.Tag(resource)), ("Location", PathOf(key)))
            : StoredResult.Of(document, code, ("ETag", Preconditions.Tag(resource)));
    }

    private static string Missing(ResourceKey key) => $"there is no {key.Kind} '{Shorten(key.Name)}'";

    private static string Shorten(string text) => text.Length > 600 ? text[..600] + "…" : text;
}
