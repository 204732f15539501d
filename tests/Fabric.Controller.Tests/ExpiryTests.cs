using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests;

/// <summary>What ends by itself, with a clock that the test sets.</summary>
public sealed class ExpiryTests
{
    [Fact]
    public async Task TokenEndsAtItsTimeAndAKeptResponseAfterADay()
    {
        var clock = new SettableClock();
        var host = new ApiHost { Time = clock };
        await using var _ = host;
        await host.InitializeAsync();
        var expires = clock.GetUtcNow().AddMinutes(10);
        var created = (await host.Admin.PostAsync("/api/v1/tokens", new { name = "short", role = "operator", expires })).Expect(201);
        var client = host.Client(created["token"].GetValue<string>());
        (await client.PostAsync("/api/v1/tenants", new { name = "a", spec = new { } }, ("Idempotency-Key", "k"))).Expect(201);
        clock.Advance(TimeSpan.FromMinutes(9));
        (await client.GetAsync("/api/v1/status")).Expect(200);
        clock.Advance(TimeSpan.FromMinutes(1));
        (await client.GetAsync("/api/v1/status")).ExpectProblem(401, "unauthorized");

        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "b", spec = new { } }, ("Idempotency-Key", "k"))).Expect(201);
        clock.Advance(TimeSpan.FromHours(23));
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "b", spec = new { } }, ("Idempotency-Key", "k"))).Expect(201);
        clock.Advance(TimeSpan.FromHours(2));
        (await host.Admin.PostAsync("/api/v1/tenants", new { name = "b", spec = new { } }, ("Idempotency-Key", "k"))).ExpectProblem(409, "exists");
    }

    /// <summary>Tells a time that only the test moves; timers run by the system's clock.</summary>
    private sealed class SettableClock : TimeProvider
    {
        private TimeSpan _offset;

        public void Advance(TimeSpan by) => _offset += by;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _offset;
    }
}
