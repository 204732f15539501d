using Fabric.SoftGate.Fuzz;

namespace Fabric.SoftGate.Tests;

/// <summary>A short run of <c>make fuzz-softgate</c>, the same every time.</summary>
[Trait("Category", "lab")]
public sealed class FuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20_001)]
    public void NothingIsFound(int seed)
    {
        using var worker = new FuzzWorker(seed);
        Assert.Null(worker.RunTruncations());
        Assert.Null(worker.Run(200_000));
        Assert.All(worker.Verdicts.Skip(1), static count => Assert.True(count > 0, "a verdict that is never given"));
    }
}
