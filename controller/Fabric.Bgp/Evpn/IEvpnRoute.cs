using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Evpn;

/// <summary>One EVPN route: a key, by which a newer route replaces an older one, and what is not part of it.</summary>
/// <typeparam name="TSelf">The route type itself.</typeparam>
/// <typeparam name="TKey">Its key.</typeparam>
public interface IEvpnRoute<TSelf, TKey>
    where TSelf : struct, IEvpnRoute<TSelf, TKey>
    where TKey : struct, IEquatable<TKey>
{
    /// <summary>The key.</summary>
    TKey Key { get; }

    /// <summary>The route type octet.</summary>
    byte RouteType { get; }

    /// <summary>Reads the value behind type and length; never throws.</summary>
    /// <param name="type">The route type octet.</param>
    /// <param name="value">Exactly the octets the length field declares.</param>
    /// <param name="route">The route.</param>
    /// <param name="error">Why it was refused.</param>
    static abstract bool TryDecode(byte type, ReadOnlySpan<byte> value, out TSelf route, [NotNullWhen(false)] out string? error);

    /// <summary>Writes the value, without type and length.</summary>
    void Encode(ref WireWriter writer);
}
