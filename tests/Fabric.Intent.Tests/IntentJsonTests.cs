using System.Text.Json;
using Fabric.Intent.Resources;
using Fabric.TestKit.Intent;

namespace Fabric.Intent.Tests;

/// <summary>The form in which intent comes, goes and is kept.</summary>
public sealed class IntentJsonTests
{
    [Fact]
    public void Every_kind_survives_its_json()
    {
        var snapshot = new TestFabric().Spines(1).Leaves(2, tags: p => p == 1 ? ["red"] : []).Hypervisors(1).Vpc("v")
            .VNet("n", "v", 5_001, ["10.0.1.1/24", "2001:db8::1/64"], "hypervisors").VNet("m", "v", on: ["leaf1:srv1 vlan 100", "tag red vlan 7"]).Snapshot;
        foreach (var resource in ResourceKindInfo.All.SelectMany(k => snapshot.All(k.Kind)))
        {
            var text = IntentJson.WriteSpec(resource.Spec);
            Assert.Equal(resource.Spec, IntentJson.ReadSpec(resource.Key.Kind, text));
            Assert.Equal(text, IntentJson.WriteSpec(IntentJson.ReadSpec(resource.Key.Kind, text)));
            Assert.Equal(resource.Spec.GetHashCode(), IntentJson.ReadSpec(resource.Key.Kind, text).GetHashCode());
        }
    }

    [Theory]
    [InlineData(ResourceKind.Tenant, "{\"Description\":\"x\"}")]
    [InlineData(ResourceKind.Tenant, "{\"description\":\"x\",\"description\":\"y\"}")]
    [InlineData(ResourceKind.Tenant, "{\"description\":1}")]
    [InlineData(ResourceKind.Tenant, "null")]
    [InlineData(ResourceKind.Tenant, "[]")]
    [InlineData(ResourceKind.Vpc, "{}")]
    [InlineData(ResourceKind.Vpc, "{\"tenant\":null}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":1}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":\"leaf \"}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":\"LEAF\"}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":\"leaf,spine\"}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":null}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":\"\\ud800\"}")]
    [InlineData(ResourceKind.Device, "{\"site\":\"s\",\"role\":\"leaf\",\"isManaged\":true}")]
    [InlineData(ResourceKind.VNet, "{\"site\":\"s\",\"vpc\":\"v\",\"vni\":1.0}")]
    [InlineData(ResourceKind.VNet, "{\"site\":\"s\",\"vpc\":\"v\",\"gateways\":null}")]
    [InlineData(ResourceKind.Site, "{\"vniPool\":{\"first\":1,\"last\":2,\"step\":1}}")]
    public void What_is_no_spec_is_refused(ResourceKind kind, string text) => Assert.Throws<JsonException>(() => IntentJson.ReadSpec(kind, text));

    [Fact]
    public void Every_kind_has_its_row() =>
        Assert.Equal(Enum.GetValues<ResourceKind>(), ResourceKindInfo.All.Select(k => k.Kind).Order());

    [Fact]
    public void Kinds_refer_only_to_kinds_before_them()
    {
        var order = ResourceKindInfo.All.Select(k => k.Kind).ToList();
        var snapshot = new TestFabric().Spines(1).Leaves(1).Vpc("v").VNet("n", "v", on: "leaf1:srv1").Snapshot;
        foreach (var resource in order.SelectMany(snapshot.All))
        {
            Assert.All(resource.Spec.GetReferences(), r => Assert.True(order.IndexOf(r.Target.Kind) < order.IndexOf(resource.Key.Kind)));
        }
    }
}
