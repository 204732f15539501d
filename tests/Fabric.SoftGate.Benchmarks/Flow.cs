using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>A flow of UDP over IPv4, as its packets are at one place.</summary>
/// <param name="Source">Source address, host order.</param>
/// <param name="SourcePort">Source port.</param>
/// <param name="Destination">Destination address, host order.</param>
/// <param name="DestinationPort">Destination port.</param>
/// <param name="Vni">VNI that carries it; 0: plain.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Flow(uint Source, ushort SourcePort, uint Destination, ushort DestinationPort, int Vni = 0)
{
    /// <summary>The flow the other way.</summary>
    internal Flow Reply(int vni = 0) => new(Destination, DestinationPort, Source, SourcePort, vni);
}

/// <summary>Where a frame is on the wire: the addresses around a flow.</summary>
/// <param name="To">Destination MAC.</param>
/// <param name="From">Source MAC.</param>
/// <param name="OuterTo">With VXLAN: own VTEP.</param>
/// <param name="OuterFrom">With VXLAN: the other's VTEP.</param>
/// <param name="InnerTo">With VXLAN: destination MAC inside.</param>
/// <param name="InnerFrom">With VXLAN: source MAC inside.</param>
internal sealed record Envelope(byte[] To, byte[] From, uint OuterTo = 0, uint OuterFrom = 0, byte[]? InnerTo = null, byte[]? InnerFrom = null);

/// <summary>Writes frames for the generator, and reads what came out.</summary>
internal static class Frame
{
    /// <summary>Octets of frames for the generator.</summary>
    internal const int Plain = 64, Vxlan = 112;

    /// <summary>TTL of what goes in.</summary>
    internal const byte Ttl = 64;

    private const int Ethernet = 14, Outer = 50, Ip = 20, Udp = 8;

    internal static void Write(Span<byte> frame, in Flow flow, Envelope envelope)
    {
        if (flow.Vni == 0)
        {
            Envelop(frame, envelope.To, envelope.From);
            WriteIp(frame[Ethernet..Plain], flow, checksum: true);
            return;
        }

        Envelop(frame, envelope.To, envelope.From);
        var outer = new Flow(envelope.OuterFrom, 50_000, envelope.OuterTo, 4789);
        WriteIp(frame[Ethernet..Vxlan], outer, checksum: false);
        BinaryPrimitives.WriteUInt32BigEndian(frame[(Outer - 8)..], 0x08000000);
        BinaryPrimitives.WriteInt32BigEndian(frame[(Outer - 4)..], flow.Vni << 8);
        Envelop(frame[Outer..], envelope.InnerTo!, envelope.InnerFrom!);
        WriteIp(frame[(Outer + Ethernet)..Vxlan], flow, checksum: true);
    }

    /// <summary>The flow of a frame with that TTL; null, and what is wrong with it.</summary>
    internal static Flow? Read(ReadOnlySpan<byte> frame, byte ttl, out string why)
    {
        var ip = frame[Ethernet..];
        why = frame.Length < Ethernet + Ip + Udp ? "too short" : BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != 0x0800 ? "not IPv4" : WrongIp(ip, out _);
        if (why.Length > 0)
        {
            return null;
        }

        var vni = 0;
        if (BinaryPrimitives.ReadUInt16BigEndian(ip[(Ip + 2)..]) == 4789)
        {
            vni = BinaryPrimitives.ReadInt32BigEndian(frame[(Outer - 4)..]) >> 8;
            ip = frame[(Outer + Ethernet)..];
            why = WrongIp(ip, out _);
            if (why.Length > 0)
            {
                return null;
            }
        }

        _ = WrongIp(ip, out var length);
        why = ip[8] != ttl ? $"TTL {ip[8]}" : WrongUdp(ip[..length]) ? "UDP checksum" : "";
        return why.Length > 0
            ? null
            : new(
                BinaryPrimitives.ReadUInt32BigEndian(ip[12..]),
                BinaryPrimitives.ReadUInt16BigEndian(ip[Ip..]),
                BinaryPrimitives.ReadUInt32BigEndian(ip[16..]),
                BinaryPrimitives.ReadUInt16BigEndian(ip[(Ip + 2)..]),
                vni);
    }

    private static void Envelop(Span<byte> frame, byte[] to, byte[] from)
    {
        to.CopyTo(frame);
        from.CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x0800);
    }

    private static void WriteIp(Span<byte> ip, in Flow flow, bool checksum)
    {
        ip.Clear();
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[6] = 0x40;
        ip[8] = Ttl;
        ip[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], flow.Source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], flow.Destination);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~Sum(ip[..Ip]));
        var udp = ip[Ip..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, flow.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], flow.DestinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        if (checksum)
        {
            var sum = (ushort)~Sum(udp, Pseudo(ip));
            BinaryPrimitives.WriteUInt16BigEndian(udp[6..], sum == 0 ? (ushort)0xffff : sum);
        }
    }

    private static string WrongIp(ReadOnlySpan<byte> ip, out int length)
    {
        length = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        return ip[0] != 0x45 || ip[9] != 17 || length < Ip + Udp || length > ip.Length ? "not UDP over IPv4" : Sum(ip[..Ip]) != 0xffff ? "IP checksum" : "";
    }

    private static bool WrongUdp(ReadOnlySpan<byte> ip) => ip[Ip + 6] == 0 && ip[Ip + 7] == 0 ? true : Sum(ip[Ip..], Pseudo(ip)) != 0xffff;

    private static uint Pseudo(ReadOnlySpan<byte> ip) => 17 + (uint)ip.Length - Ip + Sum(ip[12..Ip]);

    private static uint Sum(ReadOnlySpan<byte> octets, uint sum = 0)
    {
        for (var i = 0; i + 1 < octets.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(octets[i..]);
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return sum;
    }
}
