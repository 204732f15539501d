using System.Security.Cryptography;
using Fabric.Hosting;

namespace Fabric.CloudStackBridge.Security;

/// <summary>The key that signs sessions, in a file for its owner only; made at first start.</summary>
public static class SessionKey
{
    /// <summary>Reads the key, or makes it.</summary>
    /// <exception cref="IOException">The file is damaged, or cannot be made.</exception>
    public static async Task<byte[]> LoadAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            await PrivateFile.WriteAsync(path, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SessionCookie.KeyLength)) + "\n", cancellationToken);
        }

        try
        {
            var key = Convert.FromHexString((await File.ReadAllTextAsync(path, cancellationToken)).Trim());
            return key.Length == SessionCookie.KeyLength ? key : throw new FormatException();
        }
        catch (FormatException e)
        {
            throw new IOException($"{path} does not hold a key; remove it, and everybody has to log in again", e);
        }
    }
}
