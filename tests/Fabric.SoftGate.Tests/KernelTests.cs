using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Tests;

[Trait("Category", "lab")]
public sealed class KernelTests
{
    [Fact]
    public void LoadsAndRuns()
    {
        using var dataPath = DataPathObject.Load(new DataPathOptions());
        var result = TestRun.Xdp(dataPath, "fabric_xdp", new byte[64], 1);
        Assert.Equal(XdpVerdict.Pass, result.Verdict);
        var vnis = dataPath.Map<uint, uint>("vnis");
        vnis.Set(7, 9);
        Assert.True(vnis.TryGet(7, out var v) && v == 9);
        var keys = Enumerable.Range(0, 5000).Select(i => (uint)i).ToArray();
        vnis.SetMany(keys, keys);
        Assert.Equal(5000, vnis.ToList().Count);
        vnis.RemoveMany([3, 99999, 4]);
        Assert.Equal(4998, vnis.ToList().Count);
        Assert.Equal(40, dataPath.Layout("session4")!.Value.Size);
    }

    /// <summary>The name lies anywhere in the type information, also across what is read at once.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData((1 << 16) - 10)]
    [InlineData(200_000)]
    public void Large_packets_need_a_kernel_that_redirects_them(int at)
    {
        var types = new byte[300_000];
        var missing = new List<string>();
        NeededPort[] ports = [new("eth1", 9000), new("eth2", 1600), new("eth3")];
        KernelCheck.LargePackets(new MemoryStream(types), ports, missing);
        Assert.StartsWith("port eth1: an MTU of 9000 needs Linux 6.3", Assert.Single(missing), StringComparison.Ordinal);

        "NETDEV_XDP_ACT_NDO_XMIT_SG"u8.CopyTo(types.AsSpan(at));
        missing.Clear();
        KernelCheck.LargePackets(new MemoryStream(types), ports, missing);
        Assert.Empty(missing);
    }
}
