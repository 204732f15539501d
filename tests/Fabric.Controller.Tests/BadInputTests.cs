using System.Net;
using System.Text;
using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>Every bad input has its status, its place and its message, and leaves everything as it was.</summary>
public sealed class BadInputTests(BadInputTests.Host host) : IClassFixture<BadInputTests.Host>
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";

    public static TheoryData<string, string, string, int, string, string?, string> Bodies() => new()
    {
        { "POST", "tenants", "", 400, "malformed", null, "empty" },
        { "POST", "tenants", "{", 400, "malformed", null, "not JSON" },
        { "POST", "tenants", "{\"name\":\"x\",}", 400, "malformed", null, "not JSON" },
        { "POST", "tenants", "{\"name\":\"x\"} {}", 400, "malformed", null, "not JSON" },
        { "POST", "tenants", "{\"name\":\"x\",\"name\":\"y\",\"spec\":{}}", 400, "malformed", null, "name" },
        { "POST", "tenants", "[1]", 422, "invalid", "", "must be an object" },
        { "POST", "tenants", "\"x\"", 422, "invalid", "", "must be an object" },
        { "POST", "tenants", "null", 422, "invalid", "", "must be an object" },
        { "POST", "tenants", "{}", 422, "invalid", "/name", "is required" },
        { "POST", "tenants", "{\"name\":\"x\"}", 422, "invalid", "/spec", "is required" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":null}", 422, "invalid", "/spec", "is required" },
        { "POST", "tenants", "{\"name\":7,\"spec\":{}}", 422, "invalid", "/name", "must be a string" },
        { "POST", "tenants", "{\"name\":\"\",\"spec\":{}}", 422, "invalid", "/name", "1 to 512 characters" },
        { "POST", "tenants", "{\"name\":\" x\",\"spec\":{}}", 422, "invalid", "/name", "blank" },
        { "POST", "tenants", "{\"name\":\"..\",\"spec\":{}}", 422, "invalid", "/name", "'..'" },
        { "POST", "tenants", "{\"name\":\"a\\u0000b\",\"spec\":{}}", 422, "invalid", "/name", "control characters" },
        { "POST", "tenants", "{\"name\":\"a\\nb\",\"spec\":{}}", 422, "invalid", "/name", "control characters" },
        { "POST", "tenants", "{\"name\":\"\\ud800\",\"spec\":{}}", 400, "malformed", null, "Unicode" },
        { "POST", "tenants", "{\"\\ud800\":1}", 400, "malformed", null, "Unicode" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"kind\":\"Site\"}", 422, "invalid", "/kind", "must be Tenant" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"uid\":9}", 422, "invalid", "/uid", "given by the controller" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"revision\":\"9\"}", 422, "invalid", "/revision", "whole number" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"colour\":1}", 422, "invalid", "/colour", "unknown field 'colour'" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"a/b~c\":1}", 422, "invalid", "/a~1b~0c", "unknown field" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":[]}", 422, "invalid", "/spec", "must be an object" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{\"descripton\":\"x\"}}", 422, "invalid", "/spec/descripton", "unknown field 'descripton'" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{\"description\":5}}", 422, "invalid", "/spec/description", "must be a string" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"labels\":[]}", 422, "invalid", "/labels", "must be an object" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"labels\":{\"a\":1}}", 422, "invalid", "/labels/a", "must be a string" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"labels\":{\"a\":null}}", 422, "invalid", "/labels/a", "must be a string" },
        { "POST", "tenants", "{\"name\":\"x\",\"spec\":{},\"labels\":{\"\":\"b\"}}", 422, "invalid", "/labels", "1 to 253" },
        { "POST", "tenants", "{\"name\":\"t\",\"spec\":{}}", 409, "exists", "/name", "there is a Tenant 't' already" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"underlay\":{\"mtu\":\"big\"}}}", 422, "invalid", "/spec/underlay/mtu", "whole number" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"underlay\":{\"mtu\":1.5}}}", 422, "invalid", "/spec/underlay/mtu", "whole number" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"underlay\":{\"mtu\":99999999999999999999}}}", 422, "invalid", "/spec/underlay/mtu", "whole number" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"underlay\":{\"bfd\":\"yes\"}}}", 422, "invalid", "/spec/underlay/bfd", "true or false" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"underlay\":null}}", 422, "invalid", "/spec/underlay", "must not be null" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"vniPool\":{\"first\":1}}}", 422, "invalid", "/spec/vniPool", "last" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"vniPool\":{\"first\":9,\"last\":1}}}", 422, "invalid", "/spec/vniPool", "9..1" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"controllers\":[null]}}", 422, "invalid", "/spec/controllers/0", "must not be null" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"controllers\":[\"10.0.0.256\"]}}", 422, "invalid", "/spec/controllers/0", "10.0.0.256" },
        { "POST", "sites", "{\"name\":\"x\",\"spec\":{\"fabricNumber\":65536}}", 422, "invalid", "/spec/fabricNumber", "1..65535" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"role\":\"king\"}}", 422, "invalid", "/spec/role", "one of spine, leaf, hypervisor, softgate, server, external" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"role\":0}}", 422, "invalid", "/spec/role", "one of" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"role\":\"leaf\"}}", 422, "invalid", "/spec/management", "needs management" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"nowhere\",\"role\":\"server\"}}", 422, "invalid", "/spec/site", "there is no Site 'nowhere'" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"role\":\"server\",\"ports\":[{\"name\":\"a b\"}]}}", 422, "invalid", "/spec/ports/0/name", "1 to 15" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"role\":\"server\",\"ports\":{}}}", 422, "invalid", "/spec/ports", "must be a list" },
        { "POST", "devices", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"role\":\"server\",\"ports\":[{\"name\":\"p\",\"tags\":[null]}]}}", 422, "invalid", "/spec/ports/0/tags/0", "must not be null" },
        { "POST", "links", "{\"name\":\"x\",\"spec\":{\"a\":{\"device\":\"leaf1\",\"port\":\"swp9\"},\"b\":{\"device\":\"ghost\",\"port\":\"p\"}}}", 422, "invalid", "/spec/a/port", "has no port swp9" },
        { "POST", "links", "{\"name\":\"x\",\"spec\":{\"a\":{\"device\":\"leaf1\",\"port\":\"swp9\"},\"b\":{\"device\":\"ghost\",\"port\":\"p\"}}}", 422, "invalid", "/spec/b/device", "there is no Device 'ghost'" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"attachments\":[{\"port\":{\"device\":\"ghost\",\"port\":\"p\"}}]}}", 422, "invalid", "/spec/attachments/0/port/device", "there is no Device 'ghost'" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"attachments\":[{\"port\":{\"device\":\"leaf1\",\"port\":\"swp9\"}}]}}", 422, "invalid", "/spec/attachments/0/port/port", "has no port swp9" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"attachments\":[null]}}", 422, "invalid", "/spec/attachments/0", "must not be null" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"attachments\":[{}]}}", 422, "invalid", "/spec/attachments/0", "exactly one of" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"vni\":16777216}}", 422, "invalid", "/spec/vni", "1..16777215" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"vni\":0}}", 422, "invalid", "/spec/vni", "1..16777215" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"vni\":\"5001\"}}", 422, "invalid", "/spec/vni", "whole number" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"vni\":10001}}", 409, "conflict", "/spec/vni", "inside the site's vniPool" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"vni\":5001}}", 409, "conflict", "/spec/vni", "VNI 5001 is taken by VNet 'taken'" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"gateways\":[\"10.0.1.1/25\"]}}", 409, "conflict", "/spec/gateways/0", "overlaps 10.0.1.0/24 of VNet 'taken' in the same VPC" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"v\",\"gateways\":[\"10.0.9.0/24\"]}}", 422, "invalid", "/spec/gateways/0", "host address" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"site\":\"s\",\"vpc\":\"ghost\"}}", 422, "invalid", "/spec/vpc", "there is no Vpc 'ghost'" },
        { "POST", "vnets", "{\"name\":\"x\",\"spec\":{\"vpc\":\"v\"}}", 422, "invalid", "/spec", "site" },
        { "POST", "ipam-allocations", "{\"name\":\"x\",\"spec\":{\"vpc\":\"v\",\"prefix\":\"10.0.0.1/16\"}}", 422, "invalid", "/spec/prefix", "10.0.0.1/16" },
        { "POST", "ipam-subnets", "{\"name\":\"x\",\"spec\":{\"vpc\":\"v\",\"prefix\":\"10.0.1.128/25\"}}", 409, "conflict", "/spec/prefix", "overlaps" },
        { "POST", "ipam-subnets", "{\"name\":\"x\",\"spec\":{\"vpc\":\"v\",\"prefix\":\"192.168.0.0/24\"}}", 422, "invalid", "/spec/prefix", "in no allocation" },
        { "POST", "change-sets", "{\"changes\":[]}", 422, "invalid", "/changes", "1 to 10000" },
        { "POST", "change-sets", "{}", 422, "invalid", "/changes", "1 to 10000" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"destroy\",\"kind\":\"Tenant\",\"name\":\"x\"}]}", 422, "invalid", "/changes/0/operation", "create, update, apply, delete" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"apply\",\"kind\":\"Tenent\",\"name\":\"x\"}]}", 422, "invalid", "/changes/0/kind", "must be one of Site" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"apply\",\"kind\":\"Tenant\",\"name\":\"x\",\"spec\":{}},{\"operation\":\"apply\",\"kind\":\"Vpc\",\"name\":\"x\",\"spec\":{\"tenant\":\"ghost\"}}]}", 422, "invalid", "/changes/1/spec/tenant", "there is no Tenant 'ghost'" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"apply\",\"kind\":\"Tenant\",\"name\":\"x\",\"spec\":{}},{\"operation\":\"delete\",\"kind\":\"Tenant\",\"name\":\"ghost\"}]}", 404, "not-found", "/changes/1", "there is no Tenant 'ghost'" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"delete\",\"kind\":\"Tenant\",\"name\":\"t\"}]}", 409, "in-use", "/changes/0", "needed by Vpc 'v'" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"apply\",\"kind\":\"Tenant\",\"name\":\"t\",\"spec\":{\"description\":\"n\"},\"revision\":777}]}", 412, "stale", "/changes/0", "not 777" },
        { "POST", "change-sets", "{\"changes\":[{\"operation\":\"apply\",\"kind\":\"Tenant\",\"name\":\"x\",\"spec\":{}},{\"operation\":\"apply\",\"kind\":\"Tenant\",\"name\":\"x\",\"spec\":{}}]}", 422, "invalid", "/changes/1", "changed twice" },
        { "POST", "change-sets", "{\"reason\":\"a\\u0007b\",\"changes\":[{\"operation\":\"apply\",\"kind\":\"Tenant\",\"name\":\"x\",\"spec\":{}}]}", 422, "invalid", "/reason", "control characters" },
        { "POST", "change-sets", "{\"changes\":[7]}", 422, "invalid", "/changes/0", "must be an object" },
        { "POST", "tokens", "{\"name\":\"x\",\"role\":\"king\"}", 422, "invalid", "/role", "viewer, operator, admin" },
        { "POST", "tokens", "{\"name\":\"x\",\"role\":\"viewer\",\"expires\":\"2001-01-01T00:00:00Z\"}", 422, "invalid", "/expires", "in the future" },
        { "POST", "tokens", "{\"name\":\"x\",\"role\":\"viewer\",\"expires\":\"soon\"}", 422, "invalid", "/expires", "such as" },
        { "POST", "tokens", "{\"name\":\"first-admin\",\"role\":\"viewer\"}", 409, "exists", "/name", "valid token 'first-admin' already" },
        { "PUT", "tenants/t", "{\"spec\":{}}", 428, "precondition-required", null, "If-Match" },
        { "DELETE", "tenants/t", "", 428, "precondition-required", null, "If-Match" },
        { "PUT", "tenants/other", "{\"name\":\"another\",\"spec\":{}}", 422, "invalid", "/name", "name in the path" },
        { "DELETE", "tenants/ghost", "", 404, "not-found", null, "there is no Tenant 'ghost'" },
    };

    public static TheoryData<string, string, int, string, string> Requests() => new()
    {
        { "GET", "/api/v1/tenants/ghost", 404, "not-found", "there is no Tenant 'ghost'" },
        { "GET", "/api/v1/tenants/by-uid/999999", 404, "not-found", "uid 999999" },
        { "GET", "/api/v1/tenants/by-uid/x", 404, "not-found", "uid x" },
        { "GET", "/api/v1/vnets/by-uid/1", 404, "not-found", "uid 1" },
        { "GET", "/api/v1/nonsense", 404, "no-endpoint", "/api/v1/nonsense" },
        { "GET", "/nonsense", 404, "no-endpoint", "/nonsense" },
        { "GET", "/api/v1/tenants/a/b/c", 404, "no-endpoint", "no endpoint" },
        { "PATCH", "/api/v1/tenants", 405, "method-not-allowed", "it takes GET, POST" },
        { "POST", "/api/v1/status", 405, "method-not-allowed", "it takes GET" },
        { "GET", "/api/v1/tenants?limit=0", 400, "bad-query", "1..1000" },
        { "GET", "/api/v1/tenants?limit=1001", 400, "bad-query", "1..1000" },
        { "GET", "/api/v1/tenants?limit=ten", 400, "bad-query", "1..1000" },
        { "GET", "/api/v1/tenants?limit=1&limit=2", 400, "bad-query", "more than once" },
        { "GET", "/api/v1/tenants?cursor=!!", 400, "bad-query", "cursor" },
        { "GET", "/api/v1/tenants?label==x", 400, "bad-query", "label" },
        { "GET", "/api/v1/tenants?vpc=v", 400, "bad-query", "unknown query parameter" },
        { "POST", "/api/v1/change-sets?dryrun=true", 400, "bad-query", "known are dryRun" },
        { "POST", "/api/v1/change-sets?dryRun=maybe", 400, "bad-query", "true or false" },
        { "GET", "/api/v1/watch?since=99999999", 400, "bad-query", "not there yet" },
        { "GET", "/api/v1/watch?kinds=Cow", 400, "bad-query", "kinds" },
        { "GET", "/api/v1/revisions/99999", 404, "not-found", "99999" },
        { "GET", "/api/v1/revisions/x", 404, "not-found", "x" },
        { "GET", "/api/v1/revisions/1..99999", 404, "not-found", "99999" },
        { "POST", "/api/v1/revisions/99999/restore", 404, "not-found", "99999" },
        { "GET", "/api/v1/devices/ghost/plan", 404, "not-found", "ghost" },
        { "GET", "/api/v1/evpn/routes?mac=zz", 400, "bad-query", "zz" },
        { "GET", "/api/v1/evpn/routes?type=12", 400, "bad-query", "1..11" },
        { "GET", "/api/v1/evpn/routes?vpc=ghost", 400, "bad-query", "there is no Vpc 'ghost'" },
        { "DELETE", "/api/v1/tokens/ghost", 404, "not-found", "no token" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task BadBodyIsRefusedAndNothingIsWritten(string method, string path, string body, int status, string code, string? pointer, string says)
    {
        var before = host.Api.Fabricd.Store.Intent.Current;
        var tokens = host.Api.Fabricd.Store.Tokens.All.Length;
        var answer = await host.Api.Admin.SendAsync(new HttpMethod(method), "/api/v1/" + path, body);
        answer.ExpectProblem(status, code, pointer, says);
        Assert.Same(before, host.Api.Fabricd.Store.Intent.Current);
        Assert.Equal(tokens, host.Api.Fabricd.Store.Tokens.All.Length);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task BadRequestIsRefused(string method, string path, int status, string code, string says)
    {
        var before = host.Api.Fabricd.Store.Intent.Current;
        (await host.Api.Admin.SendAsync(new HttpMethod(method), path, method == "GET" ? null : "{}")).ExpectProblem(status, code, null, says);
        Assert.Same(before, host.Api.Fabricd.Store.Intent.Current);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=latin1")]
    [InlineData("nonsense")]
    public async Task OtherMediaTypeIsUnsupported(string type) =>
        (await host.Api.Admin.PostAsync("/api/v1/tenants", "{\"name\":\"x\",\"spec\":{}}", ("Content-Type", type)))
            .ExpectProblem(415, "unsupported-media-type", null, "application/json");

    [Fact]
    public async Task BodyWithoutMediaTypeIsUnsupported()
    {
        using var content = new ByteArrayContent("{\"name\":\"x\",\"spec\":{}}"u8.ToArray());
        using var response = await host.Api.Admin.Http.PostAsync("/api/v1/tenants", content);
        (await Answer.OfAsync(response)).ExpectProblem(415, "unsupported-media-type");
    }

    [Fact]
    public async Task BodyThatIsNotUtf8IsMalformed()
    {
        using var content = new ByteArrayContent([.. "{\"name\":\""u8, 0xff, 0xfe, .. "\",\"spec\":{}}"u8]);
        content.Headers.ContentType = new("application/json");
        using var response = await host.Api.Admin.Http.PostAsync("/api/v1/tenants", content);
        (await Answer.OfAsync(response)).ExpectProblem(400, "malformed", null, "UTF-8");
    }

    [Theory]
    [InlineData(1 << 20, true)]
    [InlineData((1 << 20) + 1, false)]
    [InlineData(10_000_000, false)]
    public async Task BodyOfMoreThanOneMegabyteIsTooLarge(int length, bool fits)
    {
        const string head = "{\"name\":\"x\",\"spec\":{\"nothing\":\"";
        const string tail = "\"}}";
        var body = head + new string('x', length - head.Length - tail.Length) + tail;
        var answer = await host.Api.Admin.PostAsync("/api/v1/tenants", body);
        if (fits)
        {
            answer.ExpectProblem(422, "invalid", "/spec/nothing");
        }
        else
        {
            answer.ExpectProblem(413, "too-large", null, "1048576 octets");
        }

        (await host.Api.Admin.GetAsync("/api/v1/status")).Expect(200);
    }

    [Fact]
    public async Task ChunkedBodyOfTenMegabytesIsTooLarge()
    {
        using var content = new StreamContent(new EndlessStream(10_000_000));
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tenants") { Content = content, Version = HttpVersion.Version11 };
        request.Headers.TransferEncodingChunked = true;
        using var response = await host.Api.Admin.Http.SendAsync(request);
        (await Answer.OfAsync(response)).ExpectProblem(413, "too-large");
    }

    [Theory]
    [InlineData(64)]
    [InlineData(100_000)]
    public async Task DeepNestingIsMalformed(int depth)
    {
        var body = new StringBuilder("{\"name\":\"x\",\"spec\":").Insert(0, "").Append(string.Concat(Enumerable.Repeat("[", depth))).Append(string.Concat(Enumerable.Repeat("]", depth))).Append('}');
        (await host.Api.Admin.PostAsync("/api/v1/tenants", body.ToString())).ExpectProblem(400, "malformed", null, "nested deeper than 64");
    }

    [Fact]
    public async Task AllErrorsOfAChangeSetAreReportedTogether()
    {
        var answer = await host.Api.Admin.PostAsync("/api/v1/change-sets", new
        {
            changes = new object[]
            {
                new { operation = "apply", kind = "Vpc", name = "one", spec = new { tenant = "ghost" } },
                new { operation = "apply", kind = "Vpc", name = "two", spec = new { tenat = "t" } },
                new { operation = "apply", kind = "Cow", name = "three", spec = new { } },
            },
        });
        answer.ExpectProblem(422, "invalid", "/changes/1/spec/tenat").ExpectProblem(422, "invalid", "/changes/2/kind");
    }

    [Theory]
    [InlineData("If-Match", "5")]
    [InlineData("If-Match", "\"5")]
    [InlineData("If-None-Match", "\"5\"")]
    public async Task PreconditionsThatCannotBeReadAreMalformed(string header, string value) =>
        (await host.Api.Admin.PutAsync("/api/v1/tenants/t", new { spec = new { } }, (header, value))).ExpectProblem(400, "malformed", null, header);

    [Fact]
    public async Task ReasonsThatCannotBeKeptAreMalformed() =>
        (await host.Api.Admin.PutAsync("/api/v1/tenants/reason", new { spec = new { } }, ("X-Fabric-Reason", new string('x', 1025)))).ExpectProblem(400, "malformed", null, "1024");

    public sealed class Host : IAsyncLifetime
    {
        public ApiHost Api { get; } = new();

        public async ValueTask InitializeAsync()
        {
            await Api.InitializeAsync();
            (await Api.Admin.PostAsync("/api/v1/change-sets", new
            {
                changes = new object[]
                {
                    new { operation = "create", kind = "Site", name = "s", spec = new { } },
                    new { operation = "create", kind = "Tenant", name = "t", spec = new { } },
                    new { operation = "create", kind = "Vpc", name = "v", spec = new { tenant = "t" } },
                    new { operation = "create", kind = "VNet", name = "taken", spec = new { site = "s", vpc = "v", vni = 5001, gateways = new[] { "10.0.1.1/24" } } },
                    new { operation = "create", kind = "IpamAllocation", name = "a", spec = new { vpc = "v", prefix = "10.0.0.0/16" } },
                    new
                    {
                        operation = "create",
                        kind = "Device",
                        name = "leaf1",
                        spec = new
                        {
                            site = "s",
                            role = "leaf",
                            os = "frr-linux",
                            management = new { address = "192.0.2.1", hostKeys = new[] { HostKey } },
                            ports = new[] { new { name = "swp1" } },
                        },
                    },
                },
            })).Expect(200);
        }

        public ValueTask DisposeAsync() => Api.DisposeAsync();
    }

    private sealed class EndlessStream(long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, _left);
            buffer.AsSpan(offset, read).Fill((byte)' ');
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
