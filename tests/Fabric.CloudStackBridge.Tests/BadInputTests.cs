using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Tests.Support;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>Whatever is sent, the answer has the frame, says what is wrong, and is never an internal error.</summary>
public sealed class BadInputTests(BridgeHost host) : IClassFixture<BridgeHost>
{
    /// <summary>Everything that takes a body, and a body that is right but for the ids.</summary>
    private static readonly (string Method, string Path, string Body)[] Takers =
    [
        ("POST", "/api/auth", """{"user":"u","password":"p","authSchemeID":1}"""),
        ("POST", "/api/v2/vpc", """{"name":"bad","adminTenant":{"id":999999,"name":"Admin"}}"""),
        ("POST", "/api/v2/ipam/allocation", """{"name":"bad","prefix":"10.0.0.0/16","vpc":{"id":999999}}"""),
        ("POST", "/api/v2/ipam/subnet", """{"name":"bad","prefix":"10.0.0.0/24","purpose":"common","vpc":{"id":999999},"sites":[{"id":1}]}"""),
        ("PUT", "/api/v2/ipam/subnet/999999", """{"name":"bad","prefix":"10.0.0.0/24","purpose":"common"}"""),
        ("POST", "/api/v2/vnet", """{"name":"bad","vxlanID":1000001,"vpc":{"id":999999},"sites":[{"id":1}],"state":"active","tags":["t"],"gateways":[{"prefix":"10.0.1.1/24"}]}"""),
        ("PUT", "/api/v2/vnet/999999", """{"name":"bad","vxlanID":1000001,"tags":["t"],"gateways":[{"prefix":"10.0.1.1/24"}]}"""),
        ("PUT", "/api/v2/vpc/999999", """{"name":"bad","adminTenant":{"id":1}}"""),
        ("POST", "/api/v2/nat", """{"name":"bad","action":"DNAT","protocol":"tcp","state":"enabled","sourceAddress":"0.0.0.0/0","sourcePort":"1-65535","destinationAddress":"198.51.100.5/32","destinationPort":"22","dnatToIP":"10.0.1.2/32","dnatToPort":22,"vpc":{"id":999999}}"""),
        ("PUT", "/api/v2/nat/999999", """{"name":"bad","action":"SNAT","protocol":"all","sourceAddress":"10.0.0.0/16","destinationAddress":"0.0.0.0/0","snatToIP":"198.51.100.5/32"}"""),
        ("POST", "/api/v2/l4lb", """{"name":"bad","protocol":"TCP","siteID":1,"vpc":{"id":999999},"automatic":false,"ipFamily":"IPv4","ip":"198.51.100.5","port":80,"status":"enable","healthCheck":"None","backend":[{"ip":"10.0.1.2","port":80}]}"""),
        ("PUT", "/api/v2/l4lb/999999", """{"name":"bad","protocol":"TCP","ip":"198.51.100.5","port":80,"status":"enable","healthCheck":"None","backend":[{"ip":"10.0.1.2","port":80}]}"""),
        ("POST", "/api/acl", """{"name":"bad","action":"permit","comment":"c","proto":"tcp","established":1,"reverse":"no","src_prefix":"0.0.0.0/0","src_port_from":1,"src_port_to":65535,"dst_prefix":"10.0.1.0/24","dst_port_from":22,"dst_port_to":22,"icmp_type":-1,"vpc":{"id":999999}}"""),
        ("PUT", "/api/acl", """{"id":999999,"name":"bad","action":"permit","proto":"tcp"}"""),
        ("POST", "/api/routes", """{"prefix":"172.20.0.0/16","next_hop":"10.0.1.50","site_id":1,"stateStatus":"active","switches":[],"description":"d","vpc":{"id":999999}}"""),
        ("PUT", "/api/routes", """{"id":999999,"prefix":"172.20.0.0/16","next_hop":"10.0.1.50"}"""),
    ];

    /// <summary>The takers with a member each.</summary>
    public static IEnumerable<TheoryDataRow<int>> Each => Enumerable.Range(0, Takers.Length).Select(i => new TheoryDataRow<int>(i));

    /// <summary>Without the login, whose refusals take longer each time.</summary>
    public static IEnumerable<TheoryDataRow<int>> EachButLogin => Each.Skip(1);

