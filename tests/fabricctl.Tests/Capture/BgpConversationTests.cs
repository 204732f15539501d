using Fabric.Bgp.Display;
using Fabric.Bgp.Fuzz;
using Fabric.Ctl.Capture;

namespace Fabric.Ctl.Tests.Capture;

public sealed class BgpConversationTests
{
    private static readonly byte[] Update = Corpus.Read("update-evpn").First();
    private static readonly byte[] Keepalive = Corpus.Read("keepalive").First();

    [Fact]
    public void Messages_are_found_however_they_are_cut_into_segments()
    {
        byte[] stream = [.. Update, .. Keepalive, .. Update, .. Keepalive];
        for (var size = 1; size < stream.Length; size++)
        {
            var sink = new Sink();
            var conversation = new BgpConversation(DecodeContext.Unknown, sink);
            conversation.Add(true, null, Segment(0, [], syn: true));
            for (var at = 0; at < stream.Length; at += size)
            {
                conversation.Add(true, null, Segment(1 + at, stream[at..Math.Min(at + size, stream.Length)]));
            }

            conversation.End();
            Assert.Equal([Update, Keepalive, Update, Keepalive], sink.Messages);
            Assert.Empty(sink.Notes);
        }
    }

    [Fact]
    public void A_capture_that_starts_in_the_middle_begins_with_the_next_whole_message()
    {
        byte[] stream = [.. Update, .. Keepalive];
        for (var start = 1; start < Update.Length; start++)
        {
            var sink = new Sink();
            var conversation = new BgpConversation(DecodeContext.Unknown, sink);
            conversation.Add(true, null, Segment(start, stream[start..]));
            conversation.End();
            Assert.Equal([Keepalive], sink.Messages);
        }
    }

    [Fact]
    public void Lost_octets_are_told_once_and_the_next_message_is_found()
    {
        var sink = new Sink();
        var conversation = new BgpConversation(DecodeContext.Unknown, sink);
        conversation.Add(true, null, Segment(0, [], syn: true));
        conversation.Add(true, null, Segment(1, Keepalive));
        conversation.Add(true, null, Segment(1 + Keepalive.Length + Update.Length, [.. Keepalive, .. Update[..30]]));
        conversation.End();
        Assert.Equal([Keepalive, Keepalive], sink.Messages);
        Assert.Equal([$"gap {Update.Length}", "incomplete 30"], sink.Notes);
    }

    [Fact]
    public void What_is_no_message_is_given_once_and_passed_over()
    {
        var sink = new Sink();
        var conversation = new BgpConversation(DecodeContext.Unknown, sink);
        conversation.Add(true, null, Segment(0, [], syn: true));
        byte[] wrong = [.. Keepalive[..18], 99, 1, 2, 3];
        conversation.Add(true, null, Segment(1, [.. wrong, .. Keepalive]));
        conversation.End();
        Assert.Equal([wrong[..19], Keepalive], sink.Messages);
    }

    [Fact]
    public void Many_connections_do_not_take_more_memory_than_some()
    {
        var sink = new Sink();
        var conversations = new BgpConversations(179, DecodeContext.Unknown, sink);
        var capture = new CaptureBuilder(101).Add(false, 1, Update.AsSpan(0, 30).ToArray());
        var file = capture.Pcap();
        var packet = file.AsMemory(40);
        for (var i = 0; i < 20_000; i++)
        {
            file[40 + 20] = (byte)(i >> 8);
            file[40 + 21] = (byte)i;
            conversations.Add(new CapturedFrame(101, null, packet));
        }

        // The oldest ended meanwhile: what they held is told.
        Assert.InRange(sink.Notes.Count, 10_000, 19_000);
        conversations.End();
        Assert.InRange(sink.Notes.Count, 19_900, 20_000);
    }

    private static TcpSegment Segment(int sequence, byte[] payload, bool syn = false) =>
        new(default, 50000, default, 179, (uint)sequence, syn, payload, 0);

    private sealed class Sink : IMessageSink
    {
        public List<byte[]> Messages { get; } = [];

        public List<string> Notes { get; } = [];

        public void Message(in MessageOrigin origin, ReadOnlySpan<byte> message, DecodeContext context) => Messages.Add(message.ToArray());

        public void Gap(in MessageOrigin origin, long octets) => Notes.Add($"gap {octets}");

        public void Incomplete(in MessageOrigin origin, int octets) => Notes.Add($"incomplete {octets}");
    }
}
