using Fabric.Primitives;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Tests.Evpn;
using Fabric.SoftGate.Upstream;

namespace Fabric.SoftGate.Tests.Upstream;

/// <summary>From best routes to gateways.</summary>
public sealed class PublicRoutesTests
{
    private static readonly IpPrefix Default = IpPrefix.Parse("0.0.0.0/0");

    private readonly Learnt _learnt = new();
    private readonly Dictionary<string, uint> _interfaces = new() { ["eth3"] = 13, ["eth4"] = 14 };
    private readonly UpstreamPlan _plan = UpstreamPlan.Of(UpstreamPlanTests.State());
    private readonly PublicRoutes _routes;

    public PublicRoutesTests()
    {
        _routes = new PublicRoutes(_learnt, name => _interfaces.TryGetValue(name, out var number) ? number : null);
        _routes.Configure(_plan.Links, _plan.Public);
    }

    [Fact]
    public void A_next_hop_on_a_link_is_a_gateway()
    {
        _routes.Apply(Default, IpAddr.Parse("198.51.100.1"));
        Assert.Equal(new PublicGateway(IpAddr.Parse("198.51.100.1"), 13, 0), _learnt.Public[Default]);
        _routes.Apply(Default, IpAddr.Parse("198.51.100.17"));
        Assert.Equal(new PublicGateway(IpAddr.Parse("198.51.100.17"), 14, 7), _learnt.Public[Default]);
        _routes.Apply(IpPrefix.Parse("::/0"), IpAddr.Parse("2001:db8:f0::1"));
        Assert.Equal(new PublicGateway(IpAddr.Parse("2001:db8:f0::1"), 13, 0), _learnt.Public[IpPrefix.Parse("::/0")]);
        _routes.Apply(Default, null);
        _routes.Keep(new HashSet<IpPrefix>());
        Assert.Equal(("", 0), (_learnt.Text(), _routes.Count));
    }

    [Theory]
    [InlineData("198.51.100.0")]
    [InlineData("203.0.113.77")]
    [InlineData("fe80::1")]
    public void A_next_hop_elsewhere_is_none(string nextHop)
    {
        _routes.Apply(Default, IpAddr.Parse(nextHop));
        Assert.Equal(0, _learnt.Told);
    }

    [Theory]
    [InlineData("203.0.113.1/32")]
    [InlineData("203.0.113.2/32")]
    [InlineData("192.0.2.64/30")]
    public void What_is_the_pairs_own_does_not_lead_away(string prefix)
    {
        _routes.Apply(IpPrefix.Parse(prefix), IpAddr.Parse("198.51.100.1"));
        Assert.Equal(0, _learnt.Told);

        // Once it is nobody's here, it does.
        _routes.Configure(_plan.Links, new Dictionary<IpPrefix, bool>());
        Assert.Equal(1, _learnt.Told);
        _routes.Configure(_plan.Links, _plan.Public);
        Assert.Empty(_learnt.Public);
    }

    [Fact]
    public void An_interface_that_comes_later_is_used_then()
    {
        _interfaces.Clear();
        _routes.Apply(Default, IpAddr.Parse("198.51.100.1"));
        Assert.Equal(0, _learnt.Told);
        _interfaces["eth3"] = 23;
        _routes.Configure(_plan.Links, _plan.Public);
        Assert.Equal(23u, _learnt.Public[Default].Port);
    }
}
