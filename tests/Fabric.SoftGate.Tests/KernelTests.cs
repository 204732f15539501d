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
}
