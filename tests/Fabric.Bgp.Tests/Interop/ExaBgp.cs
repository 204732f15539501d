using System.Text.Json;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>ExaBGP as a peer that says whatever it is told to, and writes down what it hears.</summary>
internal sealed class ExaBgp : Daemon
{
    private readonly string _config;

    public ExaBgp(DaemonSetup setup)
    {
        _config = Path.Combine(Folder, "exabgp.conf");
        var families = string.Concat(setup.Families.Select(static f => f == "evpn" ? " l2vpn evpn;" : $" {f} unicast;"));
        var routes = string.Join("\n    ", setup.Networks.Select(static n => $"route {n.Prefix} next-hop {n.NextHop};"));
        File.WriteAllText(_config, $$"""
            process watch { run /bin/sh -c "cat >> {{Heard}}"; encoder json; }
            neighbor {{setup.Speaker}} {
              router-id {{setup.RouterId}};
              local-address {{setup.Address}};
              local-as {{setup.Asn}};
              peer-as {{setup.SpeakerAsn}};
              hold-time 9;
              connect {{Frr.Port}};
              capability { route-refresh enable; }
              family {{{families}} }
              static {
                {{routes}}
                {{setup.Lines}}
              }
              api { processes [ watch ]; neighbor-changes; receive { parsed; update; notification; } }
            }

            """);
    }

    private string Heard => Path.Combine(Folder, "heard.json");

    public Task<ExaBgp> StartAsync()
    {
        Launch("/usr/bin/env", "exabgp.daemon.user=root", "exabgp.log.level=ERR", "exabgp.daemon.daemonize=false", "exabgp.tcp.bind=", "/usr/sbin/exabgp", _config);
        return Task.FromResult(this);
    }

    /// <summary>Everything it has written down, a JSON text a line.</summary>
    public List<JsonElement> Messages()
    {
        var messages = new List<JsonElement>();
        if (File.Exists(Heard))
        {
            using var reader = new StreamReader(new FileStream(Heard, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            while (reader.ReadLine() is { Length: > 0 } line)
            {
                try
                {
                    messages.Add(JsonElement.Parse(line));
                }
                catch (JsonException)
                {
                    break; // it is still writing this one
                }
            }
        }

        return messages;
    }

    /// <summary>Routes announced to it and not withdrawn since, as <see cref="UnicastText"/>.</summary>
    public SortedSet<string> UnicastRoutes() => UnicastText.OfExaBgp(Messages());
}
