using System.Text.RegularExpressions;

namespace Fabric.Lab.State;

/// <summary>Where the files of a lab stand.</summary>
public sealed partial class LabPaths
{
    /// <summary>Environment variable that names another directory for the state of all labs.</summary>
    public const string StateVariable = "FABRIC_LAB_STATE";

    private const string DefaultBase = "/run/fabric-lab";

    /// <param name="name">Name of the lab.</param>
    public LabPaths(string name)
    {
        if (!LabName().IsMatch(name))
        {
            throw new LabException($"lab name '{name}' must be 1 to 10 characters of a-z and 0-9 and begin with a letter", LabException.BadInput);
        }

        Name = name;
        var custom = Environment.GetEnvironmentVariable(StateVariable);
        Base = string.IsNullOrEmpty(custom) ? DefaultBase : Path.GetFullPath(custom);
        if (!StatePath().IsMatch(Base))
        {
            // The path goes into mount tables and command lines.
            throw new LabException($"{StateVariable} '{Base}' may hold only letters, digits and '/', '.', '_', '-'", LabException.BadInput);
        }

        Root = Path.Combine(Base, name);
    }

    /// <summary>Name of the lab.</summary>
    public string Name { get; }

    /// <summary>Directory of all labs.</summary>
    public string Base { get; }

    /// <summary>Directory of this lab.</summary>
    public string Root { get; }

    /// <summary>The rendered files and the devices' own storage.</summary>
    public string Box => Path.Combine(Root, "box");

    /// <summary>Where the box stands inside the virtual machine.</summary>
    public string BoxInMachine => $"{DefaultBase}/{Name}/box";

    /// <summary>Facts about the raised lab; exists only when it is up.</summary>
    public string Facts => Path.Combine(Root, "lab.json");

    /// <summary>Private SSH key that opens every device.</summary>
    public string ClientKey => Path.Combine(Root, "id_ed25519");

    /// <summary>Host keys of all devices in the format of OpenSSH.</summary>
    public string KnownHosts => Path.Combine(Root, "known_hosts");

    /// <summary>How to reach the script of the lab, for shell programs.</summary>
    public string VehicleEnvironment => Path.Combine(Root, "vehicle.env");

    /// <summary>The topology the lab was raised from.</summary>
    public string Topology => Path.Combine(Root, "topology.yaml");

    /// <summary>Files of the virtual machine, where there is one.</summary>
    public string Machine => Path.Combine(Root, "vm");

    [GeneratedRegex("^[a-z][a-z0-9]{0,9}$", RegexOptions.None, 1000)]
    private static partial Regex LabName();

    [GeneratedRegex("^[A-Za-z0-9/._-]+$", RegexOptions.None, 1000)]
    private static partial Regex StatePath();
}
