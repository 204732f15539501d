using System.Text.Json;

namespace Fabric.Lab.State;

/// <summary>What a raised lab says about itself to programs; the contents of <c>lab.json</c>.</summary>
/// <param name="Name">Name of the lab.</param>
/// <param name="Vehicle"><c>ns</c> or <c>vm</c>.</param>
/// <param name="Topology">Name of the topology.</param>
/// <param name="TopologyHash">SHA-256 of the topology file.</param>
/// <param name="OobPrefix">The management network.</param>
/// <param name="OobInterface">The host's interface on the management network.</param>
/// <param name="ControllerAddress">The host's address there: where devices see the controller.</param>
/// <param name="SshKey">Private key that opens every device as root.</param>
/// <param name="KnownHosts">Host keys of all devices, for OpenSSH.</param>
/// <param name="Devices">Everything with a management address.</param>
/// <param name="Servers">Plain machines.</param>
public sealed record LabFacts(
    string Name,
    string Vehicle,
    string Topology,
    string TopologyHash,
    string OobPrefix,
    string OobInterface,
    string ControllerAddress,
    string SshKey,
    string KnownHosts,
    IReadOnlyList<DeviceFacts> Devices,
    IReadOnlyList<string> Servers)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        // The file is for programs and people, not for a web page: keep the '+' of keys readable.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The facts of a lab, or null if it is not up.</summary>
    public static LabFacts? Read(LabPaths paths)
    {
        try
        {
            return JsonSerializer.Deserialize<LabFacts>(File.ReadAllText(paths.Facts), Options);
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the file at once, so that a reader sees all of it or nothing.</summary>
    public void Write(LabPaths paths)
    {
        File.WriteAllText(paths.Facts + ".new", JsonSerializer.Serialize(this, Options) + "\n");
        File.Move(paths.Facts + ".new", paths.Facts, overwrite: true);
    }
}

/// <param name="Name">Host name.</param>
/// <param name="Role">Role as in the topology file.</param>
/// <param name="Managed">Whether the controller is told about it.</param>
/// <param name="ManagementAddress">Address of its sshd.</param>
/// <param name="HostKey">Its public host key: type and key.</param>
public sealed record DeviceFacts(string Name, string Role, bool Managed, string ManagementAddress, string HostKey);
