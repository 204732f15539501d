using System.Text.Json.Nodes;
using Fabric.Ctl.Tests.Support;

namespace Fabric.Ctl.Tests;

public sealed class CloudStackAuditTests
{
    private const string System = """{"name":"system","uid":1,"revision":1,"spec":{"tenant":"Admin","system":true}}""";

    private static readonly string[] Vpcs =
    [
        System, Made("D1-A2-Z1-V25-shop", """{"tenant":"Admin"}"""), Made("D1-A2-Z1-V26-empty", """{"tenant":"Admin"}"""), """{"name":"by hand","uid":9,"revision":9,"spec":{"tenant":"Admin"}}""",
    ];

    private static readonly string[] Subnets =
    [
        Made("tier", """{"vpc":"D1-A2-Z1-V25-shop","prefix":"10.0.1.0/24","purpose":"common"}"""), Made("gone", """{"vpc":"D1-A2-Z1-V25-shop","prefix":"10.0.2.0/24","purpose":"common"}"""),
        Made("public", """{"vpc":"system","prefix":"198.51.100.0/25","purpose":"common"}"""), Made("used", """{"vpc":"system","prefix":"198.51.100.2/32","purpose":"nat"}"""),
        Made("balancer", """{"vpc":"system","prefix":"198.51.100.3/32","purpose":"loadBalancer"}"""), Made("unused", """{"vpc":"system","prefix":"198.51.100.4/32","purpose":"nat"}"""),
        """{"name":"hand","uid":8,"revision":8,"spec":{"vpc":"system","prefix":"198.51.100.5/32","purpose":"nat"}}""",
    ];

    [Fact]
    public async Task What_nothing_needs_any_more_is_found_and_nothing_else()
    {
        await using var fake = await FabricAsync();
        using var run = CtlRun.Against(fake);
        var result = await run.RunAsync("cloudstack", "audit");
        Assert.Equal(
            (1, """
                IpamSubnet 'gone': its tier is gone
                IpamSubnet 'unused': no NAT rule and no load balancer uses 198.51.100.4 any more
                AclList 'stale list': no V-Net has it
                Vpc 'D1-A2-Z1-V26-empty': it has no addresses and nothing is in it: making it failed, or removing it did
                4 left over (--remove removes them); 0 differ

                """),
            (result.ExitCode, result.Out));
        Assert.DoesNotContain(fake.Seen, r => r.Line.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Left_overs_are_removed_together_as_they_were_looked_at()
    {
        await using var fake = (await FabricAsync()).On("POST /api/v1/change-sets", """{"revision":20,"changes":[]}""");
        using var run = CtlRun.Against(fake);
        var result = await run.RunAsync("cloudstack", "audit", "--remove");
        Assert.Equal(0, result.ExitCode);
        Assert.EndsWith("4 left over, removed; 0 differ\n", result.Out, StringComparison.Ordinal);
        var body = JsonNode.Parse(Assert.Single(fake.Seen, r => r.Line.StartsWith("POST", StringComparison.Ordinal)).Body)!;
        Assert.Equal(["gone", "unused", "stale list", "D1-A2-Z1-V26-empty"], body["changes"]!.AsArray().Select(c => (string)c!["name"]!));
        Assert.All(body["changes"]!.AsArray(), c => Assert.Equal(("delete", 7), ((string)c!["operation"]!, (int)c["revision"]!)));
    }

    [Fact]
    public async Task CloudStack_and_Fabric_are_compared_in_both_directions()
    {
        await using var fake = await FabricAsync();
        using var run = CtlRun.Against(fake);
        var vpcs = run.Write("vpcs.json", """{"count":2,"vpc":[{"name":"shop","cidr":"10.0.0.0/16"},{"name":"new","cidr":"10.5.0.0/16"}]}""");
        var networks = run.Write("networks.json", """{"count":2,"network":[{"name":"other","broadcasturi":"vxlan://1000009"},{"name":"flat","broadcasturi":"vlan://5"}]}""");
        var result = await run.RunAsync("cloudstack", "audit", "--vpcs", vpcs, "--networks", networks, "-o", "json");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            ["Vpc D1-A2-Z1-V26-empty", "Vpc new", "VNet web", "VNet other"],
            JsonNode.Parse(result.Out)!["differences"]!.AsArray().Select(d => $"{d!["kind"]} {d["name"]}"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task What_cmk_would_not_print_is_refused(string content)
    {
        await using var fake = await FabricAsync();
        using var run = CtlRun.Against(fake);
        var result = await run.RunAsync("cloudstack", "audit", "--vpcs", run.Write("vpcs.json", content));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("vpcs.json", result.Error, StringComparison.Ordinal);
    }

    private static async Task<FakeController> FabricAsync() => (await FakeController.StartAsync())
        .On("GET /api/v1/vpcs", List(Vpcs))
        .On("GET /api/v1/vnets", List(Made("web", """{"vpc":"D1-A2-Z1-V25-shop","vni":1000001,"gateways":["10.0.1.1/24"],"ingressAccessList":"list"}""")))
        .On("GET /api/v1/ipam-allocations", List(Made("range", """{"vpc":"D1-A2-Z1-V25-shop","prefix":"10.0.0.0/16"}""")))
        .On("GET /api/v1/ipam-subnets", List(Subnets))
        .On("GET /api/v1/nat-rules", List(Made("snat", """{"vpc":"D1-A2-Z1-V25-shop","public":["198.51.100.2"]}""")))
        .On("GET /api/v1/load-balancers", List(Made("lb", """{"vpc":"D1-A2-Z1-V25-shop","address":"198.51.100.3"}""")))
        .On("GET /api/v1/acl-lists", List(Made("list", "{}"), Made("stale list", "{}")));

    private static string List(params string[] items) => $$"""{"items":[{{string.Join(',', items)}}],"revision":10}""";

    private static string Made(string name, string spec) => $$"""{"name":"{{name}}","uid":5,"revision":7,"labels":{"cloudstack.made":"true"},"spec":{{spec}}}""";
}
