using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fabric.Lab.Rendering;
using Fabric.Lab.State;
using Fabric.Lab.Topology;
using Fabric.Lab.Vehicles;

namespace Fabric.Lab;

/// <summary>Raises, finds and removes the labs of this host.</summary>
public sealed class LabManager(LabPaths paths, TextWriter say)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Raises the lab; does nothing if it is up with the same topology already.</summary>
    public void Up(string topologyFile, string vehicleName)
    {
        var text = ReadTopology(topologyFile, out var topology);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        using var mine = HostLock.Take(paths.Name, Patience);
        var watch = Stopwatch.StartNew();
        if (LabFacts.Read(paths) is { } running && MakeVehicle(running.Vehicle).Script("alive").ExitCode == 0)
        {
            if (running.Vehicle != vehicleName || running.TopologyHash != hash)
            {
                throw new LabException($"lab {paths.Name} is up with another topology ({running.Topology}) or vehicle ({running.Vehicle}); "
                    + "take it down first or use another name");
            }

            say.WriteLine($"lab {paths.Name} is up already ({running.Topology}, vehicle {running.Vehicle}, management network {running.OobPrefix})");
            return;
        }

        if (RemoveEverything())
        {
            say.WriteLine($"lab {paths.Name} was half up: taken down first");
        }

        var vehicle = MakeVehicle(vehicleName);
        Directory.CreateDirectory(paths.Root);
        File.SetUnixFileMode(paths.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            Raise(vehicle, topology, text, hash);
        }
        catch
        {
            // Leave the files for whoever wants to know why; the next up or down removes what stands.
            say.WriteLine($"raising failed; files are in {paths.Root}; 'fabric-lab down --name {paths.Name}' removes what stands");
            throw;
        }

        say.WriteLine($"lab {paths.Name} is up: {topology.Name}, {topology.Routers.Count()} devices, {topology.Links.Count} links, "
            + $"vehicle {vehicle.Name}, {watch.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
    }

    /// <summary>Removes the lab and all its traces.</summary>
    public void Down()
    {
        using var mine = HostLock.Take(paths.Name, Patience);
        say.WriteLine(RemoveEverything() ? $"lab {paths.Name} is down" : $"lab {paths.Name} is not up");
    }

    /// <summary>The facts and the vehicle of the running lab.</summary>
    public (LabFacts Facts, ILabVehicle Vehicle) Running()
    {
        var facts = LabFacts.Read(paths) ?? throw new LabException($"lab {paths.Name} is not up");
        return (facts, MakeVehicle(facts.Vehicle));
    }

    /// <summary>The topology the running lab was raised from.</summary>
    public LabTopology RunningTopology()
    {
        ReadTopology(paths.Topology, out var topology);
        return topology;
    }

    private void Raise(ILabVehicle vehicle, LabTopology topology, string text, string hash)
    {
        MakeKeys(topology);
        string oobNetwork;
        using (HostLock.Take("oob", Patience))
        {
            oobNetwork = OobNetworks.ChooseFree();
            vehicle.AttachHost(oobNetwork);
        }

        var plan = new LabPlan(paths.Name, topology, oobNetwork, vehicle.OobNamespace, vehicle.Box, File.ReadAllText(paths.ClientKey + ".pub").Trim());
        foreach (var artifact in LabRenderer.Render(plan))
        {
            var file = Path.Combine(paths.Box, artifact.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, artifact.Content);
        }

        File.WriteAllText(paths.Topology, text);
        File.WriteAllLines(paths.VehicleEnvironment, vehicle.Environment(oobNetwork));
        vehicle.Start(oobNetwork);
        var result = vehicle.Script("up");
        if (result.ExitCode != 0)
        {
            throw new LabException($"cannot raise lab {paths.Name}: {result.Error.Trim()}");
        }

        var devices = topology.Routers.Select(d => new DeviceFacts(
            d.Name, TopologyParser.RoleName(d.Role), topology.Managed.Contains(d), plan.ManagementAddress(d), HostKey(d))).ToList();
        File.WriteAllLines(paths.KnownHosts, devices.Select(d => $"{d.ManagementAddress} {d.HostKey}"));
        new LabFacts(
            paths.Name, vehicle.Name, topology.Name, hash, plan.OobPrefix, $"{paths.Name}-oob", plan.HostAddress,
            paths.ClientKey, paths.KnownHosts, devices, [.. topology.Servers.Select(s => s.Name)]).Write(paths);
    }

    private void MakeKeys(LabTopology topology)
    {
        var files = new List<string> { paths.ClientKey };
        foreach (var device in topology.Routers)
        {
            Directory.CreateDirectory(EtcSsh(device));
            files.Add(Path.Combine(EtcSsh(device), "ssh_host_ed25519_key"));
        }

        var commands = new StringBuilder();
        foreach (var file in files)
        {
            commands.Append("ssh-keygen -q -t ed25519 -N '' -C '' -f ").Append(Shell.Quote(file)).Append(" </dev/null || exit 1\n");
        }

        Shell.Must("bash", ["-s"], commands.ToString());
    }

    private string HostKey(LabDevice device) => File.ReadAllText(Path.Combine(EtcSsh(device), "ssh_host_ed25519_key.pub")).Trim();

    private string EtcSsh(LabDevice device) => Path.Combine(paths.Box, "devices", device.Name, "etc-ssh");

    private bool RemoveEverything()
    {
        var there = Directory.Exists(paths.Root)
            || Path.Exists($"/sys/class/net/{paths.Name}-oob")
            || (Directory.Exists("/run/netns") && Directory.EnumerateFiles("/run/netns", $"{paths.Name}-*").Any());
        if (!there)
        {
            return false;
        }

        // Both: after a crash nobody can say any more which vehicle it was.
        new MachineVehicle(paths, say).Remove();
        new NamespaceVehicle(paths).Remove();
        if (Directory.Exists(paths.Root))
        {
            Directory.Delete(paths.Root, recursive: true);
        }

        if (Directory.Exists(paths.Base) && !Directory.EnumerateFileSystemEntries(paths.Base).Any())
        {
            Directory.Delete(paths.Base);
        }

        return true;
    }

    private ILabVehicle MakeVehicle(string name) => name switch
    {
        NamespaceVehicle.VehicleName => new NamespaceVehicle(paths),
        MachineVehicle.VehicleName => new MachineVehicle(paths, say),
        _ => throw new LabException($"unknown vehicle '{name}' (known: ns, vm)", LabException.BadInput),
    };

    private static string ReadTopology(string file, out LabTopology topology)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"cannot read topology {file}: {e.Message}", LabException.BadInput);
        }

        var result = TopologyParser.Parse(text, Path.GetFileName(file));
        topology = result.Topology ?? throw new LabException(string.Join('\n', result.Errors), LabException.BadInput);
        return text;
    }
}
