namespace Fabric.E2e.Tests.Harness;

/// <summary>What a lab needs of the machine.</summary>
internal static class Prerequisites
{
    private static readonly string[] Files =
        ["/usr/lib/frr/zebra", "/usr/lib/frr/bgpd", "/usr/lib/frr/bfdd", "/usr/bin/vtysh", "/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/tcpdump"];

    /// <summary>Why no lab can be raised here; null when one can.</summary>
    public static string? Missing()
    {
        if (Environment.UserName != "root")
        {
            return "raising a lab needs root";
        }

        var missing = Files.Where(f => !File.Exists(f)).ToList();
        return missing.Count == 0 ? null : $"not installed: {string.Join(", ", missing)} (lab/install-packages.sh lab installs what a lab needs)";
    }

    /// <summary>Whether a missing prerequisite is a failure, not a reason to skip.</summary>
    public static bool AreRequired =>
        Environment.GetEnvironmentVariable("CI") == "true" || Environment.GetEnvironmentVariable("FABRIC_REQUIRE_INTEROP") == "1";

    /// <summary>Skips the running test, or fails it where prerequisites are required.</summary>
    public static void Demand(string? missing)
    {
        if (missing is null)
        {
            return;
        }

        Assert.False(AreRequired, missing);
        Assert.Skip(missing);
    }
}
