using System.Text;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>BIRD as a peer for IPv4 and IPv6.</summary>
internal sealed class Bird : Daemon
{
    private readonly string _config;

    public Bird(DaemonSetup setup)
    {
        var text = new StringBuilder($"log \"{Folder}/bird.log\" all;\nrouter id {setup.RouterId};\nprotocol device {{ }}\n");
        foreach (var family in setup.Families)
        {
            text.Append($"protocol static own_{family} {{ {family};");
            foreach (var (prefix, _) in setup.Networks.Where(n => n.Prefix.Contains(':', StringComparison.Ordinal) == (family == "ipv6")))
            {
                text.Append($" route {prefix} blackhole;");
            }

            text.Append(" }\n");
        }

        text.Append($$"""
            protocol bgp speaker {
              local {{setup.Address}} as {{setup.Asn}};
              neighbor {{setup.Speaker}} port {{Frr.Port}} as {{setup.SpeakerAsn}};
              multihop;
              strict bind yes;
              hold time 9;
              connect delay time 1; connect retry time 1; error wait time 1, 2;
              {{setup.Lines}}

            """);
        foreach (var family in setup.Families)
        {
            var nextHop = setup.Networks.First(n => n.Prefix.Contains(':', StringComparison.Ordinal) == (family == "ipv6")).NextHop;
            text.Append($"  {family} {{ import all; export where source = RTS_STATIC; next hop address {nextHop}; }};\n");
        }

        text.Append("}\n");
        _config = Path.Combine(Folder, "bird.conf");
        File.WriteAllText(_config, text.ToString());
    }

    private string Socket => Path.Combine(Folder, "bird.ctl");

    public async Task<Bird> StartAsync()
    {
        Launch("/usr/sbin/bird", "-f", "-c", _config, "-s", Socket, "-P", Path.Combine(Folder, "bird.pid"));
        await Eventually.True(() => TryRun("/usr/sbin/birdc", ["-s", Socket, "show", "status"]).Code == 0, "bird answers");
        return this;
    }

    public string Cli(string command) => Run("/usr/sbin/birdc", ["-s", Socket, .. command.Split(' ')]);

    /// <summary>Routes of the session as <see cref="UnicastText"/>.</summary>
    public SortedSet<string> UnicastRoutes() => UnicastText.OfBird(Cli("show route protocol speaker all"));
}
