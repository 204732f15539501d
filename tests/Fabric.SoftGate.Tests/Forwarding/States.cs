using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Forwarding;

/// <summary>States for tests that want many.</summary>
internal static class States
{
    private static readonly ushort[] Ports = [22, 25, 80, 443];

    /// <summary>Any state that does not contradict itself.</summary>
    internal static SoftGateState Random(Random random)
    {
        var vpcs = new[] { 1, 2, 3 }.Where(_ => random.Next(4) > 0).ToList();
        var lists = Enumerable.Range(1, 4).Where(_ => random.Next(3) > 0).ToList();
        return Gate.Plain with
        {
            Node = random.Next(8) == 0 ? Gate.Plain.Node with { RouterMac = MacAddress.Parse("02:00:00:00:00:07") } : Gate.Plain.Node,
            Vpcs = vpcs.Select(v => Gate.Vpc(v) with
            {
                AccessList = Any(lists),
                BandwidthLimit = random.Next(2) == 0 ? null : 1_000_000 * random.Next(1, 3),
                AntiSpoof = random.Next(4) == 0,
                StaticRoutes = random.Next(2) == 0 ? [] : [new(IpPrefix.Parse("10.9.0.0/16"), IpAddr.Parse("10.0.0.10"))],
            }).ToValueList(),
            VNets = vpcs.Where(_ => random.Next(4) > 0).Select(v => Gate.VNet(v) with
            {
                IngressList = Any(lists),
                EgressList = Any(lists),
                Blocked = random.Next(8) == 0,
                KnownHosts = random.Next(2) == 0 ? [] : [new(Node.HostMac, IpAddr.Parse("10.0.0.10"))],
            }).ToValueList(),
            AccessLists = lists.Select(l => Gate.List(l, random.Next(2) == 0, [.. Ports.Where(_ => random.Next(2) == 0)])).ToValueList(),
            Nat = vpcs.SelectMany(v => new[]
            {
                random.Next(2) == 0 ? Gate.SourceNat(v, [.. Enumerable.Range(0, random.Next(1, 4)).Select(i => $"198.18.{v}.{i}")]) : null,
                random.Next(2) == 0 ? Gate.Static(v, $"10.0.0.{random.Next(1, 4)}0", $"198.18.{v}.1{random.Next(2)}") : null,
                random.Next(2) == 0
                    ? new()
                    {
                        Uid = 400 + v, Vpc = v, Kind = SoftGateNatKind.Destination, Public = [IpAddr.Parse($"198.18.{v}.20")],
                        InsideAddress = IpAddr.Parse("10.0.0.20"), Ports = new((ushort)random.Next(1, 100), (ushort)random.Next(100, 9000)),
                    }
                    : null,
                random.Next(2) == 0
                    ? new()
                    {
                        Uid = 500 + v, Vpc = v, Kind = SoftGateNatKind.Prefix, Inside = IpPrefix.Parse("2001:db8:a::/64"),
                        PublicPrefix = IpPrefix.Parse($"2001:db8:1:{v}::/64"),
                    }
                    : null,
            }).OfType<SoftGateNat>().ToValueList(),
            Balancers = vpcs.Where(_ => random.Next(3) > 0).Select(v => Gate.Balancer(
                v, random.Next(2) == 0 ? $"198.18.{v}.30" : "10.0.0.200",
                [.. new[] { "10.0.0.10", "10.0.0.20", "10.0.0.30" }.Where(_ => random.Next(3) > 0).Select(a => Gate.Backend(a, random.Next(3)))])).Select(b => b with
                {
                    Vpc = b.Uid,
                    Internal = b.Address == IpAddr.Parse("10.0.0.200"),
                    Sources = random.Next(2) == 0 ? [] : [IpPrefix.Parse("203.0.113.0/24")],
                    HealthCheck = random.Next(2) == 0 ? SoftGateHealthCheck.None : SoftGateHealthCheck.Tcp,
                    Balancing = (SoftGateBalancing)random.Next(3),
                }).ToValueList(),

            // A prefix that moves from VPC to VPC.
            PublicAddresses =
            [
                .. vpcs.Where(_ => random.Next(2) == 0).Select(v => new SoftGatePublicAddress
                {
                    Prefix = IpPrefix.Parse($"198.18.{v}.0/24"), Vpc = v, AccessList = Any(lists), BandwidthLimit = random.Next(2) == 0 ? null : 8_000_000,
                }),
                .. vpcs.Order().Take(random.Next(2)).Select(v => new SoftGatePublicAddress
                {
                    Prefix = IpPrefix.Parse("198.18.99.0/28"), Vpc = v, Routed = true, AccessList = Any(lists), BandwidthLimit = random.Next(2) == 0 ? null : 8_000_000,
                }),
            ],
        };

        int? Any(List<int> of) => of.Count == 0 || random.Next(2) == 0 ? null : of[random.Next(of.Count)];
    }
}
