using System.Buffers.Binary;
using Fabric.Bgp.Evpn;

namespace Fabric.Bgp.Wire;

/// <summary>Walks an NLRI field route by route and says of each whether it is well-formed.</summary>
/// <remarks>A broken row loses the place; a broken value of an EVPN route costs one route (RFC 7606 sections 5.3 and 5.4).</remarks>
internal ref struct NlriWalker(AddressFamily family, ReadOnlySpan<byte> field, bool addPath)
{
    private ReadOnlySpan<byte> _rest = field;

    /// <summary>Whether the row of lengths does not fit the field.</summary>
    public bool Broken { get; private set; }

    /// <summary>Octets before the present route, its path identifier included.</summary>
    public readonly int RestLength => _rest.Length;

    /// <summary>Whether routes of a family can be told apart.</summary>
    public static bool Knows(AddressFamily family) =>
        family == AddressFamily.L2VpnEvpn || family == AddressFamily.Ipv4Unicast || family == AddressFamily.Ipv6Unicast
        || family == AddressFamily.RouteTargetMembership;

    /// <summary>Goes to the next route; false at the end, also where the row is broken.</summary>
    /// <param name="route">The route without its path identifier.</param>
    /// <param name="pathId">The identifier, 0 without.</param>
    /// <param name="fault">What is wrong with the route, null when nothing is.</param>
    public bool Next(out ReadOnlySpan<byte> route, out uint pathId, out string? fault)
    {
        route = default;
        pathId = 0;
        fault = null;
        if (_rest.IsEmpty || Broken)
        {
            return false;
        }

        if (addPath)
        {
            if (_rest.Length < 4)
            {
                Broken = true;
                return false;
            }

            pathId = BinaryPrimitives.ReadUInt32BigEndian(_rest);
            _rest = _rest[4..];
        }

        var header = family == AddressFamily.L2VpnEvpn ? 2 : 1;
        if (_rest.Length < header)
        {
            Broken = true;
            return false;
        }

        var length = header + (header == 2 ? _rest[1] : (_rest[0] + 7) / 8);
        if (length > _rest.Length)
        {
            Broken = true;
            return false;
        }

        if (header == 1 && !FitsFamily(_rest[0]))
        {
            Broken = true;
            return false;
        }

        route = _rest[..length];
        _rest = _rest[length..];
        fault = header == 2 ? EvpnNlri.FaultOf(route[0], route[2..]) : null;
        return true;
    }

    /// <summary>A prefix length that cannot be makes the whole field incorrect (RFC 7606 section 5.3), unlike a route with a type.</summary>
    private readonly bool FitsFamily(int bits)
    {
        if (family == AddressFamily.RouteTargetMembership)
        {
            return bits is 0 or (>= 32 and <= 96);
        }

        return bits <= (family == AddressFamily.Ipv4Unicast ? 32 : 128);
    }
}
