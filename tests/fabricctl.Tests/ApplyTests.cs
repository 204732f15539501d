using System.Text.Json.Nodes;
using Fabric.Ctl.Tests.Support;

namespace Fabric.Ctl.Tests;

public sealed class ApplyTests
{
    private const string Two = """
        kind: Tenant
        name: "42"
        labels: {team: "007"}
        ---
        kind: vnet
        name: web/öffentlich
        spec:
          vpc: blue
          vni: 4200000000
          gateways: [10.0.1.1/24]
          attachments: [{hypervisors: true}]
        """;

    [Fact]
    public async Task All_documents_of_a_file_are_one_change_set_with_their_types_kept()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "POST /api/v1/change-sets",
            """{"revision":7,"dryRun":false,"changes":[{"operation":"created","kind":"Tenant","name":"42","uid":3,"revision":7}],"plan":[]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("apply", "-f", run.Write("two.yaml", Two), "--reason", "a first try");

        Assert.Equal((0, "Tenant '42' created\nVNet 'web/öffentlich' unchanged\nrevision 7\n", ""), (result.ExitCode, result.Out, result.Error));
        var request = Assert.Single(fake.Seen);
        Assert.NotNull(request.IdempotencyKey);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
                {"reason":"a first try","changes":[
                  {"operation":"apply","kind":"Tenant","name":"42","labels":{"team":"007"},"spec":{}},
                  {"operation":"apply","kind":"VNet","name":"web/öffentlich","spec":
                    {"vpc":"blue","vni":4200000000,"gateways":["10.0.1.1/24"],"attachments":[{"hypervisors":true}]}}]}
                """),
            JsonNode.Parse(request.Body)));
    }

    [Fact]
    public async Task What_get_prints_can_be_applied_from_standard_input_as_yaml_and_as_json()
    {
        const string List = """{"items":[{"kind":"Vpc","name":"blue \ud83d\ude00","uid":9,"revision":4,"spec":{"tenant":"no"},"status":{"observedRevision":4,"conditions":[]}}]}""";
        await using var fake = (await FakeController.StartAsync())
            .On("GET /api/v1/vpcs", List)
            .On("POST /api/v1/change-sets", """{"revision":4,"dryRun":false,"changes":[],"plan":[]}""");
        using var run = CtlRun.Against(fake);

        foreach (var format in (string[])["yaml", "json"])
        {
            var printed = await run.RunAsync("get", "vpc", "-o", format);
            var applied = await run.RunWithInputAsync(printed.Out, "apply", "-f", "-");
            Assert.Equal((0, "Vpc 'blue 😀' unchanged\nrevision 4\n"), (applied.ExitCode, applied.Out));
            Assert.True(JsonNode.DeepEquals(
                JsonNode.Parse("""{"changes":[{"operation":"apply","kind":"Vpc","name":"blue \ud83d\ude00","spec":{"tenant":"no"}}]}"""),
                JsonNode.Parse(fake.Seen.Last().Body)));
        }
    }

    [Fact]
    public async Task A_directory_is_read_file_by_file_in_the_order_of_names()
    {
        await using var fake = (await FakeController.StartAsync()).On("POST /api/v1/change-sets", """{"revision":1,"changes":[],"plan":[]}""");
        using var run = CtlRun.Against(fake);
        run.Write("d/20.yml", "{kind: vpc, name: b, spec: {tenant: a}}");
        run.Write("d/10.json", """{"kind":"tenant","name":"a"}""");
        var directory = Path.GetDirectoryName(run.Write("d/README.md", "not a resource"))!;

        Assert.Equal("Tenant 'a' unchanged\nVpc 'b' unchanged\nrevision 1\n", (await run.RunAsync("apply", "-f", directory)).Out);
    }

    [Fact]
    public async Task A_refusal_names_the_resource_and_the_field_of_each_error()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "POST /api/v1/change-sets",
            """
            {"type":"urn:fabric:problem:invalid","title":"The request asks for something that cannot be","status":422,
             "detail":"/changes/1/spec/vni: VNI 4200000000 is not from 1 to 16777215 (and 1 more)","traceId":"t",
             "errors":[{"pointer":"/changes/1/spec/vni","message":"VNI 4200000000 is not from 1 to 16777215"},{"pointer":"/changes/0/name","message":"\u001b[31mbad"}]}
            """,
            422);
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("apply", "-f", run.Write("two.yaml", Two));

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            """
            error: The request asks for something that cannot be
              VNet 'web/öffentlich' /spec/vni: VNI 4200000000 is not from 1 to 16777215
              Tenant '42' /name: �[31mbad

            """,
            result.Error);
        Assert.Empty(result.Out);
    }

    [Fact]
    public async Task Waiting_ends_when_every_resource_is_ready_at_its_own_revision()
    {
        var asked = 0;
        await using var fake = (await FakeController.StartAsync())
            .On("POST /api/v1/change-sets", """{"revision":7,"changes":[],"plan":[]}""")
            .On("GET /api/v1/tenants/42", Resource(revision: 5, observed: 5, "true"))
            .On("GET /api/v1/vnets/web%2F%C3%B6ffentlich", () => (200, ++asked switch
            {
                1 => Resource(revision: 7, observed: 0, "unknown"),
                2 => Resource(revision: 7, observed: 6, "true"),
                _ => Resource(revision: 7, observed: 7, "true"),
            }));
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("apply", "-f", run.Write("two.yaml", Two), "--wait");

        Assert.Equal((0, 3), (result.ExitCode, asked));
    }

    [Fact]
    public async Task Waiting_in_vain_says_for_what_and_fails()
    {
        await using var fake = (await FakeController.StartAsync())
            .On("POST /api/v1/change-sets", """{"revision":7,"changes":[],"plan":[]}""")
            .On("GET /api/v1/tenants/t", Resource(revision: 5, observed: 0, "false"));
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("apply", "-f", run.Write("t.yaml", "{kind: tenant, name: t}"), "--wait=1s");

        Assert.Equal((1, "error: after 1 s this is not ready:\n  Tenant 't': DevicesFailed not in force on leaf1\n"), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("kind: Vpc\nname: a\nspecs: {}\n", "unknown member 'specs'")]
    [InlineData("kind: Vpcc\nname: a\n", "there is no kind 'Vpcc'")]
    [InlineData("name: a\n", "'kind' is missing")]
    [InlineData("kind: Vpc\nname: 42\n", "'name' must be a text; put it in quotes")]
    [InlineData("- 1\n", "a resource must be a mapping")]
    [InlineData("# nothing\n", "there is no resource in it")]
    [InlineData("kind: Vpc\nname: a\n---\nkind: vpcs\nname: a\n", "Vpc 'a' is there twice")]
    [InlineData("kind: Vpc\nname: a\nname: b\n", "line 3, column 1: key 'name' is there twice")]
    public async Task A_file_that_cannot_be_meant_is_refused_before_anything_is_sent(string yaml, string message)
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("apply", "-f", run.Write("bad.yaml", yaml));

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Empty(fake.Seen);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_a_usage_error()
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);
        Assert.Equal(2, (await run.RunAsync("apply", "-f", "/nowhere/file.yaml")).ExitCode);
    }

    [Fact]
    public async Task Delete_sends_one_change_set_for_all_names()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "POST /api/v1/change-sets", """{"revision":8,"changes":[{"operation":"deleted","kind":"VNet","name":"a"},{"operation":"deleted","kind":"VNet","name":"b"}],"plan":[]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("delete", "vn", "a", "b");

        Assert.Equal((0, "VNet 'a' deleted\nVNet 'b' deleted\nrevision 8\n"), (result.ExitCode, result.Out));
        Assert.Equal("""{"changes":[{"operation":"delete","kind":"VNet","name":"a"},{"operation":"delete","kind":"VNet","name":"b"}]}""", Assert.Single(fake.Seen).Body);
    }

    [Fact]
    public async Task A_plan_shows_each_device_with_changes_reasons_and_commands_and_writes_nothing()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "POST /api/v1/change-sets?dryRun=true",
            """
            {"revision":8,"dryRun":true,"changes":[{"operation":"created","kind":"Tenant","name":"t"}],"plan":[{"device":"leaf1","changes":[
              {"operation":"add","object":"EvpnVni/10001","because":"VNet 'web'","revision":8,"disruptive":false},
              {"operation":"remove","object":"Vrf/old","disruptive":true}],"commands":["router bgp 65011\n exit","ip link del old"]}]}
            """);
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("plan", "-f", run.Write("t.yaml", "{kind: tenant, name: t}"));

        Assert.Equal(
            """
            Tenant 't' created (dry run)

            leaf1: 2 changes
              + EvpnVni/10001  because of VNet 'web' (revision 8)
              - Vrf/old  because nothing asks for it any more  DISRUPTIVE
              commands:
                router bgp 65011
                 exit
                ip link del old

            """,
            result.Out);
    }

    private static string Resource(int revision, int observed, string ready) =>
        $$$"""
        {"name":"x","revision":{{{revision}}},"status":{"observedRevision":{{{observed}}},
         "conditions":[{"type":"Ready","status":"{{{ready}}}","reason":"DevicesFailed","message":"not in force on leaf1"}]}}
        """;
}
