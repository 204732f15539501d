using System.Buffers.Binary;

namespace Fabric.SoftGate.Fuzz;

/// <summary>Makes hostile frames of good ones. What it does to lengths and addresses it often mends the checksums of, since a frame that fails
/// the first check shows nothing.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> seeds)
{
    /// <summary>Longest frame.</summary>
    public const int Room = 9100;

    private static readonly byte[] Interesting = [0, 1, 2, 4, 6, 8, 17, 20, 28, 40, 43, 44, 50, 51, 58, 60, 64, 127, 128, 129, 133, 135, 136, 137, 224, 254, 255];

    private readonly byte[][] _addresses = [.. Addresses().Select(static a => { var b = new byte[a.ByteLength]; a.WriteTo(b); return b; })];

    /// <summary>Writes a frame.</summary>
    /// <returns>Its length.</returns>
    public int Next(Span<byte> into)
    {
        var seed = seeds[random.Next(seeds.Count)];
        seed.CopyTo(into);
        var length = seed.Length;
        var turns = random.Next(10) switch { 0 => 0, < 7 => 1, < 9 => 2, _ => 1 + random.Next(6) };
        for (var i = 0; i < turns; i++)
        {
            length = Change(into, length);
        }

        if (random.Next(4) != 0)
        {
            Mend(into[..length]);
        }

        return length;
    }

    private static IEnumerable<Primitives.IpAddr> Addresses() =>
    [
        World.Vm, World.VmStatic, World.VmListed, World.Gateway4, World.GatewayListed, World.PoolA, World.PoolB, World.StaticA, World.ForwardB,
        World.BalancerA, World.Internet, World.Node, World.Own4, World.Vm6, World.VmOther6, World.VmC6, World.VmB6Outside, World.Gateway6, World.GatewayC6,
        World.Internet6, World.Own6, Primitives.IpAddr.Parse("255.255.255.255"), Primitives.IpAddr.Parse("224.0.0.1"),
        Primitives.IpAddr.Parse("127.0.0.1"), Primitives.IpAddr.Parse("ff02::1"), Primitives.IpAddr.Parse("::1"), Primitives.IpAddr.Parse("::ffff:10.0.0.10"),
    ];

    private int Change(Span<byte> frame, int length)
    {
        var parts = Dissected.Of(frame[..length]);
        switch (random.Next(13))
        {
            case 0: // A bit.
                frame[random.Next(length)] ^= (byte)(1 << random.Next(8));
                return length;
            case 1: // An octet, more often in the headers.
                frame[Somewhere(length)] = Interesting[random.Next(Interesting.Length)];
                return length;
            case 2:
                frame[Somewhere(length)] = (byte)random.Next(256);
                return length;
            case 3: // Cut; lengths still promise more.
                return Math.Max(14, random.Next(length));
            case 4: // Longer than it says.
                var more = random.Next(200);
                random.NextBytes(frame.Slice(length, more));
                return length + more;
            case 5 when parts.Network >= 0: // Another address, of either end.
                var address = _addresses[random.Next(_addresses.Length)];
                var (at, size) = parts.IsV4 ? (parts.Network + 12 + (4 * random.Next(2)), 4) : (parts.Network + 8 + (16 * random.Next(2)), 16);
                if (address.Length == size)
                {
                    address.CopyTo(frame[at..]);
                }

                return length;
            case 6 when parts.Network >= 0: // TTL.
                frame[parts.Network + (parts.IsV4 ? 8 : 7)] = (byte)random.Next(4);
                return length;
            case 7 when parts.Network >= 0 && parts.IsV4: // Fragment bits.
                BinaryPrimitives.WriteUInt16BigEndian(frame[(parts.Network + 6)..], (ushort)(random.Next(8) << 13 | random.Next(6)));
                return length;
            case 8 when parts.Vni >= 0: // Another V-Net.
                uint[] vnis = [World.VniA, World.VniB, World.VniC, World.VniListed, World.VniL3A, World.VniL3B, 0, 0xffffff];
                BinaryPrimitives.WriteUInt32BigEndian(frame[(parts.Frame - 4)..], vnis[random.Next(vnis.Length)] << 8);
                return length;
            case 9 when parts.Transport >= 0 && parts.Transport + 4 <= length: // Ports.
                ushort[] ports = [0, 80, 8080, 8087, 8088, 1024, 65535, 53, 22, (ushort)random.Next(65536), (ushort)random.Next(2000)];
                BinaryPrimitives.WriteUInt16BigEndian(frame[(parts.Transport + (2 * random.Next(2)))..], ports[random.Next(ports.Length)]);
                return length;
            case 10 when parts.Network >= 0 && !parts.IsV4 && length + 8 <= Room: // An extension header more.
                var first = parts.Network + 40;
                frame[first..length].CopyTo(frame[(first + 8)..]);
                frame.Slice(first, 8).Clear();
                frame[first] = frame[parts.Network + 6];
                frame[first + 2] = (byte)random.Next(2);
                frame[first + 3] = (byte)random.Next(2);
                ReadOnlySpan<byte> kinds = [0, 43, 44, 60, 51];
                frame[parts.Network + 6] = kinds[random.Next(kinds.Length)];
                var payload = frame[(parts.Network + 4)..];
                BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(payload) + 8));
                return length + 8;
            case 11: // The head of one and the tail of another.
                var other = seeds[random.Next(seeds.Count)];
                var cut = random.Next(Math.Min(length, other.Length));
                other.AsSpan(cut).CopyTo(frame[cut..]);
                return Math.Max(14, other.Length);
            default: // TCP flags, ICMP type, whatever is there.
                if (parts.Transport >= 0 && parts.Transport + 14 <= length)
                {
                    frame[parts.Transport + (parts.Protocol == Frames.TcpNumber ? 13 : random.Next(4))] = (byte)random.Next(256);
                }

                return length;
        }
    }

    /// <summary>An offset, mostly in the first 120 octets: that is where headers are.</summary>
    private int Somewhere(int length) => random.Next(random.Next(8) == 0 ? length : Math.Min(length, 120));

    /// <summary>Makes lengths and checksums right again, as far as there is something to mend.</summary>
    private static void Mend(Span<byte> frame)
    {
        var parts = Dissected.Of(frame);
        if (parts.Outer >= 0)
        {
            MendHeader(frame, parts.Outer);
        }

        var network = parts.Network >= 0 ? parts.Network : parts.Frame + 14;
        if (network + 20 > frame.Length)
        {
            return;
        }

        MendHeader(frame, network);
        parts = Dissected.Of(frame);
        if (parts.Network < 0 || parts.Transport < 0 || parts.IsFragment)
        {
            return;
        }

        var place = parts.Protocol switch { Frames.TcpNumber => 16, Frames.UdpNumber => 6, Frames.Icmp4 or Frames.Icmp6 => 2, _ => -1 };
        var payload = frame[parts.Transport..(parts.Network + parts.Length)];
        if (place < 0 || payload.Length < place + 2)
        {
            return;
        }

        if (parts.Protocol == Frames.UdpNumber)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload[4..], (ushort)payload.Length);
        }

        BinaryPrimitives.WriteUInt16BigEndian(payload[place..], 0);
        var source = parts.IsV4 ? frame.Slice(parts.Network + 12, 4) : frame.Slice(parts.Network + 8, 16);
        var destination = parts.IsV4 ? frame.Slice(parts.Network + 16, 4) : frame.Slice(parts.Network + 24, 16);
        var sum = (ushort)~(parts.Protocol == Frames.Icmp4 ? Octets.Sum(payload) : Octets.SumWithPseudoHeader(source, destination, parts.Protocol, payload));
        BinaryPrimitives.WriteUInt16BigEndian(payload[place..], sum == 0 && parts.Protocol == Frames.UdpNumber ? (ushort)0xffff : sum);
    }

    private static void MendHeader(Span<byte> frame, int at)
    {
        var header = (frame[at] & 15) * 4;
        if (frame[at] >> 4 != 4 || header < 20 || at + header > frame.Length)
        {
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(frame[(at + 10)..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(frame[(at + 10)..], (ushort)~Octets.Sum(frame.Slice(at, header)));
    }
}
