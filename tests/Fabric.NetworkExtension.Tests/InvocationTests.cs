using System.Diagnostics;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.NetworkExtension.Tests;

/// <summary>The program as CloudStack runs it: arguments, a file, two streams as one, an exit code.</summary>
public sealed class InvocationTests : IDisposable
{
    private const string Token = "k7-not-a-real-token", Password = "Xk3vTq9r";

    private readonly string _directory = Directory.CreateTempSubdirectory("extension-").FullName;

    public static TheoryData<string> Commands =>
    [
        "ensure-network-device", "implement-network", "shutdown-network", "destroy-network", "implement-vpc", "shutdown-vpc", "update-vpc-source-nat-ip", "assign-ip",
        "release-ip", "add-static-nat", "delete-static-nat", "add-port-forward", "delete-port-forward", "apply-fw-rules", "apply-network-acl", "apply-lb-rules", "prepare-nic",
        "release-nic", "config-dhcp-subnet", "remove-dhcp-subnet", "add-dhcp-entry", "remove-dhcp-entry", "set-dhcp-options", "config-dns-subnet", "remove-dns-subnet",
        "add-dns-entry", "remove-dns-entry", "save-vm-data", "save-password", "save-userdata", "save-sshkey", "save-hypervisor-hostname", "restore-network",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_command_reaches_the_bridge_with_its_payload_and_without_the_way_there(string command)
    {
        await using var bridge = await FakeBridge.StartAsync();
        bridge.Answer = (200, """{"output":{"fabric":"east","id":"n241"}}""");
        var (code, output) = await RunAsync(command, Envelope(bridge, """{"network_id":"241","vm_data":[{"dir":"password","file":"vm_password","content":"Xk3vTq9r"}]}"""));
        Assert.Equal(0, code);
        Assert.Equal(command is "ensure-network-device" or "implement-network" ? "{\"fabric\":\"east\",\"id\":\"n241\"}\n" : "", output);
        var request = Assert.Single(bridge.Requests);
        Assert.Equal(("POST", $"/extension/v1/{command}", $"Bearer {Token}", "application/json"), (request.Method, request.Path, request.Authorization, request.ContentType));
        Assert.True(JsonNode.DeepEquals(request.Body, JsonNode.Parse(
            """
            {"site":"east","tenant":null,"device":{"fabric":"east"},
             "payload":{"network_id":"241","vm_data":[{"dir":"password","file":"vm_password","content":"Xk3vTq9r"}]}}
            """)), request.Body.ToJsonString());
    }

    [Fact]
    public async Task A_custom_action_has_its_payload_beside_the_details_and_prints_what_the_bridge_says()
    {
        await using var bridge = await FakeBridge.StartAsync();
        bridge.Answer = (200, """{"output":"3 networks\nall ready"}""");
        var envelope = JsonNode.Parse(Envelope(bridge, "{}"))!.AsObject();
        envelope.Remove("payload");
        envelope["network_id"] = "241";
        envelope["action"] = "show-state";
        envelope["action-params"] = new JsonObject { ["depth"] = "2" };
        var (code, output) = await RunAsync("custom-action", envelope.ToJsonString());
        Assert.Equal((0, "3 networks\nall ready\n"), (code, output));
        Assert.Equal("""{"network_id":"241","action":"show-state","action-params":{"depth":"2"}}""", Assert.Single(bridge.Requests).Body["payload"]!.ToJsonString());
    }

    [Fact]
    public async Task What_the_bridge_refuses_fails_with_its_reason_on_one_line()
    {
        await using var bridge = await FakeBridge.StartAsync();
        bridge.Answer = (409, """{"title":"Conflict","detail":"203.0.113.17 belongs to\nnetwork 7"}""");
        await FailsAsync("assign-ip", Envelope(bridge, "{}"), "the bridge refuses (409): 203.0.113.17 belongs to network 7");
        bridge.Answer = (401, "");
        await FailsAsync("assign-ip", Envelope(bridge, "{}"), "the bridge does not know the token: make another one and put it into the detail token");
        bridge.Answer = (502, "<html>");
        await FailsAsync("assign-ip", Envelope(bridge, "{}"), "the bridge refuses (502): BadGateway");
        bridge.Answer = (200, "<html>");
        await FailsAsync("assign-ip", Envelope(bridge, "{}"), "what answers is no bridge: check the detail url");
        bridge.Answer = (302, "");
        await FailsAsync("assign-ip", Envelope(bridge, "{}"), "the bridge refuses (302): Found");
    }

    [Fact]
    public async Task A_bridge_that_cannot_be_trusted_or_reached_fails_without_telling_it_anything()
    {
        await using var bridge = await FakeBridge.StartAsync();
        await using var other = await FakeBridge.StartAsync();
        await FailsAsync("assign-ip", Envelope(bridge, "{}", authority: other.Authority), "does not answer: The remote certificate was rejected");
        await FailsAsync("assign-ip", Envelope(bridge, "{}", authority: ""), "does not answer: The remote certificate is invalid");
        await using var elsewhere = await FakeBridge.StartAsync("elsewhere.example.net");
        await FailsAsync("assign-ip", Envelope(elsewhere, "{}"), "does not answer: The remote certificate was rejected");
        var url = bridge.Url;
        Assert.Empty(bridge.Requests);
        await bridge.DisposeAsync();
        await FailsAsync("assign-ip", Envelope(other, "{}", url: url), $"the bridge at {url}/ does not answer: Connection refused");
    }

    [Fact]
    public async Task A_bridge_that_says_nothing_is_not_waited_for()
    {
        await using var bridge = await FakeBridge.StartAsync();
        bridge.Silent = true;
        await FailsAsync("assign-ip", Envelope(bridge, "{}"), $"the bridge at {bridge.Url}/ has not answered in time", seconds: "3");
        Assert.Single(bridge.Requests);
    }

    [Fact]
    public async Task The_authority_may_be_a_file_or_have_its_line_ends_written_out()
    {
        await using var bridge = await FakeBridge.StartAsync();
        var file = Path.Combine(_directory, "ca.crt");
        await File.WriteAllTextAsync(file, bridge.Authority, TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), await RunAsync("assign-ip", Envelope(bridge, "{}", authority: file)));
        Assert.Equal((0, ""), await RunAsync("assign-ip", Envelope(bridge, "{}", authority: bridge.Authority.Replace("\n", "\\n", StringComparison.Ordinal))));
        await FailsAsync("assign-ip", Envelope(bridge, "{}", authority: file + ".none"), "the detail ca is neither a PEM certificate nor a file on this management server");
    }

