using Fabric.Drivers.FrrLinux.Tests.Lab;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Drivers.Tests.Planning;
using Fabric.Primitives;
using Fabric.TestKit.Files;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Drivers.KvmHost.Tests;

public sealed class HostRenderingTests
{
    private static readonly KvmHostDriver Driver = new(TimeProvider.System);

    [Fact]
    public void A_whole_host()
    {
        var artifact = Driver.Render(DeviceDiff.Compute(DeviceState.Empty, Host(Desired.Evpn(21, 10100), Desired.Evpn(21, 10200))));
        Golden.Verify("host.txt", $"{string.Join('\n', artifact.Forward)}\n-- back\n{string.Join('\n', artifact.Backward)}\n");
    }

    [Fact]
    public void A_new_vnet_is_one_stanza()
    {
        var artifact = Driver.Render(DeviceDiff.Compute(Host(), Host(Desired.Evpn(21, 10100))));
        Assert.Equal(4, artifact.Forward.Count());
        Assert.All(artifact.Forward, c => Assert.Contains("vni 10100", c));
    }

    [Fact]
    public void What_is_not_ours_on_a_host_is_refused()
    {
        foreach (var item in Desired.LeafWithVpc.Where(o => o is SystemSettings or Bridge or VxlanTunnel or Vrf or GatewayInterface or BridgePort or PortVlan))
        {
            Assert.Throws<ArgumentException>(() => Driver.Render(new DevicePlan(Host(), [new DeviceChange(null, item)])));
        }
    }

    [Fact]
    public void No_command_names_what_belongs_to_the_cloud() => Prop
        .ForAll<int, int>((a, b) => Driver
            .Render(DeviceDiff.Compute(RandomStates.Make(a, kernel: false), RandomStates.Make(b, kernel: false)))
            .Forward.All(c => c.StartsWith("vtysh ", StringComparison.Ordinal) || c.Contains(" dev lo", StringComparison.Ordinal)
                || c.StartsWith("ip link set dev swp", StringComparison.Ordinal) || c.StartsWith("ip link set dev eth7", StringComparison.Ordinal)
                || c.Contains(" dev swp9", StringComparison.Ordinal) || c.StartsWith("ip link add name swp9.300 link swp9 ", StringComparison.Ordinal)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithStartSize(1000).WithEndSize(1_000_000));

    internal static DeviceState Host(params DeviceObject[] more) => DeviceState.Of(
        Desired.Router(65021, 21, ["eth1", "eth2"], isVtep: true, more).Where(o => o is not SystemSettings));
}
