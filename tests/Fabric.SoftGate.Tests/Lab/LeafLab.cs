using Fabric.Bgp.Tests;
using Fabric.Bgp.Tests.Interop;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.SoftGate.Tests.Evpn;

namespace Fabric.SoftGate.Tests.Lab;

/// <summary>
/// A leaf of FRR in a namespace, with VXLAN devices of the V-Net "web" and of the VPC "red", and a link to the node's namespace. The VRF is a namespace of
/// its own, as not every kernel has VRF devices; behind it is a V-Net of the leaf, 10.3.1.0/24, with a host.
/// </summary>
internal sealed class LeafLab : Daemon
{
    internal const string Loopback = "10.255.1.1";
    internal const string RouterMac = "00:00:5e:00:52:01";
    internal const string Vm = "52:54:00:00:00:01";

    private readonly NamespacePair _pair = new();

    /// <summary>Where the node is.</summary>
    internal string Node => _pair.A;

    private string Leaf => _pair.B;

    private string Holder => File.ReadAllText(Path.Combine(Folder, "holder.pid")).Trim();

    /// <summary>Builds it and waits until the daemons answer.</summary>
    internal async Task RaiseAsync()
    {
        Ip("-n", Node, "addr", "add", "10.255.4.1/32", "dev", "lo");
        Ip("-n", Node, "addr", "add", "10.254.0.1/24", "dev", NamespacePair.Interface);
        Ip("-n", Node, "route", "add", $"{Loopback}/32", "via", "10.254.0.2", "src", "10.255.4.1");
        Ip("-n", Leaf, "addr", "add", $"{Loopback}/32", "dev", "lo");
        Ip("-n", Leaf, "addr", "add", "10.254.0.2/24", "dev", NamespacePair.Interface);
        foreach (var address in new[] { "10.255.4.1", "10.255.5.1", "10.255.5.2" })
        {
            Ip("-n", Leaf, "route", "add", $"{address}/32", "via", "10.254.0.1", "src", Loopback);
        }

        File.WriteAllText(Path.Combine(Folder, "zebra.conf"), $"vrf red\n vni {Samples.Red}\nexit-vrf\n");
        File.WriteAllText(Path.Combine(Folder, "bgpd.conf"), BgpConfiguration);
        File.WriteAllText(Path.Combine(Folder, "leaf.sh"), Script);
        Run("chown", ["-R", "frr:frr", Folder]);
        Launch("ip", "netns", "exec", Leaf, "bash", "-e", Path.Combine(Folder, "leaf.sh"));
        await Eventually.True(() => TryRun("vtysh", ["--vty_socket", Folder, "-c", "show evpn vni"]) is (0, var text) && text.Contains("red", StringComparison.Ordinal), () => Log);
    }

    /// <summary>What the leaf's FRR says.</summary>
    internal string Vtysh(string command) => Run("vtysh", ["--vty_socket", Folder, "-c", command]);

    /// <summary>What the kernel has for a VXLAN device of the leaf.</summary>
    internal string Fdb() => Run("bridge", ["-n", Leaf, "fdb", "show", "dev", $"vx{Samples.Web}"]);

    /// <summary>Runs ip in the VRF.</summary>
    internal string InVrf(params string[] arguments) => Run("nsenter", ["-t", Holder, "-n", "-m", "ip", "-n", "red", .. arguments]);

    /// <summary>The host behind the leaf's own V-Net speaks up.</summary>
    internal void HostSpeaks() => Run("nsenter", ["-t", Holder, "-n", "-m", "ip", "netns", "exec", "host", "ping", "-c", "1", "-W", "2", "10.3.1.1"]);

    /// <summary>A virtual machine of the V-Net "web" is on the leaf, or no longer.</summary>
    internal void Attach(string address) => Ip("-n", Leaf, "neigh", "replace", address, "lladdr", Vm, "dev", $"br{Samples.Web}", "nud", "noarp");

