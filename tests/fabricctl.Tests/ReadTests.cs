using System.Text.Json.Nodes;
using Fabric.Ctl.Tests.Support;

namespace Fabric.Ctl.Tests;

public sealed class ReadTests
{
    private const string Ready = """{"observedRevision":3,"conditions":[{"type":"Ready","status":"true","reason":"AsDesired","message":"fine"}]""";

    [Theory]
    [InlineData("vnet")]
    [InlineData("VNets")]
    [InlineData("VN")]
    public async Task A_kind_is_known_by_all_its_names_and_a_list_is_read_page_by_page(string kind)
    {
        await using var fake = (await FakeController.StartAsync())
            .On("GET /api/v1/vnets", """{"items":[{"name":"a","revision":3,"spec":{"vpc":"blue","site":"s"},"status":""" + Ready + ""","vni":10001}}],"next":"x/1"}""")
            .On("GET /api/v1/vnets?cursor=x%2F1", """{"items":[{"name":"b","revision":4,"spec":{"vpc":"blue","site":"s","vni":77}}]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("get", kind);

        Assert.Equal(
            """
            NAME   VPC    SITE   VNI     READY   REVISION
            a      blue   s      10001   yes     3
            b      blue   s      77              4

            """,
            result.Out);
    }

    [Fact]
    public async Task Json_is_what_the_api_gave()
    {
        const string Body = """{"kind":"Vpc","name":"a \u001b[31m ö","revision":3,"spec":{"tenant":"t"},"future":[1,2.50,null]}""";
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/vpcs/a", Body);
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("get", "vpc", "a", "-o", "json");

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Body), JsonNode.Parse(result.Out)));
        Assert.DoesNotContain('\u001b', result.Out);
    }

    [Fact]
    public async Task A_table_never_carries_control_characters_of_others_to_the_terminal()
    {
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/tenants", """{"items":[{"name":"[red]a\u001b]0;x\u0007\u202eb","spec":{}}]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("get", "tenants");

        Assert.Contains("[red]a�]0;x��b", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_refused_with_the_controllers_words()
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);
        var result = await run.RunAsync("get", "vpc", "a/b");
        Assert.Equal((1, "error: There is no such resource: nothing is here\n"), (result.ExitCode, result.Error));
        Assert.Equal("GET /api/v1/vpcs/a%2Fb", Assert.Single(fake.Seen).Line);
    }

    [Fact]
    public async Task A_name_that_would_lead_elsewhere_in_a_path_is_never_asked_for()
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);
        Assert.Equal(1, (await run.RunAsync("get", "vpc", "..")).ExitCode);
        Assert.Equal(1, (await run.RunAsync("describe", "vpc", ".")).ExitCode);
        Assert.Empty(fake.Seen);
    }

