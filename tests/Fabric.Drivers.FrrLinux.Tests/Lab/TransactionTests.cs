using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

[Collection(MiniLabCollection.Name)]
[Trait("Category", "lab")]
public sealed class TransactionTests(MiniLab lab) : DeviceTests(lab)
{
    private const string Mark = "ip prefix-list MARK seq 5 permit 192.0.2.0/24";

    public static TheoryData<string, string, string> Refused => new()
    {
        { "vtysh", "frobnicate everything", "Unknown command" },
        { "vtysh", "router bgp 65099", "BGP is already running; AS is 65011" },
        { "ip", "link set dev nosuch up", "Cannot find device" },
        { "ip", "address add 10.255.0.11/32 dev lo", "already" },
        { "sysctl", "net.ipv4.nosuch=1", "cannot stat" },
        { "bridge", "vlan add dev swp1 vid 5", "RTNETLINK answers" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_refused_command_leaves_everything_as_it_was(string shell, string text, string answer)
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        var artifact = Artifact(
            Frr(Mark),
            (new DeviceCommand("ip", "address add 192.0.2.1/32 dev lo"), new DeviceCommand("ip", "address del 192.0.2.1/32 dev lo")),
            (new DeviceCommand("sysctl", "net.ipv4.ip_forward=0"), new DeviceCommand("sysctl", "net.ipv4.ip_forward=1")),
            (new DeviceCommand(shell, text), new DeviceCommand(shell, text)),
            (new DeviceCommand("ip", "link set dev swp1 down"), new DeviceCommand("ip", "link set dev swp1 up")));
        var result = await Driver.ApplyAsync(Lab.Session("l1"), artifact, Options(), Cancel);
        Assert.Equal(ApplyOutcome.Rejected, result.Outcome);
        Assert.StartsWith($"{shell} {text}; ", result.Detail);
        Assert.Contains(answer, result.Detail);
        Assert.Equal(before, await FingerprintAsync("l1"));
        Assert.Null((await ReadAsync("l1")).Pending);
    }

    [Fact]
    public async Task A_refusal_that_vtysh_reports_only_in_words_counts()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        ValueList<string> context = ["router bgp 65011", "address-family l2vpn evpn", "vni 10900"];
        var artifact = Artifact(
            (new DeviceCommand("vtysh", context, "rd 3:3"), new DeviceCommand("vtysh", [.. context.Take(2)], "no vni 10900")),
            (new DeviceCommand("vtysh", context, "route-target import *:10"), new DeviceCommand("vtysh", context, "no route-target import *:10")),
            (new DeviceCommand("vtysh", context, "rd 4:4"), new DeviceCommand("vtysh", context, "no rd 4:4")));
        var result = await Driver.ApplyAsync(Lab.Session("l1"), artifact, Options(), Cancel);
        Assert.Equal(new ApplyResult(ApplyOutcome.Rejected, "vtysh route-target import *:10; % Malformed Route Target list"), result);
        Assert.Equal(before, await FingerprintAsync("l1"));
    }

