using Fabric.Lab.State;

namespace Fabric.Lab.Tests;

public sealed class OobNetworksTests
{
    [Fact]
    public void The_first_network_is_chosen_on_an_empty_host() => Assert.Equal("172.29.0", OobNetworks.Choose([]));

    [Fact]
    public void A_default_route_uses_no_network() => Assert.Equal("172.29.0", OobNetworks.Choose([(0, 0)]));

    [Theory]
    [InlineData(0xac1d0001, 0xffffff00, "172.29.1")] // an address of the first one
    [InlineData(0xac1d0080, 0xffffffff, "172.29.1")] // a host route into it
    [InlineData(0xac1d0000, 0xfffff000, "172.29.16")] // a route to sixteen of them
    [InlineData(0x0a000001, 0xff000000, "172.29.0")] // something else
    public void Networks_that_overlap_something_are_passed_over(uint address, uint mask, string expected) =>
        Assert.Equal(expected, OobNetworks.Choose([(address, mask)]));

    [Fact]
    public void A_host_that_uses_all_of_it_has_none_free() => Assert.Null(OobNetworks.Choose([(0xac100000, 0xfff00000)]));
}
