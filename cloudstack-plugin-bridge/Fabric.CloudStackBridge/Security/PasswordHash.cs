using System.Globalization;
using System.Security.Cryptography;

namespace Fabric.CloudStackBridge.Security;

/// <summary>Password hashes: PBKDF2 (RFC 8018) with HMAC-SHA-512, written <c>pbkdf2-sha512$iterations$salt$hash</c>.</summary>
public static class PasswordHash
{
    /// <summary>The shortest password that can be set.</summary>
    public const int Shortest = 8;

    /// <summary>The longest password that is looked at.</summary>
    public const int Longest = 1024;

    private const string Scheme = "pbkdf2-sha512";
    private const int Iterations = 210_000;
    private const int SaltLength = 16;
    private const int HashLength = 32;

    /// <summary>The hash of a password, with a salt of its own.</summary>
    public static string Create(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA512, HashLength);
        return $"{Scheme}${Iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}";
    }

    /// <summary>Whether a password is the one of a hash; with a null hash the same work is done in vain.</summary>
    public static bool Verify(string? hash, string password)
    {
        var parts = (hash ?? "").Split('$');
        var known = parts.Length == 4 && parts[0] == Scheme;
        var iterations = known ? int.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture) : Iterations;
        var salt = known ? Convert.FromBase64String(parts[2]) : new byte[SaltLength];
        var expected = known ? Convert.FromBase64String(parts[3]) : new byte[HashLength];
        var actual = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, expected.Length);
        return CryptographicOperations.FixedTimeEquals(actual, expected) && known;
    }
}
