using System.Buffers;
using System.Text;
using System.Text.Json;
using Fabric.Bgp.Display;
using Fabric.Bgp.Fuzz;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Tests.Display;

public sealed class BgpJsonTests
{
    private static readonly DecodeContext WithPaths = DecodeContext.Unknown with { AddPath = DecodeContext.KnownFamilies };

    [Fact]
    public void Every_message_of_the_corpus_is_shown_like_this()
    {
        var text = new StringBuilder();
        foreach (var file in Corpus.Files)
        {
            text.Append("# ").Append(file).Append('\n');
            foreach (var message in Corpus.Read(file))
            {
                var json = Show(message, ContextOf(file), out var wellFormed);
                Assert.Equal(wellFormed, !json.Contains("\"error_class\"", StringComparison.Ordinal));
                text.Append(json).Append('\n');
            }
        }

        Golden.Check("decoded-messages.txt", text.ToString());
    }

    [Fact]
    public void Only_the_malformed_messages_of_the_corpus_have_errors() => Assert.All(
        Corpus.Files.Where(static f => f != "update-malformed"),
        static file => Assert.All(
            Corpus.Read(file),
            message =>
            {
                Show(message, ContextOf(file), out var wellFormed);
                Assert.True(wellFormed, $"{file}: {Convert.ToHexStringLower(message)}");
            }));

    [Fact]
    public void Every_cut_of_a_message_is_malformed()
    {
        foreach (var message in Corpus.Messages)
        {
            for (var length = 0; length < message.Length; length++)
            {
                var json = Show(message.AsSpan(0, length), DecodeContext.Unknown, out var wellFormed);
                Assert.False(wellFormed, json);
                using var document = JsonDocument.Parse(json);
                Assert.Equal("session-reset", document.RootElement.GetProperty("error_class").GetString());
            }
        }
    }

    [Fact]
    public void Every_cut_whose_lengths_fit_again_is_rejected_or_means_less()
    {
        // Cut behind the header and with the header's length made to fit: what is left is shown, or refused, and never throws.
        foreach (var message in Corpus.Messages.Where(static m => m.Length > BgpFrame.HeaderLength))
        {
            var whole = Show(message, DecodeContext.Unknown, out _);
            for (var length = BgpFrame.HeaderLength; length < message.Length; length++)
            {
                var cut = message[..length];
                (cut[16], cut[17]) = ((byte)(length >> 8), (byte)length);
                Assert.NotEqual(whole, Show(cut, DecodeContext.Unknown, out _));
            }
        }
    }

    [Fact]
    public void Two_opens_tell_what_holds_from_one_to_the_other()
    {
        var (sender, receiver) = (
            Open(65001, "0104 00190046 0104 00010001 4104 0000fde9 4508 00194602 00010103"),
            Open(65001, "0104 00190046 0600 4104 0000fde9 4508 00194601 00010102"));
        var there = DecodeContext.Between(sender, receiver);
        Assert.True(there.FourOctetAs && there.IsInternal && there.ExtendedMessage);
        Assert.Equal([AddressFamily.L2VpnEvpn], there.Families!.Value);
        Assert.Equal([AddressFamily.L2VpnEvpn], there.AddPath);
        var back = DecodeContext.Between(receiver, sender);
        Assert.False(back.ExtendedMessage);
        Assert.Equal([AddressFamily.Ipv4Unicast], back.AddPath);
        Assert.False(DecodeContext.Between(sender, Open(65002, "0104 00190046")).FourOctetAs);
        Assert.False(DecodeContext.Between(sender, Open(65002, "0104 00190046")).IsInternal);
    }

    [Fact]
    public void A_family_that_was_not_negotiated_is_an_error_once_that_is_known()
    {
        var message = Corpus.Read("update-rt-membership").First();
        Show(message, DecodeContext.Unknown with { Families = [AddressFamily.L2VpnEvpn] }, out var wellFormed);
        Assert.False(wellFormed);
    }

    private static DecodeContext ContextOf(string file) => file switch
    {
        "update-add-path" => WithPaths,
        "update-as2" => DecodeContext.Unknown with { FourOctetAs = false },
        _ => DecodeContext.Unknown,
    };

    private static OpenMessage Open(ushort asn, string capabilities)
    {
        var octets = Samples.Hex(capabilities);
        byte[] body = [4, (byte)(asn >> 8), (byte)asn, 0, 90, 10, 0, 0, 1, (byte)(octets.Length + 2), 2, (byte)octets.Length, .. octets];
        Assert.True(OpenMessage.TryDecode(body, out var open, out _));
        return open;
    }

    private static string Show(ReadOnlySpan<byte> message, DecodeContext context, out bool wellFormed)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        wellFormed = BgpJson.WriteFields(json, message, context);
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