    [Theory]
    [MemberData(nameof(Each))]
    public async Task What_is_no_json_object_is_refused(int taker)
    {
        var (method, path, _) = Takers[taker];
        foreach (var body in new[] { "{", "[]", "1", "null", "\"x\"", "nul", "{\"a\":}", "{}x", "\0", new string('[', 100_000), string.Concat(Enumerable.Repeat("{\"a\":", 5000)) })
        {
            await host.RefusedAsync(400, method, path, body);
        }

        await host.RefusedAsync(413, method, path, "{\"name\":\"" + new string('x', 1024 * 1024) + "\"}");
    }

    [Theory]
    [MemberData(nameof(Each))]
    public async Task An_id_that_is_not_there_is_refused_and_nothing_is_written(int taker)
    {
        var (method, path, body) = Takers[taker];
        var before = await RevisionAsync();
        var reply = await host.CallAsync(method, path, body);
        Assert.InRange(reply.Status, 400, 404);
        Assert.NotEmpty((string)reply.Body["message"]!);
        Assert.Equal(before, await RevisionAsync());
    }

    [Theory]
    [MemberData(nameof(EachButLogin))]
    public async Task Each_member_of_a_wrong_kind_is_refused_and_never_an_internal_error(int taker)
    {
        var (method, path, body) = Takers[taker];
        foreach (var member in JsonNode.Parse(body)!.AsObject().Select(m => m.Key))
        {
            foreach (var wrong in new[]
            {
                "[]", "[[]]", "[{}]", "[1]", "{}", "{\"id\":{}}", "{\"id\":\"x\"}", "{\"id\":-1}", "{\"id\":1.5}", "{\"name\":[]}", "true", "-1", "1.5", "1e400", "99999999999999999999999", "\"\"", "\"\\u0000\"",
                "\"\\ud800\"", "\"999.1.1.1/99\"", "\"::ffff:0:0/200\"", "null", "\"" + new string('é', 9000) + "\"",
            })
            {
                var sent = JsonNode.Parse(body)!.AsObject();
                sent.Remove(member);
                var text = sent.ToJsonString();
                var reply = await host.CallAsync(method, path, text[..^1] + $"{(sent.Count > 0 ? "," : "")}\"{member}\":{wrong}}}");
                Assert.True(reply.Status is 400 or 404 or 409 || (wrong == "null" && reply.Status == 200), $"{method} {path} {member}={(wrong.Length > 40 ? "long" : wrong)}: {reply.Status} {reply.Text}");
            }
        }
    }

