using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Unicast;

/// <summary>A route of IPv4 or IPv6 unicast: a prefix, and the path identifier where add-path is in use.</summary>
/// <remarks>RFC 4271 section 4.3, RFC 4760 section 5, RFC 7911 section 3. Bits behind the prefix length are irrelevant: they are dropped.
/// <code>
/// | path identifier 0/4 | prefix length 1 (0..32, 0..128 bits) | prefix, as few octets as hold it |
/// </code></remarks>
/// <param name="Prefix">The prefix.</param>
/// <param name="PathId">The path identifier; null without add-path.</param>
public readonly record struct UnicastRoute(IpPrefix Prefix, uint? PathId = null)
{
    /// <summary>Reads one route; never throws. After an error the place in the field is lost.</summary>
    /// <param name="reader">The field, at the start of a route.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="addPath">Whether a path identifier stands before each route.</param>
    /// <param name="route">The route.</param>
    /// <param name="error">Why it was refused.</param>
    public static bool TryDecode(ref WireReader reader, IpFamily family, bool addPath, out UnicastRoute route, [NotNullWhen(false)] out string? error)
    {
        route = default;
        uint? pathId = addPath ? reader.U32() : null;
        int bits = reader.U8();
        var width = family == IpFamily.V4 ? 4 : 16;
        if (bits > width * 8)
        {
            reader.Fail($"prefix length {bits} is larger than {width * 8}");
        }

        var octets = reader.Take((bits + 7) / 8);
        error = reader.Error;
        if (error is not null)
        {
            return false;
        }

        Span<byte> address = stackalloc byte[width];
        address.Clear();
        octets.CopyTo(address);
        route = new(IpPrefix.Of(IpAddr.FromBytes(address), bits), pathId);
        return true;
    }

    /// <summary>Writes the route, with its path identifier when it has one.</summary>
    public void Encode(ref WireWriter writer)
    {
        if (PathId is { } pathId)
        {
            writer.U32(pathId);
        }

        Span<byte> address = stackalloc byte[16];
        Prefix.Address.WriteTo(address);
        writer.U8((byte)Prefix.Length);
        writer.Bytes(address[..((Prefix.Length + 7) / 8)]);
    }

    /// <summary>The prefix; with a path identifier "10.0.0.0/8 path 7".</summary>
    public override string ToString() => PathId is { } pathId ? $"{Prefix} path {pathId}" : Prefix.ToString();
}