    [Theory]
    [InlineData("url", "", "without the detail url")]
    [InlineData("url", "http://127.0.0.1:8444", "the detail url must be an https:// address without a user")]
    [InlineData("url", "https://a:b@127.0.0.1:8444", "the detail url must be an https:// address without a user")]
    [InlineData("token", " ", "without the detail token")]
    [InlineData("token", "a\nb", "the detail token holds characters that no token has")]
    public async Task Details_that_are_wrong_are_named(string name, string value, string message)
    {
        await using var bridge = await FakeBridge.StartAsync();
        var envelope = JsonNode.Parse(Envelope(bridge, "{}"))!;
        envelope["physical-network-extension-details"]![name] = value;
        await FailsAsync("assign-ip", envelope.ToJsonString(), message);
    }

    [Theory]
    [InlineData("", "the payload file does not hold JSON")]
    [InlineData("[]", "the payload file does not hold a JSON object")]
    [InlineData("{}", "the payload file has no physical-network-extension-details")]
    [InlineData("{\"password\":\"Xk3vTq9r\"", "the payload file does not hold JSON")]
    [InlineData("{\"payload\":{},\"physical-network-extension-details\":\"k7-not-a-real-token\"}", "the payload file has no physical-network-extension-details")]
    [InlineData("{\"physical-network-extension-details\":{\"url\":\"https://x\",\"token\":\"k7-not-a-real-token\"}}", "the payload file has no payload")]
    public Task A_payload_file_that_is_none_is_said(string text, string message) => FailsAsync("assign-ip", text, message);

