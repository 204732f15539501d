using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Controller.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.CloudStackBridge.Tests.Support;

/// <summary>A real controller and a bridge to it, both on loopback, and a client that speaks like CloudStack.</summary>
public sealed class BridgeHost : IAsyncLifetime
{
    public const string User = "cloudstack";
    public const string Password = "correct horse";
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";
    private HttpClient _http = null!;

    public ApiHost Controller { get; } = new();

    public Bridge Bridge { get; private set; } = null!;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public TimeSpan Quiet { get; set; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan Latest { get; set; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan FirstRule { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The session's cookie as the plugin sends it: all of the first Set-Cookie up to the first semicolon.</summary>
    public string? Cookie { get; set; }

    public int Site { get; private set; }

    public int Tenant { get; private set; }

    public int SystemVpc { get; private set; }

    public string DataDirectory => Path.Combine(Controller.Directory.Path, "bridge");

    public BridgeOptions Options => new()
    {
        DataDirectory = DataDirectory,
        Controller = Controller.Fabricd.Address,
        TokenFile = Path.Combine(Controller.Directory.Path, "bridge.token"),
        CaFile = Controller.Options.CaCertificatePath,
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        RulesQuiet = Quiet,
        RulesLatest = Latest,
        FirstRuleWithin = FirstRule,
    };

    public async ValueTask InitializeAsync()
    {
        await Controller.InitializeAsync();
        await ApplyAsync("Site", "Datacenter-1", "{}");
        await ApplyAsync("Tenant", "Admin", "{}");
        await ApplyAsync(
            "Device", "sg1",
            $$$"""{"site": "Datacenter-1", "role": "softgate", "os": "kvm-host", "management": {"address": "192.0.2.1", "hostKeys": ["{{{HostKey}}}"]}, "ports": [{"name": "eth1"}]}""");
        await ApplyAsync("SoftGatePair", "pair", """{"site": "Datacenter-1", "softGates": ["sg1"]}""");
        await ApplyAsync("Vpc", "vpc-1:Default", """{"tenant": "Admin", "system": true}""");
        var token = (await Controller.Admin.PostAsync("/api/v1/tokens", new { name = "bridge", role = "operator" })).Expect(201)["token"].GetValue<string>();
        await File.WriteAllTextAsync(Path.Combine(Controller.Directory.Path, "bridge.token"), token + "\n");
        using (var database = BridgeDatabase.Open(Options.StorePath, TimeProvider.System))
        {
            var accounts = new AccountStore(database);
            accounts.Set(User, "operator", PasswordHash.Create(Password));
            accounts.Set("reader", "viewer", PasswordHash.Create(Password));
        }

        await StartAsync();
        await LogInAsync();
        Site = (await GetAsync("/api/sites"))["data"]![0]!["id"]!.GetValue<int>();
        Tenant = (await GetAsync("/api/tenants"))["data"]![0]!["id"]!.GetValue<int>();
        SystemVpc = (await GetAsync("/api/v2/vpc"))["data"]![0]!["id"]!.GetValue<int>();
    }

    public async Task StartAsync()
    {
        Bridge = await Bridge.StartAsync(Options, Time);
        _http?.Dispose();
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null },
        })
        {
            BaseAddress = Bridge.Address,
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    public async Task RestartAsync()
    {
        await Bridge.DisposeAsync();
        await StartAsync();
    }

    public async Task LogInAsync(string user = User, string password = Password)
    {
        var reply = await CallAsync("POST", "/api/auth", new { user, password, authSchemeID = 1 });
        Assert.Equal(200, reply.Status);
        Cookie = reply.SetCookie!.Split(';')[0];
    }

    /// <summary>A call that has to succeed, looked at as strictly as the plugin does.</summary>
    public async Task<JsonNode> OkAsync(string method, string path, object? body = null)
    {
        var reply = await CallAsync(method, path, body);
        Assert.True(reply.Status == 200, $"{method} {path}: {reply.Status} {reply.Text}");
        return reply.Body;
    }

    public Task<JsonNode> GetAsync(string path) => OkAsync("GET", path);

    /// <summary>A call that creates something; its id.</summary>
    public async Task<int> CreateAsync(string path, object body) => (await OkAsync("POST", path, body))["data"]!["id"]!.GetValue<int>();

    /// <summary>The rows of a list.</summary>
    public async Task<List<JsonNode>> RowsAsync(string path) => [.. (await GetAsync(path))["data"]!.AsArray().Select(r => r!)];

    /// <summary>A call that has to be refused, in the frame that the plugin can read.</summary>
    public async Task<JsonNode> RefusedAsync(int status, string method, string path, object? body = null)
    {
        var reply = await CallAsync(method, path, body);
        Assert.True(reply.Status == status, $"{method} {path}: {reply.Status} {reply.Text}");
        Assert.False(reply.Body["isSuccess"]!.GetValue<bool>());
        Assert.NotEmpty(reply.Body["message"]!.GetValue<string>());
        Assert.IsType<JsonObject>(reply.Body["errors"]);
        return reply.Body;
    }

    /// <summary>A call. Whatever comes back has the frame: JSON, isSuccess, message, meta with the status.</summary>
    public async Task<Reply> CallAsync(string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Bridge.Address.GetLeftPart(UriPartial.Authority) + path);
        if (body is not null)
        {
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json");
        }

        if (Cookie is not null)
        {
            request.Headers.Add("Cookie", Cookie);
        }

        using var response = await _http.SendAsync(request);
        var reply = new Reply((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.First() : null);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(reply.Status == 200, reply.Body["isSuccess"]!.GetValue<bool>());
        Assert.Equal(reply.Status, reply.Body["meta"]!["statusCode"]!.GetValue<int>());
        Assert.Equal(JsonValueKind.String, reply.Body["meta"]!["apiVersion"]!.GetValueKind());
        Assert.Equal(JsonValueKind.String, reply.Body["message"]!.GetValueKind());
        return reply;
    }

    /// <summary>A read as it comes, for measuring.</summary>
    public async Task<string> TextAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Bridge.Address.GetLeftPart(UriPartial.Authority) + path);
        request.Headers.Add("Cookie", Cookie);
        using var response = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Writes intent as an operator would.</summary>
    public async Task ApplyAsync(string kind, string name, string spec) => (await Controller.Admin.PostAsync(
        "/api/v1/change-sets",
        new JsonObject { ["changes"] = new JsonArray(new JsonObject { ["operation"] = "apply", ["kind"] = kind, ["name"] = name, ["spec"] = JsonNode.Parse(spec) }) })).Expect(200);

    /// <summary>A kind's resources in the controller.</summary>
    public async Task<List<JsonNode>> IntentAsync(string path) =>
        [.. (await Controller.Admin.GetAsync($"/api/v1/{path}?limit=1000")).Expect(200)["items"].AsArray().Select(r => r!)];

    /// <summary>A resource's spec in the controller, by uid.</summary>
    public async Task<JsonNode> SpecAsync(string path, int uid) => (await Controller.Admin.GetAsync($"/api/v1/{path}/by-uid/{uid}")).Expect(200)["spec"];

    /// <summary>Waits until all rules are in force.</summary>
    public Task SettledAsync() => UntilAsync(IsSettledAsync);

    /// <summary>Whether all rules are in force.</summary>
    public Task<bool> IsSettledAsync() => Task.FromResult(Bridge.Services.GetRequiredService<RuleStore>().Pending().All(p => p.VNet != 0));

    /// <summary>Waits on a condition.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Bridge.DisposeAsync();
        await Controller.DisposeAsync();
    }
}

/// <summary>What the bridge has said.</summary>
public sealed record Reply(int Status, string Text, string? SetCookie)
{
    public JsonNode Body => JsonNode.Parse(Text)!;
}
