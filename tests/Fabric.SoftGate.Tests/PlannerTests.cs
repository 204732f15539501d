using System.Diagnostics;
using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.SoftGate.Tests;

/// <summary>What the maps are made to hold, step by step.</summary>
public sealed class PlannerTests
{
    private static readonly Dictionary<string, uint> Interfaces = new() { ["eth1"] = 11, ["eth2"] = 12, ["eth3"] = 13 };
    private static readonly MacAddress SomeMac = MacAddress.Parse("02:00:00:00:00:aa");

    /// <summary>After any sequence of states and learnt routes the maps hold what is wanted, and no step leaves a reference to nothing.</summary>
    [Fact]
    public void Steps_lead_to_what_is_wanted_without_dangling_references()
    {
        var gen = Gen.ListOf(Gen.Choose(0, int.MaxValue - 1), 12);
        Prop.ForAll(Arb.From(gen), seeds =>
        {
            var planner = new Planner(new Capacities(), NodePlan.DefaultSettings);
            var maps = new Dictionary<EntryKey, byte[]>();
            foreach (var seed in seeds)
            {
                var random = new Random(seed);
                Carry(random.Next(3) switch
                {
                    0 => planner.LearnHost(
                        Vni.Parse($"{10100 + random.Next(4)}"), IpAddr.V4(0x0a000102 + (uint)random.Next(3)),
                        random.Next(3) == 0 ? null : new Place(IpAddr.V4(0x0aff0200 + (uint)random.Next(3)), Vni.Parse($"{10100 + random.Next(4)}"), SomeMac)),
                    1 => planner.LearnPublic(
                        IpPrefix.Parse(random.Next(2) == 0 ? "0.0.0.0/0" : "2001:db8::/32"),
                        random.Next(3) == 0 ? null : new PublicGateway(IpAddr.Parse("198.51.100.0"), 13, 0)),
                    _ => planner.Apply(Random(random), Interfaces),
                });
            }

            var wanted = planner.Wanted;
            foreach (var (key, value) in wanted)
            {
                Assert.True(maps.TryGetValue(key, out var present), $"{key} is missing");
                Assert.Equal(value, present);
            }

            Assert.Equal([], maps.Keys.Where(k => !wanted.ContainsKey(k) && k.Map != MapId.Hops).Select(k => k.ToString()));

            void Carry(MapChange change)
            {
                foreach (var step in change.Steps.SelectMany(steps => steps))
                {
                    if (step.Value is { } value)
                    {
                        maps[step.Key] = value;
                    }
                    else
                    {
                        Assert.True(maps.Remove(step.Key), $"{step.Key} is removed and not there");
                    }

                    Assert.Equal([], Dangling(maps));
                }

                planner.Settle();
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Indices_stay_with_their_owners()
    {
        var planner = new Planner(new Capacities(), NodePlan.DefaultSettings);
        planner.Apply(State([Vpc(1), Vpc(2), Vpc(3)]), Interfaces);
        planner.Settle();
        Assert.True(planner.Indices.Vpcs.TryGet(3, out var before));
        planner.Apply(State([Vpc(3)]), Interfaces);
        planner.Settle();
        planner.Apply(State([Vpc(3), Vpc(4)]), Interfaces);
        Assert.True(planner.Indices.Vpcs.TryGet(3, out var after));
        Assert.Equal(before, after);
        Assert.True(planner.Indices.Vpcs.TryGet(4, out var fourth));
        Assert.NotEqual(after, fourth);
    }

    [Fact]
    public void An_index_is_not_given_again_before_the_change_that_frees_it_is_carried_out()
    {
        var space = new IndexSpace<int>("vpcs", 1, 3);
        var first = space.Of(1);
        space.Of(2);
        space.Return(1);
        Assert.Throws<CapacityException>(() => space.Of(3));
        space.Settle();
        Assert.Equal(first, space.Of(3));
    }

    [Fact]
    public void A_state_that_has_not_changed_writes_nothing()
    {
        var planner = new Planner(new Capacities(), NodePlan.DefaultSettings);
        var state = State([Vpc(1)]) with { VNets = [VNet(1, 0)], Nat = [Source(1)] };
        planner.Apply(state, Interfaces);
        planner.Settle();
        Assert.True(planner.Apply(SoftGateJson.Read(SoftGateJson.Write(state)), Interfaces).IsEmpty);
    }

    [Fact]
    public void A_rule_more_writes_a_few_entries_of_its_own_vpc_only()
    {
        var planner = new Planner(new Capacities(), NodePlan.DefaultSettings);
        var vpcs = Enumerable.Range(1, 200).Select(Vpc).ToValueList();
        var nat = Enumerable.Range(1, 200).Select(i => Forward(i, 1000 + i, IpAddr.V4(0xcb007100 + (uint)i), 80, 80)).ToValueList();
        planner.Apply(State(vpcs) with { Nat = nat }, Interfaces);
        planner.Settle();
        var change = planner.Apply(State(vpcs) with { Nat = [.. nat, Forward(7, 5000, IpAddr.V4(0xcb007107), 8080, 8080)] }, Interfaces);
        Assert.Empty(change.Removals);
        Assert.Equal(["services", "vpcs"], change.Writes.Select(w => MapIds.NameOf(w.Key.Map)));
    }

    [Theory]
    [InlineData(0, 65535, 1)]
    [InlineData(80, 80, 1)]
    [InlineData(1, 65534, 30)]
    [InlineData(1024, 2047, 1)]
    public void A_range_becomes_few_prefixes(ushort first, ushort last, int count) => Assert.Equal(count, PortPrefixes.Of(first, last).Count());

    [Fact]
    public void Prefixes_of_a_range_cover_each_port_once() => Prop.ForAll(
        Arb.From(Gen.Two(Gen.Choose(0, 65535))),
        ends =>
        {
            var (first, last) = ((ushort)Math.Min(ends.Item1, ends.Item2), (ushort)Math.Max(ends.Item1, ends.Item2));
            var covered = PortPrefixes.Of(first, last).SelectMany(p => Enumerable.Range(p.Port, 1 << (16 - p.Length))).ToList();
            Assert.Equal(Enumerable.Range(first, last - first + 1), covered);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Ranges_are_used_again_in_one_piece()
    {
        var space = new RangeSpace("maglev", 0, 100);
        var (a, b, c) = (space.Take(30), space.Take(30), space.Take(30));
        space.Return(a, 30);
        space.Return(b, 30);
        Assert.Throws<CapacityException>(() => space.Take(60));
        space.Settle();
        Assert.Equal(a, space.Take(60));
        space.Return(c, 30);
        space.Settle();
        Assert.Equal(60u, space.Take(40));
    }

    /// <summary>References from an entry to another that is not there.</summary>
    private static List<string> Dangling(Dictionary<EntryKey, byte[]> maps)
    {
        var missing = new List<string>();
        foreach (var (key, value) in maps)
        {
            switch (key.Map)
            {
                case MapId.Vnis:
                    Need(MapId.Vnets, MemoryMarshal.Read<uint>(value));
                    break;
                case MapId.Hosts or MapId.Prefixes:
                    var route = MemoryMarshal.Read<Route>(value);
                    Need(MapId.Hops, route.Hop);
                    Need(MapId.Vnets, route.Vnet);
                    break;
                case MapId.SnatSources:
                    Need(MapId.Pools, MemoryMarshal.Read<SnatSource>(value).Pool);
                    break;
                case MapId.Vnets:
                    Need(MapId.Vteps, MemoryMarshal.Read<VNet>(value).Source);
                    break;
                case MapId.ServiceAddresses:
                    Debug.Assert(key.Key.Length == Marshal.SizeOf<HostKey>());
                    break;
                default:
                    break;
            }

            void Need(MapId map, uint index)
            {
                if (index != 0 && !maps.ContainsKey(new EntryKey(map, MapContents.Octets(index))))
                {
                    missing.Add($"{key} refers to {MapIds.NameOf(map)}[{index}]");
                }
            }
        }

        return missing;
    }

    private static SoftGateState Random(Random random)
    {
        var vpcs = Enumerable.Range(1, 4).Where(_ => random.Next(3) > 0).ToList();
        return State(vpcs.Select(Vpc).ToValueList()) with
        {
            VNets = vpcs.Where(_ => random.Next(3) > 0).Select(v => VNet(v, random.Next(2))).ToValueList(),
            Nat = vpcs.SelectMany(v => new[]
            {
                random.Next(2) == 0 ? Source(v) : null,
                random.Next(2) == 0 ? Forward(v, 200 + v, IpAddr.V4(0xcb007110 + (uint)v), (ushort)random.Next(1, 100), (ushort)random.Next(100, 200)) : null,
                random.Next(2) == 0 ? Static(v) : null,
            }).OfType<SoftGateNat>().ToValueList(),
            PublicAddresses = vpcs.Where(_ => random.Next(2) == 0)
                .Select(v => new SoftGatePublicAddress { Prefix = IpPrefix.Host(IpAddr.V4(0xcb007110 + (uint)v)), Vpc = v, BandwidthLimit = 1_000_000 * random.Next(1, 3) })
                .ToValueList(),
        };
    }

    private static SoftGateState State(ValueList<SoftGateVpc> vpcs) => new()
    {
        Revision = 1,
        Node = new()
        {
            Name = "softgate1",
            Asn = new Asn(65101),
            Loopback = IpAddr.Parse("10.255.3.1"),
            DeviceNumber = 9,
            FabricNumber = 100,
            ServiceVtep = IpAddr.Parse("10.255.4.1"),
            RouterMac = MacAddress.Parse("02:00:00:00:01:01"),
            GatewayMac = MacAddress.Parse("02:00:00:00:01:02"),
            UnderlayPorts = ["eth1", "eth2"],
            UnderlayMtu = 9000,
            Upstreams = [new() { Port = "eth3" }],
        },
        Partner = new() { Uid = 2, Name = "softgate2", Loopback = IpAddr.Parse("10.255.3.2"), ServiceVtep = IpAddr.Parse("10.255.4.2") },
        Vpcs = vpcs,
    };

    private static SoftGateVpc Vpc(int uid) => new()
    {
        Uid = uid,
        Name = $"vpc{uid}",
        L3Vni = Vni.Parse($"{5000 + uid}"),
        Owner = uid % 2 == 0 ? "softgate1" : "softgate2",
        StaticRoutes = uid == 2 ? [new(IpPrefix.Parse("10.9.0.0/16"), IpAddr.Parse("10.0.1.2"))] : [],
    };

    private static SoftGateVNet VNet(int vpc, int variant) => new()
    {
        Uid = 100 + vpc,
        Name = $"vnet{vpc}",
        Vpc = vpc,
        Vni = Vni.Parse($"{10099 + vpc}"),
        Gateways = [IpInterface.Parse("10.0.1.1/24"), IpInterface.Parse("2001:db8:1::1/64")],
        KnownHosts = variant == 0 ? [] : [new(SomeMac, IpAddr.Parse("10.0.1.2"))],
    };

    private static SoftGateNat Source(int vpc) => new() { Uid = 300 + vpc, Vpc = vpc, Kind = SoftGateNatKind.Source, Public = [IpAddr.V4(0xcb007110 + (uint)vpc)] };

    private static SoftGateNat Static(int vpc) => new()
    {
        Uid = 400 + vpc,
        Vpc = vpc,
        Kind = SoftGateNatKind.Static,
        Public = [IpAddr.V4(0xcb007120 + (uint)vpc)],
        InsideAddress = IpAddr.Parse("10.0.1.9"),
    };

    private static SoftGateNat Forward(int vpc, int uid, IpAddr address, ushort first, ushort last) => new()
    {
        Uid = uid,
        Vpc = vpc,
        Kind = SoftGateNatKind.Destination,
        Public = [address],
        InsideAddress = IpAddr.Parse("10.0.1.2"),
        Protocol = 6,
        Ports = new(first, last),
    };
}
