using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fabric.Controller.Security;

/// <summary>The secret part of an API token: 32 random octets in base64url with a prefix that scanners for leaked secrets can find.</summary>
public static class TokenSecret
{
    /// <summary>What every token begins with.</summary>
    public const string Prefix = "fab_";

    /// <summary>Length of a token's text.</summary>
    public const int Length = 47;

    /// <summary>A new secret.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What the store keeps of it. The secret has 256 random bits, so a plain hash is enough.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
