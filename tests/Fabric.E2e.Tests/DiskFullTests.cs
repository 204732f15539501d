using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>The file system of the store is full.</summary>
[Trait("Category", "lab")]
public sealed class DiskFullTests
{
    [Fact]
    public async Task A_full_disk_refuses_writes_and_nothing_is_lost()
    {
        Prerequisites.Demand(Prerequisites.Missing());
        var directory = Directory.CreateTempSubdirectory("fabric-full-").FullName;
        (await Command.RunAsync("mount", "-t", "tmpfs", "-o", "size=3m", "none", directory)).Must();
        try
        {
            var acknowledged = new List<string>();
            await using (var fabricd = await Fabricd.StartAsync(null, Path.Combine(directory, "data")))
            {
                var refusal = await FillAsync(fabricd.Api, acknowledged);
                Assert.Equal(507, (int)refusal.Status);
                Assert.Equal("application/problem+json", refusal.ContentType);
                TestContext.Current.TestOutputHelper!.WriteLine($"{acknowledged.Count} writes, then: {refusal.Text}");

                // Reading goes on, writing stays refused, and what is refused is not there.
                Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await NamesAsync(fabricd.Api));
                Assert.Equal(507, (int)(await fabricd.Api.TryChangeAsync([Big("one more")])).Status);
                Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await NamesAsync(fabricd.Api));

                (await Command.RunAsync("mount", "-o", "remount,size=32m", directory)).Must();
                await Eventually.True("writes work again", async () => (await fabricd.Api.TryChangeAsync([Intent.Tenant("after")])).Ok, 10);
                acknowledged.Add("after");
                Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await NamesAsync(fabricd.Api));
                await fabricd.KillAsync();
                await fabricd.StartAsync();
                Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await NamesAsync(fabricd.Api));
            }
        }
        finally
        {
            (await Command.RunAsync("umount", directory)).Must();
            Directory.Delete(directory);
        }
    }

    [Fact]
    public async Task A_controller_that_starts_on_a_full_disk_says_so_or_serves_what_there_is()
    {
        Prerequisites.Demand(Prerequisites.Missing());
        var directory = Directory.CreateTempSubdirectory("fabric-full-").FullName;
        (await Command.RunAsync("mount", "-t", "tmpfs", "-o", "size=3m", "none", directory)).Must();
        try
        {
            await using var fabricd = await Fabricd.StartAsync(null, Path.Combine(directory, "data"));
            var acknowledged = new List<string>();
            await FillAsync(fabricd.Api, acknowledged);
            await fabricd.KillAsync();
            try
            {
                await fabricd.StartAsync();
                Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await NamesAsync(fabricd.Api));
            }
            catch (InvalidOperationException e)
            {
                Assert.Contains("full", e.Message, StringComparison.OrdinalIgnoreCase);
                await fabricd.KillAsync();
            }

            (await Command.RunAsync("mount", "-o", "remount,size=32m", directory)).Must();
            await fabricd.KillAsync();
            await fabricd.StartAsync();
            Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await NamesAsync(fabricd.Api));
            await fabricd.Api.ChangeAsync(Intent.Tenant("after"));
        }
        finally
        {
            (await Command.RunAsync("umount", directory)).Must();
            Directory.Delete(directory);
        }
    }

    private static async Task<Answer> FillAsync(Api api, List<string> acknowledged)
    {
        for (var i = 0; i < 10_000; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"filler {i}");
            var answer = await api.TryChangeAsync([Big(name)]);
            if (!answer.Ok)
            {
                return answer;
            }

            acknowledged.Add(name);
        }

        throw new Xunit.Sdk.XunitException("the disk never got full");
    }

    private static JsonObject Big(string name) => Intent.Apply("Tenant", name, new() { ["description"] = new string('x', 1000) });

    private static async Task<IEnumerable<string>> NamesAsync(Api api) =>
        (await api.ListAsync("tenants")).Select(t => t["name"]!.GetValue<string>()).Order(StringComparer.Ordinal);
}
