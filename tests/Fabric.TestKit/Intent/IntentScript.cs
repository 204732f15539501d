using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.TestKit.Intent;

/// <summary>
/// Random work on a small fabric, for property tests: a step is three small numbers, so that a failing script shrinks well. Names and
/// numbers come from narrow ranges, so that steps meet each other.
/// </summary>
public static class IntentScript
{
    private const int VNets = 6;
    private const int Vpcs = 3;

    /// <summary>One write.</summary>
    /// <param name="What">Which kind of write; any number.</param>
    /// <param name="Which">To which resource; any number.</param>
    /// <param name="How">With which values; any number.</param>
    public readonly record struct Step(int What, int Which, int How);

    /// <summary>How many kinds of write there are.</summary>
    public const int Kinds = 19;

    /// <summary>Two spines, three leaves whose last port has the tag <c>red</c>, two hypervisors, two SoftGates, three VPCs, public addresses; small pools.</summary>
    public static IntentSnapshot Start() => new TestFabric(
            spec: new SiteSpec
            {
                Controllers = [IpAddr.Parse("172.31.255.1")],
                VniPool = new NumberRange(10_000, 10_040),
                L3VniPool = new NumberRange(20_000, 20_020),
                VlanPool = new NumberRange(2_000, 2_040),
            })
        .Spines(2).Leaves(3, tags: p => p == 4 ? ["red"] : []).Hypervisors(2).SoftGates().Vpc("vpc0").Vpc("vpc1").Vpc("vpc2")
        .Vpc("public").Change<VpcSpec>(ResourceKind.Vpc, "public", static v => v with { System = true })
        .Apply(ResourceKind.IpamAllocation, "public", new IpamAllocationSpec { Vpc = "public", Prefix = IpPrefix.Parse("198.51.100.0/24") })
        .Apply(ResourceKind.AclList, "list", new AclListSpec { Tenant = "acme" }).Snapshot;

    /// <summary>The change set of some steps; of two writes to one resource the later counts.</summary>
    public static IReadOnlyList<Change> ChangesOf(IntentSnapshot snapshot, IEnumerable<Step> steps)
    {
        var changes = new Dictionary<ResourceKey, Change>();
        foreach (var change in steps.SelectMany(s => ChangesOf(snapshot, s)))
        {
            changes[change.Key] = change;
        }

        return [.. changes.Values];
    }

    /// <summary>The evaluation of all steps together, or where that is refused of the first that is accepted by itself.</summary>
    public static Evaluation Evaluate(IntentSnapshot snapshot, IReadOnlyCollection<Step> steps)
    {
        var together = ChangeSetEvaluator.Evaluate(snapshot, ChangesOf(snapshot, steps));
        return together.Accepted ? together
            : steps.Select(s => ChangeSetEvaluator.Evaluate(snapshot, ChangesOf(snapshot, [s]))).FirstOrDefault(e => e.Accepted) ?? together;
    }

    private static IEnumerable<Change> ChangesOf(IntentSnapshot snapshot, Step step)
    {
        var (what, which, how) = (Math.Abs(step.What % Kinds), Math.Abs(step.Which % 1000), Math.Abs(step.How % 100_000));
        return what switch
        {
            <= 4 => [VNet(which % VNets, how)],
            5 or 6 or 7 => Delete(snapshot, ResourceKind.VNet, $"vnet{which % VNets}"),
            8 => DeleteVpc(snapshot, $"vpc{which % Vpcs}", how),
            9 => [Apply(ResourceKind.Vpc, $"vpc{which % Vpcs}", new VpcSpec { Tenant = "acme", AntiSpoof = how % 5 == 0, SessionQuota = 1 + (how % 3) })],
            10 => Tags(snapshot, (which % 3) + 1, how),
            11 => LinkOf(snapshot, how),
            12 => Site(snapshot, how),
            13 => Numbers(snapshot, which, how),
            14 => DeleteLeaf(snapshot, how),
            15 => MakeLeaf(snapshot),
            16 => Pair(snapshot, how),
            _ => Nat(snapshot, which % Vpcs, how),
        };
    }

