using System.Diagnostics;
using System.Globalization;
using Fabric.Lab.State;

namespace Fabric.Lab.Vehicles;

/// <summary>
/// A virtual machine with Debian's kernel, for what the running kernel lacks. The whole lab runs inside the one machine; its
/// management network comes out at a tap of this host.
/// </summary>
public sealed class MachineVehicle(LabPaths paths, TextWriter say) : ILabVehicle
{
    /// <summary>The name that users give.</summary>
    public const string VehicleName = "vm";

    /// <summary>Environment variable that names QEMU's accelerator: <c>kvm</c> or <c>tcg</c>.</summary>
    public const string AcceleratorVariable = "FABRIC_LAB_ACCEL";

    private static readonly TimeSpan BootPatience = TimeSpan.FromSeconds(120);

    public string Name => VehicleName;

    public string? OobNamespace => null;

    public string Box => paths.BoxInMachine;

    private string Tap => $"{paths.Name}-oob";

    private string Tag => $"fabric-lab-{paths.Name}";

    private string ConsoleFile => Path.Combine(paths.Machine, "console.log");

    private string SshConfig => Path.Combine(paths.Machine, "ssh_config");

    private string ControlSocket => Path.Combine(paths.Machine, "ctl");

    public void AttachHost(string oobNetwork)
    {
        Shell.Must("ip", ["-batch", "-"], $"tuntap add dev {Tap} mode tap\naddr add {oobNetwork}.1/24 dev {Tap}\n");
        HostInterface.Close(Tap);
        Shell.Must("ip", ["link", "set", Tap, "up"]);
    }

    public void Start(string oobNetwork)
    {
        var image = MachineImage.Get(say);
        Directory.CreateDirectory(paths.Machine);
        File.WriteAllText(Path.Combine(paths.Machine, "known_hosts"), $"{oobNetwork}.2 {File.ReadAllText(Path.Combine(image.Directory, "host_key.pub"))}");
        File.Copy(Path.Combine(image.Directory, "id_ed25519"), Path.Combine(paths.Machine, "id_ed25519"), overwrite: true);
        // Each new connection costs an emulated machine a good part of a second; so all share one.
        var sharing = ControlSocket.Length < 80 ? $"ControlMaster auto\n  ControlPath {ControlSocket}\n  ControlPersist yes" : "ControlMaster no";
        File.WriteAllText(SshConfig, $"""
            Host machine
              HostName {oobNetwork}.2
              User root
              IdentityFile {paths.Machine}/id_ed25519
              IdentitiesOnly yes
              UserKnownHostsFile {paths.Machine}/known_hosts
              StrictHostKeyChecking yes
              KexAlgorithms curve25519-sha256
              BatchMode yes
              LogLevel ERROR
              ConnectTimeout 10
              ConnectionAttempts 10
              ServerAliveInterval 10
              {sharing}

            """);
        File.WriteAllText(ConsoleFile, "");
        Shell.Must("qemu-system-x86_64", MachineArguments(image, oobNetwork));
        WaitForBoot();
        Upload();
    }

    public ShellResult Script(params IReadOnlyList<string> arguments) => Shell.Run("ssh", ["-F", SshConfig, "machine", Remote(arguments)]);

    public int ScriptAttached(params IReadOnlyList<string> arguments) => Shell.Attached("ssh",
        [.. Console.IsInputRedirected || Console.IsOutputRedirected ? Array.Empty<string>() : ["-t"], "-F", SshConfig, "machine", Remote(arguments)]);

    public void Remove()
    {
        // By their arguments, which hold this lab's name or path: also when the files with their pids are gone.
        foreach (var pid in Processes.Find(words => words.Contains(Tag, StringComparer.Ordinal) && words[0].Contains("qemu-system", StringComparison.Ordinal)))
        {
            Processes.End(pid);
        }

        foreach (var pid in Processes.Find(words => words[0].StartsWith($"ssh: {ControlSocket} [", StringComparison.Ordinal)))
        {
            Processes.End(pid);
        }

        HostInterface.Delete(Tap);
    }

    public IEnumerable<string> Environment(string oobNetwork) => ["VEHICLE=vm", $"BOX={Box}"];

    private List<string> MachineArguments(MachineImage image, string oobNetwork) =>
    [
        "-name", Tag,
        "-accel", Accelerator(),
        "-M", "pc,i8042=off,vmport=off", "-cpu", "max", "-smp", "2", "-m", "1024",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-daemonize",
        "-serial", $"file:{ConsoleFile}",
        "-pidfile", Path.Combine(paths.Machine, "pid"),
        "-kernel", Path.Combine(image.Directory, "vmlinuz"),
        "-initrd", Path.Combine(image.Directory, "initrd.gz"),
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on tsc=reliable no_timer_check net.ifnames=0 "
            + $"lab.oob={oobNetwork} lab.name={paths.Name}",
        // The image stays as it is: what the machine writes goes to a file that ends with it.
        "-drive", $"file={Path.Combine(image.Directory, "disk.ext4")},if=virtio,format=raw,snapshot=on",
        "-netdev", $"tap,id=oob,ifname={Tap},script=no,downscript=no",
        "-device", "virtio-net-pci,netdev=oob,romfile=",
    ];

    // A CPU without the flags of hardware virtualization may show /dev/kvm and yet boot no stock kernel.
    private static string Accelerator()
    {
        var wanted = System.Environment.GetEnvironmentVariable(AcceleratorVariable);
        if (string.IsNullOrEmpty(wanted))
        {
            var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
            wanted = File.Exists("/dev/kvm") && (flags.Contains("vmx") || flags.Contains("svm")) ? "kvm" : "tcg";
        }

        return wanted == "tcg" ? "tcg,thread=multi,tb-size=256" : wanted;
    }

    private void WaitForBoot()
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var console = File.ReadAllText(ConsoleFile);
            if (console.Contains("LAB-READY", StringComparison.Ordinal) && !console.Contains("LAB-FAILED", StringComparison.Ordinal))
            {
                say.WriteLine($"machine booted, {waited.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
                return;
            }

            if (waited.Elapsed > BootPatience
                || console.Contains("LAB-FAILED", StringComparison.Ordinal)
                || !Processes.Find(words => words.Contains(Tag, StringComparer.Ordinal)).Any())
            {
                throw new LabException($"the machine did not boot; its console is {ConsoleFile}: {string.Join(' ', console.Split('\n').TakeLast(5)).Trim()}");
            }

            Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System).GetAwaiter().GetResult();
        }
    }

    private void Upload() => Shell.Must("bash",
        ["-c", "set -o pipefail; tar -C \"$1\" -cz . | ssh -F \"$2\" machine \"mkdir -p $3 && tar -C $3 -xz --no-same-owner\"", "upload", paths.Box, SshConfig, Box]);

    private string Remote(IReadOnlyList<string> arguments) =>
        string.Join(' ', ((IEnumerable<string>)["bash", $"{Box}/raise.sh", .. arguments]).Select(Shell.Quote));
}
