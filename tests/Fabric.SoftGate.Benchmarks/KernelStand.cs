using System.Globalization;
using System.Text;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>The kernel's own path with nftables: source NAT to a pool, port forwards in one map, and, behind VXLAN, a list that lets known connections pass first.</summary>
internal sealed class KernelStand : Stand
{
    private const string HiddenHosts = "10.255.255.254";

    internal KernelStand(int vpc, int forwards, uint frames)
        : base(frames)
    {
        // A port takes redirected frames when its other end polls, which it does for GRO.
        foreach (var port in new[] { VNet, Public, Underlay })
        {
            Machine.Run("ethtool", $"-K {port.Name} gro on");
        }

        if (vpc == Gate.Plain)
        {
            Machine.Run("ip", $"route add 10.0.0.0/8 via {Text(VNet.Outside)}");
        }
        else
        {
            Machine.Run(
                "ip",
                "-batch -",
                $"""
                link add vx0 address {Mac(Gate.ByVxlan.InnerTo!)} type vxlan id {Gate.VniOf(vpc)} dstport 4789 local {Text(Underlay.Inside)} nolearning
                link set vx0 up
                neigh add {HiddenHosts} lladdr {Mac(Gate.ByVxlan.InnerFrom!)} dev vx0 nud permanent
                route add 10.0.0.0/8 via {HiddenHosts} dev vx0 onlink

                """);
            Machine.Run("bridge", $"fdb add {Mac(Gate.ByVxlan.InnerFrom!)} dev vx0 dst {Text(Underlay.Outside)} self permanent");
        }

        var rules = new StringBuilder("table ip fabric {\n map forwards {\n  type ipv4_addr . inet_service : ipv4_addr . inet_service\n  elements = {");
        for (var i = 0; i < forwards; i++)
        {
            var (address, port) = Gate.ForwardOf(vpc, i);
            var (inside, insidePort) = Gate.BehindForward(i);
            rules.Append(CultureInfo.InvariantCulture, $" {Text(address)} . {port} : {Text(inside)} . {insidePort},\n");
        }

        rules.Append(CultureInfo.InvariantCulture, $" }}\n }}\n chain in {{\n  type nat hook prerouting priority dstnat;\n  iifname \"{Public.Name}\" dnat ip to ip daddr . udp dport map @forwards\n }}\n")
            .Append(" chain out {\n  type nat hook postrouting priority srcnat;\n")
            .Append(CultureInfo.InvariantCulture, $"  oifname \"{Public.Name}\" ip saddr 10.0.0.0/8 snat to {Text(Gate.Pool)}-{Text(Gate.Pool + Gate.PoolAddresses - 1)}\n }}\n");
        if (vpc != Gate.Plain)
        {
            rules.Append(" chain permitted {\n  type filter hook forward priority filter; policy drop;\n  ct state established,related accept\n  meta l4proto udp accept\n }\n");
        }

        rules.Append("}\n");
        Machine.Run("nft", "-f -", rules.ToString());
        Machine.Sysctl("net.netfilter.nf_conntrack_udp_timeout", 3600);
    }

    /// <summary>Without the sink, which would have to be given frames made from the kernel's buffers.</summary>
    internal override double Measure(Cell cell, long packets, TimeProvider time) => Run(cell, (packets + cell.Count - 1) / cell.Count * cell.Count, time);

    protected override long Arrived(Cell cell)
    {
        Enter();
        return Machine.ReceivedPackets(cell.OutOf.Outer);
    }
}
