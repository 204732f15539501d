using System.Collections.Concurrent;
using System.Text.Json;
using Fabric.Bgp.Tests;
using Fabric.Bgp.Tests.Interop;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Tests.Evpn;
using Fabric.SoftGate.Tests.Lab;
using Fabric.SoftGate.Upstream;

namespace Fabric.SoftGate.Tests.Upstream;

/// <summary>The node and a router of FRR over a numbered link.</summary>
[Trait("Category", "lab")]
public sealed class UpstreamServiceTests : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _log = [];
    private readonly TestLoop _loop = new();
    private readonly Learnt _learnt = new();
    private NamespacePair? _pair;
    private Frr? _router;
    private UpstreamService? _service;
    private bool _hasPort = true;

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        _loop.Dispose();
        if (_router is not null)
        {
            await _router.DisposeAsync();
        }

        _pair?.Dispose();
    }

    [Fact]
    public async Task A_router_has_public_addresses_while_the_node_is_healthy_and_gives_it_the_default_route()
    {
        await RaiseAsync();
        string[] ready =
        [
            "192.0.2.64/28 via 198.51.100.0 path 65041",
            "203.0.113.1/32 via 198.51.100.0 path 65041",
            "203.0.113.2/32 via 198.51.100.0 path 65041 65041 65041 65041",
            "2001:db8:ffff::1/128 via 2001:db8:f0::2 path 65041 65041 65041 65041",
            "2001:db8:9::/48 via 2001:db8:f0::2 path 65041",
        ];

        // Nothing, not even a session, before it is healthy.
        Do(() => _service!.Follow(StateOf()));
        Assert.Empty(_service!.Peers);
        Do(() => _service.SetHealthy(true));
        await RouterHasAsync(ready);
        await LearntAsync(() => _learnt.Public.GetValueOrDefault(IpPrefix.Parse("0.0.0.0/0")) == new PublicGateway(IpAddr.Parse("198.51.100.1"), 77, 0));
        await LearntAsync(() => _learnt.Public.GetValueOrDefault(IpPrefix.Parse("::/0")) == new PublicGateway(IpAddr.Parse("2001:db8:f0::1"), 77, 0));
        await LearntAsync(() => _service.IsComplete && _service.Sessions == 1);
        Assert.Equal(3, _loop.Ask(() => _learnt.Public.Count));

        // Without the sessions of its VPCs it is the worst way there.
        Do(() => _service.SetReady(false));
        await RouterHasAsync("203.0.113.1/32 via 198.51.100.0 path 65041 65041 65041 65041 65041 65041 65041", ready[2]);
        Do(() => _service.SetReady(true));
        await RouterHasAsync(ready);

        // An address less.
        Do(() => _service.Follow(StateOf() with { Nat = StateOf().Nat.Where(n => n.Uid != 31).ToValueList() }));
        await Eventually.True(() => !Routes().Contains(ready[1]), ToString);

        // The fabric is lost: gone within a second, and the session stays.
        Do(() => _service.SetHealthy(false));
        await Eventually.True(() => !Routes().Any(r => r.Contains(" path 65041", StringComparison.Ordinal)), ToString, seconds: 1);
        Do(() => _service.SetHealthy(true));
        Do(() => _service.Follow(StateOf()));
        await RouterHasAsync(ready);
        Assert.Equal(1, Assert.Single(_service.Peers).EstablishedCount);

        // An interface that goes takes its gateways with it.
        _hasPort = false;
        Do(() => _service.Follow(StateOf()));
        Assert.Equal(0, _loop.Ask(() => _learnt.Public.Count));
        _hasPort = true;
        Do(() => _service.Follow(StateOf()));
        Assert.Equal(3, _loop.Ask(() => _learnt.Public.Count));

        await _service.DisposeAsync();
        await Eventually.True(() => !Routes().Any(r => r.Contains(" path 65041", StringComparison.Ordinal)), ToString);
    }

    [Fact]
    public async Task A_router_that_sends_too_much_is_left()
    {
        await RaiseAsync(mostPrefixes: 1);
        Do(() => _service!.Follow(StateOf()));
        Do(() => _service!.SetHealthy(true));
        await Eventually.True(() => _log.Any(l => l.Contains("Prefix", StringComparison.OrdinalIgnoreCase) && l.Contains("Cease", StringComparison.OrdinalIgnoreCase)), ToString);
    }

    public override string ToString() => $"{string.Join('\n', Routes())}\n{_loop.Ask(_learnt.Text)}\n{string.Join('\n', _log.TakeLast(30))}";

    private static SoftGateState StateOf()
    {
        var state = UpstreamPlanTests.State();
        return state with { Node = state.Node with { Upstreams = [state.Node.Upstreams[0] with { Port = NamespacePair.Interface }] } };
    }

    private async Task RaiseAsync(int mostPrefixes = 100)
    {
        Require.Frr();
        _pair = new NamespacePair();
        foreach (var (ns, four, six) in new[] { (_pair.A, "198.51.100.0/31", "2001:db8:f0::2/64"), (_pair.B, "198.51.100.1/31", "2001:db8:f0::1/64") })
        {
            NamespacePair.Ip("-n", ns, "addr", "add", four, "dev", NamespacePair.Interface);
            NamespacePair.Ip("-n", ns, "addr", "add", six, "dev", NamespacePair.Interface, "nodad");
        }

        _router = await new Frr(new DaemonSetup("198.51.100.1", 65100, "198.51.100.1", "198.51.100.0")
        {
            Namespace = _pair.B,
            SpeakerAsn = 65041,
            Listens = true,
            Families = ["ipv4", "ipv6"],
            Networks = [("0.0.0.0/0", "198.51.100.1"), ("100.64.0.0/10", "198.51.100.1"), ("203.0.113.5/32", "198.51.100.1"), ("::/0", "2001:db8:f0::1")],
        }).StartAsync();
        _service = new UpstreamService(
            new() { Port = Frr.Port, Connector = new NamespaceConnector(_pair.A), ConnectRetry = TimeSpan.FromSeconds(1), MaxPrefixes = mostPrefixes },
            _learnt,
            name => _hasPort && name == NamespacePair.Interface ? 77 : null,
            _loop.Post,
            _log.Enqueue);
    }

    private void Do(Action action) => _loop.Ask(() =>
    {
        action();
        return 0;
    });

    private SortedSet<string> Routes() =>
        [.. UnicastText.OfFrr(JsonElement.Parse(_router!.Vtysh("show bgp ipv4 unicast json"))), .. UnicastText.OfFrr(JsonElement.Parse(_router!.Vtysh("show bgp ipv6 unicast json")))];

    private Task RouterHasAsync(params string[] routes) => Eventually.True(() => Routes() is var seen && routes.All(seen.Contains), ToString);

    private async Task LearntAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "") =>
        await Eventually.True(() => _loop.Ask(condition), () => $"{what}:\n{this}");
}
