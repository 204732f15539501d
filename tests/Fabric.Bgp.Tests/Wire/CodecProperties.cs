using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fuzz;
using Fabric.Bgp.RtMembership;
using Fabric.Bgp.Unicast;
using Fabric.Bgp.Wire;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Wire;

/// <summary>Round trips of generated messages, and that no input whatever makes the codec throw.</summary>
public sealed class CodecProperties
{
    private static readonly Gen<uint> U32 = from a in Gen.Choose(0, 0xffff) from b in Gen.Choose(0, 0xffff) select ((uint)a << 16) | (uint)b;

    private static readonly Gen<ulong> U64 = from a in U32 from b in U32 select ((ulong)a << 32) | b;

    private static readonly Gen<IpAddr> Ipv4 = U32.Select(IpAddr.V4);

    private static readonly Gen<IpAddr> Ip = Gen.OneOf(Ipv4, from a in U64 from b in U64 select IpAddr.V6(new UInt128(a, b)));

    private static readonly Gen<RouteDistinguisher> Rd = U64.Select(RouteDistinguisher.FromBits);

    private static readonly Gen<EthernetSegmentId> Esi =
        from a in U64 from b in U32 select EthernetSegmentId.FromBytes([.. BitConverter.GetBytes(a), (byte)b, (byte)(b >> 8)]);

    private static readonly Gen<EvpnLabel> Label = Gen.Choose(0, 0xffffff).Select(static l => new EvpnLabel((uint)l));

    private static readonly Gen<Octets> Bytes = Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf().Select(static b => new Octets(b.AsSpan(0, Math.Min(b.Length, 40))));

    private static readonly Gen<MacIpRoute> MacIp =
        from rd in Rd
        from tag in U32
        from mac in U64
        from ip in Gen.OneOf(Gen.Constant<IpAddr?>(null), Ip.Select(static i => (IpAddr?)i))
        from esi in Esi
        from label1 in Label
        from label2 in Gen.OneOf(Gen.Constant<EvpnLabel?>(null), Label.Select(static l => (EvpnLabel?)l))
        select new MacIpRoute(new(rd, tag, new MacAddress(mac >> 16), ip), esi, label1, label2);

    private static readonly Gen<PrefixRoute> Prefix =
        from rd in Rd
        from tag in U32
        from address in Ip
        from length in Gen.Choose(0, address.BitLength)
        from gateway in Ip.Where(g => g.Family == address.Family)
        from esi in Esi
        from label in Label
        select new PrefixRoute(new(rd, tag, IpPrefix.Of(address, length)), esi, gateway, label);

    private static readonly Gen<EvpnRouteSet> Routes =
        from macIp in MacIp.ArrayOf()
        from multicast in (from rd in Rd from tag in U32 from ip in Ip select new MulticastRoute(new(rd, tag, ip))).ArrayOf()
        from prefix in Prefix.ArrayOf()
        from discovery in (from rd in Rd from esi in Esi from tag in U32 from l in Label select new EthernetAutoDiscoveryRoute(new(rd, esi, tag), l)).ArrayOf()
        from segment in (from rd in Rd from esi in Esi from ip in Ip select new EthernetSegmentRoute(new(rd, esi, ip))).ArrayOf()
        from opaque in (from type in Gen.Elements<byte>(0, 6, 11, 255) from value in Bytes select new OpaqueRoute(type, value)).ArrayOf()
        select Set(discovery.Take(8), macIp.Take(8), multicast.Take(8), segment.Take(8), prefix.Take(8), opaque.Take(8));

    private static readonly Gen<AsPath> Path =
        (from kind in Gen.Elements(AsPathSegmentKind.Sequence, AsPathSegmentKind.Set)
         from numbers in U32.Select(static n => n | 1).NonEmptyListOf()
         select new AsPathSegment(kind, [.. numbers.Take(20)])).ListOf().Select(static s => new AsPath([.. s.Take(4)]));

    private static readonly Gen<PathAttributes> Attributes =
        from origin in Gen.Elements(RouteOrigin.Igp, RouteOrigin.Egp, RouteOrigin.Incomplete)
        from path in Path
        from nextHop in Ip.Where(static i => !MartianNextHop.Is(i))
        from med in Optional(U32)
        from localPref in Optional(U32)
        from atomic in Gen.Elements(true, false)
        from aggregator in Optional(from asn in U32 from id in Ipv4 select new Aggregator(asn | 1, id))
        from communities in U32.ListOf()
        from extended in U64.ListOf()
        from large in (from a in U32 from b in U32 from c in U32 select new LargeCommunity(a, b, c)).ListOf()
        from originator in Optional(Ipv4)
        from clusters in Ipv4.ListOf()
        from pmsi in Optional(from l in Label from i in Ip select Tunnel(l, i))
        from unknown in Bytes.ListOf()
        select new PathAttributes
        {
            Origin = origin,
            AsPath = path,
            NextHop = nextHop,
            Med = med,
            LocalPref = localPref,
            AtomicAggregate = atomic,
            Aggregator = aggregator,
            Communities = [.. communities.Take(90)],
            ExtendedCommunities = [.. extended.Take(40).Select(static b => new ExtendedCommunity(b))],
            LargeCommunities = [.. large.Take(30)],
            OriginatorId = originator,
            ClusterList = [.. clusters.Take(9)],
            PmsiTunnel = pmsi,
            Unknown = [.. unknown.Take(5).Select(static (v, i) => new UnknownAttribute(AttributeFlags.Optional | AttributeFlags.Transitive, (byte)(200 + i), v))],
        };

