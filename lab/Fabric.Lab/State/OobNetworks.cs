using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Fabric.Lab.State;

/// <summary>Chooses the management network of a lab: a /24 of 172.29.0.0/16 that overlaps nothing on this host.</summary>
public static class OobNetworks
{
    /// <summary>First three octets of the first free network.</summary>
    public static string ChooseFree() => Choose(UsedOnThisHost())
        ?? throw new LabException("no network of 172.29.0.0/16 is free on this host");

    /// <summary>First three octets of the first network that none of the used ranges touches; null if there is none.</summary>
    public static string? Choose(IEnumerable<(uint Address, uint Mask)> used)
    {
        var ranges = used.Where(r => r.Mask != 0).ToList(); // a default route uses nothing
        for (uint n = 0; n < 256; n++)
        {
            var network = (172u << 24) | (29u << 16) | (n << 8);
            if (ranges.TrueForAll(r => ((r.Address ^ network) & r.Mask & 0xffffff00) != 0))
            {
                return string.Create(CultureInfo.InvariantCulture, $"172.29.{n}");
            }
        }

        return null;
    }

    private static IEnumerable<(uint Address, uint Mask)> UsedOnThisHost()
    {
        foreach (var address in NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses))
        {
            if (address.Address.AddressFamily == AddressFamily.InterNetwork)
            {
                yield return (Bits(address.Address), Bits(address.IPv4Mask));
            }
        }

        foreach (var fields in File.ReadLines("/proc/net/route").Skip(1).Select(l => l.Split('\t')).Where(f => f.Length > 7))
        {
            yield return (Hex(fields[1]), Hex(fields[7]));
        }
    }

    private static uint Bits(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    // The kernel prints the octets in the machine's order.
    private static uint Hex(string field) =>
        BinaryPrimitives.ReverseEndianness(uint.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
