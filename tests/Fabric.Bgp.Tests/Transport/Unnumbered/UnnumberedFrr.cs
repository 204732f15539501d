using Fabric.Bgp.Tests.Interop;

namespace Fabric.Bgp.Tests.Transport.Unnumbered;

/// <summary>FRR's zebra and bgpd in a namespace, with one unnumbered neighbour on eth1.</summary>
internal sealed class UnnumberedFrr(string ns, uint asn) : IAsyncDisposable
{
    private readonly Zebra _zebra = new(ns);
    private readonly Bgpd _bgpd = new(ns);

    public uint Asn { get; } = asn;

    public async Task StartAsync()
    {
        await _zebra.StartAsync();
        await _bgpd.StartAsync(_zebra.Socket, Asn);
    }

    public string Vtysh(string command) => _bgpd.Vtysh(command);

    public async ValueTask DisposeAsync()
    {
        await _bgpd.DisposeAsync();
        await _zebra.DisposeAsync();
    }

    private sealed class Bgpd(string ns) : Daemon
    {
        public async Task StartAsync(string zebra, uint asn)
        {
            var config = Path.Combine(Folder, "bgpd.conf");
            File.WriteAllText(config, $"""
                frr defaults datacenter
                log file {Folder}/bgpd.log
                router bgp {asn}
                 bgp router-id 10.0.0.77
                 no bgp ebgp-requires-policy
                 neighbor eth1 interface remote-as external
                 neighbor eth1 ttl-security hops 1
                 neighbor eth1 timers 3 9
                 neighbor eth1 timers connect 1

                """);
            Launch(
                "ip", "netns", "exec", ns, Require.Bgpd, "-f", config, "-P", "0", "--vty_socket", Folder, "-i", Path.Combine(Folder, "bgpd.pid"),
                "-z", zebra, "-S", "-u", "root", "-g", "root");
            await Eventually.True(() => TryVtysh("show version").Code == 0, "bgpd answers");
        }

        public string Vtysh(string command) => Run("vtysh", ["--vty_socket", Folder, "-c", command]);

        private (int Code, string Output) TryVtysh(string command) => TryRun("vtysh", ["--vty_socket", Folder, "-c", command]);
    }
}
