using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

internal static partial class ObjectLines
{
    public const string Unicast4 = "address-family ipv4 unicast";
    public const string Unicast6 = "address-family ipv6 unicast";
    public const string EvpnFamily = "address-family l2vpn evpn";

    private const int MaximumPaths = 64;
    private const int DefaultBfdInterval = 300;
    private const int DefaultBfdMultiplier = 3;

    /// <summary>A line of FRR's configuration, undone by <c>no</c>.</summary>
    public static ConfigLine Frr(ValueList<string> context, string text, string? slot = null, string? undo = null, string? under = null) =>
        new(ConfigLine.Vtysh, context, text) { Undo = undo ?? Negated(text), Slot = slot, Under = under };

    public static string Negated(string text) => text.StartsWith("no ", StringComparison.Ordinal) ? text[3..] : "no " + text;

    public static string LoopbackEntry4(IpPrefix pool) => $"ip prefix-list {Names.Loopbacks} seq 10 permit {pool}{(pool.IsHost ? "" : " ge 32")}";

    public static string LoopbackEntry6(IpPrefix pool) => $"ipv6 prefix-list {Names.Loopbacks} seq 10 permit {pool}{(pool.IsHost ? "" : " ge 128")}";

    private static IEnumerable<ConfigLine> Bgp(BgpInstance o, FrrDialect dialect)
    {
        foreach (var line in Policy(o, dialect))
        {
            yield return line;
        }

        if (o.Bfd is { } bfd)
        {
            const string Profile = $"profile {Names.BfdProfile}";
            yield return Frr([], "bfd");
            yield return Frr(["bfd"], Profile);
            ValueList<string> inside = ["bfd", Profile];

            // FRR does not print what equals its defaults, so it is not written either.
            if (bfd.Multiplier != DefaultBfdMultiplier)
            {
                yield return Frr(inside, $"detect-multiplier {bfd.Multiplier}", slot: "multiplier", undo: $"detect-multiplier {DefaultBfdMultiplier}");
            }

            if (bfd.IntervalMilliseconds != DefaultBfdInterval)
            {
                yield return Frr(inside, $"transmit-interval {bfd.IntervalMilliseconds}", slot: "tx", undo: $"transmit-interval {DefaultBfdInterval}");
                yield return Frr(inside, $"receive-interval {bfd.IntervalMilliseconds}", slot: "rx", undo: $"receive-interval {DefaultBfdInterval}");
            }
        }

        var router = $"router bgp {o.Asn}";
        yield return Frr([], router);
        ValueList<string> process = [router];
        yield return Frr(process, $"bgp router-id {o.RouterId}", slot: "router-id");
        yield return Frr(process, "bgp ebgp-requires-policy");
        yield return Frr(process, "no bgp default ipv4-unicast");
        yield return Frr(process, "bgp bestpath as-path multipath-relax");
        const string Group = $"neighbor {Names.PeerGroup}";
        yield return Frr(process, $"{Group} peer-group");
        yield return Frr(process, $"{Group} remote-as external");
        if (o.Bfd is not null)
        {
            yield return Frr(process, $"{Group} bfd");
            yield return Frr(process, $"{Group} bfd profile {Names.BfdProfile}", under: ConfigLine.IdentityOf(ConfigLine.Vtysh, process, $"{Group} bfd"));
        }

        yield return Frr(process, $"{Group} advertisement-interval 0");
        yield return Frr(process, $"{Group} timers 3 9");
        yield return Frr(process, $"{Group} timers connect 1");

        var loopbacksOut = dialect.OwnRoutesOnly ? Names.OwnLoopbacks : Names.Loopbacks;
        foreach (var family in o.LoopbackPool6 is null ? [Unicast4] : new[] { Unicast4, Unicast6 })
        {
            ValueList<string> unicast = [router, family];
            yield return Frr(unicast, $"{Group} activate");
            yield return Frr(unicast, $"{Group} route-map {Names.Loopbacks} in");
            yield return Frr(unicast, $"{Group} route-map {loopbacksOut} out");
            yield return Frr(unicast, $"maximum-paths {MaximumPaths}", slot: "maximum-paths");
        }

        ValueList<string> evpn = [router, EvpnFamily];
        yield return Frr(evpn, $"{Group} activate");
        yield return Frr(evpn, $"{Group} route-map {Names.All} in");
        yield return Frr(evpn, $"{Group} route-map {(dialect.OwnRoutesOnly ? Names.Own : Names.All)} out");
        if (o.IsVtep)
        {
            yield return Frr(evpn, "advertise-all-vni");
            if (dialect.AnnouncesGateways)
            {
                yield return Frr(evpn, "advertise-default-gw");
            }
        }
    }

