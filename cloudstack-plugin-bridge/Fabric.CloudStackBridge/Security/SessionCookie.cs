using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fabric.CloudStackBridge.Security;

/// <summary>What a session cookie says.</summary>
/// <param name="Id">The session, 16 random octets in hexadecimal.</param>
/// <param name="Account">Number of the account.</param>
/// <param name="Stamp">The account's stamp at login.</param>
/// <param name="Issued">When the login was.</param>
public readonly record struct SessionTicket(string Id, long Account, long Stamp, DateTimeOffset Issued);

/// <summary>
/// Writes and reads session cookies: <c>s:</c>, the ticket, a dot and an HMAC-SHA-256 of it, all in one value. A bridge with the same key
/// takes them, whichever has made them.
/// </summary>
public sealed class SessionCookie(byte[] key)
{
    /// <summary>The cookie's name.</summary>
    public const string Name = "connect.sid";

    /// <summary>Octets of a key.</summary>
    public const int KeyLength = 32;

    private const string Mark = "s:";
    private const int Longest = 400;

    /// <summary>The cookie's value, ready for a header.</summary>
    public string Write(SessionTicket ticket)
    {
        var text = $"{ticket.Id}.{ticket.Account}.{ticket.Stamp}.{ticket.Issued.ToUnixTimeSeconds()}";
        return Uri.EscapeDataString($"{Mark}{text}.{Sign(text)}");
    }

    /// <summary>What a cookie's value says; null when we have not written it.</summary>
    public SessionTicket? Read(string? value)
    {
        if (value is not { Length: > 0 and <= Longest })
        {
            return null;
        }

        var text = Uri.UnescapeDataString(value);
        var dot = text.LastIndexOf('.');
        if (dot < 0 || !text.StartsWith(Mark, StringComparison.Ordinal))
        {
            return null;
        }

        var (said, signature) = (text[Mark.Length..Math.Max(Mark.Length, dot)], text[(dot + 1)..]);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(said)), Encoding.UTF8.GetBytes(signature)))
        {
            return null;
        }

        // Only we can have signed it, so it has our form.
        var parts = said.Split('.');
        return new SessionTicket(parts[0], Number(parts[1]), Number(parts[2]), DateTimeOffset.FromUnixTimeSeconds(Number(parts[3])));
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private string Sign(string text) => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
}
