using System.Text.Json;
using Fabric.Bgp.Fuzz;
using Fabric.Ctl.Tests.Support;

namespace Fabric.Ctl.Tests;

/// <summary><c>fabricctl bgp decode</c>: from standard input to lines of JSON and the exit code. No server is there.</summary>
public sealed class BgpDecodeTests : IDisposable
{
    private const string Keepalive = "ffffffffffffffffffffffffffffffff001304";
    private const string Marker = "ffffffffffffffffffffffffffffffff";

    private static readonly byte[] OpenOfClient = Open(65001, "0104 00190046 4104 0000fde9 4504 00194602");
    private static readonly byte[] OpenOfListener = Open(65001, "0104 00190046 0600 4104 0000fde9 4504 00194601");
    private static readonly byte[] WithPathIds = Corpus.Read("update-add-path").First();

    private readonly CtlRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(Keepalive)]
    [InlineData("0x" + Keepalive)]
    [InlineData("0xffffffff 0xffffffff 0xffffffff 0xffffffff 0x0013 0x04")]
    [InlineData("ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:00:13:04")]
    [InlineData("  FFFFFFFFFFFFFFFF\tffffffffffffffff 0013 04   # a comment\r\n\n# only a comment\r\n")]
    public async Task A_line_of_hex_is_a_message(string input)
    {
        var result = await _run.RunWithInputAsync(input, "bgp", "decode");
        Assert.Equal((0, "", "{\"line\":1,\"type\":\"keepalive\",\"length\":19}\n"), (result.ExitCode, result.Error, result.Out));
    }

    [Fact]
    public async Task Lines_are_numbered_as_in_the_input()
    {
        var result = await _run.RunWithInputAsync($"# first\n\n{Keepalive}\n{Keepalive}", "bgp", "decode");
        Assert.Equal([3, 4], Objects(result).Select(static o => o.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task Nothing_is_no_message()
    {
        var result = await _run.RunWithInputAsync("", "bgp", "decode");
        Assert.Equal((0, "", ""), (result.ExitCode, result.Error, result.Out));
    }

    [Theory]
    [InlineData(Keepalive + "\nxyz\n", "error: line 2: column 1 is not a hex digit\n")]
    [InlineData("ff f\n", "error: line 1: an odd number of hex digits\n")]
    [InlineData("0x\u00e4", "error: line 1: column 3 is not a hex digit\n")]
    public async Task What_is_no_hex_ends_the_program_with_one_line(string input, string error)
    {
        var result = await _run.RunWithInputAsync(input, "bgp", "decode");
        Assert.Equal((2, error), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task A_line_without_end_is_refused()
    {
        var result = await _run.RunWithInputAsync(new string('f', 3 * 1024 * 1024), "bgp", "decode");
        Assert.Equal((2, "", "error: line 1 is longer than 1048576 characters\n"), (result.ExitCode, result.Out, result.Error));
    }

    [Theory]
    [InlineData("bgp", "decode", "--port", "-1")]
    [InlineData("bgp", "decode", "--port", "65536")]
    [InlineData("bgp", "decode", "--port", "x")]
    [InlineData("bgp", "decode", "--no-such-option")]
    [InlineData("bgp", "decode", "file")]
    public async Task A_command_line_that_cannot_be_understood_is_exit_code_2(params string[] arguments) =>
        Assert.Equal(2, (await _run.RunWithInputAsync(Keepalive, arguments)).ExitCode);

    [Fact]
    public async Task A_malformed_message_is_shown_with_its_class_and_the_others_too()
    {
        var result = await _run.RunWithInputAsync($"{Corpus.Text("update-malformed")}\n{Keepalive}", "bgp", "decode");
        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        var objects = Objects(result);
        Assert.Equal("keepalive", objects[^1].GetProperty("type").GetString());
        Assert.Equal(
            ["disable-family", "discard-attribute", "session-reset", "treat-as-withdraw"],
            objects.Where(static o => o.TryGetProperty("error_class", out _)).Select(static o => o.GetProperty("error_class").GetString()).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Options_say_what_was_negotiated()
    {
        Assert.Equal(1, (await _run.RunWithInputAsync(Corpus.Text("update-add-path"), "bgp", "decode")).ExitCode);
        var paths = await _run.RunWithInputAsync(Corpus.Text("update-add-path"), "bgp", "decode", "--add-path");
        Assert.Equal(0, paths.ExitCode);
        Assert.Contains("\"path_id\":7", paths.Out, StringComparison.Ordinal);

        Assert.Equal(1, (await _run.RunWithInputAsync(Corpus.Text("update-as2"), "bgp", "decode")).ExitCode);
        Assert.Equal(0, (await _run.RunWithInputAsync(Corpus.Text("update-as2"), "bgp", "decode", "--as2")).ExitCode);

        var value = new byte[5000];
        byte[] extended = [.. Convert.FromHexString(Marker), 0x13, 0xa3, 2, 0, 0, 0x13, 0x8c, 0xd0, 200, 0x13, 0x88, .. value];
        Assert.Equal(extended.Length, (extended[16] << 8) | extended[17]);
        Assert.Equal(1, (await _run.RunWithInputAsync(Convert.ToHexString(extended), "bgp", "decode")).ExitCode);
        Assert.Equal(0, (await _run.RunWithInputAsync(Convert.ToHexString(extended), "bgp", "decode", "--extended")).ExitCode);
    }

    public static TheoryData<int, bool, int> Links => new()
    {
        { 0, false, 0 }, { 0, true, 0 }, { 1, false, 0 }, { 1, true, 1 }, { 1, false, 2 }, { 101, false, 0 }, { 101, true, 0 },
        { 108, false, 0 }, { 113, false, 0 }, { 113, true, 1 }, { 276, false, 0 }, { 276, true, 0 },
    };

    [Theory]
    [MemberData(nameof(Links))]
    public async Task Every_kind_of_capture_is_read(int linkType, bool ipv6, int tags)
    {
        var capture = Session(new CaptureBuilder(linkType) { Ipv6 = ipv6, Tags = tags });
        var first = "";
        foreach (var file in (byte[][])
            [capture.Pcap(), capture.Pcap(bigEndian: true), capture.Pcap(nanoseconds: true), capture.Pcap(true, true), capture.Pcapng(), capture.Pcapng(bigEndian: true)])
        {
            var result = await _run.RunWithInputAsync(file, "bgp", "decode");
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            var objects = Objects(result);
            Assert.Equal(["open", "open", "keepalive", "update"], objects.Select(static o => o.GetProperty("type").GetString()));
            Assert.StartsWith("2023-11-14T22:13:20", objects[0].GetProperty("time").GetString(), StringComparison.Ordinal);
            Assert.Equal((50000, 179), (objects[0].GetProperty("source_port").GetInt32(), objects[0].GetProperty("destination_port").GetInt32()));
            Assert.Equal(ipv6 ? "2001:db8::2" : "10.0.0.2", objects[0].GetProperty("source").GetString());
            var withoutTimes = string.Join('\n', objects.Select(static o => string.Join(',', o.EnumerateObject().Skip(1).Select(static p => p.ToString()))));
            first = first.Length == 0 ? withoutTimes : first;
            Assert.Equal(first, withoutTimes);
        }
    }

    [Fact]
    public async Task What_the_opens_agree_on_counts_from_then_on()
    {
        // The client sends path identifiers and the listener takes them; the other way round there are none.
        var plain = Corpus.Read("update-evpn").First();
        var capture = new CaptureBuilder().Add(false, 0, [], syn: true).Add(true, 0, [], syn: true)
            .Add(false, 1, OpenOfClient).Add(true, 1, OpenOfListener)
            .Add(false, 1 + (uint)OpenOfClient.Length, WithPathIds).Add(true, 1 + (uint)OpenOfListener.Length, plain);
        var result = await _run.RunWithInputAsync(capture.Pcap(), "bgp", "decode");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("path_id", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("error", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_port_is_taken_when_it_is_asked_for()
    {
        var file = Session(new CaptureBuilder { Port = 1790 }).Pcap();
        Assert.Equal("", (await _run.RunWithInputAsync(file, "bgp", "decode")).Out);
        Assert.Equal(4, Objects(await _run.RunWithInputAsync(file, "bgp", "decode", "--port", "1790")).Count);
    }

    [Fact]
    public async Task A_capture_that_ends_in_a_packet_is_shown_as_far_as_it_goes()
    {
        var file = Session(new CaptureBuilder()).Pcap();
        var result = await _run.RunWithInputAsync(file[..^5], "bgp", "decode");
        Assert.Equal((2, "error: the capture cannot be read: it ends in the middle of a packet\n"), (result.ExitCode, result.Error));
        Assert.Equal(["open", "open", "keepalive"], Objects(result).Select(static o => o.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task A_packet_longer_than_any_is_refused_before_it_is_read()
    {
        var file = Session(new CaptureBuilder()).Pcap(bigEndian: true);
        (file[32], file[33]) = (0x7f, 0xff);
        var result = await _run.RunWithInputAsync(file, "bgp", "decode");
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("error: the capture cannot be read: a packet of ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Packets_that_were_not_captured_whole_leave_a_gap_and_no_malformed_message()
    {
        var update = Corpus.Read("update-evpn").First();
        var keepalive = Convert.FromHexString(Keepalive);
        var capture = new CaptureBuilder { Snap = 100 }
            .Add(false, 0, [], syn: true)
            .Add(false, 1, keepalive)
            .Add(false, 20, update)
            .Add(false, 20 + (uint)update.Length, keepalive);
        var result = await _run.RunWithInputAsync(capture.Pcap(), "bgp", "decode");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(["keepalive", "gap", "keepalive"], Objects(result).Select(static o => o.GetProperty("type").GetString()));
        Assert.Equal(update.Length, Objects(result)[1].GetProperty("length").GetInt32());
    }

    private static CaptureBuilder Session(CaptureBuilder capture)
    {
        var update = Corpus.Read("update-evpn").First();
        var afterOpen = 1 + (uint)OpenOfListener.Length;
        return capture.Add(false, 0, [], syn: true).Add(true, 0, [], syn: true)
            .Add(false, 1, OpenOfClient).Add(true, 1, OpenOfListener)
            .Add(true, afterOpen, Convert.FromHexString(Keepalive)).Add(true, afterOpen + 19, update);
    }

    private static byte[] Open(ushort asn, string capabilities)
    {
        var octets = Convert.FromHexString(capabilities.Replace(" ", "", StringComparison.Ordinal));
        return
        [
            .. Convert.FromHexString(Marker), 0, (byte)(31 + octets.Length), 1,
            4, (byte)(asn >> 8), (byte)asn, 0, 90, 10, 0, 0, 1, (byte)(octets.Length + 2), 2, (byte)octets.Length, .. octets,
        ];
    }

    private static List<JsonElement> Objects(CtlResult result) =>
        [.. result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
}
