using System.Net;
using System.Text.Json.Nodes;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Controller.Glass;
using Fabric.Controller.RouteReflector;
using Fabric.Controller.Tests.Support;
using Fabric.Primitives;

namespace Fabric.Controller.Tests.Glass;

/// <summary>The looking glass of a route reflector over real HTTP.</summary>
public sealed class ReflectorApiTests : IAsyncLifetime
{
    private const string Name = "65000:100 [2]:[0]:[48]:[02:00:00:00:00:01]";

    private readonly BgpSpeaker _speaker = new(new BgpSpeakerOptions
    {
        LocalAsn = ReflectorWithClients.Asn,
        RouterId = IpAddr.Parse("10.0.0.1"),
        Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
        AnnounceAllTargets = true,
    });

    private readonly List<IAsyncDisposable> _open = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private ApiClient _api = null!;

    public async ValueTask InitializeAsync()
    {
        _speaker.SetListenRanges([new ListenRange(IpPrefix.Parse("127.0.0.0/8"), new SpeakerPeerConfig
        {
            Address = IpAddr.Parse("127.0.0.0"), RemoteAsn = ReflectorWithClients.Asn, Role = PeerRole.ReflectorClient, Passive = true,
        }, 10)]);
        var api = await ReflectorApi.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), null, new Only(_speaker), TimeProvider.System);
        _open.Add(api);
        _http.BaseAddress = api.Address;
        _api = new ApiClient(_http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var open in Enumerable.Reverse(_open))
        {
            await open.DisposeAsync();
        }

        await _speaker.DisposeAsync();
    }

    [Fact]
    public async Task Routes_are_shown_as_received_as_best_and_as_sent_with_the_attributes_of_each()
    {
        var (first, second) = (await ClientAsync("127.0.0.11"), await ClientAsync("127.0.0.12"));
        await first.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.1"));
        await ReflectorWithClients.UntilAsync(() => Task.FromResult(second.RouteCount == 1), "the route is reflected");

        var best = Assert.Single(await ItemsAsync("routes?mac=02:00:00:00:00:01"))!;
        Assert.Equal((Name, "127.0.0.11", 100), (Text(best, "name"), Text(best, "from"), best["vni"]!.GetValue<int>()));
        Assert.Equal(Name, Text(Assert.Single(await ItemsAsync("routes?rib=in&peer=127.0.0.11"))!, "name"));
        Assert.Empty(await ItemsAsync("routes?rib=out&peer=127.0.0.11&family=l2vpn-evpn"));
        var page = (await GetAsync("routes?rib=out&peer=127.0.0.12&family=l2vpn-evpn")).Body;
        Assert.True(page["complete"]!.GetValue<bool>());
        var attributes = Assert.Single(page["items"]!.AsArray())!["attributes"]!;
        Assert.Equal(("127.0.0.11", "10.0.0.1", "10.1.1.1"), (Text(attributes, "originatorId"), attributes["clusterList"]![0]!.GetValue<string>(), Text(attributes, "nextHop")));
        Assert.Equal(["rt:65000:100", "encap:vxlan"], attributes["extendedCommunities"]!.AsArray().Select(static c => c!.GetValue<string>()));
        foreach (var (filter, count) in new[] { ("rt=65000:100", 1), ("rt=65000:101", 0), ("vni=100", 1), ("vni=5", 0), ("nextHop=10.1.1.1", 1), ("from=127.0.0.12", 0), ("type=2", 1), ("rd=65000:100", 1), ("prefix=10.0.0.0/8", 0) })
        {
            Assert.True((await ItemsAsync($"routes?family=l2vpn-evpn&{filter}")).Count == count, filter);
        }
    }

    [Fact]
    public async Task A_neighbor_is_asked_for_its_routes_again_or_it_is_said_why_not()
    {
        await ClientAsync("127.0.0.11");
        const string Path = "/api/v1/bgp/neighbors/127.0.0.11/refresh";
        Assert.Equal(["l2vpn-evpn"], (await _api.SendAsync(HttpMethod.Post, Path, null)).Expect(200)["families"].AsArray().Select(static f => f!.GetValue<string>()));
        (await _api.SendAsync(HttpMethod.Post, $"{Path}?family=l2vpn-evpn", null)).Expect(200);
        (await _api.SendAsync(HttpMethod.Post, $"{Path}?family=ipv4-unicast", null)).ExpectProblem(409, "no-refresh");
        (await _api.SendAsync(HttpMethod.Post, $"{Path}?family=ipv5", null)).ExpectProblem(400, "bad-query", "?family");
        (await _api.SendAsync(HttpMethod.Post, "/api/v1/bgp/neighbors/127.0.0.99/refresh", null)).ExpectProblem(404, "not-found");
        (await _api.SendAsync(HttpMethod.Post, "/api/v1/bgp/neighbors/nobody/refresh", null)).ExpectProblem(404, "not-found");

        // A browser does it on behalf of a page of somebody else.
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Headers = { { "Origin", "http://evil.example" } } };
        Assert.Equal(HttpStatusCode.Forbidden, (await _http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Routes_and_messages_are_counted_for_each_peer()
    {
        var (first, second) = (await ClientAsync("127.0.0.11"), await ClientAsync("127.0.0.12"));
        await first.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.1"), ReflectorWithClients.Mac("02:00:00:00:00:02", "10.1.1.1"));
        await second.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:03", "10.1.1.2"));
        await ReflectorWithClients.UntilAsync(() => Task.FromResult(first.RouteCount == 3 && second.RouteCount == 3), "routes are reflected");
        var counts = (await _speaker.CountRoutesAsync()).Where(static c => c.Family == Fabric.Bgp.AddressFamily.L2VpnEvpn).ToDictionary(static c => c.Peer.ToString());
        Assert.Equal((2, 1), (counts["127.0.0.11"].Accepted, counts["127.0.0.11"].Advertised));
        Assert.Equal((1, 2), (counts["127.0.0.12"].Accepted, counts["127.0.0.12"].Advertised));
        await ReflectorWithClients.UntilAsync(
            () => Task.FromResult(_speaker.Peers.All(static p => Count(p.Sent, BgpMessageType.Open) == 1 && Count(p.Sent, BgpMessageType.Update) >= 2 && Count(p.Sent, BgpMessageType.Keepalive) >= 1)),
            "messages sent");
        Assert.All(_speaker.Peers, static p => Assert.Equal((1, true), (Count(p.Received, BgpMessageType.Open), Count(p.Received, BgpMessageType.Update) >= 2)));

        static long Count(IEnumerable<(BgpMessageType Type, long Count)> messages, BgpMessageType type) => messages.Single(m => m.Type == type).Count;
    }

    [Fact]
    public async Task Why_tells_the_rule_and_every_peer()
    {
        var (first, second) = (await ClientAsync("127.0.0.11"), await ClientAsync("127.0.0.12"));
        await first.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.1", localPreference: 50));
        await second.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.2", localPreference: 150));
        var path = $"route?name={Uri.EscapeDataString(Name)}";
        await ReflectorWithClients.UntilAsync(async () => await GetAsync(path) is { Status: 200 } a && a["paths"].AsArray().Count == 2, "both paths");
        var why = (await GetAsync(path)).Expect(200).Body;
        Assert.Equal((true, null, "the best path"), (why["paths"]![0]!["path"]!["best"]!.GetValue<bool>(), why["paths"]![0]!["lostBy"], Text(why["paths"]![0]!, "reason")));
        Assert.Equal(("127.0.0.11", "localPreference"), (Text(why["paths"]![1]!["path"]!, "from"), Text(why["paths"]![1]!, "lostBy")));
        Assert.Equal(["127.0.0.11 sent", "127.0.0.12 ownRoute"], why["peers"]!.AsArray().Select(static p => $"{Text(p!, "peer")} {Text(p!, "verdict")}"));
        (await GetAsync("route?name=1:1%20[3]:[0]:[32]:[10.0.0.1]")).ExpectProblem(404, "not-found");
        (await GetAsync("route?name=nonsense")).ExpectProblem(400, "bad-query", "?name", "named like");
        (await GetAsync("route")).ExpectProblem(400, "bad-query", "?name");
    }

    [Fact]
    public async Task Injected_routes_are_taken_together_or_not_at_all_and_the_list_of_them_can_be_sent_back()
    {
        var client = await ClientAsync("127.0.0.11");
        var attributes = new JsonObject
        {
            ["origin"] = "incomplete",
            ["asPath"] = "65001 {1,2} 7",
            ["nextHop"] = "10.1.1.9",
            ["med"] = 5,
            ["localPreference"] = 120,
            ["atomicAggregate"] = true,
            ["aggregator"] = new JsonObject { ["asn"] = 65009, ["identifier"] = "10.0.0.7" },
            ["communities"] = new JsonArray("65000:1", "no-export"),
            ["largeCommunities"] = new JsonArray("65000:1:2"),
            ["extendedCommunities"] = new JsonArray("rt:65000:100", "encap:vxlan", "router-mac:02:00:00:00:00:99", "mac-mobility:3 sticky", "default-gateway", "0x8000000000000001"),
            ["pmsiTunnel"] = new JsonObject { ["type"] = 6, ["label"] = 100, ["identifier"] = "0a010109", ["flags"] = 0 },
            ["unknown"] = new JsonArray(new JsonObject { ["code"] = 200, ["flags"] = 192, ["value"] = "00ff" }),
        };
        var good = new JsonArray(
            Announce("l2vpn-evpn", Name, attributes, ("vni", 100), ("l3Vni", 5000), ("esi", "00:11:22:33:44:55:66:77:88:99")),
            Announce("l2vpn-evpn", "65000:100 [5]:[0]:[24]:[10.3.0.0]", new JsonObject(), ("vni", 5000), ("gatewayIp", "10.3.0.1")),
            Announce("ipv4-unicast", "10.2.0.0/16", new JsonObject { ["nextHop"] = "10.1.1.9" }),
            new JsonObject { ["operation"] = "announce", ["family"] = "l2vpn-evpn", ["nlri"] = "06020102", ["attributes"] = new JsonObject() });
        var bad = good.DeepClone().AsArray();
        bad.Add(Announce("ipv4-unicast", "10.2.0.1/16", new JsonObject()));
        bad.Add(new JsonObject { ["operation"] = "withdraw", ["family"] = "l2vpn-evpn", ["nlri"] = "0221" });
        (await _api.PostAsync("/api/v1/bgp/injected", new JsonObject { ["changes"] = bad })).ExpectProblem(422, "invalid", "/changes/4/name").ExpectProblem(422, "invalid", "/changes/5/nlri");
        Assert.Empty(await ItemsAsync("injected"));

        Assert.Equal(4, (await _api.PostAsync("/api/v1/bgp/injected", new JsonObject { ["changes"] = good })).Expect(200)["changes"].GetValue<int>());
        var items = await ItemsAsync("injected");
        Assert.Equal(4, items.Count);
        Assert.True(JsonNode.DeepEquals(attributes, items.First(i => Text(i!, "name") == Name)!["attributes"]), items.ToJsonString());
        await ReflectorWithClients.UntilAsync(() => Task.FromResult(client.RouteCount == 3), "the client has the EVPN routes");

        // What the list gives can be sent as it is: nothing changes by it.
        var again = new JsonArray([.. items.Select(i => Announce(
            Text(i!, "family"), Text(i!, "name"), i!["attributes"]!.DeepClone(), [.. ((string[])["vni", "l3Vni", "esi", "gatewayIp"]).Where(m => i![m] is not null).Select(m => (m, (object)i![m]!.DeepClone()))]))]);
        (await _api.PostAsync("/api/v1/bgp/injected", new JsonObject { ["changes"] = again })).Expect(200);
        Assert.True(JsonNode.DeepEquals(items, await ItemsAsync("injected")));
        var withdrawals = new JsonArray([.. items.Select(static i => new JsonObject { ["operation"] = "withdraw", ["family"] = Text(i!, "family"), ["name"] = Text(i!, "name") })]);
        (await _api.PostAsync("/api/v1/bgp/injected", new JsonObject { ["changes"] = withdrawals })).Expect(200);
        Assert.Empty(await ItemsAsync("injected"));
        await ReflectorWithClients.UntilAsync(() => Task.FromResult(client.RouteCount == 0), "they are withdrawn from the client");
    }

    [Theory]
    [InlineData("""{"changes":[]}""", "/changes")]
    [InlineData("""{}""", "")]
    [InlineData("""{"changes":[null]}""", "/changes/0")]
    [InlineData("""{"changes":[{"operation":"add","family":"ipv4-unicast","name":"10.0.0.0/8","attributes":{}}]}""", "/changes/0/operation")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4","name":"10.0.0.0/8","attributes":{}}]}""", "/changes/0/family")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4-unicast","name":"10.0.0.0/8"}]}""", "/changes/0/attributes")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4-unicast","attributes":{}}]}""", "/changes/0/name")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4-unicast","name":"10.0.0.0/8","attributes":{"asPath":"0"}}]}""", "/changes/0/attributes/asPath")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4-unicast","name":"10.0.0.0/8","attributes":{"extendedCommunities":["rt:1:1","x",null]}}]}""", "/changes/0/attributes/extendedCommunities/1")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4-unicast","name":"10.0.0.0/8","attributes":{"med":4294967296}}]}""", "/changes/0/attributes/med")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv6-unicast","name":"2001:db8::/32","attributes":{"nextHop":"10.0.0.1"}}]}""", "/changes/0")]
    [InlineData("""{"changes":[{"operation":"announce","family":"ipv4-unicast","name":"10.0.0.0/8","attributes":{"unknown":[{"code":2,"flags":192,"value":""}]}}]}""", "/changes/0")]
    [InlineData("""{"changes":[{"operation":"withdraw","family":"route-target-membership","name":"default"}]}""", "/changes/0")]
    [InlineData("""{"changes":[{"operation":"withdraw","family":"ipv4-unicast","name":"10.0.0.0/8","colour":1}]}""", "/changes/0/colour")]
    public async Task A_wrong_injection_is_refused_with_its_place(string body, string pointer) =>
        (await _api.SendAsync(HttpMethod.Post, "/api/v1/bgp/injected", body)).ExpectProblem(422, "invalid", pointer);

    [Theory]
    [InlineData("routes?rib=out", "?peer")]
    [InlineData("routes?peer=127.0.0.1", "?peer")]
    [InlineData("routes?rib=both", "?rib")]
    [InlineData("routes?mac=x", "?mac")]
    [InlineData("routes?family=ipx", "?family")]
    [InlineData("routes?cursor=eA", "?cursor")]
    [InlineData("routes?colour=blue", "?colour")]
    [InlineData("watch?what=birds", "?what")]
    [InlineData("events?since=-1", "?since")]
    public async Task A_wrong_query_is_refused_with_its_place(string path, string pointer) => (await GetAsync(path)).ExpectProblem(400, "bad-query", pointer);

    [Fact]
    public async Task Neighbors_and_events_tell_of_sessions_and_streams_follow_them()
    {
        using var neighbors = await StreamAsync("watch?what=neighbors");
        using var routes = await StreamAsync("watch?what=routes&initial=true&family=l2vpn-evpn");
        using var events = await StreamAsync("watch?what=events&since=0");
        var client = await ClientAsync("127.0.0.11");
        await client.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.1"));
        Assert.Equal(Name, (await NextAsync(routes, "route"))["route"]!["name"]!.GetValue<string>());
        Assert.Equal("127.0.0.11", (await NextAsync(neighbors, "neighbor"))["address"]!.GetValue<string>());
        Assert.Equal("sessionUp", (await NextAsync(events, "event"))["kind"]!.GetValue<string>());
        await client.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.1") with { Attributes = null });
        Assert.True((await NextAsync(routes, "route"))["withdrawn"]!.GetValue<bool>());

        var neighbor = (await GetAsync("neighbors/127.0.0.11")).Expect(200).Body;
        Assert.Equal(("Established", "reflectorClient"), (Text(neighbor, "state"), Text(neighbor, "role")));
        Assert.Single(await ItemsAsync("neighbors"));
        (await GetAsync("neighbors/127.0.0.99")).ExpectProblem(404, "not-found");
        (await GetAsync("routes?rib=in&peer=127.0.0.99")).ExpectProblem(404, "not-found");
        var list = (await GetAsync("events?peer=127.0.0.11")).Expect(200).Body;
        Assert.Equal(1, list["items"]![0]!["sequence"]!.GetValue<int>());
        Assert.Empty((await GetAsync($"events?since={list["last"]}")).Expect(200)["items"].AsArray());
    }

    [Fact]
    public async Task Only_those_on_this_machine_are_served_unless_a_token_is_asked_for()
    {
        var everywhere = new IPEndPoint(IPAddress.Any, 0);
        Assert.Contains("loopback", (await Assert.ThrowsAsync<IOException>(() => ReflectorApi.StartAsync(everywhere, null, new Only(_speaker), TimeProvider.System))).Message, StringComparison.Ordinal);
        (await _api.SendAsync(HttpMethod.Get, "/api/v1/bgp/neighbors", null, ("Host", "rebound.example"))).ExpectProblem(403, "forbidden");

        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "token");
        await File.WriteAllTextAsync(file, "short\n");
        await Assert.ThrowsAsync<IOException>(() => ReflectorApi.StartAsync(everywhere, file, new Only(_speaker), TimeProvider.System));
        await File.WriteAllTextAsync(file, "a-token-of-this-test\n");
        await using var api = await ReflectorApi.StartAsync(everywhere, file, new Only(_speaker), TimeProvider.System);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{api.Address.Port}") };
        var client = new ApiClient(http);
        (await client.GetAsync("/api/v1/bgp/neighbors")).ExpectProblem(401, "unauthorized");
        (await client.SendAsync(HttpMethod.Get, "/api/v1/bgp/neighbors", null, ("Authorization", "Bearer a-token-of-this-tesT"))).ExpectProblem(401, "unauthorized");
        (await client.SendAsync(HttpMethod.Get, "/api/v1/bgp/neighbors", null, ("Authorization", "Bearer a-token-of-this-test"))).Expect(200);
    }

    private static string Text(JsonNode node, string member) => node[member]!.GetValue<string>();

    private static JsonObject Announce(string family, string name, JsonNode attributes, params ReadOnlySpan<(string Name, object Value)> members)
    {
        var change = new JsonObject { ["operation"] = "announce", ["family"] = family, ["name"] = name, ["attributes"] = attributes.DeepClone() };
        foreach (var (member, value) in members)
        {
            change[member] = value as JsonNode ?? JsonValue.Create(value);
        }

        return change;
    }

    private static async Task<JsonNode> NextAsync(StreamReader stream, string type)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await stream.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line == $"event: {type}")
            {
                while (await stream.ReadLineAsync(deadline.Token) is { } next)
                {
                    if (next.StartsWith("data: ", StringComparison.Ordinal))
                    {
                        return JsonNode.Parse(next[6..])!;
                    }
                }
            }
        }

        throw new InvalidOperationException("the stream has ended");
    }

    private async Task<StreamReader> StreamAsync(string path) => new(await _http.GetStreamAsync(new Uri($"/api/v1/bgp/{path}", UriKind.Relative)));

    private Task<Answer> GetAsync(string path) => _api.GetAsync($"/api/v1/bgp/{path}");

    private async Task<JsonArray> ItemsAsync(string path) => (await GetAsync(path)).Expect(200)["items"].AsArray();

    private async Task<BgpSpeaker> ClientAsync(string address)
    {
        var client = await ReflectorWithClients.ClientAsync(address, _speaker.Endpoints[0].Port);
        _open.Add(client);
        return client;
    }

    private sealed class Only(BgpSpeaker speaker) : IBgpSpeakers
    {
        public IReadOnlyList<NamedSpeaker> All => [new(null, speaker)];
    }
}
