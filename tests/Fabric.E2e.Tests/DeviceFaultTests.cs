using System.Diagnostics;
using System.Globalization;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>Devices that are away, refuse, or are not who they should be.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class DeviceFaultTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task A_device_that_is_down_during_a_change_holds_up_nobody_and_gets_it_when_it_returns_from_day_zero()
    {
        await WriteAndWaitAsync(Intent.Tenant("away"), Intent.Vpc("away", "away"));
        var vni = NewVni();
        var vnet = Intent.VNet("away", "away", vni);
        await Lab.DoAsync("device", "stop", "hypervisor2");
        try
        {
            var watch = Stopwatch.StartNew();
            await Fabric.InForceAsync(await WriteAsync(vnet), 10, ["hypervisor1"]);
            Output.WriteLine($"the others have the change after {Seconds(watch.Elapsed)}");
            var ready = await Fabric.ConditionAsync("devices", "hypervisor2", "Ready", c => c.IsFalse);
            Assert.Equal("Unreachable", ready.Reason);
            Assert.NotEmpty(ready.Message);
            var waiting = await Fabric.ConditionAsync("vnets", "away", "Ready", c => c.IsFalse);
            Assert.Contains("hypervisor2", waiting.Message, StringComparison.Ordinal);

            // And again while it is known to be away.
            watch.Restart();
            await Fabric.InForceAsync(await WriteAsync(Intent.VNet("away 2", "away", NewVni())), 5, ["hypervisor1"]);
        }
        finally
        {
            await Lab.DoAsync("device", "start", "hypervisor2");
        }

        var back = Stopwatch.StartNew();
        await Fabric.HealthyAsync(60);
        Output.WriteLine($"from day 0 to ready: {Seconds(back.Elapsed)}");
        await Fabric.ReadyAsync([vnet]);
        await Lab.AddVmAsync("w1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("w2", "hypervisor2", vni, "10.0.1.12/24");
        await Lab.PingsAsync("w1", "10.0.1.12");
    }

    [Fact]
    public async Task A_device_with_another_host_key_is_not_touched_and_says_so()
    {
        var device = await Fabric.DeviceAsync("hypervisor2");
        var stranger = Lab.Facts["devices"]!.AsArray().First(d => d!["name"]!.GetValue<string>() == "hypervisor1")!["host_key"]!.GetValue<string>();
        await Api.ChangeAsync(Intent.Again(device, s => s["management"]!["hostKeys"] = new System.Text.Json.Nodes.JsonArray(stranger)));
        try
        {
            await FailsAloneAsync("HostKeyMismatch");
        }
        finally
        {
            await Api.ChangeAsync(Intent.Again(device, _ => { }));
        }

        await RecoversAsync();
    }

    [Fact]
    public async Task A_device_that_refuses_Ssh_says_so()
    {
        await Lab.DoAsync("service", "stop", "hypervisor2", "sshd");
        try
        {
            // Connections that stand outlive the server, here as on a real host; they end too.
            await Lab.ShellAsync("hypervisor2", "kill $(pgrep -x sshd)");
            await FailsAloneAsync("Refused");
        }
        finally
        {
            await Lab.DoAsync("service", "start", "hypervisor2", "sshd");
        }

        await RecoversAsync();
    }

    [Fact]
    public async Task A_device_without_running_Frr_says_so()
    {
        await Lab.DoAsync("service", "stop", "hypervisor2", "frr");
        try
        {
            await FailsAloneAsync("RoutingNotRunning");
        }
        finally
        {
            await Lab.DoAsync("service", "start", "hypervisor2", "frr");
        }

        await RecoversAsync();
    }

    [Fact]
    public async Task A_change_cut_off_in_the_middle_is_undone_by_the_device_itself_and_made_good_later()
    {
        await WriteAndWaitAsync(Intent.Tenant("cut"), Intent.Vpc("cut", "cut"));
        var before = await DeviceText.OfAllAsync(Lab);
        var fell = false;
        for (var attempt = 1; !fell; attempt++)
        {
            Assert.True(attempt <= 5, "the cut never fell into an apply");
            var vnets = Enumerable.Range(0, 3).Select(i => Intent.VNet($"cut {attempt} {i}", "cut", NewVni())).ToArray();

            // The device tells when the change has begun; its cable is cut from outside, quicker than any tool.
            await using var waiting = Lab.Start("hypervisor1", "bash", "-c", "until [ -s /run/fabric/txn/progress ]; do :; done; echo begun");
            await Eventually.True("the watch runs", async () => (await Lab.TryAsync("hypervisor1", "pgrep", "-f", "txn/progress")).Ok);
            var revision = await WriteAsync(vnets);
            while (!waiting.Output.Contains("begun", StringComparison.Ordinal) && !waiting.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            }

            (await Command.RunAsync("ip", "-n", $"{Lab.Name}-oob", "link", "set", "hypervisor1", "down")).Must();
            try
            {
                await Lab.DoAsync("oob", "down", "hypervisor1");
                fell = (await Lab.TryAsync("hypervisor1", "test", "-d", "/run/fabric/txn")).Ok;
                if (fell)
                {
                    var watch = Stopwatch.StartNew();
                    await Eventually.Fine(
                        "the device goes back by itself",
                        async () => DeviceText.Difference(
                            new Dictionary<string, string> { ["hypervisor1"] = WithoutManagementPort(before["hypervisor1"]) },
                            new Dictionary<string, string> { ["hypervisor1"] = WithoutManagementPort(await DeviceText.OfAsync(Lab, "hypervisor1")) }),
                        30);
                    Output.WriteLine($"back by itself {Seconds(watch.Elapsed)} after the cut, attempt {attempt}");
                    Assert.Equal("rolled-back", (await Lab.ExecAsync("hypervisor1", "cat", "/run/fabric/last/result")).Trim());
                    Assert.False(Intent.IsReady(await Fabric.DeviceAsync("hypervisor1")));
                    await Fabric.InForceAsync(revision, devices: ["hypervisor2"]);
                }
            }
            finally
            {
                await Lab.DoAsync("oob", "up", "hypervisor1");
            }

            await Fabric.InForceAsync(revision);
            await Fabric.ReadyAsync(vnets);
            await Fabric.InForceAsync(await Api.ChangeAsync(vnets.Select(Intent.Delete)));
            await DeviceText.AgainAsync(Lab, before, "the attempt is undone");
        }
    }

    /// <summary>A port without carrier looks different though nobody has changed it.</summary>
    private static string WithoutManagementPort(string text) => string.Join('\n', text.Split('\n').Where(l => !l.StartsWith("mgmt0", StringComparison.Ordinal)));

    /// <summary>hypervisor2 is in trouble for a reason; a V-Net says so, and is on hypervisor1 all the same.</summary>
    private async Task FailsAloneAsync(string reason)
    {
        var ready = await Fabric.ConditionAsync("devices", "hypervisor2", "Ready", c => c.IsFalse && c.Reason == reason);
        Assert.NotEmpty(ready.Message);
        Output.WriteLine($"{ready.Reason}: {ready.Message}");
        var vni = NewVni();
        var revision = await WriteAsync(Intent.Tenant("alone"), Intent.Vpc("alone", "alone"), Intent.VNet("alone", "alone", vni));
        await Fabric.InForceAsync(revision, 10, ["hypervisor1"]);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"vni {vni}"), await Lab.VtyshAsync("hypervisor1", "show running-config"), StringComparison.Ordinal);
        var vnet = await Fabric.ConditionAsync("vnets", "alone", "Ready", c => c.IsFalse);
        Assert.Contains("hypervisor2", vnet.Message, StringComparison.Ordinal);
        Assert.Contains(reason, vnet.Message, StringComparison.Ordinal);
        foreach (var device in Lab.Managed.Except(["hypervisor2"]))
        {
            Assert.True(Intent.IsReady(await Fabric.DeviceAsync(device)), Intent.Show(await Fabric.DeviceAsync(device)));
        }
    }

    private async Task RecoversAsync()
    {
        await Fabric.HealthyAsync(60);
        await Fabric.ReadyAsync([Intent.VNet("alone", "alone")]);
    }
}
