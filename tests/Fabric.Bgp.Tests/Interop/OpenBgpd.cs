using System.Text.Json;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>OpenBGPD as a peer for IPv4 and IPv6.</summary>
internal sealed class OpenBgpd : Daemon
{
    private readonly string _config;

    public OpenBgpd(DaemonSetup setup)
    {
        _config = Path.Combine(Folder, "bgpd.conf");
        var networks = string.Join('\n', setup.Networks.Select(static n => $"network {n.Prefix} set nexthop {n.NextHop}"));
        var families = string.Join("\n  ", setup.Families.Select(static f => $"announce {(f == "ipv4" ? "IPv4" : "IPv6")} unicast"));
        File.WriteAllText(_config, $$"""
            AS {{setup.Asn}}
            router-id {{setup.RouterId}}
            fib-update no
            nexthop qualify via default
            listen on {{setup.Address}} port {{Frr.Port}}
            socket "{{Socket}}"
            {{networks}}
            neighbor {{setup.Speaker}} {
              remote-as {{setup.SpeakerAsn}}
              port {{Frr.Port}}
              local-address {{setup.Address}}
              {{(setup.IsInternal ? "" : "multihop 255")}}
              holdtime 9
              enforce neighbor-as no
              {{families}}
              {{setup.Lines}}
            }
            allow from any
            allow to any
            match to any set nexthop no-modify

            """);
        File.SetUnixFileMode(_config, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private string Socket => Path.Combine(Folder, "bgpd.sock");

    public async Task<OpenBgpd> StartAsync()
    {
        // Where its unprivileged processes are locked in; the service would make it at its start.
        Directory.CreateDirectory("/run/openbgpd");
        Launch("/usr/sbin/bgpd", "-d", "-v", "-f", _config);
        await Eventually.True(() => TryRun("/usr/sbin/bgpctl", ["-s", Socket, "show"]).Code == 0, "bgpd answers");
        return this;
    }

    /// <summary>Routes of all peers as <see cref="UnicastText"/>.</summary>
    public SortedSet<string> UnicastRoutes() => UnicastText.OfOpenBgpd(JsonElement.Parse(Run("/usr/sbin/bgpctl", ["-s", Socket, "-j", "show", "rib"])));
}
