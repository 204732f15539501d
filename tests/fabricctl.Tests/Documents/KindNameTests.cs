using Fabric.Ctl.Documents;
using Fabric.Intent.Resources;

namespace Fabric.Ctl.Tests.Documents;

public sealed class KindNameTests
{
    [Fact]
    public void Every_kind_of_the_controller_is_known() =>
        Assert.Equal(ResourceKindInfo.All.Select(k => (k.Kind.ToString(), k.Plural)).Order(), KindName.All.Select(k => (k.Kind, k.Plural)).Order());

    [Fact]
    public void No_name_means_two_kinds() =>
        Assert.All(
            KindName.All.SelectMany(k => (string[])[k.Kind, k.Plural, .. k.ShortNames], (k, name) => (k, name)),
            pair => Assert.Equal(pair.k, KindName.Parse(pair.name)));
}
