using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>The stream of committed changes.</summary>
public sealed class WatchTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task EveryRevisionIsSentOnceInOrderAcrossReconnects()
    {
        var start = host.Fabricd.Store.Intent.Current.Revision;
        var writer = Task.Run(async () =>
        {
            for (var i = 0; i < 60; i++)
            {
                (await host.Admin.PostAsync("/api/v1/tenants", new { name = $"watched {i}", spec = new { } })).Expect(201);
            }
        });
        var seen = new List<(long Id, string Name)>();
        for (var last = start; seen.Count < 60;)
        {
            await using var watch = await WatchAsync(seen.Count == 0 ? $"?since={start}" : "", last == start ? null : last);
            for (var i = 0; i < 7 && seen.Count < 60; i++)
            {
                var (type, id, data) = await watch.NextAsync();
                Assert.Equal("change", type);
                Assert.Equal(id, data["revision"]!.GetValue<long>());
                seen.AddRange(data["changes"]!.AsArray().Select(c => (id, c!["resource"]!["name"]!.GetValue<string>())));
                last = id;
            }
        }

        await writer;
        Assert.Equal(Enumerable.Range(1, 60).Select(i => start + i), seen.Select(s => s.Id));
        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"watched {i}"), seen.Select(s => s.Name));
    }

    [Fact]
    public async Task WithoutSinceOnlyWhatComesIsSentAndOnlyOfTheKindsAskedFor()
    {
        await using var watch = await WatchAsync("?kinds=Tenant,Vpc");
        (await host.Admin.PostAsync("/api/v1/sites", new { name = "not watched", spec = new { } })).Expect(201);
        (await host.Admin.PostAsync("/api/v1/change-sets", new
        {
            reason = "both",
            changes = new object[]
            {
                new { operation = "create", kind = "Tenant", name = "kind", spec = new { } },
                new { operation = "create", kind = "Site", name = "kind", spec = new { } },
            },
        })).Expect(200);
        var (_, _, data) = await watch.NextAsync();
        Assert.Equal("kind", Assert.Single(data["changes"]!.AsArray())!["resource"]!["name"]!.GetValue<string>());
        Assert.Equal("both", data["reason"]!.GetValue<string>());
        (await host.Admin.DeleteAsync("/api/v1/tenants/kind", ("If-Match", "*"))).Expect(204);
        (_, _, data) = await watch.NextAsync();
        Assert.Equal("deleted", data["changes"]![0]!["operation"]!.GetValue<string>());
    }

    [Fact]
    public async Task LiveAndReplayedEventsAreTheSame()
    {
        var start = host.Fabricd.Store.Intent.Current.Revision;
        var live = await WatchAsync($"?since={start}");
        await using var _ = live;
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "replayed", labels = new { a = "b" }, spec = new { description = "d" } })).Expect(201);
        (await host.Admin.PutAsync("/api/v1/tenants/replayed", new { spec = new { } }, ("If-Match", "*"))).Expect(200);
        (await host.Admin.DeleteAsync("/api/v1/tenants/replayed", ("If-Match", "*"))).Expect(204);
        await using var replay = await WatchAsync($"?since={start}");
        for (var i = 0; i < 3; i++)
        {
            var one = await live.NextAsync();
            var other = await replay.NextAsync();
            Assert.Equal((one.Type, one.Id, one.Data.ToJsonString()), (other.Type, other.Id, other.Data.ToJsonString()));
        }
    }

    [Fact]
    public async Task SlowClientIsToldAndGoesOnWhereItWas()
    {
        const int revisions = 500;
        var start = host.Fabricd.Store.Intent.Current.Revision;
        var seen = new List<long>();

        // HTTP/2 has a window a stream, small as long as nobody reads; a TCP connection's own buffers would hold everything.
        await using (var watch = await WatchAsync($"?since={start}", version: HttpVersion.Version20))
        {
            for (var i = 0; i < revisions; i += 100)
            {
                await Task.WhenAll(Enumerable.Range(i, 100).Select(n =>
                    host.Admin.PostAsync("/api/v1/tenants", new { name = $"slow {n}", spec = new { description = new string('x', 1000) } })));
            }

            while (true)
            {
                var (type, id, _) = await watch.NextAsync();
                if (type == "overflow")
                {
                    break;
                }

                seen.Add(id);
            }

            Assert.Null(await watch.LineAsync());
        }

        Assert.InRange(seen.Count, 256, revisions - 1);
        await using var again = await WatchAsync("", seen[^1]);
        while (seen.Count < revisions)
        {
            seen.Add((await again.NextAsync()).Id);
        }

        Assert.Equal(Enumerable.Range(1, revisions).Select(i => start + i), seen);
    }

    [Fact]
    public async Task StreamEndsWhenTheControllerStops()
    {
        var own = new ApiHost();
        await using var _ = own;
        await own.InitializeAsync();
        using var response = await own.Admin.Http.GetAsync("/api/v1/watch", HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var end = new StreamReader(stream).ReadToEndAsync();
        await own.Fabricd.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(8));
        await Assert.IsAssignableFrom<Task>(Task.WhenAny(end)).WaitAsync(TimeSpan.FromSeconds(5));
        await own.StartAsync();
    }

    private async Task<EventReader> WatchAsync(string query, long? lastEventId = null, Version? version = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/watch" + query)
        {
            Version = version ?? HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", $"{lastEventId}");
        }

        var response = await host.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var stream = new EventReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));

        // The first comment tells that the server listens.
        Assert.Equal(": watching", await stream.LineAsync());
        return stream;
    }

    private sealed class EventReader(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
    {
        public async Task<string?> LineAsync()
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            return await reader.ReadLineAsync(deadline.Token);
        }

        public async Task<(string Type, long Id, JsonNode Data)> NextAsync()
        {
            // One deadline for the event: comments keep the lines coming.
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            while (true)
            {
                var line = await reader.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException("the stream ended");
                if (line.Length == 0 && fields.Count > 0)
                {
                    return (fields["event"], long.Parse(fields.GetValueOrDefault("id", "0")), JsonNode.Parse(fields["data"])!);
                }

                if (line.Length > 0 && line[0] != ':')
                {
                    var colon = line.IndexOf(": ", StringComparison.Ordinal);
                    fields.Add(line[..colon], line[(colon + 2)..]);
                }
            }
        }

        public ValueTask DisposeAsync()
        {
            reader.Dispose();
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
