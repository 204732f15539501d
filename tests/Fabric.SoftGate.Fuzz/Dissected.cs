using System.Buffers.Binary;
using Fabric.Primitives;

namespace Fabric.SoftGate.Fuzz;

/// <summary>
/// A frame taken to pieces: Ethernet, at most one VLAN tag, VXLAN where the port says so, IP with extension headers and fragments,
/// transport. Offsets are octets from the start of the frame. It only reads; nothing is copied, so it serves for millions of frames.
/// </summary>
public ref struct Dissected
{
    private const ushort VxlanPort = 4789;

    private ReadOnlySpan<byte> _data;

    /// <summary>What it came in, where it came in VXLAN: offset of the outer IP header; else -1.</summary>
    public int Outer { get; private set; }

    /// <summary>The VNI; -1 without VXLAN.</summary>
    public int Vni { get; private set; }

    /// <summary>VLAN of the outermost frame; 0: untagged.</summary>
    public ushort Vlan { get; private set; }

    /// <summary>Offset of the (inner) Ethernet header.</summary>
    public int Frame { get; private set; }

    /// <summary>EtherType of the (inner) frame.</summary>
    public ushort Type { get; private set; }

    /// <summary>Offset of the (inner) IP header; -1: none that makes sense.</summary>
    public int Network { get; private set; }

    /// <summary>Octets of the (inner) IP packet, as it says.</summary>
    public int Length { get; private set; }

    /// <summary>Protocol behind extension headers.</summary>
    public byte Protocol { get; private set; }

    /// <summary>Offset of the transport header, or of the payload of a later fragment; -1: none.</summary>
    public int Transport { get; private set; }

    /// <summary>Offset of a fragment, octets.</summary>
    public int FragmentOffset { get; private set; }

    /// <summary>More fragments follow.</summary>
    public bool More { get; private set; }

    /// <summary>Whether the packet is whole.</summary>
    public readonly bool IsFragment => More || FragmentOffset != 0;

    /// <summary>Whether the (inner) packet is IPv4.</summary>
    public readonly bool IsV4 => Type == Frames.Ipv4Type;

    /// <summary>Source address.</summary>
    public readonly IpAddr Source => IpAddr.FromBytes(IsV4 ? _data.Slice(Network + 12, 4) : _data.Slice(Network + 8, 16));

    /// <summary>Destination address.</summary>
    public readonly IpAddr Destination => IpAddr.FromBytes(IsV4 ? _data.Slice(Network + 16, 4) : _data.Slice(Network + 24, 16));

    /// <summary>TTL or hop limit.</summary>
    public readonly byte Ttl => _data[Network + (IsV4 ? 8 : 7)];

    /// <summary>The transport header and what follows.</summary>
    public readonly ReadOnlySpan<byte> Payload => _data[Transport..(Network + Length)];

    /// <summary>Source port.</summary>
    public readonly ushort SourcePort => Get16(Transport);

    /// <summary>Destination port.</summary>
    public readonly ushort DestinationPort => Get16(Transport + 2);

    /// <summary>Destination of the (inner) frame.</summary>
    public readonly MacAddress DestinationMac => MacAddress.FromBytes(_data.Slice(Frame, 6));

    /// <summary>Source of the (inner) frame.</summary>
    public readonly MacAddress SourceMac => MacAddress.FromBytes(_data.Slice(Frame + 6, 6));

    /// <summary>Outer source address.</summary>
    public readonly IpAddr OuterSource => OuterAddress(0);

    /// <summary>Outer destination address.</summary>
    public readonly IpAddr OuterDestination => OuterAddress(1);

    /// <summary>The frame.</summary>
    public readonly ReadOnlySpan<byte> Data => _data;

    /// <summary>Takes a frame to pieces.</summary>
    public static Dissected Of(ReadOnlySpan<byte> frame)
    {
        var result = new Dissected { _data = frame, Outer = -1, Vni = -1, Network = -1, Transport = -1 };
        result.Read(0);
        result.Open();
        if (result.Vni < 0 && result.Vlan == 0)
        {
            // Outer headers may lie about lengths: what is in them is read all the same.
            var cut = result;
            cut.Read(0, whole: false);
            cut.Length = frame.Length - Math.Max(cut.Network, 0);
            cut.Open();
            return cut.Vni < 0 ? result : cut;
        }

        return result;
    }

    /// <summary>An IP packet without a frame around it, such as what an ICMP error quotes.</summary>
    public static Dissected OfPacket(ReadOnlySpan<byte> packet)
    {
        var result = new Dissected { _data = packet, Outer = -1, Vni = -1, Network = -1, Transport = -1 };
        if (packet.Length > 0)
        {
            result.Type = packet[0] >> 4 == 4 ? Frames.Ipv4Type : Frames.Ipv6Type;
            result.ReadNetwork(0, whole: false);
        }

        return result;
    }

    /// <summary>The first checksum that is not right, of all layers; null: none is wrong.</summary>
    public readonly string? WrongChecksum()
    {
        if (Outer >= 0)
        {
            var outer = this;
            outer.Vni = -1;
            outer.Network = outer.Transport = -1;
            outer.Read(0);
            if (outer.WrongHere() is { } wrong)
            {
                return $"outer {wrong}";
            }
        }

        return WrongHere();
    }

    private readonly string? WrongHere()
    {
        if (Network < 0)
        {
            return null;
        }

        if (IsV4 && Octets.Sum(_data.Slice(Network, (_data[Network] & 15) * 4)) != 0xffff)
        {
            return "IPv4 header";
        }

        if (Transport < 0 || IsFragment)
        {
            return null;
        }

        var source = IsV4 ? _data.Slice(Network + 12, 4) : _data.Slice(Network + 8, 16);
        var destination = IsV4 ? _data.Slice(Network + 16, 4) : _data.Slice(Network + 24, 16);
        var payload = Payload;
        switch (Protocol)
        {
            case Frames.TcpNumber when payload.Length >= 20:
                return Octets.SumWithPseudoHeader(source, destination, Protocol, payload) == 0xffff ? null : "TCP";
            case Frames.UdpNumber when payload.Length >= 8:
                var length = Get16(Transport + 4);
                if (length < 8 || length > payload.Length)
                {
                    return "UDP length";
                }

                // None: allowed over IPv4; over IPv6 for tunnels only (RFC 6935).
                return Get16(Transport + 6) == 0 ? (IsV4 || DestinationPort == VxlanPort ? null : "UDP (none)")
                    : Octets.SumWithPseudoHeader(source, destination, Protocol, payload[..length]) == 0xffff ? null : "UDP";
            case Frames.Icmp4 when IsV4 && payload.Length >= 8:
                return Octets.Sum(payload) == 0xffff ? null : "ICMP";
            case Frames.Icmp6 when !IsV4 && payload.Length >= 8:
                return Octets.SumWithPseudoHeader(source, destination, Protocol, payload) == 0xffff ? null : "ICMPv6";
            default:
                return null;
        }
    }

    private void Read(int at, bool whole = true)
    {
        Frame = at;
        if (_data.Length < at + 14)
        {
            return;
        }

        Type = Get16(at + 12);
        at += 14;
        if (Type == 0x8100 && Frame == 0 && _data.Length >= at + 4)
        {
            Vlan = (ushort)(Get16(at) & 0xfff);
            Type = Get16(at + 2);
            at += 4;
        }

        ReadNetwork(at, whole);
    }

    private void ReadNetwork(int at, bool whole)
    {
        (FragmentOffset, More) = (0, false);
        var left = _data.Length - at;
        if (Type == Frames.Ipv4Type && left >= 20 && _data[at] >> 4 == 4)
        {
            var (header, total) = ((_data[at] & 15) * 4, Get16(at + 2));
            if (header < 20 || header > left || (whole && (total < header || total > left)))
            {
                return;
            }

            (Network, Length, Protocol, Transport) = (at, total < header ? left : Math.Min(total, left), _data[at + 9], at + header);
            var bits = Get16(at + 6);
            (FragmentOffset, More) = ((bits & 0x1fff) * 8, (bits & 0x2000) != 0);
        }
        else if (Type == Frames.Ipv6Type && left >= 40 && _data[at] >> 4 == 6)
        {
            var total = Get16(at + 4) + 40;
            if (whole && total > left)
            {
                return;
            }

            (Network, Length) = (at, total == 40 && !whole ? left : Math.Min(total, left));
            ReadExtensions(_data[at + 6], at + 40, at + Length);
        }
    }

    private void ReadExtensions(byte next, int at, int end)
    {
        for (var i = 0; i < 16; i++)
        {
            if (next is not (0 or 43 or 44 or 60))
            {
                (Protocol, Transport) = (next, at <= end ? at : -1);
                return;
            }

            if (at + 8 > end)
            {
                return;
            }

            var following = _data[at];
            if (next == 44)
            {
                var bits = Get16(at + 2);
                (FragmentOffset, More) = (bits & 0xfff8, (bits & 1) != 0);
                at += 8;
                if (FragmentOffset != 0)
                {
                    (Protocol, Transport) = (following, at);
                    return;
                }
            }
            else
            {
                at += 8 + (_data[at + 1] * 8);
            }

            next = following;
        }
    }

    /// <summary>Goes on to what is in VXLAN.</summary>
    private void Open()
    {
        if (Network < 0 || Transport < 0 || IsFragment || Protocol != Frames.UdpNumber || Payload.Length < 16 + 14 || DestinationPort != VxlanPort)
        {
            return;
        }

        var (outer, inner) = (Network, Transport + 16);
        (Outer, Vni) = (outer, (int)(BinaryPrimitives.ReadUInt32BigEndian(_data[(Transport + 12)..]) >> 8));
        (Network, Transport, Length, Protocol) = (-1, -1, 0, 0);
        Read(inner);
    }

    private readonly IpAddr OuterAddress(int index) =>
        IpAddr.FromBytes(_data[Outer] >> 4 == 4 ? _data.Slice(Outer + 12 + (index * 4), 4) : _data.Slice(Outer + 8 + (index * 16), 16));

    private readonly ushort Get16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_data[at..]);
}
