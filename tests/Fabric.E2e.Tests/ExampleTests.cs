using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>The files under docs/examples, applied with the command line as the documents say.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class ExampleTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    private static string Examples => Path.Combine(Repository.Root, "docs", "examples");

    [Fact]
    public async Task All_examples_together_are_accepted()
    {
        await using var empty = await Fabricd.StartAsync(null);
        var answer = (await CtlAsync(empty, "apply", "-f", Examples, "--dry-run", "-o", "json")).Must();
        foreach (var kind in new[] { "Site", "Tenant", "Device", "Link", "Vpc", "VNet", "IpamAllocation", "IpamSubnet" })
        {
            Assert.Contains($"\"{kind}\"", answer.Output, StringComparison.Ordinal);
        }

        Assert.Empty(await empty.Api.ListAsync("devices"));
    }

    [Fact]
    public async Task The_example_of_two_Vpcs_becomes_ready_and_applying_it_again_changes_nothing()
    {
        var file = Path.Combine(Examples, "two-vpcs.yaml");
        Note(Yaml.Resources(await File.ReadAllTextAsync(file)));
        (await CtlAsync(Fabric.Fabricd, "apply", "-f", file, "--wait", "60s")).Must();
        foreach (var vnet in await Api.ListAsync("vnets"))
        {
            Assert.True(Intent.IsReady(vnet), Intent.Show(vnet));
        }

        var revision = (await Api.ListAsync("revisions"))[0]["revision"]!.GetValue<long>();
        (await CtlAsync(Fabric.Fabricd, "apply", "-f", file)).Must();
        Assert.Equal(revision, (await Api.ListAsync("revisions"))[0]["revision"]!.GetValue<long>());
        var shown = (await CtlAsync(Fabric.Fabricd, "get", "vnets")).Must().Output;
        Assert.Contains("red-web", shown, StringComparison.Ordinal);
        Assert.Contains("blue-web", shown, StringComparison.Ordinal);
    }

    private static Task<CommandResult> CtlAsync(Fabricd fabricd, params string[] arguments) => Command.RunAsync(
        Repository.Program("fabricctl"),
        [.. arguments, "--server", fabricd.Root.ToString(), "--token-file", fabricd.TokenFile, "--ca", fabricd.CaFile],
        null, TimeSpan.FromMinutes(2));
}
