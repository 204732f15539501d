using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>Tokens of the extension: random, so that a plain hash of one tells nothing.</summary>
public static class ExtensionToken
{
    /// <summary>Use of a token that CloudStack's extension carries.</summary>
    public const string Extension = "extension";

    /// <summary>Use of a token by which hypervisors ask for what their guests are served.</summary>
    public const string Guests = "guests";

    private const string Prefix = "fcb_";
    private const int Octets = 32;

    /// <summary>A new token.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Octets));

    /// <summary>What is kept of a token.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>Why a name is none for an installation of CloudStack; null: it is one.</summary>
    public static string? Fault(string name) => name.Length is > 0 and <= 32 && name.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')
        ? null
        : "a name has 1 to 32 lower-case letters, digits and dashes";

    /// <summary>The token of an <c>Authorization</c> header; null: it has none.</summary>
    public static string? Of(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.Length is > 7 and <= 256 && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }
}
