using Fabric.Primitives;
using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Fuzz;

/// <summary>What must hold of every frame that leaves, whatever came in.</summary>
internal static class Invariants
{
    private static readonly IpPrefix[] Inside = [IpPrefix.Parse("10.0.0.0/8"), IpPrefix.Parse("fd00::/8")];

    /// <summary>What is wrong with a result; null: nothing.</summary>
    public static string? Violation(ReadOnlySpan<byte> input, XdpVerdict verdict, ReadOnlySpan<byte> output)
    {
        switch (verdict)
        {
            case XdpVerdict.Drop:
                return null;
            case XdpVerdict.Pass:
                return input.SequenceEqual(output) ? null : "passed to the kernel, but changed";
            case XdpVerdict.Transmit or XdpVerdict.Redirect:
                break;
            default:
                return $"verdict {verdict}";
        }

        var came = Dissected.Of(input);
        var left = Dissected.Of(output);
        if (came.WrongChecksum() is null && left.WrongChecksum() is { } wrong)
        {
            return $"leaves with a wrong checksum: {wrong}";
        }

        if (left.Vni < 0 && left.Vlan is not (World.PublicVlan or World.PlainVlan))
        {
            return "leaves neither in VXLAN nor by a port that there is";
        }

        if (left.Outer >= 0 && left.OuterSource != World.Own4 && left.OuterSource != World.Own6)
        {
            return $"leaves from a VTEP that is not ours: {left.OuterSource}";
        }

        if (left.Type == Frames.ArpType)
        {
            return verdict != XdpVerdict.Transmit || left.Vni != came.Vni ? "ARP that is not an answer" : null;
        }

        if (left.Network < 0)
        {
            return "leaves without an IP packet in it";
        }

        return verdict == XdpVerdict.Transmit ? left.Vni == came.Vni ? null : "answered into another V-Net" : Foreign(came, left);
    }

    /// <summary>VPC by letter; '0' is the public realm, '?' none.</summary>
    private static char Realm(in Dissected frame) => frame.Vni switch
    {
        (int)World.VniA or (int)World.VniL3A or (int)World.VniListed => 'A',
        (int)World.VniB or (int)World.VniL3B => 'B',
        (int)World.VniC => 'C',
        -1 => frame.Vlan == World.PlainVlan ? 'A' : '0',
        _ => '?',
    };

    private static string? Foreign(in Dissected came, in Dissected left)
    {
        var (from, to) = (Realm(came), Realm(left));
        if (from == '?' || to == '?')
        {
            return "a VNI that there is not";
        }

        if (to == '0')
        {
            // What came from outside and is answered there names what it named itself.
            if (from != '0' && (IsInside(left.Source) || Quotes(left) is { } quoted && (IsInside(quoted.Source) || IsInside(quoted.Destination))))
            {
                return $"an inside address leaves the VPC: {left.Source} to {left.Destination}";
            }

            return null;
        }

        if (from == to || came.Network < 0)
        {
            return null;
        }

        // Between realms only by an address that is public, and only to whom it belongs.
        var owner = came.Destination switch
        {
            var a when a == World.PoolA || a == World.StaticA || a == World.BalancerA => 'A',
            var a when a == World.PoolB || a == World.ForwardB => 'B',
            var a when World.PublicB6.Contains(a) => 'B',
            var a when World.PublicC6.Contains(a) => 'C',
            _ => from, // An error about a packet goes back where the packet came from.
        };
        return owner == to ? null : $"{came.Source} of {from} to {came.Destination} got into {to} as {left.Source} to {left.Destination}";
    }

    private static bool IsInside(IpAddr address) => Inside.Any(p => p.Address.IsV4 == address.IsV4 && p.Contains(address));

    /// <summary>The packet that an ICMP error quotes.</summary>
    private static (IpAddr Source, IpAddr Destination)? Quotes(in Dissected frame)
    {
        if (frame.Transport < 0 || frame.IsFragment || frame.Payload.Length < 28)
        {
            return null;
        }

        var type = frame.Payload[0];
        var isError = frame.Protocol == Frames.Icmp4 && frame.IsV4 ? type is 3 or 4 or 5 or 11 or 12 : frame.Protocol == Frames.Icmp6 && !frame.IsV4 && type < 128;
        if (!isError)
        {
            return null;
        }

        var quoted = Dissected.OfPacket(frame.Payload[8..]);
        return quoted.Network < 0 ? null : (quoted.Source, quoted.Destination);
    }
}