    internal void Detach(string address) => Ip("-n", Leaf, "neigh", "del", address, "dev", $"br{Samples.Web}");

    /// <summary>Ends it, with all that runs in its namespaces.</summary>
    internal async Task DropAsync()
    {
        foreach (var pid in Ip("netns", "pids", Leaf).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            TryRun("/bin/kill", ["-9", pid]);
        }

        await DisposeAsync();
        _pair.Dispose();
    }

    private static string Ip(params string[] arguments) => NamespacePair.Ip(arguments);

    private static string BgpConfiguration => $"""
        frr defaults datacenter
        router bgp 65011
         bgp router-id {Loopback}
         no bgp ebgp-requires-policy
         no bgp default ipv4-unicast
         neighbor 10.255.4.1 remote-as 65041
         neighbor 10.255.4.1 port {Frr.Port}
         neighbor 10.255.4.1 ebgp-multihop 255
         neighbor 10.255.4.1 update-source {Loopback}
         neighbor 10.255.4.1 passive
         neighbor 10.255.4.1 timers 3 9
         neighbor 10.255.4.1 advertisement-interval 0
         address-family l2vpn evpn
          neighbor 10.255.4.1 activate
          advertise-all-vni
          vni {Samples.Web}
           route-target import 7:{Samples.Web}
           route-target export 7:{Samples.Web}
          exit-vni
          vni 10301
           route-target import 7:10301
           route-target export 7:10301
          exit-vni
         exit-address-family
        exit
        router bgp 65011 vrf red
         bgp router-id {Loopback}
         no bgp ebgp-requires-policy
         address-family ipv4 unicast
          redistribute connected
         exit-address-family
         address-family l2vpn evpn
          advertise ipv4 unicast
          route-target import 7:{Samples.Red}
          route-target export 7:{Samples.Red}
         exit-address-family
        exit

        """;

    // VXLAN devices of the VRF are made here and moved: their sockets stay in the underlay.
    private string Script => $"""
        mount --make-rprivate /
        mount -t tmpfs none /run/netns
        ip netns add red
        ip netns add host
        echo 1 > /proc/sys/net/ipv4/ip_forward
        ip -n red link set lo up
        ip netns exec red sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
        vxlan() {"{"} ip link add vx$1 type vxlan id $1 dstport 4789 local {Loopback} nolearning; {"}"}
        bridge_() {"{"}
          ip $2 link add br$1 type bridge stp_state 0 mcast_snooping 0
          ip $2 link set br$1 addrgenmode none up
          ip $2 link set vx$1 master br$1 addrgenmode none
          ip $2 link set vx$1 type bridge_slave learning off neigh_suppress on
          ip $2 link set vx$1 up
        {"}"}
        vxlan {Samples.Web}; bridge_ {Samples.Web}
        ip link add vm type veth peer name vmpeer
        ip link set vm master br{Samples.Web} up; ip link set vmpeer up
        bridge fdb replace {Vm} dev vm master static
        for vni in {Samples.Red} 10301; do vxlan $vni; ip link set vx$vni netns red; bridge_ $vni "-n red"; done
        ip -n red link set br{Samples.Red} address {RouterMac}
        ip -n red addr add 10.3.1.1/24 dev br10301
        ip link add name p0 netns red type veth peer name eth0 netns host
        ip -n red link set p0 master br10301 up
        ip -n host addr add 10.3.1.10/24 dev eth0
        ip -n host link set eth0 up
        echo $$ > {Folder}/holder.pid
        /usr/lib/frr/zebra -d -n -o default -f {Folder}/zebra.conf -P 0 --vty_socket {Folder} -i {Folder}/zebra.pid -z {Folder}/zserv.api -s 90000000
        /usr/lib/frr/bgpd -d -f {Folder}/bgpd.conf -p {Frr.Port} -l {Loopback} -P 0 --vty_socket {Folder} -i {Folder}/bgpd.pid -z {Folder}/zserv.api
        exec sleep 600
        """;
}
