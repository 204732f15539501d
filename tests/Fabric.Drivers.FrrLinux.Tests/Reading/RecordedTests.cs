using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Reading;
using Fabric.Drivers.FrrLinux.Rendering;
using Fabric.Drivers.FrrLinux.Tests.Lab;
using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Drivers.FrrLinux.Tests.Reading;

/// <summary>From state to commands to what real devices said after those commands, and back to the state.</summary>
public sealed class RecordedTests
{
    public static TheoryData<string> Recordings => new("leaf", "spine");

    private static DeviceState DesiredOf(string name) => name == "leaf" ? Desired.LeafWithVpc : Desired.Spine(1);

    [Fact]
    public void A_device_of_day_zero_has_nothing_of_ours()
    {
        var reading = Parse(Recording.Read("empty"));
        Assert.Empty(reading.State);
        Assert.Equal("leaf1", reading.Facts.Hostname);
        Assert.StartsWith("FRRouting 8.4.4", reading.Facts.RoutingVersion);
        Assert.Equal(new DeviceCapabilities(true, true, true), reading.Facts.Capabilities);
        Assert.False(reading.Facts.Ports["swp1"].AdminUp);
        Assert.Null(reading.Pending);
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task Commands_carried_out_by_a_device_read_back_as_the_state_they_came_from(string name)
    {
        var driver = new LinuxSwitchDriver(TimeProvider.System);
        var device = new RecordedDevice(Recording.Read("empty"), Recording.Read(name));
        var cancel = TestContext.Current.CancellationToken;
        var empty = await driver.ReadAsync(device, cancel);
        var artifact = driver.Render(DeviceDiff.Compute(empty.State, DesiredOf(name)));
        var options = new ApplyOptions("x", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), ["swp1"]);
        Assert.Equal(new ApplyResult(ApplyOutcome.Confirmed, null), await driver.ApplyAsync(device, artifact, options, cancel));
        foreach (var command in artifact.Steps.SelectMany(s => s.Forward))
        {
            Assert.Contains(command.Text, device.Applied);
        }

        var reading = await driver.ReadAsync(device, cancel);
        Assert.Equal(string.Join('\n', DesiredOf(name)), string.Join('\n', reading.State));
        Assert.Equal(DesiredOf(name), reading.State);
        Assert.True(reading.BgpSessions["swp1"].Established);
        Assert.NotNull(reading.BgpSessions["swp1"].EstablishedEpochSeconds);
    }

    [Fact]
    public void Every_tunnel_of_the_leaf_is_among_its_vnis() => Assert.Equal([5000, 10100], Parse(Recording.Read("leaf")).Vnis);

    [Fact]
    public void What_the_other_profile_does_not_print_is_not_missing()
    {
        const string Line = " bgp ebgp-requires-policy\n";
        var text = Recording.Read("spine");
        Assert.Contains(Line, text);
        var traditional = text.Replace(Line, "").Replace("frr defaults datacenter", "frr defaults traditional");
        Assert.Equal(Desired.Spine(1), Parse(traditional).State);
        var bgp = Assert.IsType<BgpInstance>(Parse(text.Replace(Line, "")).State.Find(BgpInstance.TheKey));
        Assert.Equal(["vtysh router bgp 65001 / bgp ebgp-requires-policy"], bgp.Missing);
    }

    [Theory]
    [InlineData("frr defaults datacenter\n", "frr defaults datacenter\nip route 0.0.0.0/0 10.9.9.9\n", "ForeignLine/ip route 0.0.0.0/0 10.9.9.9")]
    [InlineData("frr defaults datacenter\n", "frr defaults datacenter\nip route 0.0.0.0/0 10.9.9.9 mgmt0\n", "")]
    [InlineData("frr defaults datacenter\n", "frr defaults datacenter\nlog syslog\npassword x\nline vty\n exec-timeout 0 0\nexit\n", "")]
    [InlineData("frr defaults datacenter\n", "frr defaults datacenter\ninterface mgmt0\n description out of band\nexit\n", "")]
    [InlineData("frr defaults datacenter\n", "frr defaults datacenter\ninterface swp9\n description x\nexit\n", "ForeignLine/interface swp9 > description x")]
    [InlineData(" neighbor FABRIC timers 3 9\n", " neighbor FABRIC timers 9 27\n", "BgpInstance, ForeignLine/router bgp 65001 > neighbor FABRIC timers 9 27")]
    [InlineData("  maximum-paths 64\n", "", "BgpInstance")]
    [InlineData(" neighbor swp1 interface peer-group FABRIC\n", "", "FabricNeighbor/swp1")]
    [InlineData("route-map FABRIC-ALL permit 10\n", "route-map FABRIC-ALL permit 10\n set metric 5\n", "ForeignLine/route-map FABRIC-ALL permit 10 > set metric 5")]
    public void A_change_by_hand_differs_in_these_objects(string line, string edited, string keys)
    {
        var text = Recording.Read("spine");
        Assert.Contains(line, text);
        var plan = DeviceDiff.Compute(Parse(text.Replace(line, edited)).State, Desired.Spine(1));
        Assert.Equal(keys, string.Join(", ", plan.Changes.Select(c => c.Key).Order()));
    }

