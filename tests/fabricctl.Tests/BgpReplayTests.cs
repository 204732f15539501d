using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Bgp;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Record;
using Fabric.Bgp.Wire;
using Fabric.Ctl.Tests.Support;
using Fabric.Primitives;

namespace Fabric.Ctl.Tests;

/// <summary><c>fabricctl bgp replay</c>. No server is there.</summary>
public sealed class BgpReplayTests : IDisposable
{
    private readonly CtlRun _run = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("fabric-replay-").FullName;

    private string Recording => Path.Combine(_directory, "peer.jsonl");

    public void Dispose()
    {
        _run.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_recording_prints_its_decisions_and_ends_well()
    {
        Record();
        var result = await _run.RunWithInputAsync("", "bgp", "replay", Recording);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var steps = result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(["ManualStart", "TcpCrAcked", "ManualStop"], steps.Select(static s => s.GetProperty("event").GetProperty("is").GetString()));
        Assert.Contains(steps[1].GetProperty("actions").EnumerateArray(), static a => a.GetProperty("is").GetString() == "SendOpen");
    }

    [Fact]
    public async Task A_different_decision_ends_with_its_line_and_exit_code_1()
    {
        Record();
        await File.WriteAllTextAsync(Recording, (await File.ReadAllTextAsync(Recording)).Replace("\"is\":\"OpenTcp\",\"connection\":1", "\"is\":\"OpenTcp\",\"connection\":7", StringComparison.Ordinal));
        var result = await _run.RunWithInputAsync("", "bgp", "replay", Recording);
        Assert.Equal(1, result.ExitCode);
        var last = JsonDocument.Parse(Assert.Single(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(2, last.GetProperty("line").GetInt32());
        Assert.StartsWith("action ", last.GetProperty("difference").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_told()
    {
        var result = await _run.RunWithInputAsync("", "bgp", "replay", Path.Combine(_directory, "nothing"));
        Assert.Equal(2, result.ExitCode);
        Assert.NotEqual("", result.Error);
    }

    private void Record()
    {
        var config = new PeerFsmConfig
        {
            LocalAsn = new Asn(65000),
            RouterId = IpAddr.Parse("10.0.0.1"),
            RemoteAsn = null,
            Families = [AddressFamily.L2VpnEvpn],
        };
        using var recorder = new SessionRecorder(new() { Path = Recording });
        var state = PeerState.Initial;
        ImmutableArray<PeerEvent> events = [new PeerEvent.ManualStart(), new PeerEvent.TcpCrAcked(1), new PeerEvent.ManualStop(NotificationMessage.Cease(2))];
        foreach (var e in events)
        {
            var (next, actions) = PeerFsm.Step(state, e, config);
            recorder.Record(DateTimeOffset.UnixEpoch, config, state, e, [], actions);
            state = next;
        }
    }
}