    private static Change VNet(int number, int how)
    {
        var attachments = new List<AttachmentSpec>();
        for (var leaf = 1; leaf <= 3; leaf++, how /= 3)
        {
            if (how % 3 == 1)
            {
                attachments.Add(TestFabric.Attachment($"leaf{leaf}:srv{(number % 3) + 1} vlan {100 + number}"));
            }
            else if (how % 3 == 2 && number < 3)
            {
                attachments.Add(TestFabric.Attachment($"leaf{leaf}:srv{number + 1}"));
            }
        }

        if (how % 4 == 1)
        {
            attachments.Add(TestFabric.Attachment($"tag red vlan {100 + number}"));
        }

        if (how % 5 == 1)
        {
            attachments.Add(TestFabric.Attachment("hypervisors"));
        }

        return Apply(ResourceKind.VNet, $"vnet{number}", new VNetSpec
        {
            Site = "dc1",
            Vpc = $"vpc{number % Vpcs}",
            Vni = how % 7 < 3 ? new Vni(5_000 + (how % 7)) : null,
            Gateways = (how % 3) switch
            {
                0 => [],
                1 => [IpInterface.Parse($"10.0.{number}.1/24")],
                _ => [IpInterface.Parse($"2001:db8:{number}::1/64"), IpInterface.Parse($"10.0.{number}.1/24")],
            },
            Attachments = attachments,
            IngressAccessList = how % 11 == 1 ? "list" : null,
        });
    }

    private static IEnumerable<Change> Pair(IntentSnapshot snapshot, int how) => snapshot.Find(ResourceKind.SoftGatePair, "pair") is not null && how % 2 == 0
        ? Delete(snapshot, ResourceKind.SoftGatePair, "pair")
        : [Apply(ResourceKind.SoftGatePair, "pair", new SoftGatePairSpec { Site = "dc1", SoftGates = how % 3 == 0 ? ["softgate1"] : ["softgate1", "softgate2"] })];

    private static IEnumerable<Change> Nat(IntentSnapshot snapshot, int vpc, int how) => how % 3 == 0
        ? Delete(snapshot, ResourceKind.NatRule, $"out{vpc}")
        : [Apply(ResourceKind.NatRule, $"out{vpc}", new NatRuleSpec
        {
            Vpc = $"vpc{vpc}",
            Type = NatType.Snat,
            Inside = IpPrefix.Parse("10.0.0.0/16"),
            Public = [IpAddr.Parse($"198.51.100.{1 + vpc}")],
            Enabled = how % 5 != 0,
        })];

    private static IEnumerable<Change> DeleteVpc(IntentSnapshot snapshot, string name, int how) =>
        (how % 3 == 0 ? [] : snapshot.ReferrersOf(new(ResourceKind.Vpc, name)).Select(static k => new Change(ChangeOperation.Delete, k, null)))
            .Concat(Delete(snapshot, ResourceKind.Vpc, name));

    private static IEnumerable<Change> Tags(IntentSnapshot snapshot, int leaf, int how) => Edit<DeviceSpec>(
        snapshot, ResourceKind.Device, $"leaf{leaf}", d => d with
        {
            Ports = [.. d.Ports.Select(p => p.Name is "srv3" or "srv4" ? p with { Tags = (how + p.Name[^1]) % 2 == 0 ? ["red", "blue"] : [] } : p)],
        });

    private static IEnumerable<Change> LinkOf(IntentSnapshot snapshot, int how)
    {
        var (leaf, host) = ((how % 3) + 1, (how / 3 % 2) + 1);
        var name = $"extra leaf{leaf}-hypervisor{host}";
        if (snapshot.Find(ResourceKind.Link, name) is not null)
        {
            return Delete(snapshot, ResourceKind.Link, name);
        }

        return
        [
            .. Edit<DeviceSpec>(snapshot, ResourceKind.Device, $"leaf{leaf}", d => WithPort(d, $"x{host}")),
            .. Edit<DeviceSpec>(snapshot, ResourceKind.Device, $"hypervisor{host}", d => WithPort(d, $"x{leaf}")),
            Apply(ResourceKind.Link, name, new LinkSpec
            {
                A = new PortRef { Device = $"leaf{leaf}", Port = $"x{host}" },
                B = new PortRef { Device = $"hypervisor{host}", Port = $"x{leaf}" },
            }),
        ];
    }

