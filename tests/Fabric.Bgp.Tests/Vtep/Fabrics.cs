using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Vtep;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Vtep;

/// <summary>A small fabric: VTEPs 10.0.0.n with RD 10.0.0.n:1, L2VNI 100 (RT 1:100) in L3VNI 5000 (RT 1:5000).</summary>
internal static class Fabrics
{
    public static readonly Vni L2 = new(100);
    public static readonly Vni L3 = new(5000);
    public static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:01");
    public static readonly MacAddress OtherMac = MacAddress.Parse("02:00:00:00:00:02");
    public static readonly IpAddr Ip = IpAddr.Parse("10.1.0.1");
    public static readonly EthernetSegmentId Esi = EthernetSegmentId.Parse("03:44:38:39:ff:ff:01:00:00:01");
    public static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    public static readonly PathSource Peer = new(IpAddr.Parse("10.9.0.1"));
    public static readonly PathSource SecondPeer = new(IpAddr.Parse("10.9.0.2"));

    public static readonly VtepConfig Config = new() { Addresses = [Address(9)], RouterMac = MacAddress.Parse("02:00:00:00:99:09") };

    public static readonly L2VniConfig Bridge = new()
    {
        Vni = L2,
        Rd = Rd(9),
        Import = [RouteTarget.Parse("1:100")],
        Export = [RouteTarget.Parse("1:100")],
        L3Vni = L3,
    };

    public static readonly L3VniConfig Vrf = new()
    {
        Vni = L3,
        Rd = RouteDistinguisher.Parse("10.0.0.9:2"),
        Import = [RouteTarget.Parse("1:5000")],
        Export = [RouteTarget.Parse("1:5000")],
    };

    public static VtepState NewVtep(VtepConfig? config = null)
    {
        var state = new VtepState(config ?? Config);
        state.Apply(new VtepEvent.L3VniSet(Vrf), Start);
        state.Apply(new VtepEvent.L2VniSet(Bridge), Start);
        return state;
    }

    public static IpAddr Address(int vtep) => IpAddr.V4(0x0a00_0000u + (uint)vtep);

    public static RouteDistinguisher Rd(int vtep) => RouteDistinguisher.Type1(Address(vtep), 1);

    public static EvpnPathEvent MacIp(
        int vtep,
        MacAddress? mac = null,
        uint sequence = 0,
        bool sticky = false,
        IpAddr? ip = null,
        EthernetSegmentId esi = default,
        PathSource? source = null,
        bool routed = false,
        bool gone = false,
        uint vni = 100,
        string target = "1:100") => new EvpnPathEvent.MacIp(
            source ?? Peer,
            new MacIpRoute(new(Rd(vtep), 0, mac ?? Mac, ip), esi, new EvpnLabel(vni), routed ? EvpnLabel.Of(L3) : null),
            gone ? null : Attributes(vtep, [
                target,
                .. routed ? ["1:5000"] : Array.Empty<string>()],
                [.. sequence > 0 || sticky ? [ExtendedCommunity.OfMacMobility(sticky, sequence)] : Array.Empty<ExtendedCommunity>(),
                 .. routed ? [ExtendedCommunity.OfRouterMac(RouterMac(vtep))] : Array.Empty<ExtendedCommunity>()]));

