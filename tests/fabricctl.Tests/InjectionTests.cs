using System.Text.Json.Nodes;
using Fabric.Ctl.Tests.Support;

namespace Fabric.Ctl.Tests;

public sealed class InjectionTests
{
    private const string Post = "POST /api/v1/bgp/injected";

    private const string Two = """
        name: "1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1]"
        vni: 100
        attributes: {nextHop: 10.255.0.11, extendedCommunities: ["rt:1:100"]}
        ---
        - {family: ipv4-unicast, name: 10.9.0.0/16, attributes: {}}
        - {operation: withdraw, name: "1:100 [3]:[0]:[32]:[10.255.0.11]"}
        """;

    [Fact]
    public async Task All_routes_of_a_file_are_one_request_with_reason_and_key()
    {
        await using var fake = (await FakeController.StartAsync()).On(Post + "?site=north", """{"changes":3}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("bgp", "inject", "-f", run.Write("two.yaml", Two), "--site", "north", "-m", "the appliance");

        Assert.Equal(
            (0, "l2vpn-evpn 1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1] announced\nipv4-unicast 10.9.0.0/16 announced\nl2vpn-evpn 1:100 [3]:[0]:[32]:[10.255.0.11] withdrawn\n"),
            (result.ExitCode, result.Out));
        var request = Assert.Single(fake.Seen);
        Assert.NotNull(request.IdempotencyKey);
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""
                    {"reason":"the appliance","changes":[
                      {"operation":"announce","family":"l2vpn-evpn","name":"1:100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.9.0.1]","vni":100,
                       "attributes":{"nextHop":"10.255.0.11","extendedCommunities":["rt:1:100"]}},
                      {"operation":"announce","family":"ipv4-unicast","name":"10.9.0.0/16","attributes":{}},
                      {"operation":"withdraw","family":"l2vpn-evpn","name":"1:100 [3]:[0]:[32]:[10.255.0.11]"}]}
                    """),
                JsonNode.Parse(request.Body)),
            request.Body);
    }

    [Fact]
    public async Task What_the_list_prints_can_be_injected_and_withdrawn_from_standard_input()
    {
        await using var fake = (await FakeController.StartAsync())
            .On("GET /api/v1/bgp/injected", """
                {"items":[{"family":"l2vpn-evpn","name":"1:100 [5]:[0]:[16]:[10.9.0.0]","type":5,"rd":"1:100","prefix":"10.9.0.0/16","vni":50,"best":true,"stale":false,
                "verdict":"accepted","attributes":{"nextHop":"10.255.0.11"},"receivedAt":"2026-01-01T00:00:00Z","injectedBy":"ann","injectedAt":"2026-01-01T00:00:00Z"}]}
                """)
            .On(Post, """{"changes":1}""");
        using var run = CtlRun.Against(fake);

        var table = await run.RunAsync("bgp", "injected");
        Assert.Contains("1:100 [5]:[0]:[16]:[10.9.0.0]   50    10.255.0.11   ann", table.Out, StringComparison.Ordinal);
        var printed = await run.RunAsync("bgp", "injected", "-o", "yaml");
        Assert.Equal(0, (await run.RunWithInputAsync(printed.Out, "bgp", "inject", "-f", "-")).ExitCode);
        Assert.Equal(
            """{"changes":[{"operation":"announce","family":"l2vpn-evpn","name":"1:100 [5]:[0]:[16]:[10.9.0.0]","vni":50,"attributes":{"nextHop":"10.255.0.11"}}]}""",
            JsonNode.Parse(fake.Seen.Last().Body)!.ToJsonString());
        Assert.Equal(0, (await run.RunWithInputAsync(printed.Out, "bgp", "withdraw", "-f", "-")).ExitCode);
        var byFile = fake.Seen.Last().Body;
        Assert.Equal("""{"changes":[{"family":"l2vpn-evpn","name":"1:100 [5]:[0]:[16]:[10.9.0.0]","operation":"withdraw"}]}""", JsonNode.Parse(byFile)!.ToJsonString());
        Assert.Equal((0, "l2vpn-evpn 1:100 [5]:[0]:[16]:[10.9.0.0] withdrawn\n"), await OutAsync(run.RunAsync("bgp", "withdraw", "1:100 [5]:[0]:[16]:[10.9.0.0]")));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(byFile), JsonNode.Parse(fake.Seen.Last().Body)));
    }

    [Fact]
    public async Task What_is_wrong_is_told_with_the_route_that_it_is_in()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            Post,
            """{"type":"urn:fabric:problem:invalid","title":"no","status":422,"detail":"no","errors":[{"pointer":"/changes/1/family","message":"must be l2vpn-evpn"}]}""",
            422);
        using var run = CtlRun.Against(fake);

        var refused = await run.RunAsync("bgp", "inject", "-f", run.Write("two.yaml", Two));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("ipv4-unicast 10.9.0.0/16 /family: must be l2vpn-evpn", refused.Error, StringComparison.Ordinal);

        foreach (var (text, says) in new[] { ("", "there is no route in it"), ("- 5", "a route must be a mapping"), ("a: [", "two.yaml:") })
        {
            var wrong = await run.RunAsync("bgp", "inject", "-f", run.Write("two.yaml", text));
            Assert.Equal(2, wrong.ExitCode);
            Assert.Contains(says, wrong.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await run.RunAsync("bgp", "withdraw")).ExitCode);
        Assert.Single(fake.Seen);
    }

    private static async Task<(int, string)> OutAsync(Task<CtlResult> run) => (await run) is var result ? (result.ExitCode, result.Out) : default;
}
