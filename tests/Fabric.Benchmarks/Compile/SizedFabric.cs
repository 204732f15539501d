using Fabric.Compiler;
using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Intent;

namespace Fabric.Benchmarks.Compile;

/// <summary>
/// A fabric of any size: 4 spines, pairs of leaves with 48 server ports, and on each pair its share of VPCs and 100 V-Nets with IPv4
/// and IPv6 gateways, each on one port of both leaves.
/// </summary>
public sealed class SizedFabric
{
    /// <summary>V-Nets a pair of leaves.</summary>
    public const int VNetsPerPair = 100;

    /// <summary>VPCs a pair of leaves, or of the whole fabric where they are shared.</summary>
    public const int Vpcs = 10;

    private const int ServerPorts = 48;
    private readonly TestFabric _fabric;
    private readonly bool _sharedVpcs;
    private readonly Random _random = new(4711);
    private readonly int[] _vnets;

    /// <summary>Builds the intent.</summary>
    /// <param name="leaves">Leaves; even.</param>
    /// <param name="sharedVpcs">Whether the same ten VPCs are on all pairs instead of ten a pair.</param>
    public SizedFabric(int leaves, bool sharedVpcs)
    {
        Leaves = leaves;
        _sharedVpcs = sharedVpcs;
        _vnets = new int[(leaves / 2) + 1];
        _fabric = new TestFabric().Spines(4).Leaves(leaves, ServerPorts);
        _fabric.Commit();
        for (var pair = 1; pair <= leaves / 2; pair++)
        {
            for (var vpc = 0; vpc < Vpcs; vpc++)
            {
                _fabric.Vpc(VpcName(pair, vpc));
            }

            for (var vnet = 0; vnet < VNetsPerPair; vnet++)
            {
                var (key, spec) = NextVNet(pair);
                _fabric.Apply(key.Kind, key.Name, spec);
            }

            _fabric.Commit();
        }

        Snapshot = _fabric.Snapshot;
    }

    /// <summary>How many leaves.</summary>
    public int Leaves { get; }

    /// <summary>The intent, as of the last addition that was kept.</summary>
    public IntentSnapshot Snapshot { get; set; }

    /// <summary>The change that adds one more V-Net on some pair of leaves.</summary>
    public Change NextAddition()
    {
        var (key, spec) = NextVNet(_random.Next(1, (Leaves / 2) + 1));
        return new Change(ChangeOperation.Create, key, spec);
    }

    /// <summary>The state of a device.</summary>
    public static DeviceState Compile(IntentSnapshot snapshot, string device) =>
        DeviceCompiler.Compile(snapshot, snapshot.Find(ResourceKind.Device, device)!, Compilations.Everything).State;

    private string VpcName(int pair, int number) => _sharedVpcs ? $"vpc {number}" : $"vpc {pair}/{number}";

    private (ResourceKey Key, VNetSpec Spec) NextVNet(int pair)
    {
        var number = _vnets[pair]++;
        var subnet = _sharedVpcs ? ((pair - 1) * 256) + number : number;
        var port = $"srv{(number % ServerPorts) + 1}";
        var vlan = new VlanId(100 + number);
        return (
            new ResourceKey(ResourceKind.VNet, $"vnet {pair}/{number}"),
            new VNetSpec
            {
                Site = _fabric.Site,
                Vpc = VpcName(pair, number % Vpcs),
                Gateways =
                [
                    new IpInterface(IpAddr.V4((10u << 24) + ((uint)subnet << 6) + 1), 26),
                    new IpInterface(IpAddr.FromNumber(IpFamily.V6, ((UInt128)0x20010db800000000 << 64) + ((UInt128)subnet << 64) + 1), 64),
                ],
                Attachments =
                [
                    .. new[] { (2 * pair) - 1, 2 * pair }.Select(leaf => new AttachmentSpec { Port = new PortRef { Device = $"leaf{leaf}", Port = port }, Vlan = vlan }),
                ],
            });
    }
}
