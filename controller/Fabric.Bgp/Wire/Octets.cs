namespace Fabric.Bgp.Wire;

/// <summary>Octets kept as they came, compared by content.</summary>
public readonly struct Octets : IEquatable<Octets>, IComparable<Octets>
{
    private readonly byte[]? _bytes;

    /// <summary>Copies the octets.</summary>
    public Octets(ReadOnlySpan<byte> bytes) => _bytes = bytes.IsEmpty ? null : bytes.ToArray();

    /// <summary>How many there are.</summary>
    public int Length => _bytes?.Length ?? 0;

    /// <summary>The octets.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    public static bool operator ==(Octets left, Octets right) => left.Equals(right);

    public static bool operator !=(Octets left, Octets right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(Octets other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Octets other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public int CompareTo(Octets other) => Span.SequenceCompareTo(other.Span);

    /// <summary>Lower-case hex.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);
}
