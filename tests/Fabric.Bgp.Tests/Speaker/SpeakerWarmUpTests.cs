using Fabric.Bgp.Speaker;

namespace Fabric.Bgp.Tests.Speaker;

public sealed class SpeakerWarmUpTests
{
    [Fact]
    public async Task Routes_go_all_the_way_and_nothing_is_left_running() =>
        Assert.True(await SpeakerWarmUp.RunAsync().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
}