    [Theory]
    [InlineData("POST", "/api/auth", "user", """{"password":"p"}""")]
    [InlineData("POST", "/api/auth", "password", """{"user":"u"}""")]
    [InlineData("POST", "/api/auth", "password", """{"user":"u","password":{}}""")]
    [InlineData("POST", "/api/auth", "auth_scheme_id", """{"user":"u","password":"p","auth_scheme_id":2}""")]
    [InlineData("POST", "/api/v2/vpc", "adminTenant", """{"name":"x","adminTenant":{}}""")]
    [InlineData("POST", "/api/v2/vpc", "name", """{"adminTenant":{"id":1}}""")]
    [InlineData("POST", "/api/v2/ipam/allocation", "prefix", """{"name":"x"}""")]
    [InlineData("POST", "/api/v2/ipam/subnet", "prefix", """{"name":"x","purpose":"common"}""")]
    [InlineData("POST", "/api/v2/ipam/subnet", "purpose", """{"name":"x","prefix":"10.0.0.0/24","purpose":"nonsense"}""")]
    [InlineData("POST", "/api/v2/vnet", "name", """{"vxlanID":5}""")]
    [InlineData("POST", "/api/v2/vnet", "vxlanID", """{"name":"x","vxlanID":16777216}""")]
    [InlineData("POST", "/api/v2/vnet", "gateways", """{"name":"x","vxlanID":1000077,"gateways":[{"prefix":"nonsense"}]}""")]
    [InlineData("POST", "/api/v2/nat", "action", """{"name":"x"}""")]
    [InlineData("POST", "/api/v2/nat", "dnatToIP", """{"name":"x","action":"DNAT","destinationAddress":"198.51.100.5/32"}""")]
    [InlineData("POST", "/api/v2/nat", "destinationAddress", """{"name":"x","action":"DNAT","dnatToIP":"10.0.0.1"}""")]
    [InlineData("POST", "/api/v2/nat", "destinationPort", """{"name":"x","action":"DNAT","protocol":"tcp","destinationAddress":"198.51.100.5/32","destinationPort":"90-80","dnatToIP":"10.0.0.1"}""")]
    [InlineData("POST", "/api/v2/l4lb", "ip", """{"name":"x","protocol":"TCP","port":80}""")]
    [InlineData("POST", "/api/v2/l4lb", "port", """{"name":"x","protocol":"TCP","ip":"198.51.100.5","port":65536}""")]
    [InlineData("POST", "/api/v2/l4lb", "backend", """{"name":"x","protocol":"TCP","ip":"198.51.100.5","port":80,"backend":["nonsense"]}""")]
    [InlineData("POST", "/api/acl", "action", """{"name":"x","proto":"tcp","src_prefix":"0.0.0.0/0","dst_prefix":"10.0.0.0/8"}""")]
    [InlineData("POST", "/api/acl", "proto", """{"name":"x","action":"permit","proto":"256","src_prefix":"0.0.0.0/0","dst_prefix":"10.0.0.0/8"}""")]
    [InlineData("POST", "/api/acl", "dst_port_to", """{"name":"x","action":"permit","proto":"tcp","src_prefix":"0.0.0.0/0","dst_prefix":"10.0.0.0/8","dst_port_from":9,"dst_port_to":8}""")]
    [InlineData("DELETE", "/api/acl", "id", """{"tenantsID":"1"}""")]
    [InlineData("DELETE", "/api/acl", "id", """{"id":["x"]}""")]
    [InlineData("DELETE", "/api/routes", "id", null)]
    [InlineData("POST", "/api/routes", "next_hop", """{"prefix":"172.20.0.0/16"}""")]
    [InlineData("PUT", "/api/acl", "id", """{"action":"deny"}""")]
    public async Task The_field_that_is_wrong_is_named(string method, string path, string field, string? body) =>
        Assert.NotNull((await host.RefusedAsync(400, method, path, body))["errors"]![field]);

    [Theory]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/api/v2/nothing", 404)]
    [InlineData("PATCH", "/api/v2/vpc", 405)]
    [InlineData("GET", "/api/v2/vpc/999999", 404)]
    [InlineData("GET", "/api/v2/vnet/x", 404)]
    [InlineData("GET", "/api/v2/vnet/99999999999", 404)]
    [InlineData("GET", "/api/v2/vnet?filterByVpc=x", 400)]
    [InlineData("GET", "/api/v2/nat?filterByVpc=-1", 400)]
    [InlineData("GET", "/api/acl?filterByVpc=1;2", 400)]
    [InlineData("DELETE", "/api/v2/ipam/subnet/nonsense", 400)]
    public Task A_path_that_leads_nowhere_is_refused_in_the_frame(string method, string path, int status) => host.RefusedAsync(status, method, path);

    [Fact]
    public async Task A_member_whose_name_is_no_unicode_is_refused_or_passed_over()
    {
        var reply = await host.CallAsync("POST", "/api/v2/vpc", """{"\ud800":1,"name":"half a pair"}""");
        Assert.True(reply.Status is 200 or 400, reply.Text);
    }

    [Fact]
    public async Task Names_of_512_characters_are_taken_and_longer_ones_are_not()
    {
        var longest = "long " + new string('ü', 507);
        Assert.Equal(longest, (string)(await host.OkAsync("POST", "/api/v2/vpc", new { name = longest }))["data"]!["name"]!);
        await host.RefusedAsync(400, "POST", "/api/v2/vpc", new { name = longest + "x" });
        await host.RefusedAsync(400, "POST", "/api/v2/vpc", new { name = "a\tb" });
    }

    private async Task<long> RevisionAsync() => (await host.Controller.Admin.GetAsync("/api/v1/revisions?limit=1")).Expect(200)["items"].AsArray().FirstOrDefault()?["revision"]?.GetValue<long>() ?? 0;
}
