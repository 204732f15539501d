using Fabric.Controller.Agents;
using Fabric.Controller.Security;
using Fabric.Controller.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.Controller.Tests;

/// <summary>Who may do what, and what is kept of it.</summary>
public sealed class AccessTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData(null)]
    [InlineData("fab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("nonsense")]
    [InlineData("fab_")]
    public async Task WithoutAValidTokenNothingOpens(string? token)
    {
        var client = host.Client(token);
        foreach (var path in new[] { "/api/v1/status", "/api/v1/sites", "/api/v1/tokens", "/api/v1/nonsense", "/api/v1/watch", "/api/v1/audit", "/api/v1/evpn/routes" })
        {
            var answer = await client.GetAsync(path);
            answer.ExpectProblem(401, "unauthorized");
            Assert.Contains("Bearer", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }

        (await client.PostAsync("/api/v1/tenants", new { name = "intruder", spec = new { } })).ExpectProblem(401, "unauthorized");
        (await host.Admin.GetAsync("/api/v1/tenants/intruder")).ExpectProblem(404, "not-found");
    }

    [Theory]
    [InlineData("Basic YTpi")]
    [InlineData("Bearer")]
    [InlineData("Bearer  ")]
    public async Task OtherSchemesOpenNothing(string header) =>
        (await host.Client(null).SendAsync(HttpMethod.Get, "/api/v1/status", null, ("Authorization", header))).ExpectProblem(401, "unauthorized");

    [Fact]
    public async Task HealthNeedsNoToken()
    {
        (await host.Client(null).GetAsync("/healthz/live")).Expect(200);
        (await host.Client(null).GetAsync("/healthz/ready")).Expect(200);
    }

    [Fact]
    public async Task ViewerReadsAndWritesNothing()
    {
        var viewer = await host.ClientAsync("viewer");
        var before = host.Fabricd.Store.Intent.Current;
        (await viewer.GetAsync("/api/v1/tenants")).Expect(200);
        (await viewer.GetAsync("/api/v1/revisions")).Expect(200);
        (await viewer.PostAsync("/api/v1/tenants", new { name = "x", spec = new { } })).ExpectProblem(403, "forbidden", null, "operator");
        (await viewer.PutAsync("/api/v1/tenants/x", new { spec = new { } })).ExpectProblem(403, "forbidden");
        (await viewer.DeleteAsync("/api/v1/tenants/x", ("If-Match", "*"))).ExpectProblem(403, "forbidden");
        (await viewer.PostAsync("/api/v1/change-sets?dryRun=true", new { changes = Array.Empty<object>() })).ExpectProblem(403, "forbidden");
        (await viewer.PostAsync("/api/v1/revisions/0/restore", new { })).ExpectProblem(403, "forbidden");
        Assert.Same(before, host.Fabricd.Store.Intent.Current);
    }

    [Fact]
    public async Task OperatorWritesIntentAndNoTokens()
    {
        var @operator = await host.ClientAsync("operator", "op");
        (await @operator.PostAsync("/api/v1/tenants", new { name = "by op", spec = new { } }, ("X-Fabric-Reason", "ticket 7"))).Expect(201);
        (await @operator.GetAsync("/api/v1/tokens")).ExpectProblem(403, "forbidden", null, "admin");
        (await @operator.PostAsync("/api/v1/tokens", new { name = "more", role = "admin" }, ("X-Fabric-Reason", "power"))).ExpectProblem(403, "forbidden");
        (await @operator.GetAsync("/api/v1/audit")).ExpectProblem(403, "forbidden");
        Assert.DoesNotContain(host.Fabricd.Store.Tokens.All, t => t.Name == "more");

        var audit = (await host.Admin.GetAsync("/api/v1/audit")).Expect(200)["items"].AsArray();
        Assert.Contains(audit, e => Is(e!, "op", "POST", "/api/v1/tokens", "power", "refused"));
        Assert.Contains(audit, e => Is(e!, "op", "change", "create Tenant 'by op'", "ticket 7", "done"));
        Assert.Contains(audit, e => e!["action"]!.GetValue<string>() == "token.create" && e["target"]!.GetValue<string>().StartsWith("token 'op'", StringComparison.Ordinal));

        static bool Is(System.Text.Json.Nodes.JsonNode e, string author, string action, string target, string reason, string outcome) =>
            (e["author"]!.GetValue<string>(), e["action"]!.GetValue<string>(), e["target"]!.GetValue<string>(), e["reason"]!.GetValue<string>(), e["outcome"]!.GetValue<string>())
            == (author, action, target, reason, outcome);
    }

    [Fact]
    public async Task TokenIsShownOnceAndKeptAsAHash()
    {
        var created = (await host.Admin.PostAsync("/api/v1/tokens", new { name = "shown", role = "viewer" })).Expect(201);
        var secret = created["token"].GetValue<string>();
        Assert.Matches("^fab_[A-Za-z0-9_-]{43}$", secret);
        Assert.DoesNotContain(secret, (await host.Admin.GetAsync("/api/v1/tokens")).Expect(200).Text, StringComparison.Ordinal);
        foreach (var file in new[] { "fabric.db", "fabric.db-wal" }.Select(f => Path.Combine(host.Options.DataDirectory, f)).Where(File.Exists))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(secret[4..], await reader.ReadToEndAsync(), StringComparison.Ordinal);
        }

        (await host.Admin.PostAsync("/api/v1/tokens", new { name = "keyed", role = "viewer" }, ("Idempotency-Key", "k"))).ExpectProblem(400, "malformed", null, "secret");
    }

    [Fact]
    public async Task RevokedTokenOpensNothingAtOnceAndAfterARestart()
    {
        var created = (await host.Admin.PostAsync("/api/v1/tokens", new { name = "revoked", role = "admin" })).Expect(201);
        var client = host.Client(created["token"].GetValue<string>());
        (await client.GetAsync("/api/v1/tokens")).Expect(200);
        (await host.Admin.DeleteAsync($"/api/v1/tokens/{created["id"]}")).Expect(204);
        (await client.GetAsync("/api/v1/tokens")).ExpectProblem(401, "unauthorized");
        await host.RestartAsync();
        (await host.Client(created["token"].GetValue<string>()).GetAsync("/api/v1/tokens")).ExpectProblem(401, "unauthorized");
        (await host.Admin.PostAsync("/api/v1/tokens", new { name = "revoked", role = "admin" })).Expect(201);
    }

    [Fact]
    public void EveryEndpointThatWritesNeedsAtLeastAnOperator()
    {
        var endpoints = host.Fabricd.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        Assert.True(endpoints.Count > 50);

        // Agents have no tokens but certificates; AgentTests.
        foreach (var endpoint in endpoints.Where(static e => e.Metadata.GetMetadata<ForAgents>() is null))
        {
            var methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [];
            if (methods.All(m => m == "GET"))
            {
                Assert.True(
                    endpoint.Metadata.GetMetadata<OpenToAll>() is null || endpoint.RoutePattern.RawText!.Contains("healthz", StringComparison.Ordinal)
                    || endpoint.RoutePattern.RawText.Contains("openapi", StringComparison.Ordinal),
                    $"{endpoint.DisplayName} is open to all");
            }
            else
            {
                Assert.True(endpoint.Metadata.GetMetadata<RoleRequirement>()?.Role >= Role.Operator, $"{endpoint.DisplayName} lets viewers write");
            }
        }
    }

    [Fact]
    public async Task FilesWithSecretsBelongToTheirOwner()
    {
        foreach (var file in new[] { "admin.token", "ca.key", "server.key" })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(host.Options.DataDirectory, file)));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(host.Options.DataDirectory));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task CertificateAndTokensOutliveARestart()
    {
        var token = host.AdminToken;
        var authority = await File.ReadAllTextAsync(host.Options.CaCertificatePath);
        var server = await File.ReadAllTextAsync(Path.Combine(host.Options.DataDirectory, "server.crt"));
        await host.RestartAsync();
        Assert.Equal(token, host.AdminToken);
        Assert.Equal(authority, await File.ReadAllTextAsync(host.Options.CaCertificatePath));
        Assert.Equal(server, await File.ReadAllTextAsync(Path.Combine(host.Options.DataDirectory, "server.crt")));
        (await host.Client(token).GetAsync("/api/v1/status")).Expect(200);
    }
}