    private static readonly Gen<UpdateMessage> Updates =
        from announced in Routes
        from withdrawn in Routes
        from attributes in Attributes
        select new UpdateMessage { EvpnAnnounced = announced, EvpnWithdrawn = withdrawn, Attributes = announced.Count > 0 ? attributes : null };

    [Fact]
    public void Updates_round_trip() => Check(
        Updates,
        update =>
        {
            var bytes = Samples.Encode(update, Samples.Internal);
            var back = Samples.DecodeUpdate(bytes, Samples.Internal);
            return back.Problems.IsEmpty
                && (update.Attributes?.Equals(back.Attributes) ?? back.Attributes is null)
                && Same(update.EvpnAnnounced, back.EvpnAnnounced)
                && Same(update.EvpnWithdrawn, back.EvpnWithdrawn)
                && Samples.Encode(back, Samples.Internal).AsSpan().SequenceEqual(bytes);
        });

    [Fact]
    public void Unicast_routes_round_trip() => Check(
        from address in Ip
        from length in Gen.Choose(0, address.BitLength)
        from path in Optional(U32)
        select new UnicastRoute(IpPrefix.Of(address, length), path),
        route =>
        {
            var writer = new WireWriter(new byte[32]);
            route.Encode(ref writer);
            var reader = new WireReader(writer.Written);
            return UnicastRoute.TryDecode(ref reader, route.Prefix.Family, route.PathId is not null, out var back, out _)
                && reader.AtEnd
                && back == route
                && writer.Position == (route.PathId is null ? 1 : 5) + ((route.Prefix.Length + 7) / 8);
        });

    [Fact]
    public void Route_target_memberships_round_trip() => Check(
        from origin in U32
        from target in U64
        from length in Gen.Choose(0, 64)
        from path in Optional(U32)
        select RtMembershipRoute.OfPrefix(origin, target, length, path),
        route =>
        {
            var writer = new WireWriter(new byte[32]);
            route.Encode(ref writer);
            var reader = new WireReader(writer.Written);
            return RtMembershipRoute.TryDecode(ref reader, route.PathId is not null, out var back, out _) && reader.AtEnd && back == route;
        });

    [Fact]
    public void Extended_communities_give_back_what_they_were_made_of() => Check(
        from bits in U64
        from number in U32
        from octet in Gen.Choose(0, 255)
        from flag in Gen.Elements(true, false)
        select (bits, number, octet, flag),
        static x =>
        {
            var (mac, small) = (new MacAddress(x.bits >> 16), (ushort)x.number);
            var label = new EsiLabel(x.flag, new EvpnLabel(x.number & 0xff_ffff));
            var election = new DfElection((byte)(x.octet & 31), (ushort)x.bits, small);
            var layer2 = new Layer2Attributes((ushort)x.bits, small);
            var bandwidth = new LinkBandwidth(small, x.number);
            var origin = RouteDistinguisher.FromBits(((ulong)(x.octet % 3) << 48) | (x.bits >> 16));
            return ExtendedCommunity.OfRouterMac(mac).RouterMac == mac
                && ExtendedCommunity.OfEsImport(mac).EsImport == mac
                && ExtendedCommunity.OfMacMobility(x.flag, x.number).MacMobility == (x.flag, x.number)
                && ExtendedCommunity.Encapsulation(small).TunnelType == small
                && ExtendedCommunity.OfColor(x.number).Color == x.number
                && ExtendedCommunity.Of(label).EsiLabel == label
                && ExtendedCommunity.Of(election).DfElection == election
                && ExtendedCommunity.Of((NeighborFlags)x.octet).NeighborFlags == (NeighborFlags)x.octet
                && ExtendedCommunity.Of(layer2).Layer2Attributes == layer2
                && ExtendedCommunity.Of(bandwidth, x.flag) is var community && community.LinkBandwidth == bandwidth && community.IsTransitive == x.flag
                && ExtendedCommunity.OfRouteOrigin(origin).RouteOrigin == origin
                && ExtendedCommunity.OfRouteOrigin(origin).RouteTarget is null;
        });

    [Fact]
    public void Standard_communities_are_parsed_from_their_text() =>
        Check(U32, static n => StandardCommunity.TryParse(StandardCommunity.Text(n), out var back) && back == n);

    [Fact]
    public void Opens_round_trip() => Check(
        from asn in U32
        from hold in Gen.Choose(0, 65535)
        from id in Ipv4
        from capabilities in (from code in Gen.Choose(0, 255) from value in Bytes select new Capability((byte)code, value)).ListOf()
        select new OpenMessage { MyAs = (ushort)asn, HoldTime = (ushort)hold, Identifier = id, Capabilities = [.. capabilities.Take(30)] },
        open => OpenMessage.TryDecode(Samples.Encode(open).AsSpan(BgpFrame.HeaderLength), out var back, out _) && open.Equals(back));

