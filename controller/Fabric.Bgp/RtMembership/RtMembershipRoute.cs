using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.RtMembership;

/// <summary>A route target membership: whoever sends it wants routes whose route target begins with these bits.</summary>
/// <remarks>RFC 4684 section 4. The length 0 means every route target; otherwise the origin AS is whole and 0 to 64 bits of the
/// route target follow. Bits behind the length are irrelevant: they are dropped. A path identifier (RFC 7911) is handled as in unicast.
/// <code>
/// | path identifier 0/4 | length 1 (0, 32..96 bits) | origin AS 4 | route target, as few octets as hold it |
/// </code></remarks>
public readonly record struct RtMembershipRoute
{
    private const int OriginBits = 32;
    private const int MaxLength = 96;

    private RtMembershipRoute(byte length, uint originAs, ulong targetBits, uint? pathId)
    {
        Length = length;
        OriginAs = originAs;
        TargetBits = targetBits;
        PathId = pathId;
    }

    /// <summary>The membership that wants everything.</summary>
    public static RtMembershipRoute Default => default;

    /// <summary>Significant bits: 0, or 32 to 96.</summary>
    public byte Length { get; }

    /// <summary>The AS that the membership comes from.</summary>
    public uint OriginAs { get; }

    /// <summary>The route target as eight octets, first octet highest; bits behind the length are zero.</summary>
    public ulong TargetBits { get; }

    /// <summary>The path identifier; null without add-path.</summary>
    public uint? PathId { get; }

    /// <summary>Whether every route target is meant.</summary>
    public bool IsDefault => Length == 0;

    /// <summary>The route target, when one whole route target is meant.</summary>
    public RouteTarget? Target => Length == MaxLength && RouteTarget.TryFromCommunity(TargetBits, out var target) ? target : null;

    /// <summary>The membership of one route target.</summary>
    public static RtMembershipRoute Of(uint originAs, RouteTarget target) => new(MaxLength, originAs, target.Bits, null);

    /// <summary>The membership of all route targets whose first bits are these.</summary>
    /// <param name="originAs">The AS that the membership comes from.</param>
    /// <param name="targetBits">The route target; bits behind the length are dropped.</param>
    /// <param name="length">Bits of the route target that count, 0..64.</param>
    /// <param name="pathId">The path identifier, with add-path.</param>
    public static RtMembershipRoute OfPrefix(uint originAs, ulong targetBits, int length, uint? pathId = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength - OriginBits);
        return new((byte)(OriginBits + length), originAs, targetBits & Mask(length), pathId);
    }

    /// <summary>Whether a route with this extended community is wanted.</summary>
    public bool Matches(RouteTarget target) => IsDefault || (target.Bits & Mask(Length - OriginBits)) == TargetBits;

    /// <summary>Reads one route; never throws. After an error the place in the field is lost.</summary>
    /// <param name="reader">The field, at the start of a route.</param>
    /// <param name="addPath">Whether a path identifier stands before each route.</param>
    /// <param name="route">The route.</param>
    /// <param name="error">Why it was refused.</param>
    public static bool TryDecode(ref WireReader reader, bool addPath, out RtMembershipRoute route, [NotNullWhen(false)] out string? error)
    {
        route = default;
        uint? pathId = addPath ? reader.U32() : null;
        var length = reader.U8();
        if (length is not 0 and (< OriginBits or > MaxLength))
        {
            reader.Fail($"length {length} is not 0 or 32..96");
        }

        var octets = reader.Take((length + 7) / 8);
        error = reader.Error;
        if (error is not null)
        {
            return false;
        }

        if (length == 0)
        {
            route = new(0, 0, 0, pathId);
            return true;
        }

        Span<byte> whole = stackalloc byte[MaxLength / 8];
        whole.Clear();
        octets.CopyTo(whole);
        var value = new WireReader(whole);
        route = OfPrefix(value.U32(), value.U64(), length - OriginBits, pathId);
        return true;
    }

    /// <summary>Writes the route, with its path identifier when it has one.</summary>
    public void Encode(ref WireWriter writer)
    {
        if (PathId is { } pathId)
        {
            writer.U32(pathId);
        }

        Span<byte> octets = stackalloc byte[MaxLength / 8];
        var whole = new WireWriter(octets);
        whole.U32(OriginAs);
        whole.U64(TargetBits);
        writer.U8(Length);
        writer.Bytes(octets[..((Length + 7) / 8)]);
    }

    /// <summary>"65000:rt:65000:100"; "default"; a partial route target as "65000:0x0002fde800000000/32".</summary>
    public override string ToString() =>
        IsDefault ? "default"
        : Target is { } target ? $"{OriginAs}:rt:{target}"
        : $"{OriginAs}:0x{TargetBits:x16}/{Length - OriginBits}";

    private static ulong Mask(int bits) => bits == 0 ? 0 : ulong.MaxValue << (64 - bits);
}