    [Fact]
    public async Task A_change_that_cuts_management_access_undoes_itself()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        var artifact = Artifact(
            Frr(Mark),
            (new DeviceCommand("ip", "link set dev mgmt0 down"), new DeviceCommand("ip", "link set dev mgmt0 up")));
        var result = await Driver.ApplyAsync(Lab.Session("l1"), artifact, Options(rollback: 6, confirm: 2), Cancel)
            .ContinueWith(t => t.IsFaulted ? new ApplyResult(ApplyOutcome.RolledBack, t.Exception.InnerException is DeviceException ? null : "odd") : t.Result, Cancel);
        Assert.Equal(ApplyOutcome.RolledBack, result.Outcome);
        await NothingPendingAsync("l1");
        Assert.Equal(before, await FingerprintAsync("l1"));
        Assert.Null((await ReadAsync("l1")).Pending);
    }

    [Fact]
    public async Task A_link_cut_in_mid_apply_makes_the_device_undo_everything()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        var artifact = Artifact([.. Enumerable.Range(1, 4000).Select(i => Frr($"ip prefix-list MARK seq {i} permit 10.{i / 256}.{i % 256}.0/24"))]);
        var apply = Driver.ApplyAsync(Lab.Session("l1"), artifact, Options(rollback: 20, confirm: 2), Cancel);
        await MiniLab.EventuallyAsync(async () => (await Lab.ShellAsync("l1", "test -s /run/fabric/txn/progress && echo yes || :")).Length > 0, "it has begun");
        await MiniLab.RunAsync("ip", ["link", "set", Lab.UplinkOf("l1"), "down"]);
        var error = await Assert.ThrowsAsync<DeviceException>(() => apply.WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        Assert.Equal(DeviceErrorKind.SessionLost, error.Kind);
        try
        {
            await NothingPendingAsync("l1");
        }
        finally
        {
            await MiniLab.RunAsync("ip", ["link", "set", Lab.UplinkOf("l1"), "up"]);
        }

        Assert.Equal(before, await FingerprintAsync("l1"));
        Assert.Null((await ReadAsync("l1")).Pending);
    }

    [Fact]
    public async Task A_change_that_breaks_a_session_to_keep_is_rolled_back()
    {
        await BecomeAsync("s1", Desired.Router(65001, 1, ["swp1"], isVtep: false));
        await BecomeAsync("l1", Desired.Leaf());
        await MiniLab.EventuallyAsync(async () => (await ReadAsync("l1")).BgpSessions["swp1"].Established, "the session is up");
        var before = await FingerprintAsync("l1");
        var artifact = Driver.Render(DeviceDiff.Compute(Desired.Leaf(), Desired.Leaf().Without(new FabricNeighbor("swp1").Key)));
        var result = await Driver.ApplyAsync(Lab.Session("l1"), artifact, Options(10, 2, "swp1"), Cancel);
        Assert.Equal(ApplyOutcome.RolledBack, result.Outcome);
        Assert.Contains("swp1", result.Detail);
        Assert.Equal(Sorted(before), Sorted(await FingerprintAsync("l1")));
    }

    [Fact]
    public async Task A_controller_that_dies_before_it_confirms_leaves_a_pending_change_that_goes_away()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        var dying = new DyingSession(Lab.Session("l1"));
        await Assert.ThrowsAsync<DyingSession.DiedException>(() => Driver.ApplyAsync(dying, Artifact(Frr(Mark)), Options(rollback: 4, confirm: 1), Cancel));
        Assert.Contains(Mark, await ConfigAsync("l1"));
        Assert.NotNull((await ReadAsync("l1")).Pending);
        var busy = await Driver.ApplyAsync(Lab.Session("l1"), Artifact(Frr(Mark)), Options(), Cancel);
        Assert.Equal(ApplyOutcome.Busy, busy.Outcome);
        await NothingPendingAsync("l1");
        Assert.Equal(before, await FingerprintAsync("l1"));
    }

    [Fact]
    public async Task A_pending_change_of_an_earlier_life_is_rolled_back_at_once()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        Assert.Null(await Driver.AbortPendingAsync(Lab.Session("l1"), Cancel));
        var options = Options(rollback: 60, confirm: 1);
        var dying = new DyingSession(Lab.Session("l1"));
        await Assert.ThrowsAsync<DyingSession.DiedException>(() => Driver.ApplyAsync(dying, Artifact(Frr(Mark)), options, Cancel));
        var pending = await Driver.AbortPendingAsync(Lab.Session("l1"), Cancel);
        Assert.Equal(new PendingTransaction(options.TransactionId), pending);
        Assert.Equal(before, await FingerprintAsync("l1"));
        Assert.Null((await ReadAsync("l1")).Pending);
    }

    [Fact]
    public async Task Confirmation_and_timer_never_both_win()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var outcomes = new List<ApplyOutcome>();
        for (var i = 0; i < 8; i++)
        {
            var late = new LateSession(Lab.Session("l1"), TimeSpan.FromMilliseconds(850 + (40 * i)));
            var result = await Driver.ApplyAsync(late, Artifact(Frr(Mark)), new ApplyOptions($"race-{i}", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(990), []), Cancel);
            await NothingPendingAsync("l1");
            Assert.Equal(result.Outcome == ApplyOutcome.Confirmed, (await ConfigAsync("l1")).Contains(Mark));
            Assert.Contains(result.Outcome, new[] { ApplyOutcome.Confirmed, ApplyOutcome.RolledBack });
            outcomes.Add(result.Outcome);
            await Lab.ShellAsync("l1", "vtysh -c 'conf t' -c 'no ip prefix-list MARK' || :");
        }

        // What was confirmed was saved too.
        await Lab.ShellAsync("l1", "vtysh -c 'write memory'");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(' ', outcomes));
    }

    [Fact]
    public async Task A_confirmed_change_is_saved_and_a_rolled_back_one_is_not()
    {
        await BecomeAsync("l1", Desired.Leaf());
        Assert.Contains("router bgp 65011", await Lab.ShellAsync("l1", "cat /etc/frr/frr.conf"));
        await Driver.ApplyAsync(Lab.Session("l1"), Artifact(Frr(Mark), Frr("frobnicate")), Options(), Cancel);
        Assert.DoesNotContain("MARK", await Lab.ShellAsync("l1", "cat /etc/frr/frr.conf"));
        Assert.Empty((await Lab.ShellAsync("l1", "ps -eo args | grep '[t]imer.sh' || :")).Trim());
    }

    [Fact]
    public async Task A_device_without_room_refuses_the_change_before_it_begins()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var before = await FingerprintAsync("l1");
        var artifact = Artifact([.. Enumerable.Range(1, 4000).Select(i => Frr($"ip prefix-list MARK seq {i} permit 10.{i / 256}.{i % 256}.0/24"))]);
        await Lab.ShellAsync("l1", "mkdir -p /run/fabric && mount -t tmpfs -o size=300k tmpfs /run/fabric");
        try
        {
            var result = await Driver.ApplyAsync(Lab.Session("l1"), artifact, Options(), Cancel);
            Assert.Equal(new ApplyResult(ApplyOutcome.Rejected, "sh; cannot write to /run/fabric"), result);
            Assert.Equal(before, await FingerprintAsync("l1"));
        }
        finally
        {
            await Lab.ShellAsync("l1", "umount /run/fabric");
        }
    }

    private static string Sorted(string text) => string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));

    private sealed class DyingSession(IDeviceSession inner) : IDeviceSession
    {
        public Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) => inner.RunAsync(script, timeout, cancellationToken);

        public Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) => throw new DiedException();

        public sealed class DiedException : Exception;
    }

    private sealed class LateSession(IDeviceSession inner, TimeSpan after) : IDeviceSession
    {
        private readonly DateTimeOffset _started = TimeProvider.System.GetUtcNow();

        public Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) => inner.RunAsync(script, timeout, cancellationToken);

        public async Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken)
        {
            var wait = _started + after - TimeProvider.System.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, TimeProvider.System, cancellationToken);
            }

            return await inner.RunAsync(script, timeout, cancellationToken);
        }
    }
}
