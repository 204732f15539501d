using System.Text;

namespace Fabric.Bgp.Wire;

/// <summary>A NOTIFICATION: why a session ends.</summary>
/// <remarks>RFC 4271 sections 4.5 and 6, RFC 4486, RFC 6608, RFC 8538, RFC 9003, RFC 9687.
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

    /// <summary>Cease/Maximum Number of Prefixes Reached with the family and the limit (RFC 4486 section 4).</summary>
    public static NotificationMessage MaximumPrefixes(AddressFamily family, int limit) =>
        new(
            BgpError.Cease,
            BgpError.MaximumPrefixes,
            new Octets([(byte)(family.Afi >> 8), (byte)family.Afi, family.Safi, (byte)(limit >> 24), (byte)(limit >> 16), (byte)(limit >> 8), (byte)limit]));

    /// <summary>Cease/Hard Reset around the real reason: the receiver keeps no routes for a graceful restart (RFC 8538 section 3).</summary>
    public static NotificationMessage HardReset(NotificationMessage reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return new(BgpError.Cease, BgpError.HardReset, new Octets([reason.Code, reason.Subcode, .. reason.Data.Span]));
    }

    /// <summary>Whether this is Cease/Hard Reset.</summary>
    public bool IsHardReset => Code == BgpError.Cease && Subcode == BgpError.HardReset;

    /// <summary>The real reason inside a hard reset; null for others and when there is none.</summary>
    public NotificationMessage? Inner => IsHardReset && TryDecode(Data.Span, out var inner) ? inner : null;

    /// <summary>The text of an administrative shutdown or reset, also inside a hard reset, if there is one that can be read.</summary>
    public string? ShutdownText =>
        Inner is { IsHardReset: false } inner ? inner.ShutdownText
        : Code == BgpError.Cease
            && Subcode is BgpError.AdministrativeShutdown or BgpError.AdministrativeReset
            && Data.Length > 1
            && Data.Span[0] is var length and > 0
            && Data.Length > length
            ? OctetText.Printable(Data.Span.Slice(1, length))
            : null;

    /// <summary>The names of code and subcode, of the reason inside a hard reset, and the operator's text.</summary>
    public override string ToString() =>
        BgpError.Name(Code, Subcode)
        + (Inner is { } inner ? $": {BgpError.Name(inner.Code, inner.Subcode)}" : "")
        + (ShutdownText is { } text ? $" \"{text}\"" : "");
}
