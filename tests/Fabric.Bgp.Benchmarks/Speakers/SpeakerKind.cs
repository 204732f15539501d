using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Speakers;

/// <summary>How a make of reflector is configured and started.</summary>
/// <param name="Name">Short name, as in options and tables.</param>
/// <param name="Prepare">Writes its configuration into a directory and gives the command that runs it in the foreground.</param>
public sealed record SpeakerKind(string Name, Func<string, LoopbackNet, string[]> Prepare)
{
    /// <summary>What the sender must have in its routes already, because this one does not add it.</summary>
    public ReflectionMarks? SentWith { get; private init; }

    /// <summary>This program as <see cref="BareRelay"/>: no reflector, but the limit that the machine and the load set to one.</summary>
    public static SpeakerKind Relay { get; } = new("relay", static (_, net) => [.. Self(), BareRelay.Word, $"{net.Reflector}", $"{LoopbackNet.Client(0)}"])
    {
        SentWith = new ReflectionMarks(Session.Identifier(0), Speaker.ClusterId),
    };

    /// <summary>The command that starts this program, which may have been started by <c>dotnet</c>.</summary>
    private static string[] Self()
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileName(program) == "dotnet" ? [program, typeof(SpeakerKind).Assembly.Location] : [program];
    }

    /// <summary>FRR's bgpd alone, without zebra.</summary>
    public static SpeakerKind Frr(IReadOnlyList<string> extra) => new("frr", (folder, net) =>
    {
        var config = Path.Combine(folder, "frr.conf");
        File.WriteAllText(config, $"""
            frr defaults traditional
            hostname reflector
            log file {folder}/frr.log errors
            router bgp {RouteSet.Asn}
             bgp router-id {Speaker.RouterId}
             bgp cluster-id {Speaker.RouterId}
             no bgp default ipv4-unicast
             timers bgp {MessageWriter.HoldSeconds / 3} {MessageWriter.HoldSeconds}
             bgp listen limit 5000
            {string.Concat(extra.Select(static line => $" {line}\n"))}
             neighbor clients peer-group
             neighbor clients remote-as internal
             neighbor clients passive
             neighbor clients advertisement-interval 0
             bgp listen range {net.Clients} peer-group clients
             address-family l2vpn evpn
              neighbor clients activate
              neighbor clients route-reflector-client
             exit-address-family
            exit

            """);
        return
        [
            "/usr/lib/frr/bgpd", "-f", config, "-p", $"{LoopbackNet.Port}", "-l", $"{net.Reflector}", "-P", "0", "--vty_socket", folder,
            "-i", Path.Combine(folder, "bgpd.pid"), "-Z", "-S", "-u", "root", "-g", "root",
        ];
    });

    /// <summary>GoBGP.</summary>
    public static SpeakerKind GoBgp { get; } = new("gobgp", (folder, net) =>
    {
        var config = Path.Combine(folder, "gobgp.toml");
        File.WriteAllText(config, $"""
            [global.config]
              as = {RouteSet.Asn}
              router-id = "{Speaker.RouterId}"
              port = {LoopbackNet.Port}
              local-address-list = ["{net.Reflector}"]
            [[peer-groups]]
              [peer-groups.config]
                peer-group-name = "clients"
                peer-as = {RouteSet.Asn}
              [peer-groups.route-reflector.config]
                route-reflector-client = true
                route-reflector-cluster-id = "{Speaker.RouterId}"
              [peer-groups.timers.config]
                hold-time = {MessageWriter.HoldSeconds}
                keepalive-interval = {MessageWriter.HoldSeconds / 3}
              [[peer-groups.afi-safis]]
                [peer-groups.afi-safis.config]
                  afi-safi-name = "l2vpn-evpn"
            [[dynamic-neighbors]]
              [dynamic-neighbors.config]
                prefix = "{net.Clients}"
                peer-group = "clients"

            """);
        return ["gobgpd", "-f", config, "-t", "toml", "--api-hosts", $"{net.Reflector}:50051", "--log-plain"];
    });

    /// <summary>This project's speaker.</summary>
    /// <param name="program">Path of fabricd.</param>
    public static SpeakerKind Fabric(string program) => new("fabric", (_, net) =>
    [
        program, "route-reflector", "--listen", $"{net.Reflector}:{LoopbackNet.Port}", "--asn", $"{RouteSet.Asn}", "--router-id", Speaker.RouterId,
        "--cluster-id", Speaker.RouterId, "--clients", net.Clients, "--max-peers", "5000", "--log-format", "json",
    ]);
}
