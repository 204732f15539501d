using System.Diagnostics;
using System.Globalization;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.Bgp.Tests.Vtep.Fabrics;

namespace Fabric.Bgp.Tests.Vtep;

/// <summary>Random claims of several VTEPs, by several reflectors.</summary>
public sealed class VtepProperties
{
    private static readonly VtepConfig Patient = Fabrics.Config with { DuplicateMoves = int.MaxValue };

    private static readonly Gen<EvpnPathEvent> Paths =
        from kind in Gen.Choose(0, 9)
        from vtep in Gen.Choose(1, 3)
        from item in Gen.Choose(0, 2)
        from variant in Gen.Choose(0, 7)
        from gone in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        from second in Gen.Elements(true, false)
        select Make(kind, vtep, item, variant, gone) with { Source = second ? SecondPeer : Peer };

    /// <summary>Each reflector's events in their order, the reflectors interleaved differently: the view is the same.</summary>
    [Fact]
    public void The_view_does_not_depend_on_the_order_of_events_of_different_sources() => Prop.ForAll(
        Paths.ArrayOf().ToArbitrary(),
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        (paths, seed) =>
        {
            var random = new Random(seed);
            var queues = paths.GroupBy(static p => p.Source).Select(static g => new Queue<EvpnPathEvent>(g)).ToList();
            var shuffled = new List<EvpnPathEvent>();
            while (queues.RemoveAll(static q => q.Count == 0) >= 0 && queues.Count > 0)
            {
                shuffled.Add(queues[random.Next(queues.Count)].Dequeue());
            }

            return Show(After(paths)) == Show(After(shuffled));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(80));

    [Fact]
    public void Withdrawing_everything_leaves_nothing_but_what_is_local() => Prop.ForAll(
        Paths.ArrayOf().ToArbitrary(),
        paths =>
        {
            var state = After(paths);
            foreach (var path in paths)
            {
                state.Say(path with { Attributes = null });
            }

            return Show(state) == Show(After([])) && state.ImportedPaths == 0;
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(80));

    [Fact]
    public void The_actions_tell_every_change_of_the_view() => Prop.ForAll(
        Paths.ArrayOf().ToArbitrary(),
        paths =>
        {
            var state = NewVtep(Patient);
            var macs = new Dictionary<MacAddress, MacEntry>();
            var hosts = new Dictionary<IpAddr, int>();
            foreach (var action in paths.SelectMany(p => state.Say(p)))
            {
                if (action is VtepAction.MacChanged mac)
                {
                    macs.Remove(mac.Mac);
                    if (mac.Entry is not null)
                    {
                        macs.Add(mac.Mac, mac.Entry);
                    }
                }
                else if (action is VtepAction.HostChanged host)
                {
                    hosts[host.Ip] = host.Paths.Length;
                }
            }

            return macs.OrderBy(static m => m.Key).SequenceEqual(state.L2View().Macs.OrderBy(static m => m.Key))
                && hosts.Where(static h => h.Value > 0).Select(static h => h.Key).Order().SequenceEqual(state.L3View().Hosts.Keys.Order());
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(80));

    [Fact]
    public void The_cost_of_an_event_does_not_grow_with_the_table()
    {
        var state = NewVtep();
        var small = Cost(state, 1_000);
        for (var n = 0u; n < 100_000; n++)
        {
            state.Say(MacIp(1, new MacAddress(0x0200_0100_0000u + n), ip: IpAddr.V4(0x0b00_0000u + n), routed: true));
        }

        var large = Cost(state, 1_000);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"octets allocated an event: {small} empty, {large} with 100000 MACs"));
        Assert.InRange(large, 0, (small * 2) + 1000);

        static long Cost(VtepState state, uint events)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var n = 0u; n < events; n++)
            {
                state.Say(MacIp(2, new MacAddress(0x0200_0200_0000u + n), ip: IpAddr.V4(0x0c00_0000u + n), routed: true));
            }

            for (var n = 0u; n < events; n++)
            {
                state.Say(MacIp(2, new MacAddress(0x0200_0200_0000u + n), ip: IpAddr.V4(0x0c00_0000u + n), gone: true));
            }

            return (GC.GetAllocatedBytesForCurrentThread() - before) / (2 * events);
        }
    }

    private static VtepState After(IEnumerable<EvpnPathEvent> paths)
    {
        var state = NewVtep(Patient);
        state.Do(new VtepEvent.SegmentSet(new() { Esi = Esi, Rd = RouteDistinguisher.Parse("10.0.0.9:7"), Vnis = [L2] }));
        state.Do(new VtepEvent.Tick(), 3);
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Do(new VtepEvent.NeighborLearnt(L2, Mac, Ip));
        state.Do(new VtepEvent.PrefixSet(L3, IpPrefix.Parse("10.1.0.0/24")));
        foreach (var path in paths)
        {
            state.Say(path);
        }

        return state;
    }

    /// <summary>Any path of a few VTEPs, MACs, addresses and prefixes.</summary>
    internal static EvpnPathEvent Make(int kind, int vtep, int item, int variant, bool gone)
    {
        var mac = new MacAddress(Mac.Bits + (ulong)item);
        var ip = IpAddr.V4(Ip.V4Number + (uint)item);
        var esi = variant % 3 == 0 ? OtherEsi : default;
        return kind switch
        {
            0 or 1 => MacIp(vtep, mac, (uint)variant / 2, variant == 7, esi: esi, gone: gone),
            2 or 3 => MacIp(vtep, mac, (uint)variant / 2, ip: ip, routed: variant % 2 == 0, esi: esi, gone: gone),
            4 => Multicast(vtep, gone, flags: (byte)(variant & 1)),
            5 => Prefix(vtep, $"10.1.{item}.0/24", routerMac: RouterMac(vtep), gone: gone, localPref: variant == 0 ? 200 : null),
            6 => Prefix(vtep, $"10.1.{item}.0/24", gateway: ip, gone: gone),
            7 => OnSegment(vtep, gone, variant == 0),
            8 => InBridge(vtep, gone),
            _ => Router(vtep, gone: gone),
        };
    }

    private static readonly EthernetSegmentId OtherEsi = EthernetSegmentId.Parse("03:44:38:39:ff:ff:01:00:00:02");

    /// <summary>All that a state shows and originates, as text.</summary>
    internal static string Show(VtepState state) => string.Join('\n', (IEnumerable<string>)[
        .. state.L2View().Macs.OrderBy(static e => e.Key).Select(static e => $"{e.Key} {e.Value}"),
        .. state.L2View().Macs.OrderBy(static e => e.Key).Select(e => $"{e.Key} to {string.Join(' ', state.Destinations(L2, e.Value))}"),
        .. state.L2View().Neighbors.OrderBy(static e => e.Key).Select(static e => $"{e.Key} {e.Value}"),
        .. state.L2View().Flood.OrderBy(static e => e.Key).Select(static e => $"{e.Key} {e.Value}"),
        .. state.L3View().Prefixes.OrderBy(static e => e.Key).Select(static e => $"{e.Key} {string.Join(' ', e.Value)}"),
        .. state.L3View().Hosts.OrderBy(static e => e.Key).Select(static e => $"{e.Key} {string.Join(' ', e.Value)}"),
        $"{state.Forwarder(Esi, L2)}",
        .. state.Originated.Select(static o => $"{o.GetType().Name} {KeyOf(o)} {string.Join(' ', o.Attributes!.ExtendedCommunities)}").Order(StringComparer.Ordinal)]);

    private static object KeyOf(EvpnPathEvent path) => path switch
    {
        EvpnPathEvent.MacIp p => p.Route,
        EvpnPathEvent.Multicast p => p.Route,
        EvpnPathEvent.Prefix p => p.Route,
        EvpnPathEvent.AutoDiscovery p => p.Route,
        EvpnPathEvent.Segment p => p.Route,
        _ => throw new UnreachableException(),
    };
}
