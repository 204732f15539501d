using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.E2e.Tests.Harness;

/// <summary>A lab of its own, raised with the real tool.</summary>
internal sealed class Lab : IAsyncDisposable
{
    private static int s_number;
    private readonly List<string> _guests = [];

    private Lab(string name) => Name = name;

    public string Name { get; }

    /// <summary>How long it took to raise.</summary>
    public TimeSpan Raised { get; private set; }

    /// <summary>Everything in <c>lab.json</c>.</summary>
    public JsonObject Facts { get; private set; } = [];

    /// <summary>First three octets of the management network with a dot: no text from the fabric may hold it.</summary>
    public string OobStart => Facts["oob_prefix"]!.GetValue<string>().Split('/')[0][..^1];

    public string ControllerAddress => Facts["controller_address"]!.GetValue<string>();

    public string SshKey => Facts["ssh_key"]!.GetValue<string>();

    public bool IsMachine => Facts["vehicle"]!.GetValue<string>() == "vm";

    public IReadOnlyList<string> Managed { get; private set; } = [];

    public IReadOnlyList<string> Spines => OfRole("spine");

    public IReadOnlyList<string> Leaves => OfRole("leaf");

    public IReadOnlyList<string> Hypervisors => OfRole("hypervisor");

    /// <summary>Raises a lab under a new name.</summary>
    public static async Task<Lab> UpAsync(string topologyFile, string vehicle, TimeSpan patience)
    {
        await RemoveOrphansAsync();
        var lab = new Lab(NewName());
        try
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            (await Command.RunAsync(
                Repository.Program("fabric-lab"), ["up", "--name", lab.Name, "--topology", topologyFile, "--vehicle", vehicle], null, patience)).Must();
            lab.Raised = watch.Elapsed;
            lab.Facts = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(StateBase, lab.Name, "lab.json")))!.AsObject();
            lab.Managed = [.. lab.Facts["devices"]!.AsArray().Where(d => d!["managed"]!.GetValue<bool>()).Select(d => d!["name"]!.GetValue<string>())];
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Works the lab: <c>fabric-lab ARGUMENTS</c>.</summary>
    public async Task<string> DoAsync(params string[] arguments) =>
        (await Command.RunAsync(Repository.Program("fabric-lab"), [.. arguments[..1], .. arguments[1..], "--name", Name], null, TimeSpan.FromMinutes(2))).Must().Output;

    /// <summary>Runs a command in a device, server or VM; whatever comes of it.</summary>
    public Task<CommandResult> TryAsync(string node, params string[] command) =>
        Command.RunAsync("bash", [ExecScript, "--name", Name, node, .. command], null, TimeSpan.FromMinutes(1));

    /// <summary>Runs a command in a device, server or VM and returns what it writes.</summary>
    public async Task<string> ExecAsync(string node, params string[] command) => (await TryAsync(node, command)).Must().Output;

    /// <summary>Runs a shell script in a device, server or VM and returns what it writes.</summary>
    public Task<string> ShellAsync(string node, string script) => ExecAsync(node, "bash", "-c", script);

    /// <summary>Writes a file that only root can read in a device.</summary>
    public async Task PutAsync(string node, string path, string text) => (await Command.RunAsync(
        "bash", [ExecScript, "--name", Name, node, "sh", "-c", $"umask 077; mkdir -p \"$(dirname {path})\"; cat > {path}"], text, TimeSpan.FromMinutes(1))).Must();

    /// <summary>What a device's routing software answers to commands.</summary>
    public Task<string> VtyshAsync(string device, params string[] commands) => ExecAsync(device, ["vtysh", .. commands.SelectMany(c => (string[])["-c", c])]);

    /// <summary>What a device's routing software answers to a command with the word json in it.</summary>
    public async Task<JsonObject> VtyshJsonAsync(string device, string command)
    {
        var text = await VtyshAsync(device, command);
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"{device}: {command}: {e.Message}: {text}", e);
        }
    }

    /// <summary>A command that runs in a device until it is disposed of.</summary>
    public Background Start(string node, params string[] command) => Background.Start("bash", [ExecScript, "--name", Name, node, .. command]);

    /// <summary>Watches what passes an interface of a device, server or VM.</summary>
    /// <param name="node">The device, server or VM.</param>
    /// <param name="tcpdump">Options of tcpdump, and the filter.</param>
    public Task<Capture> CaptureAsync(string node, params string[] tcpdump) => Capture.StartAsync(["bash", ExecScript, "--name", Name, node], tcpdump);

    /// <summary>Starts a VM that is removed with the test, if it is not to stay.</summary>
    public async Task AddVmAsync(string vm, string host, int vni, string ip, bool stays = false)
    {
        await DoAsync("vm", "add", vm, "--host", host, "--vni", vni.ToString(CultureInfo.InvariantCulture), "--ip", ip);
        if (!stays)
        {
            _guests.Add(vm);
        }
    }

    public async Task RemoveVmAsync(string vm)
    {
        await DoAsync("vm", "remove", vm);
        _guests.Remove(vm);
    }

    /// <summary>Removes VMs that tests left; those that went with their host are gone already.</summary>
    public async Task RemoveVmsAsync()
    {
        foreach (var vm in _guests.ToList())
        {
            await Command.RunAsync(Repository.Program("fabric-lab"), "vm", "remove", vm, "--name", Name);
            _guests.Remove(vm);
        }
    }

    public Task<CommandResult> PingAsync(string from, string to, params string[] options) =>
        TryAsync(from, ["ping", "-n", "-c", "1", "-W", "1", .. options, to]);

    /// <summary>Waits until a ping is answered.</summary>
    public Task PingsAsync(string from, string to, double within = 20) =>
        Eventually.Get($"{from} pings {to}", () => PingAsync(from, to), r => r.Ok, within, r => r.Output.Trim());

    /// <summary>Sends some pings of which none may be answered.</summary>
    public async Task NeverPingsAsync(string from, string to, int count = 3)
    {
        var result = await TryAsync(from, "ping", "-n", "-c", count.ToString(CultureInfo.InvariantCulture), "-i", "0.3", "-W", "1", to);
        Assert.False(result.Ok, $"{from} must not reach {to}: {result.Output}");
    }

    public async Task<string> MacAsync(string vm) =>
        JsonNode.Parse(await ExecAsync(vm, "ip", "-json", "link", "show", "eth0"))![0]!["address"]!.GetValue<string>();

    /// <summary>Runs something on all managed devices at the same time.</summary>
    public async Task<Dictionary<string, T>> OnAllAsync<T>(Func<string, Task<T>> ask, IEnumerable<string>? devices = null)
    {
        var names = (devices ?? Managed).ToList();
        var answers = await Task.WhenAll(names.Select(ask));
        return names.Zip(answers).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        var result = await Command.RunAsync(Repository.Program("fabric-lab"), "down", "--name", Name);
        if (!result.Ok)
        {
            TestContext.Current.SendDiagnosticMessage("{0}", result.ToString());
        }
    }

    private static string StateBase => Environment.GetEnvironmentVariable("FABRIC_LAB_STATE") is { Length: > 0 } other ? other : "/run/fabric-lab";

    internal static string ExecScript => Path.Combine(Repository.Root, "lab", "exec");

    private List<string> OfRole(string role) =>
        [.. Facts["devices"]!.AsArray().Where(d => d!["role"]!.GetValue<string>() == role).Select(d => d!["name"]!.GetValue<string>())];

    // At most ten characters: t, our process in hexadecimal, x, a number.
    private static string NewName() => $"t{Environment.ProcessId:x}x{Interlocked.Increment(ref s_number)}";

    /// <summary>Removes labs of test runs that were killed.</summary>
    private static async Task RemoveOrphansAsync()
    {
        if (!Directory.Exists(StateBase))
        {
            return;
        }

        foreach (var name in Directory.EnumerateDirectories(StateBase).Select(d => Path.GetFileName(d)!))
        {
            if (name.StartsWith('t') && name.IndexOf('x') is > 1 and var at
                && int.TryParse(name.AsSpan(1, at - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var pid)
                && !Directory.Exists($"/proc/{pid}"))
            {
                await Command.RunAsync(Repository.Program("fabric-lab"), "down", "--name", name);
            }
        }
    }
}
