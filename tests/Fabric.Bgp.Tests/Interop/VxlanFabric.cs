using Fabric.Bgp.Tests.Transport.Unnumbered;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>
/// A spine that only forwards, two leaves with a VXLAN each, and a host behind each leaf: five namespaces. What the leaves' FRR knows of each
/// other it gets from whoever reflects in the spine.
/// </summary>
internal sealed class VxlanFabric : IAsyncDisposable
{
    public const int Vni = 10100;
    public const string SpineAddress = "10.255.0.254";

    private static int _next;

    private readonly string _name = $"fbgpv{Environment.ProcessId}-{Interlocked.Increment(ref _next)}";
    private readonly List<Daemon> _daemons = [];
    private readonly Dictionary<int, Zebra> _zebras = [];

    public string Spine => $"{_name}s";

    public static string Vtep(int leaf) => $"10.255.0.{leaf}";

    public string Leaf(int leaf) => $"{_name}l{leaf}";

    public string Host(int leaf) => $"{_name}h{leaf}";

    /// <summary>Builds the namespaces; no daemons yet.</summary>
    public void Raise()
    {
        foreach (var ns in Namespaces)
        {
            Ip("netns", "add", ns);
            Ip("-n", ns, "link", "set", "lo", "up");
        }

        Ip("-n", Spine, "addr", "add", $"{SpineAddress}/32", "dev", "lo");
        NamespacePair.In(Spine, static () => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"));
        for (var leaf = 1; leaf <= 2; leaf++)
        {
            var ns = Leaf(leaf);
            Ip("link", "add", "name", "spine", "netns", ns, "mtu", "9000", "type", "veth", "peer", "name", $"leaf{leaf}", "netns", Spine, "mtu", "9000");
            Ip("-n", Spine, "addr", "add", $"10.254.{leaf}.254/24", "dev", $"leaf{leaf}");
            Ip("-n", Spine, "link", "set", $"leaf{leaf}", "up");
            Ip("-n", Spine, "route", "add", $"{Vtep(leaf)}/32", "via", $"10.254.{leaf}.1");
            Ip("-n", ns, "addr", "add", $"{Vtep(leaf)}/32", "dev", "lo");
            Ip("-n", ns, "addr", "add", $"10.254.{leaf}.1/24", "dev", "spine");
            Ip("-n", ns, "link", "set", "spine", "up");
            Ip("-n", ns, "route", "add", "10.255.0.0/24", "via", $"10.254.{leaf}.254", "src", Vtep(leaf));

            Ip("-n", ns, "link", "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0");
            Ip("-n", ns, "link", "set", "br0", "addrgenmode", "none", "up");
            Ip("-n", ns, "link", "add", "vx0", "type", "vxlan", "id", $"{Vni}", "dstport", "4789", "local", Vtep(leaf), "nolearning");
            Ip("-n", ns, "link", "set", "vx0", "master", "br0", "addrgenmode", "none");
            Ip("-n", ns, "link", "set", "vx0", "type", "bridge_slave", "neigh_suppress", "on", "learning", "off");
            Ip("-n", ns, "link", "set", "vx0", "mtu", "1500", "up");

            Ip("link", "add", "name", "port", "netns", ns, "type", "veth", "peer", "name", "eth0", "netns", Host(leaf));
            Ip("-n", ns, "link", "set", "port", "master", "br0", "up");
            Ip("-n", Host(leaf), "addr", "add", $"{HostAddress(leaf)}/24", "dev", "eth0");
            Ip("-n", Host(leaf), "link", "set", "eth0", "up");
        }
    }

    /// <summary>Adds a namespace for a third VTEP that is no FRR: a loopback and a link to the spine.</summary>
    public void RaiseThird()
    {
        Ip("netns", "add", Third);
        Ip("-n", Third, "link", "set", "lo", "up");
        Ip("link", "add", "name", "spine", "netns", Third, "type", "veth", "peer", "name", "third", "netns", Spine);
        Ip("-n", Spine, "addr", "add", "10.254.3.254/24", "dev", "third");
        Ip("-n", Spine, "link", "set", "third", "up");
        Ip("-n", Spine, "route", "add", $"{Vtep(3)}/32", "via", "10.254.3.1");
        Ip("-n", Third, "addr", "add", $"{Vtep(3)}/32", "dev", "lo");
        Ip("-n", Third, "addr", "add", "10.254.3.1/24", "dev", "spine");
        Ip("-n", Third, "link", "set", "spine", "up");
        Ip("-n", Third, "route", "add", "10.255.0.0/24", "via", "10.254.3.254", "src", Vtep(3));
    }

    public static string HostAddress(int leaf) => $"10.1.0.{10 + leaf}";

    /// <summary>zebra and bgpd of a leaf, with the speaker in the spine as their only peer.</summary>
    public async Task<Frr> StartLeafAsync(int leaf)
    {
        var zebra = new Zebra(Leaf(leaf));
        _daemons.Add(zebra);
        _zebras[leaf] = zebra;
        await zebra.StartAsync();
        var frr = new Frr(new DaemonSetup(Vtep(leaf), SpeakerLab.Asn, Vtep(leaf), SpineAddress) { Namespace = Leaf(leaf), Zebra = zebra.Socket });
        _daemons.Add(frr);
        return await frr.StartAsync();
    }

    /// <summary>What zebra of a leaf says of a command.</summary>
    public string Zebra(int leaf, string command) => _zebras[leaf].Vtysh(command);

    /// <summary>Puts a MAC behind a leaf's port, as if a virtual machine had moved there.</summary>
    public void Attach(int leaf, string mac) => Daemon.Run("bridge", ["-n", Leaf(leaf), "fdb", "replace", mac, "dev", "port", "master", "static"]);

    /// <summary>The same for a MAC that must not move.</summary>
    public void AttachSticky(int leaf, string mac) => Daemon.Run("bridge", ["-n", Leaf(leaf), "fdb", "replace", mac, "dev", "port", "master", "static", "sticky"]);

    /// <summary>Takes it away again.</summary>
    public void Detach(int leaf, string mac) => Daemon.Run("bridge", ["-n", Leaf(leaf), "fdb", "del", mac, "dev", "port", "master"]);

    /// <summary>The kernel's entries of a leaf's VXLAN.</summary>
    public string Fdb(int leaf) => Daemon.Run("bridge", ["-n", Leaf(leaf), "fdb", "show", "dev", "vx0"]);

    /// <summary>Whether one host reaches the other.</summary>
    public bool Pings(int from, int to) => Daemon.TryRun("ip", ["netns", "exec", Host(from), "ping", "-c", "1", "-W", "1", HostAddress(to)]).Code == 0;

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in Enumerable.Reverse(_daemons))
        {
            await daemon.DisposeAsync();
        }

        foreach (var ns in Namespaces.Append(Third).Where(static n => File.Exists($"/run/netns/{n}")))
        {
            Ip("netns", "del", ns);
        }
    }

    private string[] Namespaces => [Spine, Leaf(1), Leaf(2), Host(1), Host(2)];

    /// <summary>The namespace of a third VTEP.</summary>
    public string Third => $"{_name}v";

    private static void Ip(params string[] arguments) => NamespacePair.Ip(arguments);
}
