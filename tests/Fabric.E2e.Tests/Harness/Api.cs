using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.E2e.Tests.Harness;

/// <summary>What the API answered.</summary>
internal sealed record Answer(string What, HttpStatusCode Status, string? ContentType, string? ETag, string Text)
{
    public bool Ok => (int)Status is >= 200 and < 300;

    /// <summary>The body as JSON; empty where it is not an object.</summary>
    public JsonObject Json => Text.Length > 0 && Text[0] == '{' ? JsonNode.Parse(Text)!.AsObject() : [];

    public Answer Must() => Ok ? this : throw new InvalidOperationException(ToString());

    public override string ToString() => $"{What}: {(int)Status} {Text}";
}

/// <summary>A client of the REST API with one token.</summary>
internal sealed class Api : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>A client that trusts one authority and nobody else.</summary>
    public Api(Uri root, string authorityPem, string? token)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(authorityPem);
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            BaseAddress = root,
            Timeout = TimeSpan.FromSeconds(30),
        };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>One request.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, JsonNode? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/" + path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request);
        return new Answer(
            $"{method} {path}", response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Headers.ETag?.ToString(),
            await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonObject> GetAsync(string path) => (await SendAsync(HttpMethod.Get, path)).Must().Json;

    /// <summary>All items of a list, page by page.</summary>
    public async Task<List<JsonObject>> ListAsync(string path)
    {
        var items = new List<JsonObject>();
        string? cursor = null;
        do
        {
            var page = await GetAsync(path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "limit=500"
                + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor)));
            items.AddRange(page["items"]!.AsArray().Select(i => i!.AsObject()));
            cursor = page["next"]?.GetValue<string>();
        }
        while (cursor is not null);
        return items;
    }

    public Task<JsonObject> ResourceAsync(string plural, string name) => GetAsync($"{plural}/{Uri.EscapeDataString(name)}");

    /// <summary>Writes several changes as one change set; whatever comes of it.</summary>
    public Task<Answer> TryChangeAsync(IEnumerable<JsonObject> changes, string? reason = null) =>
        SendAsync(HttpMethod.Post, "change-sets", new JsonObject
        {
            ["reason"] = reason ?? "a test",
            ["changes"] = new JsonArray([.. changes.Select(c => c.DeepClone())]),
        });

    /// <summary>Writes several changes as one change set.</summary>
    /// <returns>The revision they have.</returns>
    public async Task<long> ChangeAsync(params IEnumerable<JsonObject> changes) =>
        (await TryChangeAsync(changes)).Must().Json["revision"]!.GetValue<long>();

    public void Dispose() => _http.Dispose();
}

/// <summary>Resources as JSON, and what is in them.</summary>
internal static class Intent
{
    public static JsonObject Tenant(string name) => Apply("Tenant", name, []);

    public static JsonObject Vpc(string name, string tenant) => Apply("Vpc", name, new() { ["tenant"] = tenant });

    public static JsonObject VNet(string name, string vpc, int? vni = null, JsonArray? attachments = null, params string[] gateways)
    {
        var spec = new JsonObject
        {
            ["site"] = "lab",
            ["vpc"] = vpc,
            ["gateways"] = new JsonArray([.. gateways.Select(g => (JsonNode)g)]),
            ["attachments"] = attachments ?? OnHypervisors(),
        };
        if (vni is { } number)
        {
            spec["vni"] = number;
        }

        return Apply("VNet", name, spec);
    }

    public static JsonArray OnHypervisors() => new(new JsonObject { ["hypervisors"] = true });

    public static JsonArray OnPorts(params (string Device, string Port, int? Vlan)[] ports) => new([.. ports.Select(p =>
    {
        var attachment = new JsonObject { ["port"] = new JsonObject { ["device"] = p.Device, ["port"] = p.Port } };
        if (p.Vlan is { } vlan)
        {
            attachment["vlan"] = vlan;
        }

        return (JsonNode)attachment;
    })]);

    public static JsonObject Allocation(string name, string vpc, string prefix) =>
        Apply("IpamAllocation", name, new() { ["vpc"] = vpc, ["prefix"] = prefix });

    public static JsonObject Subnet(string name, string vpc, string prefix) =>
        Apply("IpamSubnet", name, new() { ["vpc"] = vpc, ["prefix"] = prefix });

    public static JsonObject Apply(string kind, string name, JsonObject spec) =>
        new() { ["operation"] = "apply", ["kind"] = kind, ["name"] = name, ["spec"] = spec };

    public static JsonObject Create(JsonObject apply)
    {
        var create = apply.DeepClone().AsObject();
        create["operation"] = "create";
        return create;
    }

    public static JsonObject Delete(JsonObject apply) =>
        new() { ["operation"] = "delete", ["kind"] = apply["kind"]!.GetValue<string>(), ["name"] = apply["name"]!.GetValue<string>() };

    /// <summary>A resource that was read, as a change that writes it with another spec.</summary>
    public static JsonObject Again(JsonObject resource, Action<JsonObject> edit)
    {
        var spec = resource["spec"]!.DeepClone().AsObject();
        edit(spec);
        return Apply(resource["kind"]!.GetValue<string>(), resource["name"]!.GetValue<string>(), spec);
    }

    /// <summary>A condition of a resource; null where it has none of that type.</summary>
    public static Condition? ConditionOf(JsonObject resource, string type) =>
        resource["status"]?["conditions"]?.AsArray().Select(c => c!.AsObject()).FirstOrDefault(c => c["type"]!.GetValue<string>() == type) is { } found
            ? new Condition(
                found["status"]!.GetValue<string>(), found["reason"]?.GetValue<string>() ?? "", found["message"]?.GetValue<string>() ?? "",
                found["lastTransitionTime"]?.GetValue<DateTimeOffset?>())
            : null;

    public static bool IsReady(JsonObject resource) => ConditionOf(resource, "Ready") is { IsTrue: true };

    public static string Show(JsonObject resource) =>
        $"{resource["name"]} {string.Join("; ", (resource["status"]?["conditions"]?.AsArray() ?? []).Select(c => $"{c!["type"]}={c["status"]} {c["reason"]}: {c["message"]}"))}";
}

/// <summary>A condition of a resource.</summary>
internal sealed record Condition(string Status, string Reason, string Message, DateTimeOffset? Since)
{
    public bool IsTrue => string.Equals(Status, "true", StringComparison.OrdinalIgnoreCase);

    public bool IsFalse => string.Equals(Status, "false", StringComparison.OrdinalIgnoreCase);
}