    public static EvpnPathEvent Multicast(int vtep, bool gone = false, uint vni = 100, byte flags = 0, PathSource? source = null, string target = "1:100") =>
        new EvpnPathEvent.Multicast(
            source ?? Peer,
            new MulticastRoute(new(Rd(vtep), 0, Address(vtep))),
            gone ? null : new PathAttributes
            {
                NextHop = Address(vtep),
                ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Parse(target)), ExtendedCommunity.Encapsulation(8)],
                PmsiTunnel = new(flags, PmsiTunnel.IngressReplication, new EvpnLabel(vni), new Octets(Bytes(Address(vtep)))),
            });

    public static EvpnPathEvent Prefix(
        int vtep, string prefix, IpAddr? gateway = null, EthernetSegmentId esi = default, uint label = 5000, MacAddress? routerMac = null, bool gone = false, uint? localPref = null) =>
        new EvpnPathEvent.Prefix(
            Peer,
            new PrefixRoute(new(Rd(vtep), 0, IpPrefix.Parse(prefix)), esi, gateway ?? IpAddr.V4(0), new EvpnLabel(label)),
            gone ? null : Attributes(vtep, ["1:5000"], routerMac is { } mac ? [ExtendedCommunity.OfRouterMac(mac)] : [], localPref));

    public static EvpnPathEvent OnSegment(int vtep, bool gone = false, bool singleActive = false) => new EvpnPathEvent.AutoDiscovery(
        Peer,
        new(new(RouteDistinguisher.Type1(Address(vtep), 7), Esi, EthernetAutoDiscoveryRoute.WholeSegment), default),
        gone ? null : Attributes(vtep, ["1:100"], [ExtendedCommunity.Of(new EsiLabel(singleActive, default))]));

    public static EvpnPathEvent InBridge(int vtep, bool gone = false) => new EvpnPathEvent.AutoDiscovery(
        Peer, new(new(Rd(vtep), Esi, 0), EvpnLabel.Of(L2)), gone ? null : Attributes(vtep, ["1:100"], []));

    public static EvpnPathEvent Router(int vtep, DfElection? election = null, bool gone = false) => new EvpnPathEvent.Segment(
        Peer,
        new(new(RouteDistinguisher.Type1(Address(vtep), 7), Esi, Address(vtep))),
        gone ? null : new PathAttributes
        {
            NextHop = Address(vtep),
            ExtendedCommunities = [ExtendedCommunity.EsImportOf(Esi), .. election is { } e ? [ExtendedCommunity.Of(e)] : Array.Empty<ExtendedCommunity>()],
        });

    public static MacAddress RouterMac(int vtep) => new(0x0200_0000_9900u + (ulong)vtep);

    public static ImmutableArray<VtepAction> Say(this VtepState state, EvpnPathEvent path, double seconds = 0) =>
        state.Apply(new VtepEvent.PathSaid(path), Start + TimeSpan.FromSeconds(seconds));

    public static ImmutableArray<VtepAction> Do(this VtepState state, VtepEvent @event, double seconds = 0) =>
        state.Apply(@event, Start + TimeSpan.FromSeconds(seconds));

    public static MacEntry? Where(this VtepState state, MacAddress? mac = null) => state.L2View().Macs.GetValueOrDefault(mac ?? Mac);

    public static L2VniView L2View(this VtepState state) => state.TryGetL2Vni(L2, out var view) ? view : throw new InvalidOperationException("no bridge domain");

    public static L3VniView L3View(this VtepState state) => state.TryGetL3Vni(L3, out var view) ? view : throw new InvalidOperationException("no VRF");

    /// <summary>The attributes with which a MAC (without address) is announced; null when it is not.</summary>
    public static PathAttributes? Announced(this VtepState state, MacAddress? mac = null) =>
        state.Originated.OfType<EvpnPathEvent.MacIp>().SingleOrDefault(r => r.Route.Key.Mac == (mac ?? Mac) && r.Route.Key.Ip is null)?.Attributes;

    private static PathAttributes Attributes(int vtep, IEnumerable<string> targets, IEnumerable<ExtendedCommunity> communities, uint? localPref = null) => new()
    {
        NextHop = Address(vtep),
        LocalPref = localPref,
        ExtendedCommunities = [.. targets.Select(static t => ExtendedCommunity.Of(RouteTarget.Parse(t))), ExtendedCommunity.Encapsulation(8), .. communities],
    };

    private static byte[] Bytes(IpAddr address)
    {
        var octets = new byte[address.ByteLength];
        address.WriteTo(octets);
        return octets;
    }
}