    /// <summary>Lists and route maps that every session refers to (RFC 8212).</summary>
    private static IEnumerable<ConfigLine> Policy(BgpInstance o, FrrDialect dialect)
    {
        yield return Frr([], LoopbackEntry4(o.LoopbackPool4), slot: "pool4");
        if (o.LoopbackPool6 is { } pool6)
        {
            yield return Frr([], LoopbackEntry6(pool6), slot: "pool6");
        }

        if (dialect.OwnRoutesOnly)
        {
            yield return Frr([], $"bgp as-path access-list {Names.Own} seq 5 permit ^$");
        }

        if (o.StandsIn)
        {
            // What is prepended counts as own.
            yield return Frr([], $"bgp as-path access-list {Names.Own} seq 10 permit ^{o.Asn}_{o.Asn}_{o.Asn}$");
            yield return Frr([], $"route-map {Names.StandIn} permit 10");
            yield return Frr([$"route-map {Names.StandIn} permit 10"], $"set as-path prepend {o.Asn} {o.Asn} {o.Asn}", undo: "no set as-path prepend");
        }

        foreach (var line in Loopbacks(Names.Loopbacks, own: false))
        {
            yield return line;
        }

        if (dialect.OwnRoutesOnly)
        {
            foreach (var line in Loopbacks(Names.OwnLoopbacks, own: true))
            {
                yield return line;
            }

            yield return Frr([], $"route-map {Names.Own} permit 10");
            yield return Frr([$"route-map {Names.Own} permit 10"], $"match as-path {Names.Own}");
        }

        yield return Frr([], $"route-map {Names.All} permit 10");

        IEnumerable<ConfigLine> Loopbacks(string map, bool own)
        {
            var entries = o.LoopbackPool6 is null ? new[] { ("ip", 10) } : [("ip", 10), ("ipv6", 20)];
            foreach (var (family, sequence) in entries)
            {
                var entry = $"route-map {map} permit {sequence}";
                yield return Frr([], entry);
                yield return Frr([entry], $"match {family} address prefix-list {Names.Loopbacks}");
                if (own)
                {
                    yield return Frr([entry], $"match as-path {Names.Own}");
                }
            }
        }
    }

    private static IEnumerable<ConfigLine> Neighbor(FabricNeighbor o, string router) =>
        [Frr([router], $"neighbor {Names.Port(o.Port)} interface peer-group {Names.PeerGroup}")];

    private static IEnumerable<ConfigLine> Controller(ControllerNeighbor o, string router)
    {
        var neighbor = $"neighbor {o.Address}";
        var head = Frr([router], $"{neighbor} remote-as {o.Asn}", slot: "remote-as", undo: $"no {neighbor}");
        yield return head;
        ValueList<string> evpn = [router, EvpnFamily];
        foreach (var (context, text) in new[]
        {
            ([router], "passive"),
            ([router], "ebgp-multihop 255"),
            ([router], "advertisement-interval 0"),
            ([router], "timers 3 9"),
            (evpn, "activate"),
            (evpn, $"route-map {Names.All} in"),
            (evpn, $"route-map {Names.All} out"),
        })
        {
            yield return Frr(context, $"{neighbor} {text}", under: head.Identity);
        }
    }

    private static IEnumerable<ConfigLine> Network(BgpNetwork o, string router) =>
        [Frr([router, o.Prefix.Family == IpFamily.V4 ? Unicast4 : Unicast6], $"network {o.Prefix}{(o.StandIn ? $" route-map {Names.StandIn}" : "")}", slot: $"network {o.Prefix}", undo: $"no network {o.Prefix}")];

    private static IEnumerable<ConfigLine> Evpn(EvpnVni o, string router)
    {
        var stanza = $"vni {o.Vni}";
        yield return Frr([router, EvpnFamily], stanza);
        ValueList<string> inside = [router, EvpnFamily, stanza];
        yield return Frr(inside, $"rd {o.Rd}", slot: "rd");
        yield return Frr(inside, $"route-target import {o.Rt}");
        yield return Frr(inside, $"route-target export {o.Rt}");
    }

    private static IEnumerable<ConfigLine> VrfRouting(Vrf o)
    {
        var name = Names.Vrf(o.L3Vni);
        yield return Frr([$"vrf {name}"], $"vni {o.L3Vni}");
        var router = $"router bgp {o.Asn} vrf {name}";
        yield return Frr([], router);
        yield return Frr([router], $"bgp router-id {o.RouterId}", slot: "router-id");
        yield return Frr([router, Unicast4], "redistribute connected");
        yield return Frr([router, Unicast6], "redistribute connected");
        ValueList<string> evpn = [router, EvpnFamily];
        yield return Frr(evpn, "advertise ipv4 unicast");
        yield return Frr(evpn, "advertise ipv6 unicast");
        yield return Frr(evpn, $"rd {o.Rd}", slot: "rd");
        yield return Frr(evpn, $"route-target import {o.Rt}");
        yield return Frr(evpn, $"route-target export {o.Rt}");
    }

    /// <summary>FRR refuses the <c>no</c> form of some lines where it is followed by all their words.</summary>
    private static string ForeignUndo(string text) => text.StartsWith("description ", StringComparison.Ordinal) ? "no description" : Negated(text);

    private static IEnumerable<ConfigLine> Foreign(ForeignLine o)
    {
        var context = o.Context;
        if (context.Count > 0 && context[0] == KernelContext)
        {
            var line = new ConfigLine(ConfigLine.Ip, [], o.Text);
            yield return line with { Undo = MadeDevice(line) is { } device ? $"link del dev {device}" : o.Text.Replace(" add ", " del ", StringComparison.Ordinal) };
            yield break;
        }

        yield return Frr(context, o.Text, undo: ForeignUndo(o.Text));
        var path = context.Append(o.Text).ToList();
        foreach (var line in o.Block)
        {
            var depth = line.TakeWhile(c => c == ' ').Count();
            var text = line[depth..];
            path.RemoveRange(Math.Min(path.Count, context.Count + Math.Max(1, depth)), path.Count - Math.Min(path.Count, context.Count + Math.Max(1, depth)));
            yield return Frr(path.ToValueList(), text);
            path.Add(text);
        }
    }
}
