using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Tests.Wire;

public sealed class FramingTests
{
    [Theory]
    [InlineData("fffffffffffffffffffffffffffffffe001304", BgpError.NotSynchronized)]
    [InlineData("00", BgpError.NotSynchronized)]
    [InlineData("ffffffffffffffffffffffffffffffff001204", BgpError.BadLength)]
    [InlineData("ffffffffffffffffffffffffffffffff001404", BgpError.BadLength)]
    [InlineData("ffffffffffffffffffffffffffffffff001c01", BgpError.BadLength)]
    [InlineData("ffffffffffffffffffffffffffffffff001602", BgpError.BadLength)]
    [InlineData("ffffffffffffffffffffffffffffffff001403", BgpError.BadLength)]
    [InlineData("ffffffffffffffffffffffffffffffff100102", BgpError.BadLength)]
    [InlineData("ffffffffffffffffffffffffffffffff001300", BgpError.BadType)]
    [InlineData("ffffffffffffffffffffffffffffffff001306", BgpError.BadType)]
    public void Bad_header_is_refused_before_the_body_arrives(string hex, byte subcode)
    {
        Assert.Equal(FrameStatus.Bad, BgpFrame.Read(Samples.Hex(hex), BgpFrame.MaxLength, out _, out _, out var error));
        Assert.Equal((BgpError.Header, subcode), (error!.Code, error.Subcode));
    }

    [Fact]
    public void Longer_messages_pass_only_where_they_are_negotiated()
    {
        var header = Samples.Hex("ffffffffffffffffffffffffffffffff100102");
        Assert.Equal(FrameStatus.Incomplete, BgpFrame.Read(header, BgpFrame.MaxExtendedLength, out _, out var length, out _));
        Assert.Equal(4097, length);
        var open = Samples.Hex("ffffffffffffffffffffffffffffffff100101");
        Assert.Equal(FrameStatus.Bad, BgpFrame.Read(open, BgpFrame.MaxExtendedLength, out _, out _, out _));
    }

    [Fact]
    public void Every_cut_of_a_message_waits_for_more()
    {
        foreach (var hex in Samples.FrrMessages)
        {
            var bytes = Samples.Hex(hex);
            for (var cut = 0; cut < bytes.Length; cut++)
            {
                Assert.Equal(FrameStatus.Incomplete, BgpFrame.Read(bytes.AsSpan(0, cut), BgpFrame.MaxLength, out _, out _, out _));
            }

            Assert.Equal(FrameStatus.Complete, BgpFrame.Read(bytes, BgpFrame.MaxLength, out _, out _, out _));
        }
    }

    [Fact]
    public void Every_cut_body_is_rejected()
    {
        foreach (var hex in Samples.FrrMessages)
        {
            var bytes = Samples.Hex(hex);
            var body = bytes.AsSpan(BgpFrame.HeaderLength);
            for (var cut = 0; cut < body.Length; cut++)
            {
                var rejected = (BgpMessageType)bytes[18] switch
                {
                    BgpMessageType.Open => !OpenMessage.TryDecode(body[..cut], out _, out _),
                    BgpMessageType.Notification => !NotificationMessage.TryDecode(body[..cut], out _),
                    BgpMessageType.Update => UpdateMessage.Decode(body[..cut], Samples.External).Action == ErrorAction.ResetSession,
                    _ => true,
                };
                Assert.True(rejected, $"cut at {cut} of {hex}");
            }
        }
    }

    /// <summary>The message is whole by its outer lengths but its attribute field is cut: what it announces is at least withdrawn.</summary>
    [Fact]
    public void Every_cut_attribute_field_is_weighed()
    {
        foreach (var hex in new[] { Samples.Frr.MacIp, Samples.Frr.Multicast, Samples.Frr.Prefix })
        {
            var body = Samples.Hex(hex).AsSpan(BgpFrame.HeaderLength).ToArray();
            for (var cut = 5; cut < body.Length; cut++)
            {
                var part = body[..cut];
                part[2] = (byte)((cut - 4) >> 8);
                part[3] = (byte)(cut - 4);
                var update = UpdateMessage.Decode(part, Samples.External);

                // A cut between two optional attributes leaves a message that is good by itself.
                Assert.True(update.Action >= ErrorAction.TreatAsWithdraw || update.Problems.IsEmpty, $"cut at {cut}: {update.Action}");
                Assert.True(update.Problems.IsEmpty || update.Action != ErrorAction.None);
            }
        }
    }
}
