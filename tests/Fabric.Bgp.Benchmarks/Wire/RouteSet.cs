using System.Buffers.Binary;

namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>Type-2 routes that are numbered from zero. Everything in a route follows from its number, which is in the last four octets of its MAC.</summary>
/// <param name="Count">How many routes there are.</param>
/// <param name="RoutesPerVni">Neighbouring routes with the same VNI: route distinguisher, label, route target and next hop.</param>
/// <param name="RoutesPerAttributes">Neighbouring routes that share all attributes; when fewer than a VNI has, a community of their own tells them apart.</param>
/// <param name="RoutesPerUpdate">Neighbouring routes in an UPDATE message.</param>
/// <remarks>RFC 7432 section 7.2. A MAC alone, without an IP:
/// <code>
/// | type 1 = 2 | length 1 = 33 | RD 8 | ESI 10 | tag 4 | MAC length 1 = 48 | MAC 6 | IP length 1 = 0 | label 3 = VNI |
/// </code></remarks>
public sealed record RouteSet(int Count, int RoutesPerVni = 100, int RoutesPerAttributes = 100, int RoutesPerUpdate = 100)
{
    /// <summary>Octets of a route in an UPDATE.</summary>
    public const int NlriLength = 35;

    /// <summary>Octets of the extended communities of a route that has not moved: route target and encapsulation.</summary>
    public const int CommunitiesLength = 16;

    /// <summary>The same with MAC mobility.</summary>
    public const int MovedCommunitiesLength = 24;

    /// <summary>Number of the autonomous system of everybody.</summary>
    public const ushort Asn = 65000;

    private const int MacAt = 25;

    /// <summary>Whether routes of the same VNI differ in attributes.</summary>
    public bool OwnAttributes => RoutesPerAttributes < RoutesPerVni;

    /// <summary>The VNI of a route; the first is 1.</summary>
    public int Vni(int route) => 1 + (route / RoutesPerVni);

    /// <summary>Routes with the same class have the same attributes.</summary>
    public int AttributeClass(int route) => route / RoutesPerAttributes;

    /// <summary>The VTEP of a route, an IPv4 address.</summary>
    public uint NextHop(int route) => 0x0A400000 + (uint)(Vni(route) % 250) + 1;

    /// <summary>The community that is a class's own.</summary>
    public uint Community(int route) => 0x00010000 + (uint)AttributeClass(route);

    /// <summary>LOCAL_PREF of routes of a generation: how often all routes were announced with new attributes before.</summary>
    public static uint LocalPreference(uint generation) => 100 + generation;

    /// <summary>Which route this is, by its MAC; the caller has checked that there are <see cref="NlriLength"/> octets.</summary>
    public static int NumberOf(ReadOnlySpan<byte> nlri) => BinaryPrimitives.ReadInt32BigEndian(nlri[(MacAt + 2)..]);

    /// <summary>Writes a route.</summary>
    public void WriteNlri(Span<byte> to, int route)
    {
        to = to[..NlriLength];
        to.Clear();
        to[0] = 2;
        to[1] = NlriLength - 2;
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], Asn);
        BinaryPrimitives.WriteInt32BigEndian(to[6..], Vni(route));
        to[MacAt - 1] = 48;
        to[MacAt] = 2;
        BinaryPrimitives.WriteInt32BigEndian(to[(MacAt + 2)..], route);
        to[32] = (byte)(Vni(route) >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(to[33..], (ushort)Vni(route));
    }

    /// <summary>Writes the extended communities in ascending order: route target, VXLAN and, of a route that has moved, the sequence number.</summary>
    public ReadOnlySpan<byte> WriteCommunities(Span<byte> to, int route, uint? sequence)
    {
        to = to[..(sequence is null ? CommunitiesLength : MovedCommunitiesLength)];
        to.Clear();
        RouteTarget(to, Vni(route));
        BinaryPrimitives.WriteUInt16BigEndian(to[8..], 0x030C);
        to[15] = 8;
        if (sequence is { } moved)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to[16..], 0x0600);
            BinaryPrimitives.WriteUInt32BigEndian(to[20..], moved);
        }

        return to;
    }

    /// <summary>Writes the route target of a VNI, eight octets.</summary>
    public static void RouteTarget(Span<byte> to, int vni)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, 0x0002);
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], Asn);
        BinaryPrimitives.WriteInt32BigEndian(to[4..], vni);
    }
}
