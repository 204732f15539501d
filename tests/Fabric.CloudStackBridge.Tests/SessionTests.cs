using System.Diagnostics;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.CloudStackBridge.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>Who gets in, for how long, and how guessing is slowed down.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(48);
    private readonly ManualTime _time = new();
    private readonly BridgeHost _host;

    public SessionTests() => _host = new BridgeHost { Time = _time };

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("auth_scheme_id")]
    [InlineData("authSchemeID")]
    [InlineData("nothing")]
    public async Task The_first_cookie_is_the_session_with_its_flags(string scheme)
    {
        var reply = await _host.CallAsync("POST", "/api/auth", $$"""{"user":"{{BridgeHost.User}}","password":"{{BridgeHost.Password}}","{{scheme}}":1}""");
        Assert.Equal(200, reply.Status);
        Sample.Like("""{"user_id":1,"name":"x"}""", reply.Body["data"]);
        Assert.Matches("^connect\\.sid=s%3A[^;]+; Path=/; HttpOnly; Secure$", reply.SetCookie);
        Assert.DoesNotContain(BridgeHost.Password, reply.Text);
        _host.Cookie = reply.SetCookie!.Split(';')[0];
        Assert.Equal(BridgeHost.User, (string)(await _host.GetAsync("/api/auth"))["data"]!["name"]!);
    }

    [Fact]
    public async Task Without_a_session_of_ours_nothing_but_the_login_is_there()
    {
        var good = _host.Cookie!;
        foreach (var cookie in new[] { null, "connect.sid=", "connect.sid=s%3Aabc", "other=" + good.Split('=')[1], good[..^1] + (good[^1] == 'A' ? 'B' : 'A'), "connect.sid=" + new string('x', 5000), "connect.sid=s%3A1.1.1.1.x" })
        {
            _host.Cookie = cookie;
            foreach (var path in new[] { "/api/auth", "/api/sites", "/api/v2/vpc", "/api/acl", "/api/v2/ipam/subnets" })
            {
                await _host.RefusedAsync(401, "GET", path);
            }

            await _host.RefusedAsync(401, "DELETE", "/api/v2/vpc/1");
        }
    }

    [Fact]
    public async Task A_viewer_reads_and_writes_nothing()
    {
        await _host.LogInAsync("reader");
        await _host.GetAsync("/api/v2/vpc");
        await _host.RefusedAsync(403, "POST", "/api/v2/vpc", new { name = "x" });
        await _host.RefusedAsync(403, "DELETE", "/api/acl", new { id = new[] { 1 } });
    }

    [Fact]
    public async Task A_session_survives_a_restart_lives_while_it_is_used_and_ends_when_it_is_not()
    {
        await _host.RestartAsync();
        await _host.GetAsync("/api/auth");
        for (var i = 0; i < 4; i++)
        {
            // Used once every 40 hours, over a restart: for longer than a session that is not used.
            _time.Advance(TimeSpan.FromHours(40));
            await _host.GetAsync("/api/auth");
            await _host.RestartAsync();
        }

        _time.Advance(Lifetime + TimeSpan.FromMinutes(1));
        await _host.RefusedAsync(401, "GET", "/api/auth");
    }

    [Fact]
    public async Task Logging_out_ends_this_session_for_good_and_no_other()
    {
        var first = _host.Cookie;
        await _host.LogInAsync();
        var second = _host.Cookie;
        Assert.NotEqual(first, second);
        var reply = await _host.CallAsync("DELETE", "/api/auth");
        Assert.Equal(200, reply.Status);
        Assert.Contains("Max-Age=0", reply.SetCookie);
        await _host.RefusedAsync(401, "GET", "/api/auth");
        await _host.RestartAsync();
        await _host.RefusedAsync(401, "GET", "/api/auth");
        _host.Cookie = first;
        await _host.GetAsync("/api/auth");
    }

    [Fact]
    public async Task A_new_password_a_new_role_or_no_account_ends_its_sessions()
    {
        var accounts = _host.Bridge.Services.GetRequiredService<AccountStore>();
        accounts.Set(BridgeHost.User, "operator", PasswordHash.Create("another password"));
        await _host.RefusedAsync(401, "GET", "/api/auth");
        await _host.LogInAsync(password: "another password");
        accounts.Remove(BridgeHost.User);
        await _host.RefusedAsync(401, "GET", "/api/auth");
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_name_are_refused_alike_and_ever_more_slowly()
    {
        Task<Reply> TryAsync(string user, string password) => _host.CallAsync("POST", "/api/auth", new { user, password });
        var wrong = await TryAsync(BridgeHost.User, "wrong password");
        var unknown = await TryAsync("nobody", "wrong password");
        Assert.Equal((401, 401, wrong.Text), (wrong.Status, unknown.Status, unknown.Text));
        await TryAsync(BridgeHost.User, "wrong password");

        // The fourth failure from this address waits, and with it a right password that comes from there.
        var waits = TimeSpan.Zero;
        for (var i = 0; i < 3; i++)
        {
            var attempt = TryAsync($"nobody{i}", "wrong password");
            await BridgeHost.UntilAsync(() => Task.FromResult(_time.Next() is { } next && next <= TimeSpan.FromMilliseconds(250 << i) && next > TimeSpan.FromMilliseconds(200 << i)));
            Assert.False(attempt.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(250 << i));
            waits += TimeSpan.FromMilliseconds(250 << i);
            Assert.Equal(401, (await attempt).Status);
        }

        Assert.Equal(TimeSpan.FromMilliseconds(1750), waits);

        // A quarter of an hour later all is forgiven: this does not wait.
        _time.Advance(TimeSpan.FromMinutes(16));
        await _host.LogInAsync();
    }

    [Fact]
    public void The_longest_wait_is_bounded_and_so_is_what_is_remembered()
    {
        var throttle = new LoginThrottle(_time);
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20_000; i++)
        {
            Assert.InRange(throttle.Attempt($"name {i}", "192.0.2.1"), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        }

        Assert.Equal(TimeSpan.FromSeconds(10), throttle.Attempt("name", "192.0.2.1"));

        // An account that others try is never slower than this, from an address that nobody tries from.
        for (var i = 0; i < 50; i++)
        {
            Assert.InRange(throttle.Attempt("cloudstack", $"198.51.100.{i}"), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        }

        Assert.InRange(throttle.Count, 1, 5000);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }
}
