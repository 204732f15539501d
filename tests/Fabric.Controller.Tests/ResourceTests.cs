using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>Reading and writing single resources.</summary>
public sealed class ResourceTests(ApiHost host) : IClassFixture<ApiHost>
{
    public static TheoryData<string> Names() =>
    [
        "plain", "with space", "with/slash", "a//b", "%2F", "%252F", "100%", "a%", "%zz", "ü", "日本語", "🐧 pinguin", "a?b#c&d=e+f", "..a", "a/../b", "/a", "a/", "by-uid", "\\",
        "'quotes\"", ";", "~._-", "cloudstack VPC 3/7 (admin) %", new string('x', 512), new string('日', 512), new string('/', 512), string.Concat(Enumerable.Repeat("🐧", 512)),
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task NamesSurviveTheWayThroughUrls(string name)
    {
        var created = (await host.Admin.PostAsync("/api/v1/tenants", new { name, spec = new { } })).Expect(201);
        Assert.Equal(name, created["name"].GetValue<string>());
        var path = created.Location!;
        Assert.Equal("/api/v1/tenants/" + Uri.EscapeDataString(name), path);
        var read = (await host.Admin.GetAsync(path)).Expect(200);
        Assert.Equal(name, read["name"].GetValue<string>());
        (await host.Admin.PutAsync(path, new { name, spec = new { description = "d" } }, ("If-Match", read.ETag!))).Expect(200);
        var listed = (await host.Admin.GetAsync("/api/v1/tenants?name=" + Uri.EscapeDataString(name))).Expect(200);
        Assert.Equal("d", Assert.Single(listed["items"].AsArray())!["spec"]!["description"]!.GetValue<string>());
        (await host.Admin.DeleteAsync(path, ("If-Match", "*"))).Expect(204);
        (await host.Admin.GetAsync(path)).ExpectProblem(404, "not-found");
    }

    [Theory]
    [InlineData(513, "x")]
    [InlineData(5000, "x")]
    [InlineData(513, "🐧")]
    public async Task NamesThatAreTooLongAreRefused(int length, string character) =>
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = string.Concat(Enumerable.Repeat(character, length)), spec = new { } }))
            .ExpectProblem(422, "invalid", "/name", $"a name has 1 to 512 characters, this one has {length}");

    [Fact]
    public async Task TwoNamesThatDifferInOneOctetAreTwoResources()
    {
        // Canonically equivalent, and yet other names: an orchestrator may mean two things by them.
        string[] names = ["twin-\u00e9", "twin-e\u0301", "Twin-\u00e9"];
        foreach (var name in names)
        {
            (await host.Admin.PostAsync("/api/v1/tenants", new { name, spec = new { } })).Expect(201);
        }

        foreach (var name in names)
        {
            Assert.Equal(name, (await host.Admin.GetAsync("/api/v1/tenants/" + Uri.EscapeDataString(name))).Expect(200)["name"].GetValue<string>());
        }
    }

    [Fact]
    public async Task WhatWasReadCanBeEditedAndWrittenBack()
    {
        (await host.Admin.PostAsync("/api/v1/sites", new { name = "edit", labels = new { a = "b" }, spec = new { } })).Expect(201);
        var read = (await host.Admin.GetAsync("/api/v1/sites/edit")).Expect(200);
        var body = read.Body;
        body["spec"]!["underlay"]!["mtu"] = 9000;
        var written = (await host.Admin.PutAsync("/api/v1/sites/edit", body, ("If-Match", read.ETag!))).Expect(200);
        Assert.Equal(9000, written["spec"]["underlay"]!["mtu"]!.GetValue<int>());
        Assert.Equal("b", written["labels"]["a"]!.GetValue<string>());
        Assert.Equal(read["uid"].GetValue<int>(), written["uid"].GetValue<int>());
        Assert.Equal($"\"{written["revision"].GetValue<long>()}\"", written.ETag);
        Assert.NotEqual(read.ETag, written.ETag);
    }

    [Fact]
    public async Task AccessListsThatSoftGatesHaveNoRoomForAreRefused()
    {
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "list owner", spec = new { } })).Expect(201);
        var rules = Enumerable.Range(1, 1000).Select(i => new
        {
            number = i,
            action = "permit",
            protocol = "tcp",
            sources = i % 2 == 0 ? new[] { $"10.0.{i / 250}.{i % 250}/32" } : [],
            destinations = i % 2 == 0 ? [] : new[] { $"10.0.{i / 250}.{i % 250}/32" },
            ports = new[] { new { first = 2 * i, last = 2 * i } },
        });
        (await host.Admin.PostAsync("/api/v1/acl-lists", new { name = "large", spec = new { tenant = "list owner", rules = rules.Take(100) } })).Expect(201);
        (await host.Admin.PostAsync("/api/v1/acl-lists", new { name = "too large", spec = new { tenant = "list owner", rules } })).ExpectProblem(422, "invalid", "/spec/rules", "at most 2097152 are possible");
    }

    [Fact]
    public async Task UnchangedPutIsNoRevision()
    {
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "same", labels = new { a = "b" }, spec = new { description = "d" } })).Expect(201);
        var read = (await host.Admin.GetAsync("/api/v1/tenants/same")).Expect(200);
        var before = host.Fabricd.Store.Intent.Current;
        var again = (await host.Admin.PutAsync("/api/v1/tenants/same", read.Body, ("If-Match", read.ETag!))).Expect(200);
        Assert.Equal(read.ETag, again.ETag);
        Assert.Same(before, host.Fabricd.Store.Intent.Current);
    }

    [Fact]
    public async Task StaleEntityTagIsRefused()
    {
        var created = (await host.Admin.PostAsync("/api/v1/tenants", new { name = "stale", spec = new { } })).Expect(201);
        (await host.Admin.PutAsync("/api/v1/tenants/stale", new { spec = new { description = "new" } }, ("If-Match", created.ETag!))).Expect(200);
        (await host.Admin.PutAsync("/api/v1/tenants/stale", new { spec = new { description = "lost" } }, ("If-Match", created.ETag!))).ExpectProblem(412, "stale", null, "read it again");
        (await host.Admin.DeleteAsync("/api/v1/tenants/stale", ("If-Match", created.ETag!))).ExpectProblem(412, "stale");
        (await host.Admin.PutAsync("/api/v1/tenants/stale", new { spec = new { } }, ("If-Match", "W/" + created.ETag!))).ExpectProblem(412, "stale");
        (await host.Admin.PutAsync("/api/v1/tenants/stale", new { spec = new { } }, ("If-None-Match", "*"))).ExpectProblem(412, "stale");
        (await host.Admin.PutAsync("/api/v1/tenants/ghost", new { spec = new { } }, ("If-Match", "\"1\""))).ExpectProblem(412, "stale", null, "leave If-Match out");
        Assert.Equal("new", (await host.Admin.GetAsync("/api/v1/tenants/stale"))["spec"]["description"]!.GetValue<string>());
    }

    [Fact]
    public async Task AnyOfSeveralEntityTagsWillDo()
    {
        var created = (await host.Admin.PostAsync("/api/v1/tenants", new { name = "several", spec = new { } })).Expect(201);
        (await host.Admin.PutAsync("/api/v1/tenants/several", new { spec = new { description = "x" } }, ("If-Match", $"\"999999\", {created.ETag}"))).Expect(200);
    }

    [Fact]
    public async Task PutMakesWhatIsNotThere()
    {
        var made = (await host.Admin.PutAsync("/api/v1/tenants/made%2Fhere", new { spec = new { } }, ("If-None-Match", "*"))).Expect(201);
        Assert.Equal("made/here", made["name"].GetValue<string>());
        Assert.Equal("/api/v1/tenants/made%2Fhere", made.Location);
    }

    [Fact]
    public async Task UidFindsTheResource()
    {
        var created = (await host.Admin.PostAsync("/api/v1/tenants", new { name = "numbered", spec = new { } })).Expect(201);
        var found = (await host.Admin.GetAsync($"/api/v1/tenants/by-uid/{created["uid"]}")).Expect(200);
        Assert.Equal("numbered", found["name"].GetValue<string>());
        (await host.Admin.GetAsync($"/api/v1/sites/by-uid/{created["uid"]}")).ExpectProblem(404, "not-found");
        (await host.Admin.PutAsync("/api/v1/tenants/numbered", new { uid = 999999, spec = new { } }, ("If-Match", "*"))).ExpectProblem(422, "invalid", "/uid", "for life");
    }

    [Fact]
    public async Task MergePatchChangesWhatItNames()
    {
        var created = (await host.Admin.PostAsync("/api/v1/tenants", new { name = "patched", labels = new { a = "1", b = "2" }, spec = new { description = "d" } })).Expect(201);
        var patch = new { labels = new { a = (string?)null, c = "3" }, spec = new { description = "e" } };
        var media = ("Content-Type", "application/merge-patch+json");
        (await host.Admin.SendAsync(HttpMethod.Patch, "/api/v1/tenants/patched", patch, media)).ExpectProblem(428, "precondition-required");
        (await host.Admin.SendAsync(HttpMethod.Patch, "/api/v1/tenants/patched", patch, ("If-Match", created.ETag!)))
            .ExpectProblem(415, "unsupported-media-type", null, "application/merge-patch+json");
        (await host.Admin.SendAsync(HttpMethod.Patch, "/api/v1/tenants/patched", new { spec = new { colour = 1 } }, media, ("If-Match", created.ETag!)))
            .ExpectProblem(422, "invalid", "/spec/colour", "unknown field");
        var patched = (await host.Admin.SendAsync(HttpMethod.Patch, "/api/v1/tenants/patched", patch, media, ("If-Match", created.ETag!))).Expect(200);
        Assert.Equal("{\"b\":\"2\",\"c\":\"3\"}", patched["labels"].ToJsonString());
        Assert.Equal("e", patched["spec"]["description"]!.GetValue<string>());
    }

    [Fact]
    public async Task ListsAreFilteredAndPaged()
    {
        var changes = new List<object> { new { operation = "apply", kind = "Tenant", name = "lists", spec = new { } }, new { operation = "apply", kind = "Tenant", name = "lists2", spec = new { } } };
        changes.AddRange(Enumerable.Range(0, 25).Select(i => new
        {
            operation = "apply",
            kind = "Vpc",
            name = $"list/{i:d2}",
            labels = new Dictionary<string, string> { ["even"] = i % 2 == 0 ? "yes" : "no", ["n"] = $"{i}" },
            spec = new { tenant = i < 20 ? "lists" : "lists2" },
        }));
        (await host.Admin.PostAsync("/api/v1/change-sets", new { changes })).Expect(200);

        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await host.Admin.GetAsync($"/api/v1/vpcs?tenant=lists&limit=7{(cursor.Length > 0 ? "&cursor=" + cursor : "")}")).Expect(200);
            var items = page["items"].AsArray();
            Assert.True(items.Count is > 0 and <= 7);
            Assert.Equal(host.Fabricd.Store.Intent.Current.Revision, page["revision"].GetValue<long>());
            seen.AddRange(items.Select(i => i!["name"]!.GetValue<string>()));
            cursor = page.Body["next"]?.GetValue<string>();
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"list/{i:d2}"), seen);
        Assert.Equal(3, await CountAsync("tenant=lists2&label=even=yes"));
        Assert.Equal(5, await CountAsync("tenant=lists2&label=even"));
        Assert.Equal(1, await CountAsync("label=even=yes&label=n=4"));
        Assert.Equal(0, await CountAsync("tenant=ghost"));
        Assert.Equal(1, await CountAsync("name=list%2F07"));
    }

    [Fact]
    public async Task StatusShowsTheNumbersThatWereGiven()
    {
        (await host.Admin.PostAsync("/api/v1/change-sets", new
        {
            changes = new object[]
            {
                new { operation = "apply", kind = "Site", name = "numbers", spec = new { } },
                new { operation = "apply", kind = "Tenant", name = "numbers", spec = new { } },
                new { operation = "apply", kind = "Vpc", name = "numbers", spec = new { tenant = "numbers" } },
                new { operation = "apply", kind = "VNet", name = "numbers", spec = new { site = "numbers", vpc = "numbers", gateways = new[] { "10.0.1.1/24" } } },
            },
        })).Expect(200);
        var vnet = (await host.Admin.GetAsync("/api/v1/vnets/numbers")).Expect(200);
        Assert.InRange(vnet["status"]["vni"]!.GetValue<int>(), 10_000, 99_999);
        Assert.Contains(vnet["status"]["conditions"]!.AsArray(), c => c!["type"]!.GetValue<string>() == "Ready" && c["status"]!.GetValue<string>() is "True" or "False" or "Unknown");
        Assert.InRange((await host.Admin.GetAsync("/api/v1/sites/numbers")).Expect(200)["status"]["fabricNumber"]!.GetValue<int>(), 1, 65_535);
        Assert.NotEmpty((await host.Admin.GetAsync("/api/v1/vpcs/numbers")).Expect(200)["status"]["l3Vnis"]!.AsArray());
    }

    [Fact]
    public async Task DeletionOfWhatOthersNeedIsRefused()
    {
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "needed", spec = new { } })).Expect(201);
        (await host.Admin.PostAsync("/api/v1/vpcs", new { name = "needs", spec = new { tenant = "needed" } })).Expect(201);
        (await host.Admin.DeleteAsync("/api/v1/tenants/needed", ("If-Match", "*"))).ExpectProblem(409, "in-use", null, "needed by Vpc 'needs'");
        (await host.Admin.DeleteAsync("/api/v1/vpcs/needs", ("If-Match", "*"))).Expect(204);
        (await host.Admin.DeleteAsync("/api/v1/tenants/needed", ("If-Match", "*"))).Expect(204);
    }

    [Fact]
    public async Task SummaryCountsResources()
    {
        var summary = (await host.Admin.GetAsync("/api/v1/status")).Expect(200);
        Assert.Equal(host.Fabricd.Store.Intent.Current.Revision, summary["revision"].GetValue<long>());
        Assert.NotNull(summary["resources"]["VNet"]);
    }

    private async Task<int> CountAsync(string query) => (await host.Admin.GetAsync("/api/v1/vpcs?" + query)).Expect(200)["items"].AsArray().Count;
}
