using System.Text.Json.Nodes;
using Fabric.Bgp.Speaker;
using Fabric.Controller.RouteReflector;
using Fabric.Hosting;
using Fabric.Primitives;

namespace Fabric.Controller.Tests.RouteReflector;

/// <summary>Lines of the log.</summary>
public sealed class EventLogTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 25, 13, 4, 5, 678, TimeSpan.FromHours(1));

    [Fact]
    public void An_event_is_one_line_of_json_with_time_in_utc()
    {
        var line = Assert.Single(Lines(LogFormat.Json, new BgpEvent(At, IpAddr.Parse("fd00::1"), BgpEventKind.SessionDown, "said \"bye\"\nand left")));
        var json = JsonNode.Parse(line)!.AsObject();
        Assert.Equal(["time", "level", "event", "peer", "text"], json.Select(m => m.Key));
        Assert.Equal("2026-11-25T12:04:05.678Z", (string?)json["time"]);
        Assert.Equal("warning", (string?)json["level"]);
        Assert.Equal("session-down", (string?)json["event"]);
        Assert.Equal("fd00::1", (string?)json["peer"]);
        Assert.Equal("said \"bye\"\nand left", (string?)json["text"]);
    }

    [Fact]
    public void Text_lines_stay_one_line_too() => Assert.Equal(
        "2026-11-25T12:04:05.678Z info session-up 10.0.0.1 a?b",
        Assert.Single(Lines(LogFormat.Text, new BgpEvent(At, IpAddr.Parse("10.0.0.1"), BgpEventKind.SessionUp, "a\nb"))));

    [Fact]
    public void A_problem_that_comes_again_and_again_is_written_once()
    {
        var down = new BgpEvent(At, IpAddr.Parse("10.0.0.1"), BgpEventKind.Problem, "refused");
        Assert.Equal(3, Lines(LogFormat.Json, down, down, down with { Text = "timed out" }, down, down).Length);
        Assert.Equal(2, Lines(LogFormat.Json, down, down with { Peer = IpAddr.Parse("10.0.0.2") }).Length);
    }

    private static string[] Lines(LogFormat format, params ReadOnlySpan<BgpEvent> events)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var log = new EventLog(writer, format, TimeProvider.System);
        foreach (var e in events)
        {
            log.Write(e);
        }

        return writer.ToString().TrimEnd('\n').Split('\n');
    }
}
