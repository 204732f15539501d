using System.Text;

namespace Fabric.Bgp.Speaker;

/// <summary>A key for TCP-MD5 signatures (RFC 2385). Compared by content; its text never shows.</summary>
public sealed class TcpMd5Key : IEquatable<TcpMd5Key>
{
    /// <summary>Longest key the kernel takes, in octets.</summary>
    public const int MaxLength = 80;

    private readonly byte[] _key;

    /// <summary>Makes a key of its text.</summary>
    /// <exception cref="ArgumentException">Empty or longer than <see cref="MaxLength"/> octets in UTF-8.</exception>
    public TcpMd5Key(string text)
    {
        _key = Encoding.UTF8.GetBytes(text);
        if (_key.Length is 0 or > MaxLength)
        {
            throw new ArgumentException($"a TCP-MD5 key has 1 to {MaxLength} octets", nameof(text));
        }
    }

    /// <summary>The octets, for the kernel.</summary>
    internal ReadOnlySpan<byte> Octets => _key;

    /// <inheritdoc/>
    public bool Equals(TcpMd5Key? other) => other is not null && _key.AsSpan().SequenceEqual(other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TcpMd5Key);

    /// <inheritdoc/>
    public override int GetHashCode() => _key.Length;

    /// <inheritdoc/>
    public override string ToString() => "(secret)";
}
