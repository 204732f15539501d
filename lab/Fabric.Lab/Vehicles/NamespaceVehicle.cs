using Fabric.Lab.State;

namespace Fabric.Lab.Vehicles;

/// <summary>Namespaces on the running kernel.</summary>
public sealed class NamespaceVehicle(LabPaths paths) : ILabVehicle
{
    /// <summary>The name that users give.</summary>
    public const string VehicleName = "ns";

    public string Name => VehicleName;

    public string OobNamespace => $"{paths.Name}-oob";

    public string Box => paths.Box;

    public void AttachHost(string oobNetwork)
    {
        var oob = OobNamespace;
        Shell.Must("ip", ["-batch", "-"], $"""
            netns add {oob}
            link add name oob netns {oob} type bridge stp_state 0 mcast_snooping 0
            link add name {oob} type veth peer name host netns {oob}
            addr add {oobNetwork}.1/24 dev {oob}

            """);
        // Nothing is routed out of the management network or into it, neither here nor in the bridge's namespace.
        HostInterface.Close(oob);
        Shell.Must("nsenter", [$"--net=/run/netns/{oob}", "sh", "-c",
            "cd /proc/sys/net; echo 0 >ipv4/ip_forward; echo 1 >ipv6/conf/all/disable_ipv6; echo 1 >ipv6/conf/default/disable_ipv6"]);
        Shell.Must("ip", ["-n", oob, "-batch", "-"], "link set oob up\nlink set host master oob up\n");
        Shell.Must("ip", ["link", "set", oob, "up"]);
    }

    public void Start(string oobNetwork)
    {
        // The running kernel runs already.
    }

    public ShellResult Script(params IReadOnlyList<string> arguments) => Shell.Run("bash", [$"{Box}/raise.sh", .. arguments]);

    public int ScriptAttached(params IReadOnlyList<string> arguments) => Shell.Attached("bash", [$"{Box}/raise.sh", .. arguments]);

    public void Remove()
    {
        // The lab's own files may be gone, or be those of a virtual machine: only the names of the namespaces count.
        Directory.CreateDirectory(Box);
        File.WriteAllText($"{Box}/lab.env", $"LAB={paths.Name}\nOOB_NETNS={OobNamespace}\nDEVICES=()\nSERVERS=()\n");
        File.WriteAllText($"{Box}/raise.sh", Rendering.LabRenderer.Script("raise.sh"));
        var result = Script("down");
        if (result.ExitCode != 0)
        {
            throw new LabException($"cannot take lab {paths.Name} down: {result.Error.Trim()}");
        }

        HostInterface.Delete(OobNamespace);
    }

    public IEnumerable<string> Environment(string oobNetwork) => ["VEHICLE=ns", $"BOX={Box}"];
}
