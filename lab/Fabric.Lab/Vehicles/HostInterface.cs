namespace Fabric.Lab.Vehicles;

/// <summary>The host's own end of a lab's management network.</summary>
internal static class HostInterface
{
    /// <summary>Switches routing off for the interface, so that this host never becomes a way between lab and world.</summary>
    public static void Close(string name)
    {
        foreach (var (setting, value) in (ReadOnlySpan<(string, string)>)[
            ($"ipv4/conf/{name}/forwarding", "0"), ($"ipv6/conf/{name}/forwarding", "0"), ($"ipv6/conf/{name}/accept_ra", "0")])
        {
            var file = $"/proc/sys/net/{setting}";
            if (File.Exists(file))
            {
                File.WriteAllText(file, value);
            }
        }
    }

    /// <summary>Deletes the interface if it is there.</summary>
    public static void Delete(string name)
    {
        if (!Path.Exists($"/sys/class/net/{name}"))
        {
            return;
        }

        // It may go by itself between the look and the deletion: its namespace is being taken apart.
        var result = Shell.Run("ip", ["link", "delete", name]);
        if (result.ExitCode != 0 && Path.Exists($"/sys/class/net/{name}"))
        {
            throw new LabException($"cannot delete {name}: {result.Error.Trim()}");
        }
    }
}