    [Fact]
    public void A_pending_change_is_told()
    {
        var text = Recording.Read("empty").Replace($"cat: /run/fabric/txn/id: No such file or directory\n\n{Recording.Mark} pending 1", $"t-7\n\n{Recording.Mark} pending 0");
        Assert.Equal(new PendingTransaction("t-7"), Parse(text).Pending);
    }

    [Theory]
    [InlineData("daemons 1", DeviceErrorKind.RoutingNotRunning)]
    [InlineData("config 1", DeviceErrorKind.UnexpectedAnswer)]
    [InlineData("link 1", DeviceErrorKind.UnexpectedAnswer)]
    [InlineData("addr 255", DeviceErrorKind.UnexpectedAnswer)]
    public void A_part_that_fails_is_an_error_of_its_kind(string status, DeviceErrorKind kind)
    {
        var good = $"{Recording.Mark} {status.Split(' ')[0]} 0";
        var text = Recording.Read("leaf");
        Assert.Contains(good, text);
        var error = Assert.Throws<DeviceException>(() => Parse(text.Replace(good, $"{Recording.Mark} {status}")));
        Assert.Equal(kind, error.Kind);
    }

    [Fact]
    public void A_missing_daemon_is_told()
    {
        var error = Assert.Throws<DeviceException>(() => Parse(Recording.Read("leaf").Replace(" zebra bgpd", " zebra")));
        Assert.Equal(DeviceErrorKind.RoutingNotRunning, error.Kind);
        Assert.Contains("bgpd", error.Message);
    }

    [Fact]
    public void An_answer_cut_off_anywhere_is_an_error()
    {
        var text = Recording.Read("leaf");
        var end = text.LastIndexOf($"{Recording.Mark} end", StringComparison.Ordinal);
        foreach (var length in Enumerable.Range(0, 300).Select(i => end * i / 300))
        {
            var error = Assert.Throws<DeviceException>(() => Parse(text[..length]));
            Assert.Equal(DeviceErrorKind.UnexpectedAnswer, error.Kind);
        }
    }

    [Fact]
    public void Mangled_answers_give_a_reading_or_an_error_and_nothing_else() => Prop
        .ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var text = Recording.Read(random.Next(2) == 0 ? "leaf" : "spine").ToCharArray();
            for (var i = random.Next(1, 40); i > 0; i--)
            {
                var at = random.Next(text.Length);
                switch (random.Next(3))
                {
                    case 0:
                        text[at] = (char)random.Next(1, 300);
                        break;
                    case 1:
                        var length = Math.Min(random.Next(200), text.Length - at);
                        Array.Copy(text, random.Next(text.Length - length), text, at, length);
                        break;
                    default:
                        text[at] = "0123456789-/:. \"{}[]"[random.Next(20)];
                        break;
                }
            }

            try
            {
                var state = Parse(new string(text)).State;
                _ = Renderer.Render(DeviceDiff.Compute(state, DeviceState.Empty), FrrDialect.Switch);
                return true;
            }
            catch (DeviceException)
            {
                return true;
            }
        })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithStartSize(1000).WithEndSize(1_000_000));

    [Theory]
    [InlineData("router bgp 65011\n neighbor x\u0007y\n")]
    [InlineData("a\n b\n  c\n   d\n    e\n     f\n      g\n       h\n        i\n         j\n          k\n           l\n            m\n             n\n              o\n               p\n                q\n")]
    public void Text_that_is_no_configuration_is_refused(string text) => Assert.Throws<FormatException>(() => FrrConfig.Parse(text));

    private static DeviceReading Parse(string text) => ReadingParser.Parse(FrrDialect.Switch, text, Recording.Mark);
}
