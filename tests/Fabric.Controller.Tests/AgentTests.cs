using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;
using Fabric.SoftGate.Contracts;

namespace Fabric.Controller.Tests;

/// <summary>SoftGates' agents: enrolled with a token, told their state, heard.</summary>
public sealed class AgentTests : IAsyncLifetime
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";

    private readonly ApiHost _host = new() { WithAgents = true };

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        await ApplyAsync(
            ("Site", "dc1", "{}"), ("Tenant", "acme", "{}"), ("Device", "sg1", Device(1)), ("Device", "sg2", Device(2)), ("Device", "sg9", Device(9)),
            ("SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1", "sg2"]}"""), ("Vpc", "red", """{"tenant": "acme"}"""),
            ("VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"], "attachments": [{"hypervisors": true}]}"""),
            ("StaticRoute", "office", """{"vpc": "red", "prefix": "172.20.0.0/16", "nextHop": "10.0.1.50"}"""));
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_token_enrols_once_and_opens_nothing_else()
    {
        var token = await TokenAsync("sg1");
        (await _host.Client(token).GetAsync("/api/v1/status")).ExpectProblem(401, "unauthorized");

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = Agent(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await EnrollAsync(stranger, "fab_" + new string('A', 43), key)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await stranger.PostAsJsonAsync("agent/v1/enroll", new { token, request = "-----BEGIN" }, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await EnrollAsync(stranger, token, key)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await EnrollAsync(stranger, token, key)).StatusCode);
    }

    [Fact]
    public async Task A_second_token_makes_the_first_useless_and_only_SoftGates_get_one()
    {
        var first = await TokenAsync("sg1");
        await TokenAsync("sg1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var agent = Agent(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await EnrollAsync(agent, first, key)).StatusCode);
        (await _host.Admin.PostAsync("/api/v1/softgates/ghost/enrollment-token", "")).ExpectProblem(404, "not-found");
        (await (await _host.ClientAsync("operator")).PostAsync("/api/v1/softgates/sg1/enrollment-token", "")).ExpectProblem(403, "forbidden");
    }

    [Fact]
    public async Task An_agent_is_told_its_state_and_hears_of_changes_that_concern_it_only()
    {
        using var agent = await EnrolledAsync("sg1");
        var state = await StateAsync(agent, "agent/v1/state");
        Assert.Equal(("sg1", "sg2", 1, 1), (state!.Node.Name, state.Partner!.Name, state.VNets.Count, state.Vpcs.Count));
        Assert.Null(await StateAsync(agent, $"agent/v1/state?after={state.Revision}&wait=0"));

        // It waits; what does not concern it does not wake it with a state.
        var waiting = StateAsync(agent, $"agent/v1/state?after={state.Revision}&wait=60");
        await ApplyAsync(("Tenant", "other", "{}"));
        await ApplyAsync(("VNet", "db", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.2.1/24"], "attachments": [{"hypervisors": true}]}"""));
        Assert.Equal(2, (await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancel))!.VNets.Count);
    }

    [Fact]
    public async Task What_agents_say_is_the_status_of_what_they_do()
    {
        using var one = await EnrolledAsync("sg1");
        using var two = await EnrolledAsync("sg2");
        Assert.Equal(("Unknown", "Pending"), await ConditionAsync("static-routes/office", "Ready"));
        Assert.Equal(("Unknown", "Pending"), await ConditionAsync("vnets/web", "GatewayReady"));
        var revision = (await StateAsync(one, "agent/v1/state"))!.Revision;
        await ReportAsync(one, new() { Revision = revision, Healthy = true, Sessions = 5 });
        Assert.Equal(("Unknown", "Pending"), await ConditionAsync("static-routes/office", "Ready"));
        await ReportAsync(two, new() { Revision = (await StateAsync(two, "agent/v1/state"))!.Revision, Healthy = true });
        Assert.Equal(("True", "InForce"), await ConditionAsync("static-routes/office", "Ready"));
        Assert.Equal(("True", "InForce"), await ConditionAsync("vnets/web", "GatewayReady"));
        Assert.Equal(5, (await GetAsync("devices/sg1"))["status"]!["softGate"]!["sessions"]!.GetValue<int>());

        // Something that is nothing to them is in force with what they have.
        await ApplyAsync(("Tenant", "other", "{}"));
        Assert.Equal(("True", "InForce"), await ConditionAsync("static-routes/office", "Ready"));

        var uid = (await GetAsync("static-routes/office"))["uid"]!.GetValue<int>();
        await ReportAsync(two, new() { Revision = revision, Problems = [new(uid, "there is no room")] });
        Assert.Equal(("False", "Refused"), await ConditionAsync("static-routes/office", "Ready"));

        await ApplyAsync(("StaticRoute", "office", """{"vpc": "red", "prefix": "172.20.0.0/16", "nextHop": "10.0.1.51"}"""));
        await ReportAsync(two, new() { Revision = revision });
        Assert.Equal(("Unknown", "Pending"), await ConditionAsync("static-routes/office", "Ready"));
    }

    [Fact]
    public async Task Nobody_else_is_let_in()
    {
        using var anonymous = Agent(null);
        foreach (var path in new[] { "agent/v1/state", "agent/v1/nothing", "api/v1/status", "healthz/live" })
        {
            Assert.Contains((await anonymous.GetAsync(path, Cancel)).StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.NotFound });
        }

        (await _host.Admin.GetAsync("/agent/v1/state")).ExpectProblem(404, "not-found");

        // A certificate of somebody else's with the right name.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var forged = new CertificateRequest("CN=fabric-softgate-3", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        using var forger = Agent(X509CertificateLoader.LoadPkcs12(forged.Export(X509ContentType.Pfx), null));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => forger.GetAsync("agent/v1/state", Cancel));

        using var single = await EnrolledAsync("sg9");
        Assert.Equal(HttpStatusCode.NotFound, (await single.GetAsync("agent/v1/state", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await single.PostAsync("agent/v1/report", new StringContent("{}"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await single.GetAsync("agent/v1/state?wait=x", Cancel)).StatusCode);
        (await _host.Admin.DeleteAsync("/api/v1/devices/sg9", ("If-Match", "*"))).Expect(204);
        Assert.Equal(HttpStatusCode.Unauthorized, (await single.GetAsync("agent/v1/state", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_certificate_is_renewed_with_the_one_before()
    {
        using var agent = await EnrolledAsync("sg1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var answer = await agent.PostAsJsonAsync("agent/v1/renew", new { request = Request(key) }, Cancel);
        using var renewed = Agent(Certificate(await answer.Content.ReadFromJsonAsync<JsonObject>(Cancel), key));
        Assert.Equal("sg1", (await StateAsync(renewed, "agent/v1/state"))!.Node.Name);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Device(int number) =>
        $$"""{"site": "dc1", "role": "softgate", "os": "kvm-host", "management": {"address": "192.0.2.{{number}}", "hostKeys": ["{{HostKey}}"]}, "ports": [{"name": "eth1"}]}""";

    private static string Request(ECDsa key) => new CertificateRequest("CN=whatever", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    private static Task<HttpResponseMessage> EnrollAsync(HttpClient agent, string token, ECDsa key) =>
        agent.PostAsJsonAsync("agent/v1/enroll", new { token, request = Request(key) }, Cancel);

    private static X509Certificate2 Certificate(JsonObject? answer, ECDsa key)
    {
        using var certificate = X509Certificate2.CreateFromPem(answer!["certificate"]!.GetValue<string>());
        using var with = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(with.Export(X509ContentType.Pfx), null);
    }

    private static async Task<SoftGateState?> StateAsync(HttpClient agent, string path)
    {
        using var answer = await agent.GetAsync(path, Cancel);
        return answer.StatusCode == HttpStatusCode.NoContent ? null : SoftGateJson.Read(await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(Cancel));
    }

    private static async Task ReportAsync(HttpClient agent, SoftGateReport report) =>
        Assert.Equal(HttpStatusCode.NoContent, (await agent.PostAsync("agent/v1/report", new ByteArrayContent(SoftGateJson.WriteReport(report)), Cancel)).StatusCode);

    private HttpClient Agent(X509Certificate2? certificate)
    {
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(_host.Options.DataDirectory, "agents", "ca.crt")));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, server, _, errors) =>
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(authority);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return (errors & ~System.Net.Security.SslPolicyErrors.RemoteCertificateChainErrors) == System.Net.Security.SslPolicyErrors.None && chain.Build((X509Certificate2)server!);
        };
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        return new HttpClient(handler) { BaseAddress = _host.Fabricd.AgentAddress };
    }

    private async Task<string> TokenAsync(string name)
    {
        var token = (await _host.Admin.PostAsync($"/api/v1/softgates/{name}/enrollment-token", "")).Expect(201);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(_host.Options.DataDirectory, "agents", "ca.crt"), Cancel), token["authority"].GetValue<string>());
        return token["token"].GetValue<string>();
    }

    private async Task<JsonNode> GetAsync(string path) => (await _host.Admin.GetAsync($"/api/v1/{path}")).Expect(200).Body;

    private async Task<(string Status, string Reason)> ConditionAsync(string path, string type)
    {
        var condition = (await GetAsync(path))["status"]!["conditions"]!.AsArray().Single(c => c!["type"]!.GetValue<string>() == type)!;
        return (condition["status"]!.GetValue<string>(), condition["reason"]!.GetValue<string>());
    }

    private async Task ApplyAsync(params (string Kind, string Name, string Spec)[] resources)
    {
        var changes = new JsonArray([.. resources.Select(static r => (JsonNode)new JsonObject
        {
            ["operation"] = "apply", ["kind"] = r.Kind, ["name"] = r.Name, ["spec"] = JsonNode.Parse(r.Spec),
        })]);
        var answer = await _host.Admin.PostAsync("/api/v1/change-sets", new JsonObject { ["changes"] = changes });
        Assert.True(answer.Status is 200 or 201, answer.Text);
    }

    private async Task<HttpClient> EnrolledAsync(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var anonymous = Agent(null);
        var answer = await EnrollAsync(anonymous, await TokenAsync(name), key);
        return Agent(Certificate(await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>(Cancel), key));
    }
}
