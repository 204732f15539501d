using Fabric.Drivers.Sessions;

namespace Fabric.Drivers.FrrLinux;

/// <summary>What FRR and the kernel's tools say when something goes wrong.</summary>
internal static class Errors
{
    private const int LongestMessage = 400;

    /// <summary>vtysh finds no daemon, or not those that are needed.</summary>
    public static DeviceException RoutingNotRunning(string said) =>
        new(DeviceErrorKind.RoutingNotRunning, $"FRR does not run on the device; start it with \"systemctl start frr\" ({OneLine(said)})");

    /// <summary>Text of a device as one bounded line without control characters.</summary>
    public static string OneLine(string text)
    {
        var line = string.Join("; ", text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        line = string.Concat(line.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return line.Length <= LongestMessage ? line : line[..LongestMessage] + "…";
    }
}
