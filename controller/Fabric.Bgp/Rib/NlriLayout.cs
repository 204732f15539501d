using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Bgp.Evpn;

namespace Fabric.Bgp.Rib;

/// <summary>What can be said of a route's octets without decoding them: how long it is, which of them are its key.</summary>
/// <remarks>
/// A route is one NLRI as on the wire, without path identifier, and well-formed. Not part of the key of an EVPN route are labels,
/// and the Ethernet segment in types 2 and 5 (RFC 7432 section 7.2, RFC 9136 section 3.1):
/// <code>
/// type 1: | 1 | length | RD 8 | ESI 10 | tag 4 | label 3 |
/// type 2: | 2 | length | RD 8 | ESI 10 | tag 4 | 48 | MAC 6 | IP bits | IP 0/4/16 | label 3 | label 0/3 |
/// type 5: | 5 | length | RD 8 | ESI 10 | tag 4 | bits | prefix 4/16 | gateway 4/16 | label 3 |
/// </code>
/// </remarks>
internal static class NlriLayout
{
    private const int Header = 2;
    private const int RdLength = 8;
    private const int EsiAt = Header + RdLength;
    private const int TagAt = EsiAt + 10;
    private const int MacIpBitsAt = TagAt + 4 + 1 + 6;
    private const int PrefixBitsAt = TagAt + 4;
    private const int PrefixRouteV4Length = 34;

    /// <summary>Octets of the route at the start of a row of well-formed routes.</summary>
    public static int Length(FamilyIndex family, ReadOnlySpan<byte> row) =>
        family == FamilyIndex.Evpn ? Header + row[1] : 1 + ((row[0] + 7) / 8);

    /// <summary>A hash of the key.</summary>
    /// <param name="family">The family.</param>
    /// <param name="nlri">The route.</param>
    /// <param name="seed">A number peers do not know, so that they cannot choose keys that collide.</param>
    public static uint Hash(FamilyIndex family, ReadOnlySpan<byte> nlri, ulong seed)
    {
        if (family == FamilyIndex.Evpn && nlri[0] == (byte)EvpnRouteType.MacIp)
        {
            // The usual ones first: | RD 8 | and behind the segment | tag 4 | 48 | MAC 6 | IP bits | IP |.
            var known = Fold(BinaryPrimitives.ReadUInt64LittleEndian(nlri[Header..]) ^ seed);
            return Short(Mix(nlri[TagAt..(MacIpBitsAt + 1 + (nlri[MacIpBitsAt] / 8))], known));
        }

        var (first, second) = KeyParts(family, nlri);
        var hash = Mix(nlri[first], seed ^ (ulong)family);
        if (second.Start.Value != second.End.Value)
        {
            hash = Mix(nlri[second], hash);
        }

        return Short(hash);
    }

    /// <summary>Whether two routes of one family have the same key.</summary>
    public static bool SameKey(FamilyIndex family, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one[0] != other[0])
        {
            return false;
        }

        var (first, second) = KeyParts(family, one);
        var (otherFirst, otherSecond) = KeyParts(family, other);
        return one[first].SequenceEqual(other[otherFirst]) && one[second].SequenceEqual(other[otherSecond]);
    }

    private static (Range First, Range Second) KeyParts(FamilyIndex family, ReadOnlySpan<byte> nlri)
    {
        if (family == FamilyIndex.Evpn)
        {
            switch ((EvpnRouteType)nlri[0])
            {
                case EvpnRouteType.MacIp:
                    return (Header..EsiAt, TagAt..(MacIpBitsAt + 1 + (nlri[MacIpBitsAt] / 8)));
                case EvpnRouteType.Prefix:
                    return (Header..EsiAt, TagAt..(PrefixBitsAt + 1 + (nlri[1] == PrefixRouteV4Length ? 4 : 16)));
                case EvpnRouteType.EthernetAutoDiscovery:
                    return (Header..PrefixBitsAt, 0..0);
            }
        }

        return (0..Length(family, nlri), 0..0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ReadOnlySpan<byte> octets, ulong hash)
    {
        while (octets.Length >= 8)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(octets));
            octets = octets[8..];
        }

        if (!octets.IsEmpty)
        {
            // Fewer than eight: mostly four, of a MAC and an address of no or sixteen octets.
            var rest = (ulong)octets.Length << 56;
            var shift = 0;
            if (octets.Length >= 4)
            {
                rest |= BinaryPrimitives.ReadUInt32LittleEndian(octets);
                shift = 32;
                octets = octets[4..];
            }

            foreach (var octet in octets)
            {
                rest |= (ulong)octet << shift;
                shift += 8;
            }

            hash = Fold(hash ^ rest);
        }

        return hash;
    }

    private static uint Short(ulong hash) => (uint)(hash ^ (hash >> 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong value)
    {
        var high = Math.BigMul(value, 0x9e37_79b9_7f4a_7c15, out var low);
        return BitOperations.RotateLeft(high ^ low, 23);
    }
}
