using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Record;
using Fabric.Bgp.Wire;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Record;

public sealed class RecordTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fabric-record-").FullName;

    private string Path => System.IO.Path.Combine(_directory, "peer.jsonl");

    public static TheoryData<Type> Events => [.. Cases(typeof(PeerEvent))];

    public static TheoryData<Type> Actions => [.. Cases(typeof(PeerAction))];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_comes_back_whole(Type type)
    {
        var e = (PeerEvent)Make(type, 1);
        var text = JsonSerializer.Serialize(e, RecordJson.Options);
        Assert.Equal(text, JsonSerializer.Serialize(JsonSerializer.Deserialize<PeerEvent>(text, RecordJson.Options), RecordJson.Options));
        EveryFieldCounts(type, static o => JsonSerializer.Serialize((PeerEvent)o, RecordJson.Options));
    }

    [Theory]
    [MemberData(nameof(Actions))]
    public void Every_action_is_written_with_all_its_fields(Type type) =>
        EveryFieldCounts(type, static o => JsonSerializer.Serialize((PeerAction)o, RecordJson.Options));

    [Fact]
    public void A_recorded_session_replays_with_the_same_decisions()
    {
        Record(Session());
        var steps = Replay(File.ReadAllText(Path));
        Assert.Equal(Session().Length, steps.Count);
        Assert.All(steps, static s => Assert.Null(s.Difference));
        Assert.Contains(steps, static s => s.Actions.Any(static a => a.Contains("SessionUp", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_first_line_that_is_decided_differently_is_told()
    {
        Record(Session());
        var text = File.ReadAllText(Path);
        var step = Replay(text.Replace("\"holdTime\":\"00:00:09\"", "\"holdTime\":\"00:00:30\"", StringComparison.Ordinal))[^1];
        Assert.Equal(3, step.Line);
        Assert.Contains("action 2 is", step.Difference, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_decodes_differently_is_told()
    {
        Record(Session());
        var text = File.ReadAllText(Path).Replace("EVPN 1 announced", "EVPN 2 announced", StringComparison.Ordinal);
        Assert.Contains("decodes to", Replay(text)[^1].Difference, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("{", "line 1")]
    [InlineData("null", "line 1")]
    [InlineData("{\"at\":\"2026-01-01T00:00:00+00:00\"}", "line 1")]
    [InlineData("{\"at\":\"2026-01-01T00:00:00+00:00\",\"event\":{\"is\":\"ManualStart\"},\"actions\":[]}", "line 1")]
    [InlineData("{\"at\":\"2026-01-01T00:00:00+00:00\",\"event\":{\"is\":\"NoSuchThing\"},\"actions\":[]}", "line 1")]
    public void A_broken_recording_is_an_answer_not_an_exception(string text, string? expected)
    {
        var steps = Replay(text);
        Assert.Equal(expected, steps is [.., { Difference: not null } last] ? $"line {last.Line}" : null);
    }

    [Fact]
    public void Mutated_recordings_never_throw()
    {
        Record(Session());
        var text = File.ReadAllText(Path);
        Prop.ForAll(Gen.Choose(0, text.Length - 1).ToArbitrary(), Gen.Elements("\"", "{", "0", "}", "", "\n", "ff", "null,").ToArbitrary(), (at, with) =>
        {
            Replay(text[..at] + with + text[(at + 1)..]);
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1500));
    }

    [Fact]
    public void Files_are_bounded_and_each_replays_alone()
    {
        using (var recorder = new SessionRecorder(new() { Path = Path, MaxFileOctets = 20_000, OlderFiles = 2 }))
        {
            var state = PeerState.Initial;
            for (var n = 0; n < 60; n++)
            {
                state = RecordWith(recorder, Session(state.NextConnection), state: state);
            }

            Assert.Null(recorder.Failure);
        }

        var files = Directory.GetFiles(_directory).Order().ToList();
        Assert.Equal([Path, Path + ".1", Path + ".2"], files);
        Assert.All(files, static f => Assert.InRange(new FileInfo(f).Length, 1, 40_000));
        Assert.All(files, static f => Assert.All(Replay(File.ReadAllText(f)), static s => Assert.Null(s.Difference)));
        Assert.Contains(files, static f => File.ReadLines(f).First().Contains("Established", StringComparison.Ordinal));
    }

    /// <summary>A file may begin anywhere in a session: the state at its beginning must say everything.</summary>
    [Fact]
    public void A_state_that_comes_back_decides_the_same() => Prop.ForAll(
        (from type in Gen.Elements(Cases(typeof(PeerEvent)).ToArray())
         from variant in Gen.Choose(1, 2)
         select (PeerEvent)Make(type, variant)).ArrayOf().ToArbitrary(),
        Gen.Choose(0, Session().Length).ToArbitrary(),
        (events, prefix) =>
        {
            var config = Samples.Config with { GracefulRestart = TimeSpan.FromSeconds(60), AddPathReceive = [AddressFamily.L2VpnEvpn] };
            var state = PeerState.Initial;
            foreach (var e in Session().Take(prefix).Select(static s => s.Event).Concat(events))
            {
                var copy = JsonSerializer.Deserialize<PeerState>(JsonSerializer.Serialize(state, RecordJson.Options), RecordJson.Options)!;
                var (next, actions) = PeerFsm.Step(state, e, config);
                var (nextOfCopy, actionsOfCopy) = PeerFsm.Step(copy, e, config);
                Assert.Equal(Text(actions), Text(actionsOfCopy));
                Assert.Equal(Text(next), Text(nextOfCopy));
                state = next;
            }

            return true;

            static string Text<T>(T value) => JsonSerializer.Serialize(value, RecordJson.Options);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(30));

    [Fact]
    public void A_disk_that_fails_ends_the_recording_and_nothing_else()
    {
        using var recorder = new SessionRecorder(new() { Path = System.IO.Path.Combine(_directory, "missing", "peer.jsonl") });
        RecordWith(recorder, Session());
        Assert.NotNull(recorder.Failure);
    }

    [Fact]
    public void A_changed_configuration_begins_anew_in_the_same_file()
    {
        using (var recorder = new SessionRecorder(new() { Path = Path }))
        {
            var state = RecordWith(recorder, Session());
            RecordWith(recorder, [(new PeerEvent.ManualStop(NotificationMessage.Cease(2)), ""), (new PeerEvent.ManualStart(), "")], Samples.Config with { RemoteAsn = null, GracefulRestart = TimeSpan.FromSeconds(60) }, state);
        }

        var steps = Replay(File.ReadAllText(Path));
        Assert.Equal(Session().Length + 2, steps.Count);
        Assert.All(steps, static s => Assert.Null(s.Difference));
    }

    private static ImmutableArray<(PeerEvent Event, string Message)> Session(int connection = 1)
    {
        var open = Convert.FromHexString(Samples.Frr.Open);
        Assert.True(OpenMessage.TryDecode(open.AsSpan(BgpFrame.HeaderLength), out var message, out _));
        return
        [
            (new PeerEvent.ManualStart(), ""),
            (new PeerEvent.TcpCrAcked(connection), ""),
            (new PeerEvent.BgpOpen(connection, message), Samples.Frr.Open),
            (new PeerEvent.KeepAliveMsg(connection), Samples.Frr.Keepalive),
            (new PeerEvent.UpdateMsg(connection), Samples.Frr.MacIp),
            (new PeerEvent.UpdateMsg(connection), Samples.Frr.Prefix),
            (new PeerEvent.KeepaliveTimerExpires(), ""),
            (new PeerEvent.NotifMsg(connection, new(4, 0)), Samples.Frr.Notification),
            (new PeerEvent.ManualStop(NotificationMessage.Cease(2, "bye")), ""),
        ];
    }

    private void Record(ImmutableArray<(PeerEvent, string)> events)
    {
        using var recorder = new SessionRecorder(new() { Path = Path });
        RecordWith(recorder, events);
    }

    private static PeerState RecordWith(
        SessionRecorder recorder, ImmutableArray<(PeerEvent Event, string Message)> events, PeerFsmConfig? config = null, PeerState? state = null)
    {
        config ??= Samples.Config;
        state ??= PeerState.Initial;
        foreach (var (e, message) in events)
        {
            var (next, actions) = PeerFsm.Step(state, e, config);
            recorder.Record(DateTimeOffset.UnixEpoch, config, state, e, Convert.FromHexString(message), actions);
            state = next;
        }

        return state;
    }

    private static List<ReplayStep> Replay(string text) => [.. SessionReplay.Run(new StringReader(text))];

    private static IEnumerable<Type> Cases(Type type) => type.GetNestedTypes().Where(t => t.IsSubclassOf(type));

    /// <summary>A change of any one field changes the text.</summary>
    private static void EveryFieldCounts(Type type, Func<object, string> text)
    {
        var constructor = type.GetConstructors().Single();
        for (var n = 0; n < constructor.GetParameters().Length; n++)
        {
            Assert.NotEqual(text(Make(type, 1)), text(Make(type, 1, changed: n)));
        }
    }

    private static object Make(Type type, int variant, int changed = -1)
    {
        var constructor = type.GetConstructors().Single();
        return constructor.Invoke([.. constructor.GetParameters().Select((p, n) => Value(p, n == changed ? variant + 1 : variant))]);
    }

    private static object Value(ParameterInfo parameter, int variant) => parameter.ParameterType switch
    {
        var t when t == typeof(int) => variant,
        var t when t == typeof(bool) => variant % 2 == 0,
        var t when t == typeof(string) => $"text {variant}",
        var t when t == typeof(TimeSpan) => TimeSpan.FromSeconds(variant),
        var t when t == typeof(AddressFamily) => Family(variant),
        var t when t == typeof(ImmutableArray<AddressFamily>) => ImmutableArray.Create(Family(variant)),
        var t when t == typeof(NotificationMessage) => new NotificationMessage(6, (byte)variant, new Octets([1, (byte)variant])),
        var t when t == typeof(OpenMessage) => Samples.PeerOpen(holdTime: (ushort)(variant + 8)),
        var t when t == typeof(NegotiatedSession) => new NegotiatedSession(Samples.PeerOpen(), TimeSpan.FromSeconds(variant), Samples.External),
        { IsEnum: true } t => Enum.GetValues(t).GetValue(variant - 1)!,
        var t => throw new NotSupportedException($"say here how to make a {t}, and see that it is recorded"),
    };

    private static AddressFamily Family(int variant) => variant == 1 ? AddressFamily.L2VpnEvpn : AddressFamily.Ipv6Unicast;
}
