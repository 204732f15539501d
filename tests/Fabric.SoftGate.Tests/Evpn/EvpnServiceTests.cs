using System.Collections.Concurrent;
using Fabric.Bgp.Tests;
using Fabric.Bgp.Tests.Interop;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Tests.Lab;
using static Fabric.SoftGate.Tests.Evpn.Samples;

namespace Fabric.SoftGate.Tests.Evpn;

/// <summary>The node and a leaf of FRR, which has what we say in its kernel, and whose hosts we know.</summary>
[Trait("Category", "lab")]
public sealed class EvpnServiceTests : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _log = [];
    private readonly TestLoop _loop = new();
    private readonly Learnt _learnt = new();
    private LeafLab? _leaf;
    private EvpnService? _service;

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        _loop.Dispose();
        if (_leaf is not null)
        {
            await _leaf.DropAsync();
        }
    }

    [Fact]
    public async Task Frr_installs_gateway_and_default_route_and_we_learn_its_hosts_and_prefixes()
    {
        await RaiseAsync(StateOf());
        var (leaf, vtep) = (_leaf!, Service(1));
        var at = IpAddr.Parse(LeafLab.Loopback);

        // Theirs.
        leaf.Attach("10.1.1.11");
        var vm = MacAddress.Parse(LeafLab.Vm);
        await LearntAsync(() => _learnt.Hosts.GetValueOrDefault((Red, IpAddr.Parse("10.1.1.11"))) == new Place(at, Web, vm));
        await LearntAsync(() => _learnt.Floods.SetEquals([(Web, at)]));
        await LearntAsync(() => _learnt.Prefixes.GetValueOrDefault((Red, IpPrefix.Parse("10.3.1.0/24"))) == new Place(at, Red, MacAddress.Parse(LeafLab.RouterMac)));
        leaf.HostSpeaks();
        await LearntAsync(() => _learnt.Hosts.GetValueOrDefault((Red, IpAddr.Parse("10.3.1.10"))) == new Place(at, Red, MacAddress.Parse(LeafLab.RouterMac)));
        await LearntAsync(() => _service!.IsComplete);

        // Ours.
        await LeafAsync(leaf.Fdb, $"{GatewayMac} dst {vtep} ");
        await LeafAsync(leaf.Fdb, $"00:00:00:00:00:00 dst {vtep} ");
        await LeafAsync(() => leaf.InVrf("route"), $"default via {vtep} dev br{Red}");
        await LeafAsync(() => leaf.InVrf("route"), "10.1.1.0/24", "10.1.2.0/24");
        await LeafAsync(() => leaf.InVrf("neigh"), $"{vtep} dev br{Red} lladdr {RouterMac}");
        await LeafAsync(() => leaf.Vtysh("show bgp l2vpn evpn route detail"), "Default Gateway");

        // Known by its MAC alone, once its address is no longer announced.
        leaf.Detach("10.1.1.11");
        await LearntAsync(() => !_learnt.Hosts.ContainsKey((Red, IpAddr.Parse("10.1.1.11"))));
        await FollowAsync(StateOf().WithKnown(new SoftGateKnownHost(vm, IpAddr.Parse("10.1.1.11"))));
        await LearntAsync(() => _learnt.Hosts.GetValueOrDefault((Red, IpAddr.Parse("10.1.1.11"))) == new Place(at, Web, vm));

        // Another owner: other next hops, the same session.
        await FollowAsync(StateOf().WithRed(v => v with { Owner = "g2" }));
        await LeafAsync(leaf.Fdb, $"{GatewayMac} dst {Service(2)} ");
        await LeafAsync(() => leaf.InVrf("route"), $"default via {Service(2)} dev br{Red}");

        // A V-Net less.
        await FollowAsync(StateOf() with { VNets = [] });
        await Eventually.True(() => !leaf.Fdb().Contains($"{GatewayMac}", StringComparison.Ordinal), () => $"{leaf.Fdb()}\n{this}");
        await Eventually.True(() => !leaf.InVrf("route").Contains("10.1.1.0/24", StringComparison.Ordinal), () => leaf.InVrf("route"));
        await LearntAsync(() => _learnt.Floods.Count == 0);
        Assert.Equal(1, Assert.Single(_service!.Peers).EstablishedCount);

        // The end.
        await _service.DisposeAsync();
        await Eventually.True(() => !leaf.InVrf("route").Contains("default", StringComparison.Ordinal), () => leaf.InVrf("route"));
        await LearntAsync(() => _service.Sessions == 0);
    }

    public override string ToString() => $"{_loop.Ask(_learnt.Text)}\n{string.Join('\n', _log.TakeLast(30))}";

    private static SoftGateState StateOf()
    {
        var state = State();
        return state with { Node = state.Node with { EvpnPeers = [new(IpAddr.Parse(LeafLab.Loopback), new Asn(65011))] } };
    }

    private async Task RaiseAsync(SoftGateState state)
    {
        Require.Frr();
        _leaf = new LeafLab();
        await _leaf.RaiseAsync();
        _service = new EvpnService(
            new() { Port = Frr.Port, Connector = new NamespaceConnector(_leaf.Node), ConnectRetry = TimeSpan.FromSeconds(1) }, _learnt, _loop.Post, _log.Enqueue);
        await FollowAsync(state);
        await LearntAsync(() => _service.Sessions == 1);
    }

    private Task FollowAsync(SoftGateState state) => Task.FromResult(_loop.Ask(() =>
    {
        _service!.Follow(state);
        return 0;
    }));

    private async Task LearntAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "") =>
        await Eventually.True(() => _loop.Ask(condition), () => $"{what}:\n{this}");

    private async Task LeafAsync(Func<string> look, params string[] texts) =>
        await Eventually.True(() => look() is var seen && texts.All(t => seen.Contains(t, StringComparison.Ordinal)), () => $"{string.Join(", ", texts)} in:\n{look()}\n{this}");
}
