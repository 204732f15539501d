using System.Diagnostics;
using Fabric.Drivers.Sessions;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

/// <summary>The OpenSSH client against a real server.</summary>
[Collection(MiniLabCollection.Name)]
[Trait("Category", "lab")]
public sealed class SessionTests(MiniLab lab)
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_script_says_its_output_error_and_status()
    {
        lab.Require();
        var result = await lab.Session("h1").RunAsync("hostname; echo 'bad \"$HOME\" %h' >&2; exit 7", Long, Cancel);
        Assert.Equal(new ScriptResult(7, "h1\n", "bad \"$HOME\" %h\n"), result);
    }

    [Fact]
    public async Task Runs_share_one_connection_and_a_new_one_is_new()
    {
        lab.Require();
        const string Port = "echo ${SSH_CONNECTION}";
        var session = lab.Session("h1");
        var first = await session.RunAsync(Port, Long, Cancel);
        Assert.Equal(first, await session.RunAsync(Port, Long, Cancel));
        Assert.NotEqual(first, await session.RunOnNewConnectionAsync(Port, Long, Cancel));
        Assert.Equal(first, await session.RunAsync(Port, Long, Cancel));
    }

    [Fact]
    public async Task A_script_is_not_run_before_all_of_it_is_there_and_cannot_eat_itself()
    {
        lab.Require();
        var result = await lab.Session("h1").RunAsync("cat\nread x\necho \"[$x]\"", Long, Cancel);
        Assert.Equal("[]\n", result.Output);
        result = await lab.Session("h1").RunAsync("echo one\nif true; then", Long, Cancel);
        Assert.Equal("", result.Output);
        Assert.NotEqual(0, result.ExitCode);
    }

    [Fact]
    public async Task A_host_key_that_is_not_pinned_is_told()
    {
        lab.Require();
        var other = (await File.ReadAllTextAsync(Path.Combine(lab.Folder, "s1.host.pub"), Cancel)).Trim();
        await AssertFailsAsync(lab.Sessions.Open(lab.Endpoint("h1", hostKey: other)), DeviceErrorKind.HostKeyMismatch, "not pinned");
        var dsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";
        await AssertFailsAsync(lab.Sessions.Open(lab.Endpoint("h1", hostKey: dsa)), DeviceErrorKind.HostKeyMismatch, "not pinned");
    }

    [Fact]
    public async Task A_key_that_the_device_does_not_know_is_told()
    {
        lab.Require();
        var identity = Path.Combine(lab.Folder, "stranger");
        if (!File.Exists(identity))
        {
            await MiniLab.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", identity]);
        }

        await using var factory = lab.NewFactory("run2", identity);
        await AssertFailsAsync(factory.Open(lab.Endpoint("h1")), DeviceErrorKind.AuthenticationFailed, "does not accept the controller's key");
        await AssertFailsAsync(lab.Sessions.Open(lab.Endpoint("h1", user: "nobody")), DeviceErrorKind.AuthenticationFailed, "nobody@");
    }

    [Fact]
    public async Task A_closed_port_and_a_silent_address_are_told()
    {
        lab.Require();
        await AssertFailsAsync(lab.Sessions.Open(lab.Endpoint("h1", port: 2222)), DeviceErrorKind.Refused, "Connection refused");
        var silent = lab.AddressOf("h1")[..^2] + "99";
        await AssertFailsAsync(lab.Sessions.Open(lab.Endpoint("h1", address: silent)), DeviceErrorKind.Unreachable, "does not answer");
    }

    [Fact]
    public async Task A_server_without_a_common_algorithm_is_told()
    {
        lab.Require();
        await lab.ShellAsync("h1", "sed 's/^Port .*/Port 2022/; s#^PidFile.*#PidFile /run/sshd2.pid#' /run/sshd.conf >/run/sshd2.conf; echo 'KexAlgorithms diffie-hellman-group1-sha1' >>/run/sshd2.conf; /usr/sbin/sshd -f /run/sshd2.conf");
        try
        {
            await AssertFailsAsync(lab.Sessions.Open(lab.Endpoint("h1", port: 2022)), DeviceErrorKind.NoCommonAlgorithm, "no SSH algorithm in common");
        }
        finally
        {
            await lab.ShellAsync("h1", "kill $(cat /run/sshd2.pid)");
        }
    }

    [Fact]
    public async Task A_script_that_takes_too_long_is_given_up_and_the_next_one_runs()
    {
        lab.Require();
        var session = lab.Session("h1");
        var started = Stopwatch.GetTimestamp();
        var error = await Assert.ThrowsAsync<DeviceException>(() => session.RunAsync("sleep 30", TimeSpan.FromSeconds(2), Cancel));
        Assert.Equal(DeviceErrorKind.Timeout, error.Kind);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
        Assert.Equal("ok\n", (await session.RunAsync("echo ok", Long, Cancel)).Output);
    }

    [Fact]
    public async Task A_session_that_breaks_in_the_middle_is_told_and_the_next_one_runs()
    {
        lab.Require();
        var session = lab.Session("h1");
        var run = session.RunAsync("touch /run/begun; sleep 30", Long, Cancel);
        await MiniLab.EventuallyAsync(async () => (await lab.ShellAsync("h1", "ls /run")).Contains("begun"), "the script runs");
        await lab.ShellAsync("h1", "rm /run/begun; for p in $(pgrep -f '[s]shd: root'); do kill -9 $p || :; done");
        Assert.Equal(DeviceErrorKind.SessionLost, (await Assert.ThrowsAsync<DeviceException>(() => run)).Kind);
        Assert.Equal("ok\n", (await session.RunAsync("echo ok", Long, Cancel)).Output);
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off()
    {
        lab.Require();
        await using var factory = new OpenSshSessionFactory(
            new OpenSshOptions { IdentityFile = Path.Combine(lab.Folder, "id"), RuntimeDirectory = Path.Combine(lab.Folder, "run3"), LongestAnswer = 100_000 }, TimeProvider.System);
        var error = await Assert.ThrowsAsync<DeviceException>(() => factory.Open(lab.Endpoint("h1")).RunAsync("yes", Long, Cancel));
        Assert.Equal(DeviceErrorKind.UnexpectedAnswer, error.Kind);
        Assert.Equal(99_000, (await factory.Open(lab.Endpoint("h1")).RunAsync("head -c 99000 /dev/zero | tr '\\0' x", Long, Cancel)).Output.Length);
    }

    [Fact]
    public async Task A_script_of_any_size_arrives_whole()
    {
        lab.Require();
        var lines = string.Concat(Enumerable.Repeat("abcdefghijklmnopqrstuvwxyz 0123456789 äöü €\n", 20_000));
        var result = await lab.Session("h1").RunAsync($"cat <<'X' | md5sum\n{lines}X", Long, Cancel);
        Assert.StartsWith(Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.UTF8.GetBytes(lines))), result.Output);
    }

    [Fact]
    public async Task The_end_of_the_factory_ends_its_connections()
    {
        lab.Require();
        var factory = lab.NewFactory("run4");
        var session = factory.Open(lab.Endpoint("h1"));
        await session.RunAsync("true", Long, Cancel);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(lab.Folder, "run4")));
        await factory.DisposeAsync();
        Assert.Empty(Directory.GetFiles(Path.Combine(lab.Folder, "run4")));
        Assert.DoesNotContain("/run4/", await MiniLab.RunAsync("ps", ["-eo", "args"]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.RunAsync("true", Long, Cancel));
    }

    [Fact]
    public async Task The_kill_of_the_client_of_an_earlier_life_leaves_no_connection()
    {
        lab.Require();

        // An earlier life is a process that holds the other end of the master's standard input; its end is the end of that pipe.
        await using var factory = lab.NewFactory("run5");
        await factory.Open(lab.Endpoint("h1")).RunAsync("true", Long, Cancel);
        var socket = Directory.GetFiles(Path.Combine(lab.Folder, "run5"), "ssh-*").Single(f => !f.EndsWith(".keys", StringComparison.Ordinal));
        var second = lab.NewFactory("run5");
        Assert.False(File.Exists(socket));
        Assert.Equal("ok\n", (await second.Open(lab.Endpoint("h1")).RunAsync("echo ok", Long, Cancel)).Output);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Keys_and_sockets_are_for_their_owner_only()
    {
        lab.Require();
        await lab.Session("h1").RunAsync("true", Long, Cancel);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(lab.Folder, "run")));
        Assert.Throws<ArgumentException>(() => new OpenSshSessionFactory(
            new OpenSshOptions { IdentityFile = "id", RuntimeDirectory = "/tmp/" + new string('x', 80) }, TimeProvider.System));
    }

    private static async Task AssertFailsAsync(IDeviceSession session, DeviceErrorKind kind, string words)
    {
        foreach (var run in new[] { session.RunAsync, (Func<string, TimeSpan, CancellationToken, Task<ScriptResult>>)session.RunOnNewConnectionAsync })
        {
            var error = await Assert.ThrowsAsync<DeviceException>(() => run("true", Long, Cancel));
            Assert.True(error.Kind == kind, error.Message);
            Assert.Contains(words, error.Message);
        }
    }
}