    [Fact]
    public void Equal_attributes_have_equal_hashes() => Check(
        Attributes,
        a => Samples.DecodeUpdate(Samples.Encode(Samples.Announce(a, default(MacIpRoute)), Samples.Internal), Samples.Internal).Attributes is { } back
            && back.Equals(a)
            && back.GetHashCode() == a.GetHashCode());

    [Fact]
    public void Random_input_never_throws() => Check(
        Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf(),
        bytes =>
        {
            var check = new CodecCheck();
            return Enumerable.Range(0, CodecCheck.Contexts).All(context => check.Violation(bytes, context, show: true) is null);
        });

    [Fact]
    public void Mutated_input_holds_what_the_fuzz_target_checks() => Assert.Null(new FuzzWorker(20261121).Run(60_000));

    [Fact]
    public void Decoding_allocates_within_a_bound_per_route()
    {
        const int Count = 100;
        const int Rounds = 200;
        var update = Samples.Announce(
            Samples.Attributes(), [.. Enumerable.Range(0, Count).Select(static i => Samples.MacIp($"02:00:00:00:00:{i:x2}", $"10.0.0.{i}"))]);
        var body = Samples.Encode(update)[BgpFrame.HeaderLength..];
        for (var i = 0; i < 20; i++)
        {
            UpdateMessage.Decode(body, Samples.External);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            UpdateMessage.Decode(body, Samples.External);
        }

        var perRoute = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)(Rounds * Count);

        // A type-2 route is a value of 88 octets in a list that grows by doubling.
        Assert.InRange(perRoute, 80, 320);
    }

    [Fact]
    public void What_a_hostile_message_costs_is_in_proportion_to_its_length()
    {
        // Many small things: empty routes, malformed routes, repeated attributes, path segments of one AS.
        const string Mandatory = "400101 00 400200 ";
        string[] attributes =
        [
            Mandatory + Reach(Repeat("06 00", 2000)),
            Mandatory + Reach(Repeat("03 00", 2000)),
            Mandatory + Reach(Repeat("02 21 0001 0a000001 0064 00000000000000000000 00000000 30 020000000001 00 000064", 110)),
            Mandatory + Repeat("c0fa00", 1300),
            "400101 00 5002 0f9c " + Repeat("0201 0000fde9", 666),
        ];
        foreach (var attribute in attributes)
        {
            var body = Samples.UpdateBody("", attribute);
            UpdateMessage.Decode(body, Samples.External);
            var before = GC.GetAllocatedBytesForCurrentThread();
            UpdateMessage.Decode(body, Samples.External);
            var cost = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / body.Length;
            Assert.True(cost < 128, $"{cost} octets of memory an octet of the message: {attribute[..40]}");
        }

        static string Repeat(string hex, int count) => string.Concat(Enumerable.Repeat(hex, count));

        static string Reach(string routes)
        {
            var value = Samples.Hex("0019 46 04 0a000001 00" + routes);
            return $"900e {value.Length:x4} {Convert.ToHexStringLower(value)}";
        }
    }

    private static bool Same(EvpnRouteSet a, EvpnRouteSet b) =>
        a.AutoDiscovery.SequenceEqual(b.AutoDiscovery) && a.Segment.SequenceEqual(b.Segment) && a.MacIp.SequenceEqual(b.MacIp) && a.Multicast.SequenceEqual(b.Multicast) && a.Prefix.SequenceEqual(b.Prefix) && a.Opaque.SequenceEqual(b.Opaque);

    private static EvpnRouteSet Set(
        IEnumerable<EthernetAutoDiscoveryRoute> discovery,
        IEnumerable<MacIpRoute> macIp,
        IEnumerable<MulticastRoute> multicast,
        IEnumerable<EthernetSegmentRoute> segment,
        IEnumerable<PrefixRoute> prefix,
        IEnumerable<OpaqueRoute> opaque)
    {
        var set = new EvpnRouteSet();
        set.AutoDiscovery.AddRange(discovery);
        set.Segment.AddRange(segment);
        set.MacIp.AddRange(macIp);
        set.Multicast.AddRange(multicast);
        set.Prefix.AddRange(prefix);
        set.Opaque.AddRange(opaque);
        return set;
    }

    private static PmsiTunnel Tunnel(EvpnLabel label, IpAddr address)
    {
        Span<byte> octets = stackalloc byte[16];
        return new(0, PmsiTunnel.IngressReplication, label, new Octets(octets[..address.WriteTo(octets)]));
    }

    private static Gen<T?> Optional<T>(Gen<T> generator)
        where T : struct =>
        Gen.OneOf(Gen.Constant<T?>(null), generator.Select(static v => (T?)v));

    private static void Check<T>(Gen<T> generator, Func<T, bool> holds) => Prop.ForAll(generator.ToArbitrary(), holds).QuickCheckThrowOnFailure();
}
