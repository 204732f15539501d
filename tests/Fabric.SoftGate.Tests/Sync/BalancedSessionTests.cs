using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Tests;
using Fabric.Bgp.Tests.Interop;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Health;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Sync;
using Fabric.SoftGate.Tests.Forwarding;
using Fabric.SoftGate.Tests.Lab;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Sync;

/// <summary>Two nodes with the same load balancers, whose back ends have other indices on each, and TCP between them.</summary>
[Trait("Category", "lab")]
public sealed class BalancedSessionTests : IAsyncDisposable
{
    private const string Public = "198.18.0.1";
    private readonly Gate _a = new();
    private readonly Gate _b = new();
    private readonly TestLoop _loop = new();
    private readonly ConcurrentQueue<string> _log = [];
    private readonly List<SyncService> _services = [];
    private readonly string _net = Loopback.Net();
    private readonly ushort _port = FreePort();

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

    [Fact]
    public async Task Sessions_of_a_balancer_go_on_at_the_partner_with_the_back_end_that_they_have()
    {
        var (one, two) = (Gate.Backend("10.0.0.10"), Gate.Backend("10.0.0.20"));
        _a.Apply(State(1, one, two));
        _b.Apply(State(2, two));
        _b.Apply(State(2, one, two));
        Assert.NotEqual(_a.Entries(MapId.Backends).Order(), _b.Entries(MapId.Backends).Order());
        var (first, second) = (Start(_a, 1, one, two), Start(_b, 2, one, two));
        await Eventually.True(() => _loop.Ask(() => first.IsConnected && second.IsConnected && first.IsReady && second.IsReady), ToString);
        var opened = Enumerable.Range(0, 40).Select(i => (Port: (ushort)(20000 + i), Inside: _a.Connect((ushort)(20000 + i), Public, 80).Packet)).ToList();
        await Eventually.True(() => _b.Sessions4.ToList().Count(s => ((SessionFlags)s.Value.Flags).HasFlag(SessionFlags.Established)) == 80, ToString);
        Assert.Equal(2, opened.Select(o => o.Inside.Destination).Distinct().Count());
        Assert.Equal(Usages(_a), Usages(_b));

        // The first node is gone, and one back end drains at the second: only sessions know of it.
        _services.Remove(first);
        await first.DisposeAsync();
        _b.Apply(State(2, one, two with { Weight = 0 }));
        foreach (var (port, inside) in opened)
        {
            var on = _b.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, port, Public, 80, Packet.Ack)));
            Assert.Equal((5001, inside.Destination, (ushort)8080), (on.Vni, on.Packet.Destination, on.Packet.DestinationPort));
            var back = _b.Send(Node.FromVpc(1, on.Packet.Reply(Packet.Ack))).Packet;
            Assert.Equal((IpAddr.Parse(Public), (ushort)80, port), (back.Source, back.SourcePort, back.DestinationPort));
        }

        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(one.Address, _b.Connect((ushort)(30000 + i), Public, 80).Packet.Destination));
    }

    [Fact]
    public async Task What_health_checks_have_found_is_the_partners_too()
    {
        var backend = Gate.Backend("10.0.0.10");
        _a.Apply(State(1, backend));
        _b.Apply(State(2, backend));
        var heard = new ConcurrentQueue<(BackendName Backend, bool Well)>();
        var name = new BackendName(1, backend.Address, backend.Port);
        var first = Start(_a, 1, backend);

        // Before the partner is there, and after.
        first.TellHealth(name, well: false);
        var second = Start(_b, 2, backend);
        second.HealthHeard = (b, well) => heard.Enqueue((b, well));
        await Eventually.True(() => heard.Contains((name, false)), ToString);
        first.TellHealth(name, well: true);
        await Eventually.True(() => heard.Contains((name, true)), ToString);
        first.TellHealth(name, well: true);
        first.TellHealth(name, well: false);
        await Eventually.True(() => heard.LastOrDefault() == (name, false), ToString);
        Assert.Single(heard, (name, true));
    }

    public override string ToString() =>
        $"a: {_a.Sessions4.ToList().Count}, b: {_b.Sessions4.ToList().Count}\n{string.Join('\n', _services.Select(s => s.Numbers))}\n{string.Join('\n', _log)}";

    private SoftGateState State(int number, params SoftGateBackend[] backends) => Gate.Plain with
    {
        Node = Gate.Plain.Node with { Name = $"softgate{number}", Loopback = IpAddr.Parse($"{_net}.{number}") },
        Partner = new() { Uid = 3 - number, Name = $"softgate{3 - number}", Loopback = IpAddr.Parse($"{_net}.{3 - number}"), ServiceVtep = IpAddr.Parse("10.255.4.2") },
        Balancers = [Gate.Balancer(1, Public, backends)],
    };

    private SyncService Start(Gate gate, int number, params SoftGateBackend[] backends)
    {
        var settings = new SyncSettings { Port = _port, ConnectRetry = TimeSpan.FromMilliseconds(100), AloneAfter = TimeSpan.FromSeconds(2), Pass = TimeSpan.FromSeconds(1) };
        var service = new SyncService(settings, gate.DataPath, _loop.Post, line => _log.Enqueue($"{number} {line}"));
        _services.Add(service);
        _loop.Ask(() =>
        {
            service.Follow(State(number, backends));
            return 0;
        });
        return service;
    }

    /// <summary>Sessions that each back end has.</summary>
    private static List<(string Backend, ulong Sessions)> Usages(Gate gate)
    {
        var usages = gate.DataPath.Map<uint, BackendUsage>("backend_usages");
        return
        [
            .. gate.DataPath.Map<uint, Backend>("backends").ToList().Where(b => b.Value.Uid != 0)
                .Select(b => (b.Value.Address.ToIpAddr().ToString(), usages.TryGet(b.Key, out var usage) ? usage.Sessions : 0)).Order(),
        ];
    }

    private static ushort FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
