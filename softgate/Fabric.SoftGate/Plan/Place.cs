using Fabric.Primitives;

namespace Fabric.SoftGate.Plan;

/// <summary>Where a host or a prefix of a VPC is.</summary>
/// <param name="Vtep">VTEP to send to.</param>
/// <param name="Vni">VNI to send with: of a V-Net whose gateway is here, or the VPC's L3VNI.</param>
/// <param name="Mac">Destination of the inner frame.</param>
internal readonly record struct Place(IpAddr Vtep, Vni Vni, MacAddress Mac);

/// <summary>A router on a public link.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Interface towards it.</param>
/// <param name="Vlan">802.1Q tag; 0: untagged.</param>
internal readonly record struct PublicGateway(IpAddr Address, uint Port, ushort Vlan);

/// <summary>Number of entries by prefix length, and the bits that tell which lengths are in use.</summary>
internal sealed class PrefixLengths
{
    private readonly int[] _v4 = new int[33];
    private readonly int[] _v6 = new int[129];

    /// <summary>Bit n: there are IPv4 prefixes of length n.</summary>
    internal ulong Bits4 { get; private set; }

    /// <summary>Bit n: there are IPv6 prefixes of length n.</summary>
    internal Layout.Lengths6 Bits6 { get; private set; }

    /// <summary>One more; true when the bits have changed.</summary>
    internal bool Add(IpPrefix prefix) => Count(prefix, 1) == 1 && Set(prefix, on: true);

    /// <summary>One less; true when the bits have changed.</summary>
    internal bool Remove(IpPrefix prefix) => Count(prefix, -1) == 0 && Set(prefix, on: false);

    private int Count(IpPrefix prefix, int by) => (prefix.Address.IsV4 ? _v4 : _v6)[prefix.Length] += by;

    private bool Set(IpPrefix prefix, bool on)
    {
        var bit = 1UL << (prefix.Length & 63);
        if (prefix.Address.IsV4)
        {
            Bits4 = on ? Bits4 | bit : Bits4 & ~bit;
        }
        else
        {
            var bits = Bits6;
            ref var word = ref bits[prefix.Length >> 6];
            word = on ? word | bit : word & ~bit;
            Bits6 = bits;
        }

        return true;
    }
}
