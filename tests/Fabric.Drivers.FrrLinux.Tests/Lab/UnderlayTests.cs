using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

[Collection(MiniLabCollection.Name)]
[Trait("Category", "lab")]
public sealed class UnderlayTests(MiniLab lab, ITestOutputHelper output)
{
    private readonly LinuxSwitchDriver _driver = new(TimeProvider.System);

    [Fact]
    public async Task An_empty_device_becomes_what_is_desired()
    {
        lab.Require();
        var session = lab.Session("l1");
        var empty = await _driver.ReadAsync(session, TestContext.Current.CancellationToken);
        output.WriteLine(string.Join('\n', empty.State));
        var desired = Desired.Leaf("l1");
        var plan = DeviceDiff.Compute(empty.State, desired);
        var artifact = _driver.Render(plan);
        output.WriteLine(string.Join('\n', artifact.Forward));
        var result = await _driver.ApplyAsync(session, artifact, Options("t1"), TestContext.Current.CancellationToken);
        output.WriteLine(result.ToString());
        Assert.Equal(ApplyOutcome.Confirmed, result.Outcome);
        var after = await _driver.ReadAsync(session, TestContext.Current.CancellationToken);
        Assert.Equal(string.Join('\n', desired), string.Join('\n', after.State));
        Assert.Equal(desired, after.State);
    }

    private static ApplyOptions Options(string id) => new(id, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(8), []);
}