    private static DeviceSpec WithPort(DeviceSpec device, string port) =>
        device.Ports.Any(p => p.Name == port) ? device : device with { Ports = [.. device.Ports, new PortSpec { Name = port }] };

    private static IEnumerable<Change> Site(IntentSnapshot snapshot, int how) => Edit<SiteSpec>(snapshot, ResourceKind.Site, "dc1", s => (how % 4) switch
    {
        0 => s with { Underlay = s.Underlay with { Bfd = !s.Underlay.Bfd } },
        1 => s with { Underlay = s.Underlay with { Mtu = s.Underlay.Mtu == 9_100 ? 1_500 : 9_100 } },
        2 => s with { VlanPool = new NumberRange(2_000, s.VlanPool.Last == 2_040 ? 2_050 : 2_040) },
        _ => s with { LoopbackPool6 = IpPrefix.Parse("2001:db8:ffff::/112") },
    });

    private static IEnumerable<Change> Numbers(IntentSnapshot snapshot, int which, int how) => Edit<DeviceSpec>(
        snapshot,
        ResourceKind.Device,
        (which % 6) switch { 0 => "spine1", 1 => "spine2", 2 => "leaf1", 3 => "leaf2", 4 => "leaf3", _ => "hypervisor1" },
        d => how % 2 == 0
            ? d with { Loopback = how % 4 == 0 ? null : IpAddr.Parse($"10.255.7.{(which % 6) + 1}") }
            : d with { Asn = how % 4 == 1 ? null : new Asn(65_000 + (which % 6)) });

    private static IEnumerable<Change> DeleteLeaf(IntentSnapshot snapshot, int how) => snapshot.Find(ResourceKind.Device, "leaf3") is { } leaf
        ?
        [
            .. snapshot.ReferrersOf(leaf.Key).Where(k => k.Kind == ResourceKind.Link || how % 2 == 0).Select(k => new Change(ChangeOperation.Delete, k, null)),
            new Change(ChangeOperation.Delete, leaf.Key, null),
        ]
        : [];

    private static IEnumerable<Change> MakeLeaf(IntentSnapshot snapshot) => snapshot.Find(ResourceKind.Device, "leaf3") is not null ? [] :
    [
        Apply(ResourceKind.Device, "leaf3", ((DeviceSpec)snapshot.Find(ResourceKind.Device, "leaf1")!.Spec) with
        {
            Management = ((DeviceSpec)snapshot.Find(ResourceKind.Device, "leaf1")!.Spec).Management! with { Address = IpAddr.Parse("172.31.9.3") },
            Loopback = null,
            Asn = null,
        }),
        Apply(ResourceKind.Link, "spine1:up3-leaf3:up1", new LinkSpec
        {
            A = new PortRef { Device = "spine1", Port = "up3" },
            B = new PortRef { Device = "leaf3", Port = "up1" },
        }),
    ];

    private static IEnumerable<Change> Edit<T>(IntentSnapshot snapshot, ResourceKind kind, string name, Func<T, T> edit)
        where T : ResourceSpec => snapshot.Find(kind, name) is { } found ? [Apply(kind, name, edit((T)found.Spec))] : [];

    private static IEnumerable<Change> Delete(IntentSnapshot snapshot, ResourceKind kind, string name) =>
        snapshot.Find(kind, name) is { } found ? [new Change(ChangeOperation.Delete, found.Key, null)] : [];

    private static Change Apply(ResourceKind kind, string name, ResourceSpec spec) => new(ChangeOperation.Apply, new(kind, name), spec);
}
