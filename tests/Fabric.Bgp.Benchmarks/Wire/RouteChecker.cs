using System.Buffers.Binary;

namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>What one client was told: whether every route has come once, with all its attributes and those that a reflector adds.</summary>
/// <remarks>Cheap enough to run while the clock runs: a message is compared attribute by attribute once, its routes as one block with
/// what the sender has sent; only when the reflector has packed them in another way, one by one. A bit a route finds losses and
/// repetitions.</remarks>
public sealed class RouteChecker
{
    private const uint Required = (1u << 1) | (1u << 2) | (1u << 4) | (1u << 5) | (1u << 9) | (1u << 10) | (1u << 14) | (1u << 16);

    private readonly EncodedRoutes _routes;
    private readonly uint _originator;
    private readonly uint _cluster;
    private readonly HashSet<int>? _wanted;
    private readonly ulong[] _seen;
    private uint _generation;
    private bool _mayLag;
    private int _changed = -1;
    private uint _sequence;

    /// <summary>Expects all routes, or those of some VNIs.</summary>
    /// <param name="routes">What is sent.</param>
    /// <param name="originator">BGP identifier of the sender.</param>
    /// <param name="cluster">Cluster identifier of the reflector.</param>
    /// <param name="wanted">VNIs that the client has asked for; null for all.</param>
    public RouteChecker(EncodedRoutes routes, uint originator, uint cluster, HashSet<int>? wanted = null)
    {
        _routes = routes;
        _originator = originator;
        _cluster = cluster;
        _wanted = wanted;
        _seen = new ulong[(routes.Set.Count + 63) / 64];
        Expected = wanted is null ? routes.Set.Count : Enumerable.Range(0, routes.Set.Count).Count(r => wanted.Contains(routes.Set.Vni(r)));
    }

    /// <summary>How many routes the client is to get.</summary>
    public int Expected { get; }

    /// <summary>How many different routes of this generation have come.</summary>
    public int Arrived { get; private set; }

    /// <summary>Whether all have come.</summary>
    public bool Complete => Arrived == Expected;

    /// <summary>Whether the single change that was announced has come.</summary>
    public bool ChangeArrived { get; private set; }

    /// <summary>UPDATE messages with routes.</summary>
    public long Messages { get; private set; }

    /// <summary>Routes of older generations that came to a client that may lag.</summary>
    public long Stale { get; private set; }

    /// <summary>The first thing that was wrong.</summary>
    public string? Error { get; private set; }

    /// <summary>From now on all routes are to come once more, with the attributes of another generation.</summary>
    /// <param name="generation">The generation that counts.</param>
    /// <param name="mayLag">Older ones may come before it.</param>
    public void Expect(uint generation, bool mayLag)
    {
        _generation = generation;
        _mayLag = mayLag;
        _seen.AsSpan().Clear();
        Arrived = 0;
    }

    /// <summary>From now on one route is to come, moved, and nothing else.</summary>
    public void ExpectChange(int route, uint sequence)
    {
        _changed = route;
        _sequence = sequence;
        ChangeArrived = false;
    }

    /// <summary>Takes the body of an UPDATE.</summary>
    public void Update(ReadOnlySpan<byte> body)
    {
        var error = Check(body);
        Error ??= error;
    }

    private string? Check(ReadOnlySpan<byte> body)
    {
        if (body is [0, 0, 0, 0])
        {
            return null;
        }

        if (body.Length < 4 || BinaryPrimitives.ReadUInt16BigEndian(body) != 0 || BinaryPrimitives.ReadUInt16BigEndian(body[2..]) != body.Length - 4)
        {
            return "an UPDATE with IPv4 routes or with bad lengths";
        }

        uint present = 0;
        uint preference = 0;
        uint nextHop = 0;
        string? wrong = null;
        var membership = false;
        ReadOnlySpan<byte> nlri = default;
        ReadOnlySpan<byte> communities = default;
        ReadOnlySpan<byte> extended = default;
        ReadOnlySpan<byte> value = default;
        for (var rest = body[4..]; !rest.IsEmpty;)
        {
            if (!TryTake(ref rest, out var flags, out var code, out value))
            {
                return "an attribute that is longer than its message";
            }

            if (code > 31 || (present & (1u << code)) != 0)
            {
                return $"attribute {code} that nobody has sent, or twice";
            }

            present |= 1u << code;
            membership |= code is 14 or 15 && value is [0, 1, 132, ..];
            var right = code switch
            {
                1 => flags == 0x40 && value is [0],
                2 => flags == 0x40 && value.IsEmpty,
                4 => flags == 0x80 && value is [0, 0, 0, 0],
                5 => flags == 0x40 && TryU32(value, out preference),
                8 => flags == 0xC0 && Keep(value, out communities),
                9 => flags == 0x80 && TryU32(value, out var originator) && originator == _originator,
                10 => flags == 0x80 && TryU32(value, out var cluster) && cluster == _cluster,
                14 => flags == 0x80 && Reach(value, out nextHop, out nlri),
                15 => flags == 0x80 && value.Length == 3,
                16 => flags == 0xC0 && Keep(value, out extended),
                _ => false,
            };
            if (!right)
            {
                wrong ??= $"attribute {code} with flags 0x{flags:x2} and value {Convert.ToHexStringLower(value[..Math.Min(value.Length, 64)])}";
            }
        }

        if (membership || (wrong is null && present == 1u << 15))
        {
            // Which route targets others want is not looked at here; the other is End of RIB.
            return null;
        }

        Messages++;
        return wrong is not null ? wrong
            : (present & ~(1u << 8)) != Required || nlri.Length % RouteSet.NlriLength != 0
            ? $"an UPDATE without all attributes (mask 0x{present:x}) or with other routes than type 2"
            : Attributes(nlri, nextHop, preference, communities, extended) ?? Routes(nlri, preference);
    }

