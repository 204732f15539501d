using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Tests.Evpn;

/// <summary>A pair, g1 and g2, with two VPCs; each node owns one.</summary>
internal static class Samples
{
    internal static readonly Vni Red = new(5001);
    internal static readonly Vni Blue = new(5002);
    internal static readonly Vni Web = new(10101);
    internal static readonly Vni Data = new(10102);
    internal static readonly Vni Far = new(10201);
    internal static readonly MacAddress RouterMac = MacAddress.Parse("02:fb:00:07:ff:01");
    internal static readonly MacAddress GatewayMac = MacAddress.Parse("02:fb:00:07:ff:02");

    internal static SoftGateState State(int node = 1) => new()
    {
        Revision = 1,
        Node = new()
        {
            Name = $"g{node}",
            Asn = new Asn(65040u + (uint)node),
            Loopback = IpAddr.Parse($"10.255.4.{node}"),
            DeviceNumber = (ushort)(40 + node),
            FabricNumber = 7,
            ServiceVtep = Service(node),
            RouterMac = RouterMac,
            GatewayMac = GatewayMac,
            UnderlayMtu = 9000,
            UnderlayPorts = ["eth1"],
            EvpnPeers = [new(IpAddr.Parse("10.255.1.1"), new Asn(65011)), new(IpAddr.Parse("10.255.1.2"), new Asn(65012))],
        },
        Partner = new() { Uid = 3 - node, Name = $"g{3 - node}", Loopback = IpAddr.Parse($"10.255.4.{3 - node}"), ServiceVtep = Service(3 - node) },
        Vpcs =
        [
            new()
            {
                Uid = 1, Name = "red", L3Vni = Red, Owner = "g1", RoutedIpv6 = false,
                StaticRoutes = [new(IpPrefix.Parse("10.9.0.0/16"), IpAddr.Parse("10.1.1.9")), new(IpPrefix.Parse("10.8.0.0/16"), IpAddr.Parse("172.16.0.1"))],
            },
            new() { Uid = 2, Name = "blue", L3Vni = Blue, Owner = "g2" },
        ],
        VNets =
        [
            new() { Uid = 11, Name = "web", Vpc = 1, Vni = Web, Gateways = [IpInterface.Parse("10.1.1.1/24"), IpInterface.Parse("2001:db8:1::1/64")] },
            new() { Uid = 12, Name = "data", Vpc = 1, Vni = Data, Gateways = [IpInterface.Parse("10.1.2.1/24")] },
            new() { Uid = 21, Name = "far", Vpc = 2, Vni = Far, Gateways = [IpInterface.Parse("10.1.1.1/24")] },
        ],
        Nat = [new() { Uid = 31, Vpc = 1, Kind = SoftGateNatKind.Source, Public = [IpAddr.Parse("203.0.113.1")] }],
    };

    internal static IpAddr Service(int node) => IpAddr.Parse($"10.255.5.{node}");

    /// <summary>The state with another first VPC.</summary>
    internal static SoftGateState WithRed(this SoftGateState state, Func<SoftGateVpc, SoftGateVpc> change) =>
        state with { Vpcs = state.Vpcs.Select(v => v.Uid == 1 ? change(v) : v).ToValueList() };

    /// <summary>The state with addresses that the orchestrator knows in the V-Net "web".</summary>
    internal static SoftGateState WithKnown(this SoftGateState state, params SoftGateKnownHost[] hosts) =>
        state with { VNets = state.VNets.Select(v => v.Vni == Web ? v with { KnownHosts = [.. hosts] } : v).ToValueList() };
}

/// <summary>Keeps what was learnt.</summary>
internal sealed class Learnt : ILearn
{
    internal Dictionary<(Vni L3Vni, IpAddr Address), Place> Hosts { get; } = [];

    internal Dictionary<(Vni L3Vni, IpPrefix Prefix), Place> Prefixes { get; } = [];

    internal Dictionary<IpPrefix, PublicGateway> Public { get; } = [];

    internal HashSet<(Vni Vni, IpAddr Vtep)> Floods { get; } = [];

    /// <summary>How often something was told.</summary>
    internal int Told { get; private set; }

    public void LearnHost(Vni l3Vni, IpAddr address, Place? place) => Set(Hosts, (l3Vni, address), place);

    public void LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place) => Set(Prefixes, (l3Vni, prefix), place);

    public void LearnPublic(IpPrefix prefix, PublicGateway? gateway) => Set(Public, prefix, gateway);

    public void LearnFlood(Vni vni, IpAddr vtep, bool wanted)
    {
        Told++;
        Assert.True(wanted ? Floods.Add((vni, vtep)) : Floods.Remove((vni, vtep)), $"{vni} {vtep} {wanted} is no news");
    }

    /// <summary>All as text, sorted.</summary>
    internal string Text() => string.Join(
        '\n',
        Hosts.Select(h => $"host {h.Key.L3Vni} {h.Key.Address}: {Of(h.Value)}").Order(StringComparer.Ordinal)
            .Concat(Prefixes.Select(p => $"prefix {p.Key.L3Vni} {p.Key.Prefix}: {Of(p.Value)}").Order(StringComparer.Ordinal))
            .Concat(Floods.Select(f => $"flood {f.Vni} {f.Vtep}").Order(StringComparer.Ordinal))
            .Concat(Public.Select(p => $"public {p.Key}: {p.Value}").Order(StringComparer.Ordinal)));

    private static string Of(Place place) => $"{place.Vtep} {place.Vni} {place.Mac}";

    private void Set<TKey, TValue>(Dictionary<TKey, TValue> table, TKey key, TValue? value)
        where TKey : notnull
        where TValue : struct
    {
        Told++;
        if (value is { } some)
        {
            Assert.False(table.TryGetValue(key, out var before) && before.Equals(some), $"{key} is no news");
            table[key] = some;
        }
        else
        {
            Assert.True(table.Remove(key), $"{key} was not there");
        }
    }
}
