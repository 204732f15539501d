using System.Collections.Immutable;
using System.Diagnostics;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.Reconciler.Devices;
using Fabric.Reconciler.Planning;
using Fabric.Reconciler.Status;
using Fabric.Storage.Devices;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fabric.Reconciler.Tests;

public sealed class ReconcilerTests : IAsyncLifetime
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBrlU3hwX/8kaDul6CqRmUcL8QYrR7etFN3UTiMlCVmF";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly MemoryStore _store = new();
    private readonly DeviceBoard _board = new();
    private readonly FakeNetwork _network = new("frr-linux");
    private readonly StatusSource _status;
    private ReconcilerService _service;

    public ReconcilerTests()
    {
        _status = new StatusSource(_board, new Fabric.Reconciler.SoftGates.SoftGateBoard(TimeProvider.System), _store);
        _service = Service(parallelism: 8);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _service.StopAsync(CancellationToken.None);
        _service.Dispose();
    }

    [Fact]
    public async Task Devices_converge_and_every_resource_becomes_ready()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);

        await EventuallyReady(ResourceKind.Device, "leaf1");
        await EventuallyReady(ResourceKind.Device, "leaf2");
        await EventuallyReady(ResourceKind.VNet, "web");
        await EventuallyReady(ResourceKind.Vpc, "blue");
        Assert.True(_network["10.9.0.1"].State.Contains(new(ObjectClass.EvpnVni, "5000")));
    }

    [Fact]
    public async Task A_committed_change_reaches_only_the_devices_concerned()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.VNet, "web");
        await EventuallyReady(ResourceKind.Device, "leaf2");
        var applies = _store.Applies.Count(a => a.DeviceUid == Uid("leaf2"));

        _store.Commit((ResourceKind.VNet, "app", VNet(5001, "leaf1", "swp11")));
        await EventuallyReady(ResourceKind.VNet, "app");

        Assert.Equal(applies, _store.Applies.Count(a => a.DeviceUid == Uid("leaf2")));
        Assert.False(_network["10.9.0.2"].State.Contains(new(ObjectClass.EvpnVni, "5001")));
    }

    [Theory]
    [InlineData(DeviceErrorKind.Unreachable)]
    [InlineData(DeviceErrorKind.HostKeyMismatch)]
    public async Task A_dead_device_blocks_no_other_and_catches_up_later(DeviceErrorKind fault)
    {
        _network["10.9.0.2"].Fault = fault;
        Fabric();
        await _service.StartAsync(CancellationToken.None);

        await EventuallyReady(ResourceKind.Device, "leaf1");
        await Eventually(() => Condition(ResourceKind.Device, "leaf2", "Reachable"), c => c is { Status: ConditionStatus.False } && c.Reason == fault.ToString());
        var vnet = await Eventually(() => Condition(ResourceKind.VNet, "web", "Ready"), c => c.Status == ConditionStatus.False);
        Assert.Contains("leaf2", vnet.Message, StringComparison.Ordinal);

        _network["10.9.0.2"].Fault = null;
        await EventuallyReady(ResourceKind.VNet, "web");
    }

    [Fact]
    public async Task A_device_that_hangs_blocks_no_other()
    {
        _network["10.9.0.2"].Hangs = true;
        Fabric();
        await _service.StartAsync(CancellationToken.None);

        await EventuallyReady(ResourceKind.Device, "leaf1");
        _store.Commit((ResourceKind.VNet, "app", VNet(5001, "leaf1", "swp11")));
        await EventuallyReady(ResourceKind.VNet, "app");
    }

    [Fact]
    public async Task Devices_that_failed_are_retried_beside_the_others_not_before_them()
    {
        _service.Dispose();
        _service = Service(parallelism: 1);
        _network["10.9.0.2"].Fault = DeviceErrorKind.Unreachable;
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.Device, "leaf1");
        await Eventually(() => Condition(ResourceKind.Device, "leaf2", "Ready"), c => c.Status == ConditionStatus.False);

        // From now on each try lasts for ever.
        var reads = _network["10.9.0.2"].Reads;
        _network["10.9.0.2"].Hangs = true;
        await Eventually(() => _network["10.9.0.2"].Reads, r => r > reads);

        _store.Commit((ResourceKind.VNet, "app", VNet(5001, "leaf1", "swp11")));
        await EventuallyReady(ResourceKind.VNet, "app");
    }

    [Fact]
    public async Task An_edit_by_hand_is_seen_as_drift_and_repaired()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.Device, "leaf1");
        var device = _network["10.9.0.1"];
        var desired = device.State;

        device.State = desired.Without(new(ObjectClass.EvpnVni, "5000")).With(new ForeignLine(["router bgp 65001"], "neighbor swp1 shutdown"));

        var drifted = await Eventually(() => Condition(ResourceKind.Device, "leaf1", "Drifted"), c => c.Reason == "Repaired");
        Assert.Contains("add EvpnVni/5000", drifted.Message, StringComparison.Ordinal);
        Assert.Equal(desired, device.State);
        Assert.Equal(ApplyCause.Drift, _store.Applies[^1].Cause);
    }

    [Fact]
    public async Task A_refused_change_is_shown_with_the_devices_words_and_tried_again()
    {
        _network["10.9.0.1"].Answer = ApplyOutcome.Rejected;
        Fabric();
        await _service.StartAsync(CancellationToken.None);

        var ready = await Eventually(() => Condition(ResourceKind.Device, "leaf1", "Ready"), c => c.Reason == "Rejected");
        Assert.Equal("line 3: no such thing", ready.Message);
        Assert.Equal(ConditionStatus.True, Condition(ResourceKind.Device, "leaf1", "Reachable").Status);
        Assert.Equal("rejected", _store.Applies.First(a => a.DeviceUid == Uid("leaf1")).Outcome);

        _network["10.9.0.1"].Answer = null;
        await EventuallyReady(ResourceKind.Device, "leaf1");
    }

    [Fact]
    public async Task A_change_that_an_earlier_run_left_unconfirmed_is_rolled_back_first()
    {
        _network["10.9.0.1"].Pending = new PendingTransaction("r1-0");
        Fabric();
        await _service.StartAsync(CancellationToken.None);

        await EventuallyReady(ResourceKind.Device, "leaf1");
        Assert.Equal("r1-0", _network["10.9.0.1"].Aborted?.TransactionId);
    }

    [Fact]
    public async Task A_given_vni_waits_on_a_device_until_its_former_owner_is_gone_there()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.VNet, "web");

        _network["10.9.0.2"].Fault = DeviceErrorKind.Unreachable;
        _store.Commit((ResourceKind.VNet, "web", null));
        _store.Commit((ResourceKind.VNet, "heir", VNet(5000, "leaf1", "swp10") with
        {
            Attachments = [Port("leaf1", "swp10"), Port("leaf2", "swp10")],
        }));
        await Eventually(() => _store.Applies.Any(a => a.Revision == _store.Current.Revision && a.DeviceUid == Uid("leaf1") && a.Outcome == "confirmed")
            || _network["10.9.0.1"].State.Contains(new(ObjectClass.EvpnVni, "5000")), done => done);
        await Eventually(() => _store.Current.Identifiers.PendingOn(Uid("leaf1")).Any(), pending => !pending);
        Assert.Contains(_store.Current.Identifiers.PendingOn(Uid("leaf2")), p => p.Value == 5000);

        var removedAt = -1;
        var index = 0;
        _network["10.9.0.2"].Fault = null;
        await EventuallyReady(ResourceKind.VNet, "heir");
        foreach (var apply in _store.Applies.Where(a => a.DeviceUid == Uid("leaf2")))
        {
            index++;
            removedAt = apply.Objects.Contains("remove EvpnVni/5000") ? index : removedAt;
            Assert.False(apply.Objects.Contains("add EvpnVni/5000") && index > 1 && removedAt < 0, "the heir came before the former owner went: " + string.Join(" | ", _store.Applies.Where(a => a.DeviceUid == Uid("leaf2")).Select(a => $"{a.Revision} {a.Outcome} {string.Join(",", a.Objects)}")));
        }

        Assert.True(removedAt > 0);
        Assert.Empty(_store.Current.Identifiers.PendingOn(Uid("leaf2")));
    }

    [Fact]
    public async Task Sessions_that_are_up_and_stay_wanted_must_survive_a_change()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.Device, "leaf1");
        _network["10.9.0.1"].Sessions = ImmutableSortedDictionary<string, BgpSessionFact>.Empty
            .Add("swp1", new BgpSessionFact("swp1", true, 1))
            .Add("swp2", new BgpSessionFact("swp2", false, null))
            .Add("192.0.2.1", new BgpSessionFact("192.0.2.1", true, 1));

        _store.Commit((ResourceKind.VNet, "app", VNet(5001, "leaf1", "swp11")));
        await EventuallyReady(ResourceKind.VNet, "app");
        Assert.Equal(["swp1"], _network["10.9.0.1"].LastOptions!.SessionsToKeep);
    }

    [Fact]
    public async Task A_device_without_vrfs_carries_the_vnet_as_layer_2_and_says_so()
    {
        _network["10.9.0.1"].Capabilities = new DeviceCapabilities(true, false, true);
        Fabric();
        _store.Commit((ResourceKind.VNet, "web", VNet(5000, "leaf1", "swp10") with { Gateways = [IpInterface.Parse("10.0.1.1/24")] }));
        await _service.StartAsync(CancellationToken.None);

        await EventuallyReady(ResourceKind.VNet, "web");
        var gateway = Condition(ResourceKind.VNet, "web", "GatewayReady");
        Assert.Equal((ConditionStatus.False, "CannotRoute"), (gateway.Status, gateway.Reason));
        Assert.Empty(_network["10.9.0.1"].State.All<GatewayInterface>());
    }

    [Fact]
    public async Task A_gateway_is_ready_only_where_its_vnet_is()
    {
        _network["10.9.0.1"].Capabilities = new DeviceCapabilities(false, false, true);
        Fabric();
        _store.Commit((ResourceKind.VNet, "web", VNet(5000, "leaf1", "swp10") with { Gateways = [IpInterface.Parse("10.0.1.1/24")] }));
        Assert.Equal(ConditionStatus.Unknown, Condition(ResourceKind.VNet, "web", "GatewayReady").Status);

        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.Device, "leaf1");

        var ready = Condition(ResourceKind.VNet, "web", "Ready");
        Assert.Equal((ConditionStatus.False, "CannotBridgePorts", "no VLAN-aware bridge on leaf1: ports there cannot be in a V-Net"), (ready.Status, ready.Reason, ready.Message));
        var gateway = Condition(ResourceKind.VNet, "web", "GatewayReady");
        Assert.Equal((ConditionStatus.False, "CannotBridgePorts"), (gateway.Status, gateway.Reason));
    }

    [Fact]
    public async Task A_plan_tells_what_changes_where_and_why_without_doing_it()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.VNet, "web");
        var planner = new Planner(_store, _board, [_network]);

        var evaluation = Intent.Changes.ChangeSetEvaluator.Evaluate(
            _store.Current, [new(Intent.Changes.ChangeOperation.Create, new(ResourceKind.VNet, "app"), VNet(5001, "leaf1", "swp11"))]);
        var plan = Assert.Single(planner.Plan(evaluation));

        Assert.Equal("leaf1", plan.Device);
        var vni = Assert.Single(plan.Changes, c => c.Object == "EvpnVni/5001");
        Assert.Equal(("add", "VNet 'app'", evaluation.After.Revision), (vni.Operation, vni.Because, vni.Revision));
        Assert.Contains("fake Add EvpnVni/5001", plan.Commands);
        Assert.Empty(planner.PlanOf("leaf1")!.Changes);
    }

    [Fact]
    public async Task A_deleted_device_is_left_alone()
    {
        Fabric();
        await _service.StartAsync(CancellationToken.None);
        await EventuallyReady(ResourceKind.Device, "leaf2");
        var uid = Uid("leaf2");

        _store.Commit(
            (ResourceKind.Link, "l2", null),
            (ResourceKind.VNet, "web", VNet(5000, "leaf1", "swp10")),
            (ResourceKind.Device, "leaf2", null));
        await Eventually(() => _board.Find(uid), status => status is null);
        var reads = _network["10.9.0.2"].Reads;
        _store.Commit((ResourceKind.Tenant, "other", new TenantSpec()));
        await EventuallyReady(ResourceKind.VNet, "web");
        Assert.Equal(reads, _network["10.9.0.2"].Reads);
    }

    private ReconcilerService Service(int parallelism) => new(
        _store,
        _board,
        [_network],
        _network,
        new ReconcilerOptions
        {
            ResyncInterval = TimeSpan.FromMilliseconds(100),
            FirstBackoff = TimeSpan.FromMilliseconds(20),
            LongestBackoff = TimeSpan.FromMilliseconds(100),
            Parallelism = parallelism,
        },
        TimeProvider.System,
        NullLogger<ReconcilerService>.Instance);

    private static AttachmentSpec Port(string device, string port) => new() { Port = new PortRef { Device = device, Port = port } };

    private static VNetSpec VNet(int vni, string device, string port) =>
        new() { Site = "lab", Vpc = "blue", Vni = new Vni(vni), Attachments = [Port(device, port)] };

    private void Fabric() => _store.Commit(
        (ResourceKind.Site, "lab", new SiteSpec { VniPool = new(10_000, 20_000) }),
        (ResourceKind.Device, "spine1", Device(DeviceRole.Spine, "10.9.0.9")),
        (ResourceKind.Device, "leaf1", Device(DeviceRole.Leaf, "10.9.0.1")),
        (ResourceKind.Device, "leaf2", Device(DeviceRole.Leaf, "10.9.0.2")),
        (ResourceKind.Link, "l1", new LinkSpec { A = new() { Device = "leaf1", Port = "swp1" }, B = new() { Device = "spine1", Port = "swp1" } }),
        (ResourceKind.Link, "l2", new LinkSpec { A = new() { Device = "leaf2", Port = "swp1" }, B = new() { Device = "spine1", Port = "swp2" } }),
        (ResourceKind.Tenant, "acme", new TenantSpec()),
        (ResourceKind.Vpc, "blue", new VpcSpec { Tenant = "acme" }),
        (ResourceKind.VNet, "web", VNet(5000, "leaf1", "swp10") with { Attachments = [Port("leaf1", "swp10"), Port("leaf2", "swp10")] }));

    private static DeviceSpec Device(DeviceRole role, string address) => new()
    {
        Site = "lab",
        Role = role,
        Os = "frr-linux",
        Management = new ManagementSpec { Address = IpAddr.Parse(address), HostKeys = [HostKey] },
        Ports = [.. new[] { "swp1", "swp2", "swp10", "swp11" }.Select(p => new PortSpec { Name = p })],
    };

    private int Uid(string device) => _store.Current.Find(ResourceKind.Device, device)!.Uid;

    private Condition Condition(ResourceKind kind, string name, string type) =>
        _status.StatusOf(_store.Current, _store.Current.Find(kind, name)!).Conditions.FirstOrDefault(c => c.Type == type)
        ?? new Condition(type, ConditionStatus.Unknown, "Absent", "");

    private Task EventuallyReady(ResourceKind kind, string name) =>
        Eventually(() => Condition(kind, name, "Ready"), c => c.Status == ConditionStatus.True);

    private static async Task<T> Eventually<T>(Func<T> read, Func<T, bool> holds)
    {
        var watch = Stopwatch.StartNew();
        var last = read();
        while (!holds(last))
        {
            Assert.True(watch.Elapsed < Deadline, $"still not after {Deadline}: {last}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            last = read();
        }

        return last;
    }
}
