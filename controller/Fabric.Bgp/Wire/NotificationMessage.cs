using System.Text;

namespace Fabric.Bgp.Wire;

/// <summary>A NOTIFICATION: why a session ends.</summary>
/// <remarks>RFC 4271 sections 4.5 and 6, RFC 4486, RFC 6608, RFC 9003.
/// <code>
/// | code 1 | subcode 1 | data ... |
/// </code></remarks>
/// <param name="Code">Error code.</param>
/// <param name="Subcode">Error subcode, 0 when unspecific.</param>
/// <param name="Data">Data that shows the error.</param>
public sealed record NotificationMessage(byte Code, byte Subcode, Octets Data = default)
{
    /// <summary>Reads the body, without the header.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> body, out NotificationMessage message)
    {
        var reader = new WireReader(body);
        message = new NotificationMessage(reader.U8(), reader.U8(), new Octets(reader.TakeRest()));
        return body.Length >= 2;
    }

    /// <summary>Cease with a subcode and, for shutdown and reset, a text for the operator (RFC 9003, cut to 255 octets).</summary>
    public static NotificationMessage Cease(byte subcode, string? text = null)
    {
        if (string.IsNullOrEmpty(text) || subcode is not (BgpError.AdministrativeShutdown or BgpError.AdministrativeReset))
        {
            return new(BgpError.Cease, subcode);
        }

        var utf8 = Encoding.UTF8.GetBytes(text);
        var length = Math.Min(utf8.Length, 255);
        while (length < utf8.Length && (utf8[length] & 0xc0) == 0x80)
        {
            length--;
        }

        return new(BgpError.Cease, subcode, new Octets([(byte)length, .. utf8.AsSpan(0, length)]));
    }

    /// <summary>The text of an administrative shutdown or reset, if there is one that can be read.</summary>
    public string? ShutdownText =>
        Code == BgpError.Cease
        && Subcode is BgpError.AdministrativeShutdown or BgpError.AdministrativeReset
        && Data.Length > 1
        && Data.Span[0] is var length and > 0
        && Data.Length > length
            ? new string([.. Encoding.UTF8.GetString(Data.Span.Slice(1, length)).Where(static c => !char.IsControl(c))])
            : null;

    /// <summary>The names of code and subcode, and the operator's text.</summary>
    public override string ToString() => BgpError.Name(Code, Subcode) + (ShutdownText is { } text ? $" \"{text}\"" : "");
}
