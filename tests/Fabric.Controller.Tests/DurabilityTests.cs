using System.Collections.Concurrent;
using System.Diagnostics;
using Fabric.Controller.Tests.Support;
using Fabric.Intent.Resources;
using Fabric.Storage;

namespace Fabric.Controller.Tests;

/// <summary>Acknowledged is durable: through a process that is killed, and through a disk that is full.</summary>
public sealed class DurabilityTests
{
    [Fact]
    public async Task NothingAcknowledgedIsLostWhenTheProcessIsKilled()
    {
        using var directory = new TemporaryDirectory();
        var data = Path.Combine(directory.Path, "data");
        var acknowledged = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        var random = new Random(20260101);
        for (var round = 0; round < 6; round++)
        {
            await using var fabricd = await FabricdProcess.StartAsync(data);
            foreach (var (name, revision) in acknowledged)
            {
                Assert.Equal(revision, (await fabricd.Admin.GetAsync("/api/v1/tenants/" + name)).Expect(200)["revision"].GetValue<long>());
            }

            var enough = acknowledged.Count + 5 + random.Next(60);
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var prefix = $"r{round}";
            var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
            {
                try
                {
                    for (var i = 0; ; i++)
                    {
                        var name = $"{prefix}-{writer}-{i}";
                        var answer = await fabricd.Admin.PostAsync("/api/v1/tenants", new { name, spec = new { description = new string('x', i % 900) } });
                        if (answer.Status == 201)
                        {
                            acknowledged[name] = answer["revision"].GetValue<long>();
                        }

                        if (acknowledged.Count >= enough)
                        {
                            reached.TrySetResult();
                        }
                    }
                }
                catch (HttpRequestException)
                {
                    // The process is gone.
                }
            })).ToList();
            await reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await fabricd.KillAsync();
            await Task.WhenAll(writers).WaitAsync(TimeSpan.FromSeconds(30));
        }

        await using var store = FabricStore.Open(Path.Combine(data, "fabric.db"), TimeProvider.System);
        var current = store.Intent.Current;
        foreach (var (name, revision) in acknowledged)
        {
            Assert.Equal(revision, current.Find(ResourceKind.Tenant, name)?.Revision);
        }

        // Neither half a revision nor a hole.
        var revisions = await store.Intent.ListChangesAsync(0, int.MaxValue, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, (int)current.Revision).Select(i => (long)i), revisions.Select(r => r.Revision.Number));
        Assert.All(revisions, r => Assert.Single(r.Changes));
        Assert.Equal(current.Revision, current.Count(ResourceKind.Tenant));
        var audit = await store.Audit.ListAsync(null, int.MaxValue, CancellationToken.None);
        Assert.Equal(revisions.Length, audit.Count(e => e.Revision is not null));
    }

    [Fact]
    public async Task FullDiskIsSaidAndNothingIsLostAndItGoesOnWhenThereIsSpace()
    {
        using var directory = new TemporaryDirectory();
        var mount = Path.Combine(directory.Path, "small");
        Directory.CreateDirectory(mount);
        if (await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "fabric-test", mount) != 0)
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") is null, "a small file system cannot be mounted here (needs root)");
            Assert.Fail("a small file system cannot be mounted; CI runs this as root");
        }

        try
        {
            await using (var fabricd = await FabricdProcess.StartAsync(Path.Combine(mount, "data")))
            {
                await FillAsync(fabricd, Path.Combine(mount, "ballast"));
            }
        }
        finally
        {
            Assert.Equal(0, await RunAsync("umount", mount));
        }
    }

    private static async Task FillAsync(FabricdProcess fabricd, string ballast)
    {
        var acknowledged = new List<string>();
        var refused = default(Answer);
        for (var i = 0; i < 5000 && refused is null; i++)
        {
            if (i == 20)
            {
                await RunAsync("dd", "if=/dev/zero", "of=" + ballast, "bs=4k", "status=none");
            }

            var answer = await fabricd.Admin.PostAsync("/api/v1/tenants", new { name = $"t{i}", spec = new { description = new string('x', 1000) } });
            if (answer.Status == 201)
            {
                acknowledged.Add($"t{i}");
            }
            else
            {
                refused = answer;
            }
        }

        Assert.NotNull(refused);
        refused.ExpectProblem(507, "store-full", null, "nothing was written");
        (await fabricd.Admin.Http.GetAsync("/healthz/live")).EnsureSuccessStatusCode();

        // Reading goes on, and what was refused is not there.
        Assert.True(acknowledged.Count >= 20);
        foreach (var name in acknowledged)
        {
            (await fabricd.Admin.GetAsync("/api/v1/tenants/" + name)).Expect(200);
        }

        (await fabricd.Admin.GetAsync($"/api/v1/tenants/t{acknowledged.Count}")).ExpectProblem(404, "not-found");
        var revision = (await fabricd.Admin.GetAsync("/api/v1/status")).Expect(200)["revision"].GetValue<long>();
        Assert.Equal(acknowledged.Count, revision);

        File.Delete(ballast);
        var again = (await fabricd.Admin.PostAsync("/api/v1/tenants", new { name = "again", spec = new { } })).Expect(201);
        Assert.Equal(revision + 1, again["revision"].GetValue<long>());
        (await fabricd.Admin.Http.GetAsync("/healthz/ready")).EnsureSuccessStatusCode();
        Assert.Equal(acknowledged.Count + 1, (await fabricd.Admin.GetAsync("/api/v1/tenants?limit=1000")).Expect(200)["items"].AsArray().Count);
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
