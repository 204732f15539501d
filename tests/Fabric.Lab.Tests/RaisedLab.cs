using System.Security.Cryptography;
using Fabric.Lab.Commands;
using Fabric.Lab.State;
using Fabric.Lab.Vehicles;

namespace Fabric.Lab.Tests;

/// <summary>A lab of a test, with a name of its own; taken down at the end whatever happened.</summary>
internal sealed class RaisedLab : IDisposable
{
    public RaisedLab(string topology = "minimal", string vehicle = "ns", bool raise = true)
    {
        Require();
        Name = "t" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));
        Paths = new LabPaths(Name);
        Topology = Repository.Topology(topology);
        VehicleName = vehicle;
        if (raise)
        {
            Up();
        }
    }

    public string Name { get; }

    public LabPaths Paths { get; }

    public string Topology { get; }

    public string VehicleName { get; }

    public LabFacts Facts => LabFacts.Read(Paths) ?? throw new InvalidOperationException("the lab is not up");

    public ILabVehicle Vehicle => new LabManager(Paths, TextWriter.Null).Running().Vehicle;

    /// <summary>What <c>up</c> says.</summary>
    public string Up()
    {
        using var said = new StringWriter();
        new LabManager(Paths, said).Up(Topology, VehicleName);
        return said.ToString();
    }

    public void Down() => new LabManager(Paths, TextWriter.Null).Down();

    /// <summary>Runs a subcommand of the tool; the result is its exit code.</summary>
    public static int Command(params string[] words)
    {
        try
        {
            return LabCommands.Build().Parse(words).Invoke(new() { EnableDefaultExceptionHandler = false });
        }
        catch (LabException e)
        {
            return e.ExitCode;
        }
    }

    /// <summary>Runs a subcommand on this lab; it must succeed.</summary>
    public void Must(params string[] words) => Assert.Equal(0, Command([.. words, "--name", Name]));

    /// <summary>Runs a shell command line in a device, server or VM.</summary>
    public ShellResult Run(string node, string command) => Vehicle.Script("exec", node, "bash", "-c", command);

    /// <summary>Like <see cref="Run"/>; must succeed, and its output is the result.</summary>
    public string Must(string node, string command)
    {
        var result = Run(node, command);
        Assert.True(result.ExitCode == 0, $"{node}: {command}: {result.Output}{result.Error}");
        return result.Output.Trim();
    }

    /// <summary>Runs a command in a device over SSH with its pinned host key, as the controller does; gives up connecting after some seconds.</summary>
    public ShellResult Ssh(string device, string command, int patience = 30) => Shell.Run("ssh",
        ["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", $"ConnectTimeout={patience}", "-o", $"UserKnownHostsFile={Facts.KnownHosts}",
            "-i", Facts.SshKey, $"root@{Facts.Devices.Single(d => d.Name == device).ManagementAddress}", command]);

    /// <summary>
    /// Like <see cref="Ssh"/>, but tries again for some seconds: after an outage the host's own ARP entry may still say
    /// that nobody is there.
    /// </summary>
    public ShellResult SshAgain(string device, string command)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        ShellResult result;
        do
        {
            result = Ssh(device, command);
        }
        while (result.ExitCode == 255 && waited.Elapsed < TimeSpan.FromSeconds(30));

        return result;
    }

    /// <summary>Waits until a command succeeds in a node.</summary>
    public void Eventually(string node, string command, int seconds = 10)
    {
        var result = Run(node, $"for i in $(seq {seconds * 5}); do {{ {command}; }} && exit 0; sleep 0.2; done; exit 1");
        Assert.True(result.ExitCode == 0, $"{node}: still not after {seconds} s: {command}: {result.Output}{result.Error}");
    }

    /// <summary>Everything of this lab that the host can see: namespaces, interfaces, mounts, processes, files.</summary>
    public IReadOnlyList<string> Traces(IEnumerable<int> pids)
    {
        List<string> traces = [];
        traces.AddRange(Directory.Exists("/run/netns") ? Directory.EnumerateFiles("/run/netns", Name + "-*") : []);
        traces.AddRange(Directory.EnumerateFileSystemEntries("/sys/class/net", Name + "-*"));
        traces.AddRange(File.ReadLines("/proc/self/mountinfo").Where(l => l.Contains($"/{Name}", StringComparison.Ordinal)));
        traces.AddRange(pids.Where(Runs).Select(p => $"process {p}"));
        traces.AddRange(Processes.Find(words => words.Any(w => w.Contains($"/{Name}/", StringComparison.Ordinal) || w == $"fabric-lab-{Name}")).Select(p => $"process {p}"));
        if (Directory.Exists(Paths.Root))
        {
            traces.Add(Paths.Root);
        }

        return traces;
    }

    /// <summary>Pids of everything that runs in the lab's namespaces.</summary>
    public IReadOnlyList<int> Pids() =>
        [.. Shell.Must("bash", ["-c", $"for n in /run/netns/{Name}-*; do ip netns pids ${{n##*/}}; done"]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    public void Dispose() => Down();

    // A process that has ended, but whose end nobody has looked at yet, has no namespaces any more.
    private static bool Runs(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/ns/net").LinkTarget is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Skips the test where a lab cannot run; FABRIC_REQUIRE_INTEROP=1 makes that a failure.</summary>
    private static void Require()
    {
        var missing = !Environment.IsPrivilegedProcess ? "needs root"
            : !File.Exists("/usr/lib/frr/bgpd") || !File.Exists("/usr/sbin/sshd") ? "needs the packages of lab/install-packages.sh lab"
            : null;
        if (Environment.GetEnvironmentVariable("FABRIC_REQUIRE_INTEROP") == "1")
        {
            Assert.Null(missing);
        }

        Assert.SkipWhen(missing is not null, missing ?? "");
    }
}
