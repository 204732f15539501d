using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>Several writes at once, and the same write twice.</summary>
public sealed class ChangeSetTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task ChangeSetMakesOneRevisionWhateverItsOrder()
    {
        var before = host.Fabricd.Store.Intent.Current.Revision;
        var answer = (await host.Admin.PostAsync("/api/v1/change-sets", new
        {
            reason = "because",
            changes = new object[]
            {
                new { operation = "create", kind = "Vpc", name = "late", spec = new { tenant = "early" } },
                new { operation = "create", kind = "Tenant", name = "early", spec = new { } },
            },
        })).Expect(200);
        Assert.Equal(before + 1, answer["revision"].GetValue<long>());
        Assert.Equal(2, answer["changes"].AsArray().Count);
        Assert.False(answer["dryRun"].GetValue<bool>());
        Assert.Empty(answer["plan"].AsArray());
        var revision = (await host.Admin.GetAsync($"/api/v1/revisions/{before + 1}")).Expect(200);
        Assert.Equal("because", revision["reason"].GetValue<string>());
        Assert.Equal("first-admin", revision["author"].GetValue<string>());
        Assert.Equal(2, revision["changes"].AsArray().Count);
    }

    [Fact]
    public async Task RefusedChangeSetLeavesEverything()
    {
        var before = host.Fabricd.Store.Intent.Current;
        (await host.Admin.PostAsync("/api/v1/change-sets", new
        {
            changes = new object[]
            {
                new { operation = "create", kind = "Tenant", name = "half", spec = new { } },
                new { operation = "create", kind = "Vpc", name = "half", spec = new { tenant = "ghost" } },
            },
        })).ExpectProblem(422, "invalid", "/changes/1/spec/tenant");
        Assert.Same(before, host.Fabricd.Store.Intent.Current);
        await host.RestartAsync();
        Assert.Equal(before.Revision, host.Fabricd.Store.Intent.Current.Revision);
        (await host.Admin.GetAsync("/api/v1/tenants/half")).ExpectProblem(404, "not-found");
    }

    [Fact]
    public async Task DryRunTellsAndWritesNothing()
    {
        var before = host.Fabricd.Store.Intent.Current;
        var answer = (await host.Admin.PostAsync("/api/v1/change-sets?dryRun=true", new
        {
            changes = new object[] { new { operation = "apply", kind = "Tenant", name = "dry", spec = new { } } },
        }, ("Idempotency-Key", "dry"))).Expect(200);
        Assert.True(answer["dryRun"].GetValue<bool>());
        Assert.Equal("created", Assert.Single(answer["changes"].AsArray())!["operation"]!.GetValue<string>());
        Assert.Same(before, host.Fabricd.Store.Intent.Current);
    }

    [Fact]
    public async Task WritesOfManyAtOnceAreAllKeptOrRefused()
    {
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "counter", labels = new { n = "0" }, spec = new { } })).Expect(201);
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var i = 0; i < 10;)
            {
                var read = (await host.Admin.GetAsync("/api/v1/tenants/counter")).Expect(200);
                var next = int.Parse(read["labels"]["n"]!.GetValue<string>()) + 1;
                var answer = await host.Admin.PutAsync("/api/v1/tenants/counter", new { labels = new { n = $"{next}" }, spec = new { } }, ("If-Match", read.ETag!));
                if (answer.Status == 412)
                {
                    continue;
                }

                answer.Expect(200);
                Interlocked.Increment(ref done);
                i++;
            }
        }));
        Assert.Equal(80, done);
        Assert.Equal("80", (await host.Admin.GetAsync("/api/v1/tenants/counter"))["labels"]["n"]!.GetValue<string>());
    }

    [Fact]
    public async Task OfTwoChangeSetsAtOnceThatExcludeEachOtherOneWins()
    {
        for (var round = 0; round < 10; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => host.Admin.PostAsync("/api/v1/change-sets", new
            {
                changes = new object[]
                {
                    new { operation = "create", kind = "Tenant", name = $"race {round}", spec = new { } },
                    new { operation = "create", kind = "Tenant", name = $"racer {round} {i}", spec = new { } },
                },
            })));
            Assert.Single(answers, a => a.Status == 200);
            Assert.All(answers.Where(a => a.Status != 200), a => a.ExpectProblem(409, "exists", "/changes/0/name"));
            Assert.Single(host.Fabricd.Store.Intent.Current.All(Intent.Resources.ResourceKind.Tenant), t => t.Key.Name.StartsWith($"racer {round} ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task RepeatedRequestIsAnsweredAndNotRepeated()
    {
        object body = new { name = "once", spec = new { } };
        var first = (await host.Admin.PostAsync("/api/v1/tenants", body, ("Idempotency-Key", "k1"))).Expect(201);
        var revision = host.Fabricd.Store.Intent.Current.Revision;
        var second = (await host.Admin.PostAsync("/api/v1/tenants", body, ("Idempotency-Key", "k1"))).Expect(201);
        Assert.Equal((first.Text, first.ETag, first.Location), (second.Text, second.ETag, second.Location));
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "twice", spec = new { } }, ("Idempotency-Key", "k1"))).ExpectProblem(422, "key-reused");
        (await host.Admin.PostAsync("/api/v1/vpcs", body, ("Idempotency-Key", "k1"))).ExpectProblem(422, "invalid");
        await host.RestartAsync();
        Assert.Equal(first.Text, (await host.Admin.PostAsync("/api/v1/tenants", body, ("Idempotency-Key", "k1"))).Expect(201).Text);
        Assert.Equal(revision, host.Fabricd.Store.Intent.Current.Revision);
    }

    [Fact]
    public async Task KeysOfDifferentTokensAreDifferentKeys()
    {
        var other = await host.ClientAsync("operator");
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "mine", spec = new { } }, ("Idempotency-Key", "shared"))).Expect(201);
        (await other.PostAsync("/api/v1/tenants", new { name = "theirs", spec = new { } }, ("Idempotency-Key", "shared"))).Expect(201);
    }

    [Fact]
    public async Task SameKeyAtOnceIsCarriedOutOnce()
    {
        var before = host.Fabricd.Store.Intent.Current.Revision;
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            host.Admin.PostAsync("/api/v1/change-sets", new { changes = new[] { new { operation = "create", kind = "Tenant", name = "at once", spec = new { } } } }, ("Idempotency-Key", "at once"))));
        Assert.All(answers, a => Assert.Equal(answers[0].Text, a.Expect(200).Text));
        Assert.Equal(before + 1, host.Fabricd.Store.Intent.Current.Revision);
    }

    [Fact]
    public async Task RefusedRequestMayBeRepeatedWithItsKeyOnceTheReasonIsGone()
    {
        object body = new { name = "retry", spec = new { tenant = "not yet" } };
        (await host.Admin.PostAsync("/api/v1/vpcs", body, ("Idempotency-Key", "retry"))).ExpectProblem(422, "invalid", "/spec/tenant");
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "not yet", spec = new { } })).Expect(201);
        (await host.Admin.PostAsync("/api/v1/vpcs", body, ("Idempotency-Key", "retry"))).Expect(201);
    }

    [Fact]
    public async Task RevisionsAreListedComparedAndReturnedTo()
    {
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "history", spec = new { description = "one" } }, ("X-Fabric-Reason", "müssen wir"))).Expect(201);
        var first = host.Fabricd.Store.Intent.Current.Revision;
        (await host.Admin.PutAsync("/api/v1/tenants/history", new { spec = new { description = "two" } }, ("If-Match", "*"))).Expect(200);
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "history 2", spec = new { } })).Expect(201);
        (await host.Admin.DeleteAsync("/api/v1/tenants/history", ("If-Match", "*"))).Expect(204);
        var last = host.Fabricd.Store.Intent.Current.Revision;

        var list = (await host.Admin.GetAsync("/api/v1/revisions?limit=2")).Expect(200);
        Assert.Equal([last, last - 1], list["items"].AsArray().Select(r => r!["revision"]!.GetValue<long>()));
        var next = (await host.Admin.GetAsync("/api/v1/revisions?limit=2&cursor=" + list["next"].GetValue<string>())).Expect(200);
        Assert.Equal([last - 2, last - 3], next["items"].AsArray().Select(r => r!["revision"]!.GetValue<long>()));
        Assert.Equal("müssen wir", next["items"][1]!["reason"]!.GetValue<string>());
        Assert.Equal("deleted", (await host.Admin.GetAsync($"/api/v1/revisions/{last}")).Expect(200)["changes"][0]!["operation"]!.GetValue<string>());

        var compared = (await host.Admin.GetAsync($"/api/v1/revisions/{first}..{last}")).Expect(200)["differences"].AsArray();
        Assert.Equal(["deleted history", "created history 2"], compared.Select(d => $"{d!["operation"]} {d["name"]}"));
        Assert.Equal("one", compared[0]!["before"]!["spec"]!["description"]!.GetValue<string>());

        var dry = (await host.Admin.PostAsync($"/api/v1/revisions/{first}/restore?dryRun=true", new { })).Expect(200);
        Assert.Equal(2, dry["changes"].AsArray().Count);
        Assert.Equal(last, host.Fabricd.Store.Intent.Current.Revision);
        var back = (await host.Admin.PostAsync($"/api/v1/revisions/{first}/restore", new { }, ("Idempotency-Key", "back"))).Expect(200);
        Assert.Equal(back.Text, (await host.Admin.PostAsync($"/api/v1/revisions/{first}/restore", new { }, ("Idempotency-Key", "back"))).Expect(200).Text);
        Assert.Equal("one", (await host.Admin.GetAsync("/api/v1/tenants/history")).Expect(200)["spec"]["description"]!.GetValue<string>());
        (await host.Admin.GetAsync("/api/v1/tenants/history%202")).ExpectProblem(404, "not-found");
        var restored = (await host.Admin.GetAsync($"/api/v1/revisions/{last + 1}")).Expect(200);
        Assert.Equal(("restore", $"back to revision {first}"), (restored["source"].GetValue<string>(), restored["reason"].GetValue<string>()));

        // The same, but for the uid: a resource that was made again is another one.
        Assert.All(
            (await host.Admin.GetAsync($"/api/v1/revisions/{first}..{last + 1}")).Expect(200)["differences"].AsArray(),
            d => Assert.Equal("replaced", d!["operation"]!.GetValue<string>()));
    }
}
