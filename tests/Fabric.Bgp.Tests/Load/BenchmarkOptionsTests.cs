using Fabric.Bgp.Benchmarks;

namespace Fabric.Bgp.Tests.Load;

public sealed class BenchmarkOptionsTests
{
    [Fact]
    public void Nothing_means_the_full_comparison()
    {
        var options = Options.Parse([])!;
        Assert.Equal([1, 3, 16], options.Clients);
        Assert.Equal([100_000, 500_000, 1_000_000], options.Routes);
        Assert.Equal(["shared", "own", "constraint", "slow", "growth"], options.Scenarios);
        Assert.Equal(["relay", "frr", "gobgp", "fabric"], options.Speakers);
        Assert.Equal((1000, 1_000_000, 300.0), (options.Members, options.MemberRoutes, options.Limit.TotalSeconds));
    }

    [Fact]
    public void Quick_is_one_small_cell_and_other_options_count_wherever_they_stand()
    {
        var options = Options.Parse(["--clients", "2,4", "--quick", "--frr", "read-quanta 1", "--frr", "write-quanta 2"])!;
        Assert.Equal(["shared"], options.Scenarios);
        Assert.Equal([100_000], options.Routes);
        Assert.Equal([2, 4], options.Clients);
        Assert.Equal(["read-quanta 1", "write-quanta 2"], options.FrrLines);
    }

    [Theory]
    [InlineData("--fast")]
    [InlineData("--clients")]
    [InlineData("--clients", "0")]
    [InlineData("--clients", "1,x")]
    [InlineData("--clients", "2001")]
    [InlineData("--routes", "")]
    [InlineData("--routes", "99999999")]
    [InlineData("--speakers", "bird")]
    [InlineData("--scenarios", "shared,other")]
    [InlineData("--repeat", "1,2")]
    [InlineData("--member-routes", "999")]
    public void What_makes_no_sense_is_refused(params string[] arguments) => Assert.Null(Options.Parse(arguments));
}
