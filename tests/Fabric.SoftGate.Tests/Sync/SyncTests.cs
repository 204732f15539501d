using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fabric.Bgp.Tests;
using Fabric.Bgp.Tests.Interop;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Sync;
using Fabric.SoftGate.Tests.Evpn;
using Fabric.SoftGate.Tests.Lab;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Sync;

/// <summary>
/// Two nodes with maps of their own and TCP between them. The second one has its VPCs the other way round: VPC 1, which is realm 1 of the first one,
/// is its realm 2.
/// </summary>
[Trait("Category", "lab")]
public sealed class SyncTests : IAsyncDisposable
{
    private const string Outside = "203.0.113.50";
    private const string Public = "198.18.0.1";
    private const string Public6 = "2001:db8:cafe::1";
    private readonly Node _a = new();
    private readonly Node _b = new();
    private readonly TestLoop _loop = new();
    private readonly ConcurrentQueue<string> _log = [];
    private readonly List<SyncService> _services = [];
    private readonly string _net = Loopback.Net();
    private readonly ushort _port = FreePort();

    public SyncTests()
    {
        foreach (var (node, swap) in new[] { (_a, false), (_b, true) })
        {
            for (var realm = 1u; realm <= 2; realm++)
            {
                var uid = swap ? 3 - realm : realm;
                node.ChangeVpc(realm, v => v with { Uid = uid });
                node.ChangeVNet(realm, v => v with { Uid = uid });
            }

            Enable(node);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        _loop.Dispose();
        _a.Dispose();
        _b.Dispose();
    }

    [Theory]
    [InlineData(Public, "10.0.0.10", Outside)]
    [InlineData(Public6, "2001:db8:a::10", "2001:db8:99::50")]
    public async Task A_session_goes_on_at_the_partner(string outside, string host, string there)
    {
        SetSourceNat(outside);
        var (first, second) = (Start(_a, 1), Start(_b, 2));
        await ConnectedAsync(first, second);
        var opened = _a.Send(Node.FromVpc(1, Packet.TcpOf(host, 40001, there, 443, Packet.Syn))).Packet;
        _a.Send(Node.FromOutside(opened.Reply((byte)(Packet.Syn | Packet.Ack))));
        _a.Send(Node.FromVpc(1, Packet.TcpOf(host, 40001, there, 443, Packet.Ack)));
        await Eventually.True(() => Flags(_b).All(f => f.HasFlag(SessionFlags.Established)) && Flags(_b).Count == 2, ToString);
        Assert.All(Flags(_b), f => Assert.True(f.HasFlag(SessionFlags.Synced)));

        // An answer comes to the partner, and the next packet.
        var back = _b.Send(Node.FromOutside(opened.Reply(Packet.Ack)));
        Assert.Equal((5002, IpAddr.Parse(host), (ushort)40001), (back.Vni, back.Packet.Destination, back.Packet.DestinationPort));
        var on = _b.Send(Node.FromVpc(2, Packet.TcpOf(host, 40001, there, 443, Packet.Ack))).Packet;
        Assert.Equal((opened.Source, opened.SourcePort), (on.Source, on.SourcePort));
        Assert.Equal(1ul, Usage(_b, 2));

        // The port is the host's there too, and nobody else's.
        Assert.Equal(opened.SourcePort, _b.Send(Node.FromVpc(2, Packet.TcpOf(host, 40001, Other(there), 443, Packet.Syn))).Packet.SourcePort);
        Assert.NotEqual(opened.SourcePort, _b.Send(Node.FromVpc(2, Packet.TcpOf(Other(host), 40001, there, 443, Packet.Syn))).Packet.SourcePort);
    }

    [Fact]
    public async Task A_session_that_ends_ends_at_the_partner_and_gives_its_port_back()
    {
        SetSourceNat(Public);
        var (first, second) = (Start(_a, 1), Start(_b, 2));
        await ConnectedAsync(first, second);
        _a.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40001, Outside, 53)));
        await Eventually.True(() => Flags(_b).Count == 2, ToString);
        Assert.Equal(1, UsedPorts(_b));
        Age(_a);
        await Eventually.True(() => Flags(_b).Count == 0, ToString);
        Assert.Equal((0, 0ul), (UsedPorts(_b), Usage(_b, 2)));
        Assert.Equal(1, second.Numbers.Forgotten);

        // What has become the partner's own is not ended from here.
        _a.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40002, Outside, 53)));
        await Eventually.True(() => Flags(_b).Count == 2, ToString);
        Unmark(_b);
        Age(_a);
        await Eventually.True(() => Flags(_a).Count == 0, ToString);
        _a.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.20", 40003, Outside, 53)));
        await Eventually.True(() => Flags(_b).Count == 4, ToString);
    }

    [Fact]
    public async Task Who_comes_later_gets_all_sessions_before_it_is_ready()
    {
        SetSourceNat(Public);
        for (ushort port = 0; port < 1500; port++)
        {
            _a.Send(Node.FromVpc(1, Packet.UdpOf(port % 2 == 0 ? "10.0.0.10" : "10.0.0.20", (ushort)(20000 + (port / 2 % 60)), $"203.0.113.{port / 120}", 53)));
        }

        var (first, second) = (Start(_a, 1), Start(_b, 2));
        await Eventually.True(() => _loop.Ask(() => second.IsReady), ToString);
        Assert.Equal(Flags(_a).Count, Flags(_b).Count);
        Assert.True(Flags(_a).Count > 2500);
        Assert.Equal(UsedPorts(_a), UsedPorts(_b));
        Assert.Equal(Usage(_a, 1), Usage(_b, 2));
        Assert.True(_loop.Ask(() => first.IsReady));

        // The first one comes back with nothing, after a packet has come to the other one: all is there again.
        await StopAsync(first);
        var marked = Flags(_b).Count(f => f.HasFlag(SessionFlags.Synced));
        _a.Reset();
        Enable(_a);
        SetSourceNat(Public);
        Assert.Empty(Flags(_a));
        var again = Start(_a, 1);
        await Eventually.True(() => _loop.Ask(() => again.IsReady), ToString);
        Assert.Equal(Flags(_b).Count, Flags(_a).Count);
        Assert.True(marked > 0);
        Assert.Equal(0, again.Numbers.Refused + again.Numbers.Unknown);
    }

    [Fact]
    public async Task Sessions_in_use_do_not_age_at_the_partner()
    {
        SetSourceNat(Public);
        var (first, second) = (Start(_a, 1), Start(_b, 2));
        await ConnectedAsync(first, second);
        _a.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40001, Outside, 53)));
        await Eventually.True(() => Flags(_b).Count == 2, ToString);
        Set(_b, s => s with { Seen = s.Seen - 100 });
        await Eventually.True(() => _b.Sessions4.ToList().TrueForAll(s => s.Value.Seen >= _a.Sessions4.ToList()[0].Value.Seen - 1), ToString);
    }

    [Fact]
    public async Task A_session_of_another_one_with_the_same_ports_stays()
    {
        SetSourceNat(Public);
        _a.SetStatic(1, "10.0.0.20", "198.18.0.9");
        _b.SetStatic(2, "10.0.0.10", "198.18.0.9");
        var incoming = Packet.TcpOf(Outside, 5555, "198.18.0.9", 80, Packet.Syn);
        _b.Send(Node.FromOutside(incoming));
        _a.Send(Node.FromOutside(incoming));
        var (first, second) = (Start(_a, 1), Start(_b, 2));
        await ConnectedAsync(first, second);
        await Eventually.True(() => first.Numbers.Refused > 0 && second.Numbers.Refused > 0, ToString);
        Assert.Equal(IpAddr.Parse("10.0.0.20"), _a.Send(Node.FromOutside(incoming)).Packet.Destination);
        Assert.Equal(IpAddr.Parse("10.0.0.10"), _b.Send(Node.FromOutside(incoming)).Packet.Destination);
    }

    [Fact]
    public async Task What_the_partner_does_not_know_is_counted()
    {
        _a.SetSourceNat(1, 4, Public);
        var (first, second) = (Start(_a, 1), Start(_b, 2));
        await ConnectedAsync(first, second);
        _a.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40001, Outside, 53)));
        await Eventually.True(() => second.Numbers.Unknown == 1, ToString);
        Assert.Empty(Flags(_b));
    }

    [Fact]
    public async Task A_node_alone_is_ready_after_a_while_and_after_the_fabric_was_lost_only_with_its_partner()
    {
        var alone = Start(_a, 1);
        Assert.False(_loop.Ask(() => alone.IsReady));
        await Eventually.True(() => _loop.Ask(() => alone.IsReady), ToString);
        Assert.Contains(_log, l => l.Contains("there is no partner to be heard", StringComparison.Ordinal));
        var partner = Start(_b, 2);
        await ConnectedAsync(alone, partner);
        Do(alone.Rejoin);
        await Eventually.True(() => _loop.Ask(() => alone.IsReady), ToString);
        Assert.Contains(_log, l => l.Contains("the partner has told its sessions", StringComparison.Ordinal));
        await StopAsync(partner);
        await Eventually.True(() => _loop.Ask(() => !alone.IsConnected), ToString);
    }

    [Theory]
    [InlineData("ffff")]
    [InlineData("000102")]
    [InlineData("0004010267 31")]
    [InlineData("000401016733")]
    public async Task Who_says_something_else_is_left(string hex)
    {
        var service = Start(_b, 2);
        using var stranger = new TcpClient(new IPEndPoint(IPAddress.Parse($"{_net}.1"), 0));
        await Eventually.True(
            () =>
            {
                try
                {
                    stranger.Connect(IPAddress.Parse($"{_net}.2"), _port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            ToString);
        stranger.GetStream().Write(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        var buffer = new byte[4096];
        stranger.ReceiveTimeout = 10_000;
        try
        {
            while (stranger.GetStream().Read(buffer) > 0)
            {
                // What it says of itself.
            }
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            // Left in the middle of a word.
        }

        Assert.False(_loop.Ask(() => service.IsConnected));
    }

    [Fact]
    public async Task Only_nodes_with_certificates_of_the_fabric_talk()
    {
        SetSourceNat(Public);
        using var authority = Authority();
        using var other = Authority();
        _a.Send(Node.FromVpc(1, Packet.UdpOf("10.0.0.10", 40001, Outside, 53)));
        var stranger = Start(_a, 1, Tls(other, "CN=fabric-softgate-1", authority));
        var second = Start(_b, 2, Tls(authority, "CN=fabric-softgate-2", authority));
        await Eventually.True(() => _log.Any(l => l.StartsWith("2 ", StringComparison.Ordinal) && l.Contains("certificate", StringComparison.OrdinalIgnoreCase)), ToString);
        await StopAsync(stranger);
        var server = Start(_a, 1, Tls(authority, "CN=fabricd", authority));
        await Eventually.True(() => _log.Count(l => l.StartsWith("1 ", StringComparison.Ordinal)) > 1, ToString);
        Assert.Empty(Flags(_b));
        await StopAsync(server);

        // Enrolled, but not the partner: it cannot take its place.
        var before = Refusals();
        var third = Start(_a, 1, Tls(authority, "CN=fabric-softgate-3", authority));
        await Eventually.True(() => Refusals() > before + 1, ToString);
        Assert.False(_loop.Ask(() => second.IsConnected));
        Assert.Empty(Flags(_b));
        await StopAsync(third);
        var first = Start(_a, 1, Tls(authority, "CN=fabric-softgate-1", authority));
        await ConnectedAsync(first, second);
        await Eventually.True(() => Flags(_b).Count == 2, ToString);

        // One who is accepted is not sent away again and again.
        int Refusals() => _log.Count(l => l.StartsWith("1 ", StringComparison.Ordinal) && (l.EndsWith("has closed the connection", StringComparison.Ordinal) || l.Contains("reset by peer", StringComparison.Ordinal)));
    }

    public override string ToString() =>
        $"a: {Flags(_a).Count}, b: {Flags(_b).Count}\n{string.Join('\n', _services.Select(s => s.Numbers))}\n{string.Join('\n', _log.TakeLast(20))}";

    private static ushort FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Other(string address) => address.Replace("50", "51", StringComparison.Ordinal).Replace("10.0.0.10", "10.0.0.20", StringComparison.Ordinal)
        .Replace("a::10", "a::20", StringComparison.Ordinal);

    private static void Enable(Node node)
    {
        var settings = node.DataPath.Map<uint, Settings>("settings");
        settings.TryGet(0, out var now);
        settings.Set(0, now with { Sync = 1 });
    }

    private void SetSourceNat(string address)
    {
        _a.SetSourceNat(1, 8, address);
        _b.SetSourceNat(2, 8, address);
    }

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static SyncTls Tls(X509Certificate2 issuer, string subject, X509Certificate2 trusted)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], true));
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(issuer, now.AddHours(-1), now.AddHours(1), [1, 2, 3]);
        var certificate = signed.CopyWithPrivateKey(key);
        return new(() => certificate, () => [trusted], TimeProvider.System);
    }

    private SyncService Start(Node node, int number, SyncTls? tls = null)
    {
        var settings = new SyncSettings
        {
            Port = _port,
            ConnectRetry = TimeSpan.FromMilliseconds(100),
            AloneAfter = TimeSpan.FromSeconds(2),
            Pass = TimeSpan.FromSeconds(1),
            Secure = tls is null ? null : tls.SecureAsync,
        };
        var service = new SyncService(settings, node.DataPath, _loop.Post, line => _log.Enqueue($"{number} {line}"));
        _services.Add(service);
        var state = Samples.State(number);
        Do(() => service.Follow(state with
        {
            Node = state.Node with { Loopback = IpAddr.Parse($"{_net}.{number}") },
            Partner = state.Partner! with { Loopback = IpAddr.Parse($"{_net}.{3 - number}") },
        }));
        return service;
    }

    private async Task StopAsync(SyncService service)
    {
        _services.Remove(service);
        await service.DisposeAsync();
    }

    private async Task ConnectedAsync(params SyncService[] services) =>
        await Eventually.True(() => _loop.Ask(() => services.All(s => s.IsConnected && s.IsReady)), ToString);

    private void Do(Action action) => _loop.Ask(() =>
    {
        action();
        return 0;
    });

    private static List<SessionFlags> Flags(Node node) =>
        [.. node.Sessions4.ToList().Select(s => (SessionFlags)s.Value.Flags), .. node.Sessions6.ToList().Select(s => (SessionFlags)s.Value.Flags)];

    private static ulong Usage(Node node, uint realm) => node.DataPath.Map<uint, VpcUsage>("vpc_usages").TryGet(realm, out var usage) ? usage.Sessions : 0;

    private static int UsedPorts(Node node) => node.Blocks.ToList().Sum(b => System.Numerics.BitOperations.PopCount(b.Value.Used));

    private static void Set(Node node, Func<Session4, Session4> change)
    {
        foreach (var (key, session) in node.Sessions4.ToList())
        {
            node.Sessions4.Set(key, change(session));
        }
    }

    private static void Unmark(Node node) => Set(node, s => s with { Flags = (ushort)(s.Flags & ~(int)SessionFlags.Synced) });

    /// <summary>All sessions have been idle for long.</summary>
    private static void Age(Node node)
    {
        Set(node, s => s with { Seen = s.Seen - 10_000 });
        Assert.Equal(0u, TestRun.Syscall(node.DataPath, "fabric_sweep"));
    }
}
