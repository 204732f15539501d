using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Transport.Unnumbered;

/// <summary>A router advertisement, as far as it matters to find the neighbour of an unnumbered link.</summary>
/// <remarks>RFC 4861 section 4.2; options other than the source link-layer address are skipped.
/// <code>
/// | type 134 | code 0 | checksum 2 | hop limit 1 | flags 1 | router lifetime 2 | reachable time 4 | retransmit timer 4 | options ... |
/// option: | type 1 | length 1, in units of 8 octets | value |
/// </code></remarks>
public readonly record struct RouterAdvertisement
{
    /// <summary>ICMPv6 type of a router solicitation.</summary>
    public const byte SolicitationType = 133;

    /// <summary>ICMPv6 type of a router advertisement.</summary>
    public const byte AdvertisementType = 134;

    /// <summary>The hop limit that such messages must arrive with: they were not forwarded (RFC 4861 section 6.1).</summary>
    public const byte RequiredHopLimit = 255;

    /// <summary>Longest message <see cref="Encode"/> makes, in octets.</summary>
    public const int MaxEncodedLength = 24;

    private const byte SourceLinkAddressOption = 1;

    /// <summary>Hop limit proposed to hosts; 0 proposes none.</summary>
    public byte HopLimit { get; init; }

    /// <summary>How long the sender is a router for others: 0 (no longer) to 65535 s.</summary>
    public ushort LifetimeSeconds { get; init; }

    /// <summary>The sender's MAC address; null when it does not say.</summary>
    public MacAddress? SourceMac { get; init; }

    /// <summary>Reads an ICMPv6 message. Never throws.</summary>
    public static bool TryParse(ReadOnlySpan<byte> icmp, out RouterAdvertisement advertisement, [NotNullWhen(false)] out string? error)
    {
        advertisement = default;
        var reader = new WireReader(icmp);
        if (reader.U8() != AdvertisementType || reader.U8() != 0)
        {
            error = "not a router advertisement";
            return false;
        }

        reader.U16();
        var hopLimit = reader.U8();
        reader.U8();
        var lifetime = reader.U16();
        reader.U64();
        MacAddress? mac = null;
        while (!reader.AtEnd)
        {
            var type = reader.U8();
            var length = reader.U8() * 8;
            if (length == 0)
            {
                reader.Fail("an option without length");
                break;
            }

            var value = reader.Sub(length - 2);
            if (type == SourceLinkAddressOption && length == 8)
            {
                mac = value.Mac();
            }
        }

        error = reader.Error;
        if (error is not null)
        {
            return false;
        }

        advertisement = new() { HopLimit = hopLimit, LifetimeSeconds = lifetime, SourceMac = mac };
        return true;
    }

    /// <summary>Writes the message; the kernel fills in the checksum. Returns how many octets it has.</summary>
    public int Encode(Span<byte> buffer)
    {
        var writer = new WireWriter(buffer);
        writer.U8(AdvertisementType);
        writer.U8(0);
        writer.U16(0);
        writer.U8(HopLimit);
        writer.U8(0);
        writer.U16(LifetimeSeconds);
        writer.U64(0);
        if (SourceMac is { } mac)
        {
            writer.U8(SourceLinkAddressOption);
            writer.U8(1);
            writer.Mac(mac);
        }

        return writer.Failed ? throw new ArgumentException($"{MaxEncodedLength} octets are needed", nameof(buffer)) : writer.Position;
    }
}