    [Fact]
    public async Task A_list_is_narrowed_by_labels()
    {
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/vpcs?label=a%3Db&label=c", """{"items":[]}""");
        using var run = CtlRun.Against(fake);
        Assert.Equal((0, "there is no Vpc\n"), ((await run.RunAsync("get", "vpc", "-l", "a=b", "-l", "c")) is var r ? (r.ExitCode, r.Error) : default));
    }

    [Fact]
    public async Task An_answer_that_is_not_from_a_controller_is_said_to_be_so()
    {
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/vpcs", "<html>").On("GET /api/v1/sites", "{}").On("GET /api/v1/links", "<html>", 502);
        using var run = CtlRun.Against(fake);
        Assert.Contains("does not answer like a controller", (await run.RunAsync("get", "vpcs")).Error, StringComparison.Ordinal);
        Assert.Contains("does not answer like a controller", (await run.RunAsync("get", "sites")).Error, StringComparison.Ordinal);
        Assert.Equal("error: 502 BadGateway, without an explanation\n", (await run.RunAsync("get", "links")).Error);
    }

    [Fact]
    public async Task Describe_shows_of_a_device_what_it_was_told()
    {
        await using var fake = (await FakeController.StartAsync())
            .On("GET /api/v1/devices/leaf1", """{"kind":"Device","name":"leaf1","uid":5,"revision":3,"labels":{"rack":"1"},"spec":{"role":"leaf"},"status":""" + Ready + ""","asn":4200000001}}""")
            .On("GET /api/v1/devices/leaf1/plan", """{"device":"leaf1","known":true,"changes":[],"commands":[]}""")
            .On(
                "GET /api/v1/devices/leaf1/applies",
                """{"items":[{"transactionId":"x","revision":3,"cause":"intent","objects":["a"],"started":"2026-01-01T00:00:00Z","ended":"2026-01-01T00:00:01Z","outcome":"confirmed","detail":"","commands":["router bgp 1"]}]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("describe", "device", "leaf1");

        Assert.Equal(0, result.ExitCode);
        foreach (var part in (string[])["Device 'leaf1'", "revision  3 (in force: 3)", "  rack: \"1\"", "  asn: 4200000001", "AsDesired", "pending   0 changes", "3          intent   confirmed", "  router bgp 1"])
        {
            Assert.Contains(part, result.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Two_revisions_are_compared_by_their_specs()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "GET /api/v1/revisions/1..2",
            """{"from":1,"to":2,"differences":[{"operation":"updated","kind":"Vpc","name":"a","before":{"spec":{"tenant":"x"}},"after":{"spec":{"tenant":"ö"}}}]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("revisions", "1..2");

        Assert.Equal("updated Vpc 'a'\n  - {\"tenant\":\"x\"}\n  + {\"tenant\":\"ö\"}\n", result.Out);
    }

    [Fact]
    public async Task Restore_says_what_it_changed_and_carries_its_reason()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "POST /api/v1/revisions/3/restore", """{"revision":9,"changes":[{"operation":"deleted","kind":"Vpc","name":"a"}],"plan":[]}""");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("restore", "3", "-m", "zurück, bitte");

        Assert.Equal((0, "Vpc 'a' deleted\nrevision 9\n"), (result.ExitCode, result.Out));
        Assert.Equal("zurück, bitte", Assert.Single(fake.Seen).Reason);
    }

    [Fact]
    public async Task Events_are_printed_as_they_come_and_the_end_of_the_stream_is_an_error()
    {
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/watch", ": hello\n\nid: 3\nevent: revision\ndata: {\"revision\":\ndata: 3}\n\nevent: cut");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("watch", "-o", "json");

        Assert.Equal((3, "{\"revision\":\n3}\n"), (result.ExitCode, result.Out));
    }

    [Fact]
    public async Task Events_are_told_to_people_in_words()
    {
        await using var fake = (await FakeController.StartAsync()).On(
            "GET /api/v1/watch",
            """
            event: change
            data: {"revision":3,"author":"ci","reason":"why","changes":[{"operation":"created","resource":{"kind":"Vpc","name":"blue"}}]}

            event: status
            data: {"kind":"Device","name":"leaf1","status":{"conditions":[{"type":"Ready","status":"false","reason":"Unreachable","message":"no answer"}]}}


            """);
        using var run = CtlRun.Against(fake);

        var lines = (await run.RunAsync("watch")).Out.Split('\n');

        Assert.EndsWith(" revision 3 ci created Vpc 'blue' (why)", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(" Device 'leaf1' ready: no Unreachable no answer", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_token_is_alone_on_standard_output()
    {
        await using var fake = (await FakeController.StartAsync()).On("POST /api/v1/tokens", """{"id":"i","name":"ci","role":"viewer","token":"fab_xyz"}""", 201);
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("token", "create", "ci", "--role", "viewer");

        Assert.Equal("fab_xyz\n", result.Out);
        var request = Assert.Single(fake.Seen);
        Assert.Equal("""{"name":"ci","role":"viewer"}""", request.Body);
        Assert.True(string.IsNullOrEmpty(request.IdempotencyKey));
    }
}
