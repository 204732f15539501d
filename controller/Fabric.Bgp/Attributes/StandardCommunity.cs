using System.Globalization;

namespace Fabric.Bgp.Attributes;

/// <summary>The text of a community of RFC 1997: a well-known name, or "65000:100".</summary>
public static class StandardCommunity
{
    /// <summary>NO_EXPORT, RFC 1997.</summary>
    public const uint NoExport = 0xffff_ff01;

    /// <summary>NO_ADVERTISE, RFC 1997.</summary>
    public const uint NoAdvertise = 0xffff_ff02;

    /// <summary>NO_EXPORT_SUBCONFED, RFC 1997.</summary>
    public const uint NoExportSubconfed = 0xffff_ff03;

    /// <summary>NOPEER, RFC 3765.</summary>
    public const uint NoPeer = 0xffff_ff04;

    /// <summary>GRACEFUL_SHUTDOWN, RFC 8326.</summary>
    public const uint GracefulShutdown = 0xffff_0000;

    /// <summary>LLGR_STALE, RFC 9494.</summary>
    public const uint LlgrStale = 0xffff_0006;

    /// <summary>NO_LLGR, RFC 9494.</summary>
    public const uint NoLlgr = 0xffff_0007;

    /// <summary>BLACKHOLE, RFC 7999.</summary>
    public const uint Blackhole = 0xffff_029a;

    private static readonly (uint Value, string Name)[] WellKnown =
    [
        (NoExport, "no-export"),
        (NoAdvertise, "no-advertise"),
        (NoExportSubconfed, "no-export-subconfed"),
        (NoPeer, "no-peer"),
        (GracefulShutdown, "graceful-shutdown"),
        (0xffff_0001, "accept-own"),
        (LlgrStale, "llgr-stale"),
        (NoLlgr, "no-llgr"),
        (Blackhole, "blackhole"),
    ];

    /// <summary>The text.</summary>
    public static string Text(uint community)
    {
        foreach (var (value, name) in WellKnown)
        {
            if (value == community)
            {
                return name;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{community >> 16}:{community & 0xffff}");
    }

    /// <summary>Reads the text form; never throws.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out uint community)
    {
        foreach (var (value, name) in WellKnown)
        {
            if (text.SequenceEqual(name))
            {
                community = value;
                return true;
            }
        }

        community = 0;
        var colon = text.IndexOf(':');
        if (colon < 0
            || !ushort.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out var high)
            || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var low))
        {
            return false;
        }

        community = (uint)high << 16 | low;
        return true;
    }
}
