namespace Fabric.Bgp.Tests.Interop;

/// <summary>FRR's zebra in a namespace: links, neighbours and VNIs for a bgpd there.</summary>
internal sealed class Zebra(string ns) : Daemon
{
    /// <summary>Where a bgpd finds it.</summary>
    public string Socket => Path.Combine(Folder, "zserv.api");

    /// <summary>What zebra says; "show evpn" is its to answer.</summary>
    public string Vtysh(string command) => Run("vtysh", ["--vty_socket", Folder, "-c", command]);

    public async Task StartAsync()
    {
        var config = Path.Combine(Folder, "zebra.conf");
        File.WriteAllText(config, "");

        // zebra insists on a user of its own.
        Run("chown", ["-R", "frr:frr", Folder]);
        LaunchIn(ns, "/usr/lib/frr/zebra", "-f", config, "-P", "0", "--vty_socket", Folder, "-i", Path.Combine(Folder, "zebra.pid"), "-z", Socket, "-s", "90000000");
        await Eventually.True(() => File.Exists(Socket), "zebra answers");
    }
}
