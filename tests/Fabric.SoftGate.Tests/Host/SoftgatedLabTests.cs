using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>The process, with packets.</summary>
[Trait("Category", "lab")]
public sealed partial class SoftgatedLabTests
{
    private const string Elastic = "198.51.100.8";

    [Fact]
    public async Task A_vm_reaches_the_internet_through_source_nat()
    {
        using var lab = new SoftGateLab();
        await lab.StartAgentAsync();
        await ReachAsync(lab);
        var status = lab.Status();
        Assert.Equal(1, (int)status["revision"]!);
        Assert.Equal("file", (string)status["source"]!);
        Assert.Equal("native", (string)status["ports"]!["u0"]!);
        Assert.Empty(status["differences"]!.AsArray());
        Assert.True((int)status["vpcs"]![0]!["sessions"]! > 0);
        Assert.True((long)status["packets"]!["forwarded"]! > 0);
        Assert.Contains($"nat-ports-given outside={SoftGateLab.Pool}", lab.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_upgraded_and_stopped_under_traffic_it_loses_no_packet_and_no_session()
    {
        using var lab = new SoftGateLab();
        await lab.StartAgentAsync();
        await ReachAsync(lab);
        var (client, server) = Connect(lab);
        using var transfer = new CancellationTokenSource();
        using (client)
        using (server)
        {
            var echoed = EchoAsync(client, server, transfer.Token);
            var ping = lab.StartIn('v', "ping", "-q", "-i", "0.002", "-c", "5000", SoftGateLab.Internet);
            var output = ping.StandardOutput.ReadToEndAsync();
            lab.StopAgent("KILL");
            await lab.StartAgentAsync();
            Assert.Equal("kept", (string)lab.Status()["ports"]!["u0"]!);
            lab.StopAgent("TERM");
            await lab.StartAgentAsync();
            lab.StopAgent("KILL");
            await lab.StartAgentAsync();
            Assert.False(ping.HasExited, "the traffic has ended before the last restart");
            Assert.True(ping.WaitForExit(60_000));
            await transfer.CancelAsync();
            Assert.True(await echoed > 100, "TCP stood still");
            var loss = Loss().Match(await output);
            Assert.True(loss.Groups["sent"].Value == "5000" && loss.Groups["got"].Value == "5000", await output);
            Assert.Empty(lab.Status()["differences"]!.AsArray());
        }
    }

    [Fact]
    public async Task A_host_that_says_nothing_is_found_and_kept()
    {
        using var lab = new SoftGateLab();
        var state = SoftGateLab.State(1);
        lab.WriteState(state with
        {
            Nat = [.. state.Nat, new() { Uid = 2, Vpc = 1, Kind = SoftGateNatKind.Static, InsideAddress = IpAddr.Parse("10.0.0.10"), Public = [IpAddr.Parse(Elastic)] }],
        });
        await lab.StartAgentAsync();

        // The VM has not sent a packet: who wants it from outside makes the gateway ask.
        await Shell.Eventually(() => lab.TryIn('i', "ping", "-c1", "-W1", Elastic).Code == 0, "ping from outside", detail: () => lab.Log + lab.Status());
        Assert.True((long)lab.Status()["packets"]!["unresolved"]! > 0);
        Assert.True((int)lab.Status()["neighbors"]!["hosts"]! > 0);

        // A new process asks again, and the host answers.
        lab.StopAgent("KILL");
        await lab.StartAgentAsync();
        var sent = (long)lab.Status()["neighbors"]!["framesSent"]!;
        await Shell.Eventually(() => (long)lab.Status()["neighbors"]!["framesSent"]! > sent, "the host is asked again");
        Assert.Equal(0, lab.TryIn('i', "ping", "-c1", "-W1", Elastic).Code);
    }

    [Fact]
    public async Task Hosts_form_ipv6_addresses_from_router_advertisements()
    {
        using var lab = new SoftGateLab();
        await lab.StartAgentAsync();
        await Shell.Eventually(() => lab.TryIn('v', "ip", "-6", "addr", "show", "dev", "eth0").Output.Contains("2001:db8:a:", StringComparison.Ordinal), "an address", detail: () => lab.Log + lab.Status());
        Assert.Contains("default via fe80::ff:fe00:1", lab.In('v', "ip", "-6", "route"), StringComparison.Ordinal);
        await Shell.Eventually(() => lab.TryIn('v', "ping", "-c1", "-W1", "2001:db8:a::1").Code == 0, "ping of the gateway", detail: () => lab.Log + lab.Status());

        // The router that was advertised answers as a neighbour, too.
        lab.In('v', "ip", "-6", "neigh", "flush", "dev", "eth0");
        lab.TryIn('v', "ping", "-c1", "-W1", "fe80::ff:fe00:1%eth0");
        Assert.Contains($"lladdr {SoftGateLab.GatewayMac} router", lab.In('v', "ip", "-6", "neigh", "show", "fe80::ff:fe00:1", "dev", "eth0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_follows_the_file_and_ports_follow_the_interfaces()
    {
        using var lab = new SoftGateLab();
        await lab.StartAgentAsync();
        await ReachAsync(lab);

        lab.WriteState(SoftGateLab.State(2));
        await Shell.Eventually(() => (int)lab.Status()["revision"]! == 2, "revision 2");

        // What is no state changes nothing; SIGHUP reads again.
        File.WriteAllText(lab.StateFile, "{\"revision\": \"three\"}");
        await Shell.Eventually(() => lab.Log.Contains("error state", StringComparison.Ordinal), "an error", detail: () => lab.Log);
        lab.SignalAgent("HUP");
        Assert.Equal(2, (int)lab.Status()["revision"]!);
        lab.WriteState(SoftGateLab.State(3));
        await Shell.Eventually(() => (int)lab.Status()["revision"]! == 3, "revision 3");

        // A port goes and comes back under the same name.
        lab.RemoveUpstream();
        await Shell.Eventually(() => lab.Status()["ports"]!["up0"] is null, "the port is gone");
        lab.AddUpstream();
        await Shell.Eventually(() => lab.Status()["ports"]!["up0"] is not null, "the port is attached again", detail: () => lab.Log);
        await ReachAsync(lab);
    }

    [Fact]
    public async Task Detach_leaves_nothing_behind()
    {
        using var lab = new SoftGateLab();
        await lab.StartAgentAsync("--metrics", "127.0.0.1:9119");
        await ReachAsync(lab);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(Netns.In(lab.Ns('n'), () =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Connect(IPAddress.Loopback, 9119);
                return new NetworkStream(socket, ownsSocket: true);
            })),
        });
        var metrics = await client.GetStringAsync("http://softgate/metrics");
        Assert.Contains("softgate_revision 1\n", metrics, StringComparison.Ordinal);
        Assert.Matches("softgate_vpc_packets_total\\{vpc=\"red\",direction=\"in\"\\} [1-9]", metrics);
        Assert.Contains("softgate_port_attached{port=\"u0\",mode=\"native\"} 1", metrics, StringComparison.Ordinal);

        lab.StopAgent("TERM");
        Assert.Contains("prog/xdp", lab.In('n', "ip", "link", "show", "u0"), StringComparison.Ordinal);
        Assert.Equal((0, ""), lab.Softgated("detach", "--pins", lab.Pins));
        Assert.DoesNotContain("prog/xdp", lab.In('n', "ip", "link", "show", "u0"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(lab.Pins));
    }

    [Fact]
    public void Check_names_what_is_missing()
    {
        using var lab = new SoftGateLab();
        Assert.Equal((0, ""), lab.Softgated("--check", "--pins", lab.Pins, "--state", lab.StateFile));

        var (code, output) = lab.Softgated("--check", "--pins", Path.Combine(lab.Folder, "pins"), "--port", "up0", "--port", "none");
        Assert.Equal(1, code);
        Assert.Equal(
            [$"no bpf file system at {lab.Folder}: mount -t bpf bpf {lab.Folder}", "port none: there is no such interface"], output.TrimEnd().Split('\n'));

        lab.Batch('n', "link set u0 mtu 1500");
        lab.In('n', "sysctl", "-qw", "net.ipv4.ip_forward=0");
        (code, output) = lab.Softgated("--check", "--pins", lab.Pins, "--state", lab.StateFile, "--port", "none");
        Assert.Equal(1, code);
        Assert.Equal(
            [
                "the kernel forwards no IPv4: sysctl -w net.ipv4.ip_forward=1",
                "port none: there is no such interface",
                "port u0: its MTU is 1500, 1600 is needed: ip link set u0 mtu 1600",
            ],
            output.TrimEnd().Split('\n'));
    }

    private static Task ReachAsync(SoftGateLab lab) =>
        Shell.Eventually(() => lab.TryIn('v', "ping", "-c1", "-W1", SoftGateLab.Internet).Code == 0, "ping", detail: () => lab.Log + lab.Status());

    /// <summary>A TCP connection from the VM to the internet.</summary>
    private static (Socket Client, Socket Server) Connect(SoftGateLab lab)
    {
        using var listener = Netns.In(lab.Ns('i'), () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 8080));
            socket.Listen();
            return socket;
        });
        var client = Netns.In(lab.Ns('v'), () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            Assert.True(socket.ConnectAsync(IPAddress.Parse(SoftGateLab.Internet), 8080).Wait(10_000), "no connection");
            return socket;
        });
        var server = listener.Accept();
        Assert.Equal(SoftGateLab.Pool, ((IPEndPoint)server.RemoteEndPoint!).Address.ToString());
        return (client, server);
    }

    /// <summary>Sends blocks there and back until told to stop; each must come back as it went, soon.</summary>
    private static async Task<int> EchoAsync(Socket client, Socket server, CancellationToken stop)
    {
        var block = RandomNumberGenerator.GetBytes(4000);
        var back = new byte[block.Length];
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await client.SendAsync(block, patience.Token);
            await ReceiveAsync(server, back, patience.Token);
            await server.SendAsync(back, patience.Token);
            Array.Clear(back);
            await ReceiveAsync(client, back, patience.Token);
            Assert.Equal(block, back);
            count++;
        }

        return count;
    }

    private static async Task ReceiveAsync(Socket socket, Memory<byte> into, CancellationToken stop)
    {
        while (into.Length > 0)
        {
            var length = await socket.ReceiveAsync(into, stop);
            Assert.NotEqual(0, length);
            into = into[length..];
        }
    }

    [GeneratedRegex("(?<sent>[0-9]+) packets transmitted, (?<got>[0-9]+) received", RegexOptions.None, 1000)]
    private static partial Regex Loss();
}
