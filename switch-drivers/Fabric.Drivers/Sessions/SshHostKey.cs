using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Fabric.Drivers.Sessions;

/// <summary>A public host key in the form of a <c>.pub</c> file: type and base64, without comment (RFC 4253 section 6.6).</summary>
public sealed record SshHostKey
{
    private const int LongestKey = 8192;

    private SshHostKey(string type, string base64)
    {
        Type = type;
        Base64 = base64;
    }

    /// <summary>Such as <c>ssh-ed25519</c>.</summary>
    public string Type { get; }

    /// <summary>The key itself.</summary>
    public string Base64 { get; }

    /// <summary>Reads the text form; a comment behind the key is dropped.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SshHostKey? key, [NotNullWhen(false)] out string? error)
    {
        key = null;
        error = "a host key is written like \"ssh-ed25519 AAAA…\", the content of the device's /etc/ssh/ssh_host_ed25519_key.pub";
        if (text is null || text.Length > LongestKey || text.Any(char.IsControl))
        {
            return false;
        }

        var words = text.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !words[0].All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '@'))
        {
            return false;
        }

        var blob = new byte[words[1].Length];
        if (!Convert.TryFromBase64String(words[1], blob, out var length) || length < 8)
        {
            return false;
        }

        var nameLength = BinaryPrimitives.ReadUInt32BigEndian(blob);
        if (nameLength > length - 4 || Encoding.ASCII.GetString(blob, 4, (int)nameLength) != words[0])
        {
            error = "the host key's type does not match the key itself";
            return false;
        }

        key = new SshHostKey(words[0], words[1]);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type} {Base64}";
}
