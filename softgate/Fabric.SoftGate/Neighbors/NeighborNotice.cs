using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.SoftGate.Neighbors;

/// <summary>What a frame of ARP or neighbour discovery says.</summary>
/// <param name="Address">The address that somebody has; of a router solicitation the sender's, maybe unspecified.</param>
/// <param name="Mac">The MAC it has it with.</param>
/// <param name="WantsRouter">It is a router solicitation: to be answered, and it teaches nothing.</param>
internal readonly record struct NeighborNotice(IpAddr Address, MacAddress Mac, bool WantsRouter)
{
    private const ushort EtherTypeArp = 0x0806;
    private const ushort EtherTypeIpv6 = 0x86dd;
    private const byte IcmpV6 = 58;
    private const byte SourceLinkAddress = 1;
    private const byte TargetLinkAddress = 2;

    /// <summary>Reads a frame, which may be cut off behind what matters. Never throws.</summary>
    /// <remarks>RFC 826; RFC 4861 sections 4.1, 4.3 and 4.4. The data path has checked hop limit and checksum.</remarks>
    /// <returns>Null: it says nothing about who has which address.</returns>
    internal static NeighborNotice? Read(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Mac();
        var source = reader.Mac();
        var type = reader.U16();
        var notice = type switch
        {
            EtherTypeArp => Arp(ref reader),
            EtherTypeIpv6 => NeighborDiscovery(ref reader, source),
            _ => null,
        };
        return !reader.Failed && notice is { } read && !read.Mac.IsMulticast && !read.Mac.IsZero && !read.Address.IsMulticast
            && (read.WantsRouter || !read.Address.IsUnspecified) ? notice : null;
    }

    /// <summary>Hardware type 2, protocol 2, lengths 1 and 1, operation 2, sender MAC and IP, target MAC and IP.</summary>
    private static NeighborNotice? Arp(ref WireReader reader)
    {
        if (reader.U16() != 1 || reader.U16() != 0x0800 || reader.U8() != 6 || reader.U8() != 4)
        {
            return null;
        }

        reader.U16();
        var mac = reader.Mac();
        return reader.Remaining >= 4 ? new NeighborNotice(reader.Ip(4), mac, WantsRouter: false) : null;
    }

    private static NeighborNotice? NeighborDiscovery(ref WireReader reader, MacAddress source)
    {
        // Version, class, label; payload length; next header; hop limit; addresses.
        reader.U32();
        var payload = reader.U16();
        if (reader.U8() != IcmpV6)
        {
            return null;
        }

        reader.U8();
        if (reader.Remaining < 32 + 8)
        {
            return null;
        }

        var sender = reader.Ip(16);
        reader.Take(16);
        var message = reader.Sub(Math.Min(payload, reader.Remaining));
        var type = message.U8();
        message.U8();
        message.U16();
        message.U32();
        if (type == 133)
        {
            return new(sender, LinkAddress(ref message, SourceLinkAddress) ?? source, WantsRouter: true);
        }

        if (type is not (135 or 136) || message.Remaining < 16)
        {
            return null;
        }

        var target = message.Ip(16);
        return type == 135
            ? LinkAddress(ref message, SourceLinkAddress) is { } mac ? new(sender, mac, WantsRouter: false) : null
            : new(target, LinkAddress(ref message, TargetLinkAddress) ?? source, WantsRouter: false);
    }

    /// <summary>The option with a MAC; null: there is none.</summary>
    private static MacAddress? LinkAddress(ref WireReader options, byte kind)
    {
        while (options.Remaining >= 8)
        {
            var type = options.U8();
            var length = options.U8() * 8;
            if (length == 0 || length - 2 > options.Remaining)
            {
                return null;
            }

            var value = options.Sub(length - 2);
            if (type == kind && length == 8)
            {
                return value.Mac();
            }
        }

        return null;
    }
}
