using Fabric.Ctl.Tests.Support;

namespace Fabric.Ctl.Tests;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class LoginTests
{
    [Fact]
    public async Task Login_keeps_what_works_for_the_owner_only_and_later_commands_use_it()
    {
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/status", "{}").On("GET /api/v1/tenants", """{"items":[]}""");
        using var run = CtlRun.Against(fake);

        var login = await run.RunAsync("login");
        var later = await run.Without("FABRIC_SERVER", "FABRIC_TOKEN_FILE", "FABRIC_CA").RunAsync("get", "tenants", "-o", "json");

        Assert.Equal((0, 0), (login.ExitCode, later.ExitCode));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(run.ConfigFile));
    }

    [Fact]
    public async Task Login_with_a_wrong_token_says_so_and_keeps_nothing()
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("login", "--token-file", run.Write("wrong", "not-the-token"));

        Assert.Equal((3, "error: A valid token is needed: the token is not known\n"), (result.ExitCode, result.Error));
        Assert.False(File.Exists(run.ConfigFile));
    }

    [Fact]
    public async Task A_server_that_another_authority_vouches_for_is_refused()
    {
        await using var fake = await FakeController.StartAsync();
        await using var other = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("status", "--ca", run.Write("other.pem", other.CertificateAuthority));

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("did not prove who it is", result.Error, StringComparison.Ordinal);
        Assert.Empty(fake.Seen);
    }

    [Fact]
    public async Task A_server_whose_certificate_names_another_host_is_refused()
    {
        await using var fake = await FakeController.StartAsync("controller.example");
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("status");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("did not prove who it is", result.Error, StringComparison.Ordinal);
        Assert.Empty(fake.Seen);
    }

    [Fact]
    public async Task Without_a_given_authority_only_those_of_the_system_are_trusted()
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake).Without("FABRIC_CA");

        var result = await run.RunAsync("status");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("--ca", result.Error, StringComparison.Ordinal);
        Assert.Empty(fake.Seen);
    }

    [Fact]
    public async Task A_kept_token_is_not_sent_to_another_server()
    {
        await using var fake = (await FakeController.StartAsync()).On("GET /api/v1/status", "{}");
        using var run = CtlRun.Against(fake);
        await run.RunAsync("login");

        var result = await run.Without("FABRIC_SERVER", "FABRIC_TOKEN_FILE").RunAsync("status", "--server", "https://127.0.0.1:1");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("no token is known for https://127.0.0.1:1/", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_controller_that_does_not_listen_is_an_access_error()
    {
        await using var fake = await FakeController.StartAsync();
        using var run = CtlRun.Against(fake);

        var result = await run.RunAsync("status", "--server", "https://127.0.0.1:1");

        Assert.Equal((3, "error: cannot reach https://127.0.0.1:1/: Connection refused\n"), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("http://192.0.2.1:8179")]
    [InlineData("http://host:8179")]
    [InlineData("ftp://host")]
    [InlineData("https://host/path")]
    [InlineData("https://user@host")]
    [InlineData("::")]
    public async Task An_address_that_is_not_https_or_holds_more_than_a_host_is_refused(string address)
    {
        using var run = new CtlRun();
        var result = await run.RunAsync("status", "--server", address, "--token-file", run.Write("token", "t"));
        Assert.Equal(2, result.ExitCode);
    }

    [Fact]
    public async Task Without_tls_only_this_machine_is_asked_and_no_token_is_needed_there()
    {
        using var run = new CtlRun();
        var result = await run.RunAsync("bgp", "neighbors", "--server", "http://127.0.0.1:1");
        Assert.Equal((3, "error: cannot reach http://127.0.0.1:1/: Connection refused\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task Without_any_controller_the_way_to_name_one_is_shown()
    {
        using var run = new CtlRun();
        var result = await run.RunAsync("get", "vpc");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("fabricctl login", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("apply")]
    [InlineData("get")]
    [InlineData("get", "vpc", "-o", "xml")]
    [InlineData("token", "create", "x", "--role", "god")]
    public async Task A_command_line_that_makes_no_sense_ends_with_2(params string[] arguments)
    {
        using var run = new CtlRun();
        var result = await run.RunAsync(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', result.Error);
        Assert.DoesNotContain("Fabric.Ctl", result.Error, StringComparison.Ordinal);
    }
}