    [Fact]
    public async Task Arguments_that_are_wrong_are_said()
    {
        Assert.Equal((1, Failure("usage: fabric-network-extension COMMAND PAYLOAD-FILE [SECONDS]")), await StartAsync());
        Assert.Equal((1, Failure("usage: fabric-network-extension COMMAND PAYLOAD-FILE [SECONDS]")), await StartAsync("a", "b", "60", "d"));
        Assert.Equal((1, Failure("the command may only hold lower-case letters and dashes")), await StartAsync("../x", "b", "60"));
        var (code, output) = await StartAsync("assign-ip", Path.Combine(_directory, "none"), "60");
        Assert.Equal(1, code);
        Assert.StartsWith("{\"status\":\"failed\",\"message\":\"the payload file cannot be read: ", output, StringComparison.Ordinal);
    }

    /// <summary>Whatever the file holds: a refusal in words or an invocation, and no secret in what is said.</summary>
    [Fact]
    public void No_text_makes_it_fall_over()
    {
        const string Good = """{"physical-network-extension-details":{"url":"https://127.0.0.1:1","token":"k7-not-a-real-token"},"network-extension-details":{},"payload":{"password":"Xk3vTq9r"}}""";
        var mutated = from at in Gen.Choose(0, Good.Length - 1)
                      from length in Gen.Choose(0, 40)
                      from text in Gen.Elements("", "\"", "{", "}", "[", "null", "\\u0000", "\\ud800", ",", ":", "1e999")
                      select Good[..at] + text + Good[Math.Min(Good.Length, at + length)..];
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(Arb.From(mutated), static text =>
        {
            try
            {
                Invocation.Of("save-password", text, TimeSpan.Zero);
            }
            catch (ExtensionException e)
            {
                Assert.DoesNotContain("Xk3v", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("k7-not", e.Message, StringComparison.Ordinal);
            }
        }));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static string Envelope(FakeBridge bridge, string payload, string? authority = null, string? url = null) => new JsonObject
    {
        ["physical-network-extension-details"] = new JsonObject
        {
            ["url"] = url ?? bridge.Url,
            ["token"] = Token,
            ["ca"] = authority ?? bridge.Authority,
            ["site"] = "east",
            ["physicalnetworkname"] = "guest-evpn",
        },
        ["network-extension-details"] = new JsonObject { ["fabric"] = "east" },
        ["payload"] = JsonNode.Parse(payload),
    }.ToJsonString();

    private static string Failure(string message) => new JsonObject { ["status"] = "failed", ["message"] = message }.ToJsonString() + "\n";

    private async Task FailsAsync(string command, string envelope, string message, string seconds = "60")
    {
        var (code, output) = await RunAsync(command, envelope, seconds);
        Assert.Equal(1, code);
        var answer = JsonNode.Parse(output)!;
        Assert.Equal("failed", answer["status"]!.GetValue<string>());
        Assert.Contains(message, answer["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(1, output.Count(static c => c == '\n'));
        Assert.DoesNotContain(Token, output, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, output, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output)> RunAsync(string command, string envelope, string seconds = "60")
    {
        var file = Path.Combine(_directory, $"cs-extnet-{command}-1.payload");
        await File.WriteAllTextAsync(file, envelope, TestContext.Current.CancellationToken);
        return await StartAsync(command, file, seconds);
    }

    private static async Task<(int Code, string Output)> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "fabric-network-extension.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("", await error);
        return (process.ExitCode, output);
    }
}
