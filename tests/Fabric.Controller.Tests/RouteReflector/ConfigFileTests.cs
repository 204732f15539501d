using System.Net;
using System.Runtime.CompilerServices;
using Fabric.Bgp;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Speaker;
using Fabric.Controller.RouteReflector;
using Fabric.Controller.Tests.Support;
using Fabric.Primitives;

namespace Fabric.Controller.Tests.RouteReflector;

/// <summary>What the file and the flags say, and what they are told when it makes no sense.</summary>
public sealed class ConfigFileTests
{
    private const string Least = "asn: 65000\nrouter-id: 10.0.0.1\nlisten: 127.0.0.1:1790\n";

    public static TheoryData<string, string> Faults() => new()
    {
        { "clientz: [10.0.0.0/8]", "c.yaml:4: unknown key \"clientz\"; known here: " },
        { "hold-time: 2", "c.yaml:4: hold-time: give 0 (no timers) or 3..65535 seconds, not \"2\"" },
        { "hold-time: [3, 4]", "c.yaml:4: hold-time: counts once; give one value" },
        { "hold-time:", "c.yaml:4: hold-time: has no value; give one or remove the key" },
        { "asn: 65001", "c.yaml:4: asn: is there twice, first at c.yaml:1; remove one" },
        { "families: [l2vpn-evpn, nonsense]", "c.yaml:4: families[1]: there is no family \"nonsense\"; give l2vpn-evpn, " },
        { "families: []", "c.yaml:4: families: is empty; give at least one, or remove the key" },
        { "clients: [10.0.0.0/8, 10.0.0.0/8]", "c.yaml:4: clients[1]: 10.0.0.0/8 is there twice; remove one" },
        { "clients: 10.0.0.1/8", "c.yaml:4: clients: 10.0.0.1/8 has host bits set; the network is 10.0.0.0/8" },
        { "peer-groups: {a: {import: gone}}", "c.yaml:4: peer-groups.a.import: there is no policy \"gone\"; there are none" },
        { "listen-ranges: [{prefix: 10.0.0.0/8, group: gone}]", "c.yaml:4: listen-ranges[0].group: there is no group \"gone\"; there are none" },
        { "listen-ranges:\n- group: gone", "c.yaml:5: listen-ranges[0].prefix: is missing; give addresses to take connections from" },
        { "neighbors: [{address: 10.0.0.2}, {address: 10.0.0.2}]", "c.yaml:4: neighbors: 10.0.0.2 is there twice; remove one" },
        { "neighbors: [{address: 10.0.0.2, local-address: fd00::1}]", "neighbors[0].local-address: fd00::1 and the neighbor's address 10.0.0.2 are of different IP versions" },
        { "neighbors: {a: b}", "c.yaml:4: neighbors: must be a list, each item with a dash before it" },
        { "peer-groups: {-a: {}}", "c.yaml:4: peer-groups: \"-a\" is no name; " },
        { "peer-groups: {a: {role: client}}", "peer-groups.a.role: give reflector-client, route-server-client, ordinary, observed, not \"client\"" },
        { "peer-groups: {a: {remote-asn: 65001}}", "peer-groups.a.remote-asn: a reflector client is in the own AS 65000, not in 65001; " },
        { "peer-groups: {a: {remote-asn: external}}", "peer-groups.a.remote-asn: a reflector client is in the own AS 65000, not external; " },
        { "peer-groups: {a: {role: route-server-client, remote-asn: 65000}}", "peer-groups.a.remote-asn: a route server's client is in another AS than the own 65000 (RFC 7947); " },
        { "peer-groups: {a: {role: route-server-client, remote-asn: internal}}", "peer-groups.a.remote-asn: a route server's client is in another AS than the own 65000 (RFC 7947); " },
        { "peer-groups: {a: {role: ordinary, remote-asn: outside}}", "peer-groups.a.remote-asn: give an AS number, internal or external: " },
        { "peer-groups: {a: {next-hop-ipv4: 2001:db8::1}}", "peer-groups.a.next-hop-ipv4: give an own IPv4 address, not " },
        { "peer-groups: {a: {next-hop-ipv6: ff02::1}}", "peer-groups.a.next-hop-ipv6: give an own IPv6 address, not " },
        { "min-ttl: 254\nttl: 1", "c.yaml:5: ttl: with min-ttl both ends must send with TTL 255" },
        { "families: [ipv4-unicast]\nadd-path: [l2vpn-evpn]", "c.yaml:5: add-path: l2vpn-evpn is not among the families; " },
        { "api-listen: 0.0.0.0:80", "c.yaml:4: api-listen: anybody who reaches it may read it and announce routes; " },
        { "metrics-listen: 127.0.0.1:1790", "c.yaml:4: metrics-listen: 127.0.0.1:1790 is taken by listen; give another port" },
        { "md5-key-file: /nowhere/key", "c.yaml:4: md5-key-file: \"/nowhere/key\" cannot be read; " },
        { "prefix-lists: {a: [{prefix: 10.0.0.0/8, ge: 4}]}", "prefix-lists.a[0].ge: lengths must satisfy 8 <= ge <= le <= 32" },
        { "prefix-lists: {a: [10.0.0.0/8, 10.0.0.0/8]}", "prefix-lists.a[1]: 10.0.0.0/8 is there twice; remove one" },
        { "policies: {a: {statements: [{then: accept}]}}", "policies.a.statements[0].name: is missing" },
        { "policies: {a: {statements: [{name: x}]}}", "policies.a.statements[0].then: is missing" },
        { "policies: {a: {statements: [{name: x, then: accept}, {name: x, then: accept}]}}", "policies.a.statements[1]: is never reached: statement x before it decides about every route" },
        { "policies: {a: {statements: [{name: x, then: next}, {name: x, then: accept}]}}", "policies.a.statements[1].name: there is another statement x in this policy" },
        { "policies: {a: {statements: [{name: x, then: reject, set: {med: 1}}]}}", "policies.a.statements[0].set: changes nothing, since the route is rejected" },
        { "policies: {a: {statements: [{name: x, then: accept, match: {prefix-list: gone}}]}}", "match.prefix-list: there is no prefix list \"gone\"; there are none" },
        { "policies: {a: {statements: [{name: x, then: accept, match: {vni: 5-3}}]}}", "match.vni: give a VNI 1..16777215 or a range such as 10000-10999, not \"5-3\"" },
        { "policies: {a: {statements: [{name: x, then: accept, set: {communities: {add: ['1:*']}}}]}}", "set.communities.add[0]: \"1:*\" stands for more than one community; give it without *" },
        { "policies: {a: {statements: [{name: x, then: accept, set: {communities: {}}}]}}", "set.communities: changes nothing; give set, delete or add" },
        { "policies: {a: {statements: [{name: x, then: accept, match: {community: {any: ['1:1'], all: ['1:1']}}}]}}", "match.community: give either any or all" },
        { "policies: {a: {statements: [{name: x, then: accept, set: {as-path-prepend: {times: 17}}}]}}", "as-path-prepend.times: give a whole number 1..16, not \"17\"" },
        { "policies: {a: {statements: [{name: x, then: accept, match: {community: *:1}}]}}", "match.community: aliases are not supported; put a text that begins with * in quotes" },
        { "clients: &a [10.0.0.0/8]", "c.yaml:4: clients: anchors are not supported" },
        { "clients: !x [10.0.0.0/8]", "c.yaml:4: clients: tag \"!x\" is not supported" },
        { "clients: [", "this is not YAML" },
        { "---\nasn: 1", "a second document begins here" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_told_with_place_path_and_what_to_do(string yaml, string says)
    {
        var (config, faults) = RouteReflectorFile.Parse(Least + yaml + "\n", "c.yaml");
        Assert.Null(config);
        Assert.Contains(faults, f => f.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var (_, faults) = RouteReflectorFile.Parse("asn: 0\nrouter-id: x\nhold-time: 1\nnonsense: 1\nmin-ttl: 256\nclients: [a, b]\n", "c.yaml");
        Assert.Equal(["1", "1", "2", "3", "4", "5", "6", "6"], faults.Where(f => f.StartsWith("c.yaml:", StringComparison.Ordinal)).Select(f => f.Split(':')[1]).Order());
        Assert.Contains("listen: is missing", string.Join('\n', RouteReflectorFile.Parse("asn: 1\nrouter-id: 1.1.1.1\nclients: 10.0.0.0/8\n").Faults), StringComparison.Ordinal);
        Assert.Contains("nobody could ever connect", string.Join('\n', RouteReflectorFile.Parse("asn: 1\nrouter-id: 1.1.1.1\n").Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_in_the_documents_is_understood_as_it_says()
    {
        var (config, faults) = RouteReflectorFile.Parse(File.ReadAllText(Example()), "route-reflector.yaml");
        Assert.Empty(faults);
        Assert.NotNull(config);
        Assert.Empty(config.Remarks());
        Assert.Equal(IPEndPoint.Parse("[::]:1790"), config.Listen[1]);
        Assert.Equal(["10.0.1.0/24", "fd00:0:0:1::/64", "10.0.2.0/24"], config.Ranges.Select(r => r.Prefix.ToString()));

        var ranges = SpeakerMapping.Ranges(config);
        Assert.Equal((PeerRole.ReflectorClient, (RemoteAs)new Asn(65000), true), (ranges[0].Template.Role, ranges[0].Template.RemoteAsn, ranges[0].Template.Passive));
        var racks = ranges[2];
        Assert.Equal((PeerRole.RouteServerClient, RemoteAs.External, (byte?)254, 20000, 40), (racks.Template.Role, racks.Template.RemoteAsn, racks.Template.MinTtl, racks.Template.MaxPrefixes, racks.MaxPeers));
        Assert.Equal("from-racks", ((StatementPolicy)racks.Template.Import!).Name);
        Assert.Equal(TimeSpan.FromSeconds(9), racks.Template.HoldTime);

        var peers = SpeakerMapping.Peers(config);
        Assert.Equal(["spine1", "spine2"], peers.Select(p => p.Description));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(120), true), (peers[1].HoldTime, peers[1].GracefulRestart, peers[1].Passive));
        Assert.Equal(80, peers[1].MaxPrefixesWarning);

        var policy = config.Policies[0];
        Assert.Equal(["no-default-route", "own-paths-only", "mark", "layer-2", "tenant-prefixes"], policy.Statements.Select(s => s.Name));
        Assert.Equal(new AsPathLengthMatch(3, 4096), policy.Statements[1].Matches[0]);
        Assert.Equal(new ChangeMed(MedChange.Add, 10), policy.Statements[4].Edits[0]);
    }

    [Fact]
    public void A_group_takes_from_the_top_and_a_neighbor_from_its_group()
    {
        const string Yaml = Least + """
            hold-time: 30
            max-prefixes: 10
            peer-groups:
              a: {max-prefixes: 20, role: ordinary, remote-asn: 65001}
            neighbors:
              - {address: 10.0.0.2, group: a, connect-retry: 7}
              - {address: 10.0.0.3}
            """;
        var (config, faults) = RouteReflectorFile.Parse(Yaml);
        Assert.Empty(faults);
        var peers = SpeakerMapping.Peers(config!);
        Assert.Equal((30, 20, (RemoteAs)new Asn(65001), 7), (peers[0].HoldTime.TotalSeconds, peers[0].MaxPrefixes, peers[0].RemoteAsn, peers[0].ConnectRetry.TotalSeconds));
        Assert.Equal((30, 10, (RemoteAs)new Asn(65000), 5), (peers[1].HoldTime.TotalSeconds, peers[1].MaxPrefixes, peers[1].RemoteAsn, peers[1].ConnectRetry.TotalSeconds));
    }

    [Fact]
    public async Task Flags_and_file_yield_the_same_configuration()
    {
        using var directory = new TemporaryDirectory();
        var (file, key) = (Path.Combine(directory.Path, "c.yaml"), Path.Combine(directory.Path, "key"));
        await File.WriteAllTextAsync(key, "s3cret\n");
        await File.WriteAllTextAsync(file, $"""
            asn: 65000
            router-id: 10.0.0.1
            cluster-id: 10.0.0.9
            listen: [127.0.0.1:1790, "[::1]:1790"]
            clients: [127.0.0.0/8, "::1/128"]
            families: [l2vpn-evpn, ipv4-unicast]
            route-server: true
            open-without-policy: true
            hold-time: 30
            max-prefixes: 7
            max-peers: 9
            md5-key-file: {key}
            min-ttl: 255
            log-format: text
            metrics-listen: 127.0.0.1:9179
            api-listen: 127.0.0.1:8179
            """);
        string[] flags =
        [
            "--asn", "65000", "--router-id", "10.0.0.1", "--cluster-id", "10.0.0.9", "--listen", "127.0.0.1:1790", "--listen", "[::1]:1790",
            "--clients", "127.0.0.0/8", "--clients", "::1/128", "--families", "l2vpn-evpn", "--families", "ipv4-unicast", "--route-server", "--open-without-policy",
            "--hold-time", "30", "--max-prefixes", "7", "--max-peers", "9", "--md5-key-file", key, "--min-ttl", "255", "--log-format", "text",
            "--metrics-listen", "127.0.0.1:9179", "--api-listen", "127.0.0.1:8179",
        ];
        var (fromFlags, fromFile) = (await LoadAsync(flags), await LoadAsync("--config", file));
        Assert.NotNull(fromFlags);
        Assert.Equal(fromFlags, fromFile);
        Assert.NotNull(fromFlags.Session.Md5Key);
        Assert.Equal(fromFlags with { Session = fromFlags.Session with { HoldTime = TimeSpan.FromSeconds(3) } }, await LoadAsync("--config", file, "--hold-time", "3"));

        await File.WriteAllTextAsync(key, "another");
        Assert.NotEqual(fromFlags, await LoadAsync(flags));
        Assert.DoesNotContain("s3cret", RouteReflectorFile.Print(fromFlags) + fromFlags, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flags_that_make_no_sense_are_told_by_their_names_and_exit_with_2()
    {
        await using var fabricd = FabricdProcess.Launch("route-reflector", "--asn", "0", "--listen", "x", "--hold-time", "3", "--hold-time", "4", "--clients", "10.0.0.0/8");
        var (code, errors) = await fabricd.ExitAsync();
        Assert.Equal(2, code);
        var lines = errors.TrimEnd().Split('\n');
        Assert.Equal(4, lines.Length);
        foreach (var (says, line) in new[] { "fabricd: --asn: ASN must be", "fabricd: router-id: is missing; ", "fabricd: --hold-time: counts once; ", "fabricd: --listen: give an IP address" }.Zip(lines))
        {
            Assert.StartsWith(says, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_key_file_that_is_none_is_told_without_what_is_in_it()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "key");
        foreach (var content in new[] { "", new string('s', 81), new string('s', 5000) })
        {
            File.WriteAllText(file, content);
            var fault = Assert.Single(RouteReflectorFile.Parse($"{Least}md5-key-file: {file}\n").Faults);
            Assert.Contains("key of 1 to 80 octets", fault, StringComparison.Ordinal);
            Assert.DoesNotContain("sss", fault, StringComparison.Ordinal);
        }

        Assert.Contains("cannot be read", Assert.Single(RouteReflectorFile.Parse($"{Least}md5-key-file: {directory.Path}\n").Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void External_sessions_without_policy_are_remarked_on()
    {
        static IEnumerable<string> Remarks(string yaml) => RouteReflectorFile.Parse(Least + yaml + "\n").Config!.Remarks();
        Assert.Contains(Remarks("clients: 127.0.0.0/8\nroute-server: true"), r => r.Contains("import nothing without a policy (RFC 8212)", StringComparison.Ordinal));
        Assert.Empty(Remarks("clients: 127.0.0.0/8"));
        Assert.Empty(Remarks("clients: 127.0.0.0/8\nroute-server: true\nopen-without-policy: true"));
        Assert.Contains(Remarks("clients: ::1/128"), r => r.Contains("no listen address of its IP version", StringComparison.Ordinal));
        Assert.Contains(Remarks("peer-groups: {a: {}}"), r => r.Contains("group a has no range", StringComparison.Ordinal));
    }

    [Fact]
    public void Some_changes_need_a_new_process_and_others_do_not()
    {
        var config = RouteReflectorFile.Parse(Least + "clients: 127.0.0.0/8\n").Config!;
        Assert.True(config.SameProcess(config with { Session = config.Session with { HoldTime = TimeSpan.FromSeconds(3) } }));
        Assert.False(config.SameProcess(config with { Asn = new Asn(1) }));
        Assert.False(config.SameProcess(config with { Listen = [] }));
    }

    private static async Task<RouteReflectorConfig?> LoadAsync(params string[] arguments)
    {
        RouteReflectorConfig? loaded = null;
        var code = await CommandLine.InvokeAsync(["route-reflector", .. arguments], _ => Task.FromResult(9), (_, config) =>
        {
            loaded = config;
            return Task.FromResult(0);
        });
        Assert.Equal(0, code);
        return loaded;
    }

    private static string Example([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "examples", "bgp", "route-reflector.yaml");
}
