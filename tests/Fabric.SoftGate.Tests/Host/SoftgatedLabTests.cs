namespace Fabric.SoftGate.Tests.Host;

/// <summary>The process, with packets.</summary>
[Trait("Category", "lab")]
public sealed class SoftgatedLabTests
{
    [Fact]
    public async Task A_vm_reaches_the_internet_through_source_nat()
    {
        using var lab = new SoftGateLab();
        await lab.StartAgentAsync();
        await Shell.Eventually(() => lab.TryIn('v', "ping", "-c1", "-W1", SoftGateLab.Internet).Code == 0, "ping", detail: () => lab.Log + lab.Status());
        var status = lab.Status();
        Assert.Equal(1, (int)status["revision"]!);
        Assert.Equal("native", (string)status["ports"]!["u0"]!);
        Assert.Empty(status["differences"]!.AsArray());
        Assert.True((int)status["vpcs"]![0]!["sessions"]! > 0);
        Assert.Contains($"nat-ports-given outside={SoftGateLab.Pool}", lab.Log, StringComparison.Ordinal);
    }
}
