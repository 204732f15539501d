namespace Fabric.Lab.Vehicles;

/// <summary>What carries a lab: the running kernel, or one inside a virtual machine.</summary>
public interface ILabVehicle
{
    /// <summary>The name that users give: <c>ns</c> or <c>vm</c>.</summary>
    string Name { get; }

    /// <summary>Namespace with the bridge of the management network; null: the one the script runs in.</summary>
    string? OobNamespace { get; }

    /// <summary>Directory of the rendered files where the script runs.</summary>
    string Box { get; }

    /// <summary>Connects this host to the lab's management network; called with the choice of networks locked.</summary>
    void AttachHost(string oobNetwork);

    /// <summary>Makes the vehicle ready to run the script, with the box in place.</summary>
    void Start(string oobNetwork);

    /// <summary>Runs the script and returns what it said.</summary>
    ShellResult Script(params IReadOnlyList<string> arguments);

    /// <summary>Runs the script on our terminal.</summary>
    int ScriptAttached(params IReadOnlyList<string> arguments);

    /// <summary>Removes everything, however much of it is there.</summary>
    void Remove();

    /// <summary>Lines for <c>vehicle.env</c>.</summary>
    IEnumerable<string> Environment(string oobNetwork);
}
