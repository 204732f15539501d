using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Evpn;

/// <summary>An EVPN route of a type that is carried but not decoded: type and value as they came, so that nothing is lost.</summary>
/// <param name="Type">Route type octet.</param>
/// <param name="Value">The value behind type and length.</param>
public readonly record struct OpaqueRoute(byte Type, Octets Value) : IEvpnRoute<OpaqueRoute, OpaqueRoute>
{
    /// <inheritdoc/>
    public OpaqueRoute Key => this;

    /// <inheritdoc/>
    public byte RouteType => Type;

    /// <inheritdoc/>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, out OpaqueRoute route, [NotNullWhen(false)] out string? error)
    {
        route = new(type, new Octets(value));
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public void Encode(ref WireWriter writer) => writer.Bytes(Value.Span);

    /// <summary>Type and value as hex. (A record would print its properties, and the key is the route itself.)</summary>
    public override string ToString() => $"type {Type} {Value}";
}
