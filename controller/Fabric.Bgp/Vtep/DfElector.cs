using System.Buffers.Binary;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Elects the designated forwarder of a segment for a bridge domain; every router of the segment comes to the same result.</summary>
/// <remarks>
/// RFC 8584 section 2.2.1: all candidates must ask for the same algorithm and the same capabilities, else the default algorithm
/// decides without any. The don't-preempt bit is a property of a candidate, not a thing to agree on (RFC 9785 section 4.1).
/// </remarks>
public static class DfElector
{
    private const ushort OwnBits = DfElection.DoNotPreempt;

    /// <summary>Elects; null when there is no candidate.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="tag">Ethernet tag, or what stands for it.</param>
    /// <param name="candidates">The routers of the segment, in any order, each address once.</param>
    public static DfResult? Elect(EthernetSegmentId segment, uint tag, IEnumerable<DfCandidate> candidates)
    {
        var ordered = candidates.OrderBy(static c => c.Address).ToList();
        if (ordered.Count == 0)
        {
            return null;
        }

        var (algorithm, capabilities) = Agreed(ordered);
        if ((capabilities & DfElection.AcInfluenced) != 0)
        {
            ordered.RemoveAll(static c => !c.Attached);
            if (ordered.Count == 0)
            {
                return null;
            }
        }

        var forwarder = Choose(algorithm, segment, tag, ordered);
        var rest = ordered.Where(c => c.Address != forwarder).ToList();
        return new DfResult(algorithm, forwarder, rest.Count == 0 ? null : Choose(algorithm, segment, tag, rest));
    }

    /// <summary>The weight of a router, RFC 8584 section 3.2; 31 bits.</summary>
    internal static uint Weight(EthernetSegmentId segment, uint tag, IpAddr address)
    {
        Span<byte> stream = stackalloc byte[14];
        BinaryPrimitives.WriteUInt32BigEndian(stream, tag);
        segment.WriteTo(stream[4..]);
        var digest = Crc32(stream) & 0x7fff_ffff;
        var server = (uint)(ulong)(address.Number & uint.MaxValue);
        return ((1103515245u * ((1103515245u * server + 12345u) ^ digest)) + 12345u) & 0x7fff_ffff;
    }

    private static (byte Algorithm, ushort Capabilities) Agreed(List<DfCandidate> candidates)
    {
        var first = candidates[0].Election.GetValueOrDefault();
        var agreed = first.Algorithm <= DfElection.LowestPreference && candidates.TrueForAll(c =>
            c.Election.GetValueOrDefault().Algorithm == first.Algorithm
            && ((c.Election.GetValueOrDefault().Capabilities ^ first.Capabilities) & ~OwnBits) == 0);
        return agreed ? (first.Algorithm, first.Capabilities) : (DfElection.ServiceCarving, (ushort)0);
    }

    /// <summary>Candidates come ordered by address, so that of equals the lowest address is taken.</summary>
    private static IpAddr Choose(byte algorithm, EthernetSegmentId segment, uint tag, List<DfCandidate> ordered) => algorithm switch
    {
        DfElection.HighestRandomWeight => ordered.MaxBy(c => Weight(segment, tag, c.Address)).Address,
        DfElection.HighestPreference => ordered.MaxBy(static c => (c.Election.GetValueOrDefault().Preference, DoesNotPreempt(c))).Address,
        DfElection.LowestPreference => ordered.MinBy(static c => (c.Election.GetValueOrDefault().Preference, !DoesNotPreempt(c))).Address,
        _ => ordered[(int)(tag % (uint)ordered.Count)].Address,
    };

    private static bool DoesNotPreempt(DfCandidate candidate) => (candidate.Election.GetValueOrDefault().Capabilities & DfElection.DoNotPreempt) != 0;

    /// <summary>CRC-32 of IEEE 802.3, bit by bit: 14 octets an election do not want a table.</summary>
    private static uint Crc32(ReadOnlySpan<byte> octets)
    {
        var crc = uint.MaxValue;
        foreach (var octet in octets)
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xedb8_8320u & (uint)-(int)(crc & 1));
            }
        }

        return ~crc;
    }
}
