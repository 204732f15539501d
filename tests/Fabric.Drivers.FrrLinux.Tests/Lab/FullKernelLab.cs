using System.Security.Cryptography;
using System.Text.Json;
using Fabric.Drivers.Sessions;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

/// <summary>
/// The reference topology on a kernel that has VRF devices and VLAN-aware bridges. Raised for the test, unless
/// <c>FABRIC_DRIVER_LAB</c> names one that is up.
/// </summary>
public sealed class FullKernelLab : IAsyncLifetime
{
    private readonly string? _given = Environment.GetEnvironmentVariable("FABRIC_DRIVER_LAB");
    private readonly string _runtime = Directory.CreateTempSubdirectory("fdk").FullName;
    private readonly Dictionary<string, DeviceEndpoint> _endpoints = [];
    private string _name = "";
    private OpenSshSessionFactory? _factory;
    private string? _absent;

    private static string Repository
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Fabric.sln")))
            {
                folder = folder.Parent ?? throw new InvalidOperationException("the tests run outside the repository");
            }

            return folder.FullName;
        }
    }

    public async ValueTask InitializeAsync()
    {
        _absent = Environment.UserName != "root" ? "needs root"
            : !File.Exists("/usr/bin/qemu-system-x86_64") ? "needs the packages of lab/install-packages.sh vm"
            : null;
        if (_absent is not null)
        {
            return;
        }

        _name = _given ?? "d" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));
        if (_given is null)
        {
            await ToolAsync("up", "--topology", Path.Combine(Repository, "lab", "topologies", "reference.yaml"), "--vehicle", "vm");
        }

        using var facts = JsonDocument.Parse(await File.ReadAllTextAsync($"/run/fabric-lab/{_name}/lab.json"));
        foreach (var device in facts.RootElement.GetProperty("devices").EnumerateArray())
        {
            Assert.True(
                DeviceEndpoint.TryCreate(
                    IpAddr.Parse(device.GetProperty("management_address").GetString()!), 22, "root", [device.GetProperty("host_key").GetString()!], out var endpoint, out var error),
                error);
            _endpoints[device.GetProperty("name").GetString()!] = endpoint;
        }

        _factory = new OpenSshSessionFactory(
            new OpenSshOptions { IdentityFile = facts.RootElement.GetProperty("ssh_key").GetString()!, RuntimeDirectory = _runtime }, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
        }

        if (_absent is null && _given is null)
        {
            await ToolAsync("down");
        }

        Directory.Delete(_runtime, recursive: true);
    }

    public void Require()
    {
        if (Environment.GetEnvironmentVariable("FABRIC_REQUIRE_INTEROP") == "1")
        {
            Assert.Null(_absent);
        }

        Assert.SkipWhen(_absent is not null, _absent ?? "");
    }

    public IDeviceSession Session(string device) => _factory!.Open(_endpoints[device]);

    /// <summary>Runs a shell command in a device, server or VM.</summary>
    public Task<string> ShellAsync(string node, string command) =>
        MiniLab.RunAsync("bash", [Path.Combine(Repository, "lab", "exec"), "--name", _name, node, "sh", "-c", command]);

    public Task<string> ToolAsync(params string[] words) =>
        MiniLab.RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "fabric-lab.dll"), "--name", _name, .. words]);
}
