using System.Diagnostics;
using System.Security.Cryptography;
using Fabric.Drivers.Sessions;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

/// <summary>Real FRR and real SSH servers in namespaces: two spines (s1, s2), a leaf (l1), a host (h1).</summary>
public sealed class MiniLab : IAsyncLifetime
{
    private static readonly string[] Devices = ["s1", "s2", "l1", "h1"];
    private static readonly string[] Links = ["s1:swp1=l1:swp1", "s2:swp1=l1:swp2", "l1:swp3=h1:eth1", "l1:swp4=h1:eth2"];

    private readonly string _prefix = $"d{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
    private readonly string _net = $"10.199.{RandomNumberGenerator.GetInt32(256)}";
    private OpenSshSessionFactory? _factory;

    /// <summary>Scratch directory of the lab.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("fdl").FullName;

    /// <summary>Why the lab is not there; null where it is.</summary>
    public string? Absent { get; private set; }

    /// <summary>The controller's address on the management network.</summary>
    public IpAddr Controller => IpAddr.Parse($"{_net}.1");

    /// <summary>The sessions of the lab.</summary>
    public OpenSshSessionFactory Sessions => _factory!;

    private static string Script => Path.Combine(AppContext.BaseDirectory, "Lab", "minilab.sh");

    public async ValueTask InitializeAsync()
    {
        Absent = Environment.UserName != "root" ? "needs root"
            : !File.Exists("/usr/lib/frr/bgpd") ? "needs the package frr"
            : !File.Exists("/usr/sbin/sshd") ? "needs the package openssh-server"
            : null;
        if (Absent is not null)
        {
            if (Environment.GetEnvironmentVariable("FABRIC_REQUIRE_INTEROP") == "1")
            {
                throw new InvalidOperationException(Absent);
            }

            return;
        }

        await RunAsync("bash", [Script, "up", Folder, _prefix, _net, .. Devices, "--", .. Links]);
        _factory = NewFactory("run");
    }

    public async ValueTask DisposeAsync()
    {
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
        }

        if (Absent is null)
        {
            await RunAsync("bash", [Script, "down", Folder, _prefix]);
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Skips the test where there is no lab.</summary>
    public void Require() => Assert.SkipWhen(Absent is not null, Absent ?? "");

    public OpenSshSessionFactory NewFactory(string name, string? identity = null) =>
        new(new OpenSshOptions { IdentityFile = identity ?? Path.Combine(Folder, "id"), RuntimeDirectory = Path.Combine(Folder, name) }, TimeProvider.System);

    public DeviceEndpoint Endpoint(string device, string? hostKey = null, int port = 22, string user = "root", string? address = null) =>
        DeviceEndpoint.TryCreate(
            IpAddr.Parse(address ?? AddressOf(device)), port, user, [hostKey ?? File.ReadAllText(Path.Combine(Folder, $"{device}.host.pub")).Trim()], out var endpoint, out var error)
            ? endpoint
            : throw new InvalidOperationException(error);

    public string AddressOf(string device) => $"{_net}.{11 + Array.IndexOf(Devices, device)}";

    public string UplinkOf(string device) => $"{_prefix}-{device}";

    public IDeviceSession Session(string device) => Sessions.Open(Endpoint(device));

    /// <summary>Runs a command on a device without SSH.</summary>
    public Task<string> ExecAsync(string device, params string[] command) =>
        RunAsync("nsenter", ["-t", File.ReadAllText(Path.Combine(Folder, $"{device}.pid")).Trim(), "-n", "-m", "-p", "-u", .. command]);

    public Task<string> ShellAsync(string device, string command) => ExecAsync(device, "sh", "-c", command);

    public static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode} {output} {await error}");
    }

    /// <summary>Waits until a condition holds.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what, int seconds = 20)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > seconds)
            {
                Assert.Fail($"not within {seconds} s: {what}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

[CollectionDefinition(Name)]
public sealed class MiniLabCollection : ICollectionFixture<MiniLab>
{
    public const string Name = "mini lab";
}