    private string? Attributes(ReadOnlySpan<byte> nlri, uint nextHop, uint preference, ReadOnlySpan<byte> communities, ReadOnlySpan<byte> extended)
    {
        var set = _routes.Set;
        var first = RouteSet.NumberOf(nlri);
        if ((uint)first >= (uint)set.Count)
        {
            return $"route {first} that nobody has sent";
        }

        Span<byte> buffer = stackalloc byte[RouteSet.MovedCommunitiesLength];
        var expected = set.WriteCommunities(buffer, first, _changed >= 0 ? _sequence : null);
        if (!extended.SequenceEqual(expected))
        {
            return $"route {first} with extended communities {Convert.ToHexStringLower(extended)} instead of {Convert.ToHexStringLower(expected)}";
        }

        if (nextHop != set.NextHop(first))
        {
            return $"route {first} with next hop {nextHop:x8}";
        }

        var newest = RouteSet.LocalPreference(_generation);
        if (preference != newest && !(_mayLag && preference < newest && preference >= RouteSet.LocalPreference(0)))
        {
            return $"route {first} with local preference {preference}";
        }

        var own = set.OwnAttributes ? TryU32(communities, out var community) && community == set.Community(first) : communities.IsEmpty;
        return own ? null : $"route {first} with communities {Convert.ToHexStringLower(communities)}";
    }

    private string? Routes(ReadOnlySpan<byte> nlri, uint preference)
    {
        var set = _routes.Set;
        var first = RouteSet.NumberOf(nlri);
        var count = nlri.Length / RouteSet.NlriLength;
        var stale = preference != RouteSet.LocalPreference(_generation);
        if (_changed >= 0)
        {
            if (count != 1 || first != _changed || ChangeArrived || !nlri.SequenceEqual(_routes.Nlri(first, 1)))
            {
                return $"{count} routes from {first} on where only the change of {_changed} was to come, once";
            }

            ChangeArrived = true;
            return null;
        }

        if (first <= set.Count - count && set.AttributeClass(first) == set.AttributeClass(first + count - 1) && nlri.SequenceEqual(_routes.Nlri(first, count)))
        {
            // All in one block, as sent.
            for (var route = first; route < first + count; route++)
            {
                if (Mark(route, stale) is { } error)
                {
                    return error;
                }
            }

            return null;
        }

        for (var rest = nlri; !rest.IsEmpty; rest = rest[RouteSet.NlriLength..])
        {
            var route = RouteSet.NumberOf(rest);
            if ((uint)route >= (uint)set.Count || !rest[..RouteSet.NlriLength].SequenceEqual(_routes.Nlri(route, 1)))
            {
                return $"a route that nobody has sent: {Convert.ToHexStringLower(rest[..RouteSet.NlriLength])}";
            }

            if (set.AttributeClass(route) != set.AttributeClass(first))
            {
                return $"route {route} with the attributes of route {first}";
            }

            if (Mark(route, stale) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private string? Mark(int route, bool stale)
    {
        if (_wanted is not null && !_wanted.Contains(_routes.Set.Vni(route)))
        {
            return $"route {route} of VNI {_routes.Set.Vni(route)}, which this client did not ask for";
        }

        ref var word = ref _seen[route >> 6];
        var bit = 1UL << (route & 63);
        if ((word & bit) != 0)
        {
            return stale ? $"route {route} fell back to older attributes" : $"route {route} came twice";
        }

        if (stale)
        {
            Stale++;
        }
        else
        {
            word |= bit;
            Arrived++;
        }

        return null;
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> rest, out byte flags, out byte code, out ReadOnlySpan<byte> value)
    {
        flags = 0;
        code = 0;
        value = default;
        if (rest.Length < 3)
        {
            return false;
        }

        var wide = (rest[0] & 0x10) != 0;
        var start = wide ? 4 : 3;
        if (rest.Length < start)
        {
            return false;
        }

        // The bit that says how wide the length is carries no meaning beyond that.
        flags = (byte)(rest[0] & 0xEF);
        code = rest[1];
        var length = wide ? BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) : rest[2];
        if (rest.Length - start < length)
        {
            return false;
        }

        value = rest.Slice(start, length);
        rest = rest[(start + length)..];
        return true;
    }

    private static bool TryU32(ReadOnlySpan<byte> value, out uint number)
    {
        number = value.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;
        return value.Length == 4;
    }

    private static bool Keep(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> kept)
    {
        kept = value;
        return !value.IsEmpty;
    }

    /// <summary>MP_REACH_NLRI of EVPN with an IPv4 next hop.</summary>
    private static bool Reach(ReadOnlySpan<byte> value, out uint nextHop, out ReadOnlySpan<byte> nlri)
    {
        nextHop = 0;
        nlri = default;
        if (value is not [0, 25, 70, 4, _, _, _, _, 0, _, ..])
        {
            return false;
        }

        nextHop = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        nlri = value[9..];
        return nlri.Length >= RouteSet.NlriLength;
    }
}
