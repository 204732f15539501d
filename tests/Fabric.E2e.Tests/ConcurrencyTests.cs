using System.Globalization;
using System.Net;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>Two clients write at the same time.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class ConcurrencyTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task Of_two_change_sets_that_want_the_same_Vni_exactly_one_wins_as_a_whole()
    {
        var token = (await File.ReadAllTextAsync(Fabric.Fabricd.TokenFile)).Trim();
        using var other = Fabric.Fabricd.Client(token);
        long revision = 0;
        var winners = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < 10; round++)
        {
            var vni = NewVni();
            var sets = new[] { "left", "right" }.Select(side => string.Create(CultureInfo.InvariantCulture, $"race {round} {side}"))
                .Select(n => new[] { Intent.Tenant(n), Intent.Vpc(n, n), Intent.VNet(n, n, vni), Intent.VNet(n + " b", n) }).ToArray();
            Note(sets.SelectMany(s => s));
            var answers = await Task.WhenAll(Api.TryChangeAsync(sets[0]), other.TryChangeAsync(sets[1]));
            var won = Assert.Single(answers, a => a.Ok);
            var lost = Assert.Single(answers, a => !a.Ok);
            Assert.Equal(HttpStatusCode.Conflict, lost.Status);
            Assert.Equal("application/problem+json", lost.ContentType);
            Assert.Contains(vni.ToString(CultureInfo.InvariantCulture), lost.Text, StringComparison.Ordinal);
            revision = won.Json["revision"]!.GetValue<long>();
            for (var i = 0; i < 2; i++)
            {
                foreach (var change in sets[i])
                {
                    var there = await Api.SendAsync(HttpMethod.Get, $"{Fixture.Plural(change)}/{Uri.EscapeDataString(change["name"]!.GetValue<string>())}");
                    Assert.Equal(answers[i].Ok ? HttpStatusCode.OK : HttpStatusCode.NotFound, there.Status);
                }
            }

            winners.Add(answers[0].Ok ? "left" : "right");
        }

        Output.WriteLine($"winners: {string.Join(", ", winners)}");
        await Fabric.InForceAsync(revision, devices: Lab.Hypervisors);
    }

    [Fact]
    public async Task Change_sets_that_do_not_touch_each_other_all_get_into_force()
    {
        var token = (await File.ReadAllTextAsync(Fabric.Fabricd.TokenFile)).Trim();
        using var other = Fabric.Fabricd.Client(token);
        await WriteAsync(Intent.Tenant("both"), Intent.Vpc("both", "both"));
        var vnets = Enumerable.Range(0, 8).Select(i => Intent.VNet(string.Create(CultureInfo.InvariantCulture, $"both {i}"), "both", NewVni())).ToArray();
        Note(vnets);
        var revisions = await Task.WhenAll(vnets.Select((v, i) => (i % 2 == 0 ? Api : other).ChangeAsync(v)));
        Assert.Equal(revisions.Length, revisions.Distinct().Count());
        await Fabric.ReadyAsync(vnets);
        var text = await Lab.VtyshAsync("hypervisor1", "show running-config");
        Assert.All(vnets, v => Assert.Contains($"vni {v["spec"]!["vni"]}\n", text, StringComparison.Ordinal));
    }
}
