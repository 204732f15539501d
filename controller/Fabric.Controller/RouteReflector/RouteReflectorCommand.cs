using System.CommandLine;

namespace Fabric.Controller.RouteReflector;

/// <summary>The command line of <c>fabricd route-reflector</c>. A flag is a key of the configuration file by the same name, and goes before it.</summary>
internal static class RouteReflectorCommand
{
    /// <summary>Makes the command.</summary>
    /// <param name="run">What to do with a valid configuration; it is told the file and can load it again.</param>
    /// <param name="refuse">Tells what is wrong and gives the exit code.</param>
    public static Command Create(Func<RouteReflectorSource, RouteReflectorConfig, Task<int>> run, Func<IReadOnlyList<string>, int> refuse)
    {
        var config = new Option<string?>("--config") { Description = "YAML file with these keys and richer ones; see docs/bgp.md" };
        Option<string[]>[] values =
        [
            Value("--asn", "own AS number"),
            Value("--router-id", "own BGP identifier, written like an IPv4 address"),
            Value("--cluster-id", "cluster of reflectors with the same clients; the router ID if absent"),
            Value("--listen", "address and port for BGP; can be repeated"),
            Value("--clients", "prefix that clients may connect from; can be repeated"),
            Value("--max-peers", "clients of one prefix at a time; 1000 if absent"),
            Value("--remote-asn", "AS of clients: a number, internal (the own) or external (any other); internal if absent, external with --route-server"),
            Value("--families", "families to offer: l2vpn-evpn, ipv4-unicast, ipv6-unicast, route-target-membership; can be repeated, all if absent"),
            Value("--hold-time", "seconds: hold time to propose, 0 or 3..65535; 9 if absent"),
            Value("--max-prefixes", "most routes that a client may send in one family; no limit if absent"),
            Value("--md5-key-file", "file with the key of TCP-MD5"),
            Value("--min-ttl", "least TTL of what clients send (GTSM); any if absent"),
            Value("--import", "policy of the file for what clients send"),
            Value("--export", "policy of the file for what is sent to clients"),
            Value("--log-format", "json or text; json if absent"),
            Value("--metrics-listen", "address and port of metrics over HTTP; none if absent"),
            Value("--api-listen", "loopback address and port of the looking glass over HTTP; none if absent"),
            Value("--api-token-file", "file with a token that requests to the looking glass must carry; with it any address will do"),
            Value("--record", "directory in which each session is recorded, for fabricctl bgp replay; none if absent"),
        ];
        Option<bool>[] switches =
        [
            Switch("--route-server", "clients are external peers of a route server (RFC 7947)"),
            Switch("--lint", "watch EVPN routes for contradictions, and log them"),
            Switch("--open-without-policy", "external clients without policy may send and get everything (RFC 8212 would refuse all)"),
        ];
        var command = new Command("route-reflector", "A BGP route reflector or route server by itself: no store, no intent, JSON log.") { config };
        foreach (var option in values.Concat<Option>(switches))
        {
            command.Add(option);
        }

        command.SetAction(async (parsed, _) =>
        {
            var flags = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
            foreach (var option in values.Where(o => parsed.GetResult(o) is not null))
            {
                flags.Add(option.Name[2..], parsed.GetValue(option)!);
            }

            foreach (var option in switches.Where(parsed.GetValue))
            {
                flags.Add(option.Name[2..], ["true"]);
            }

            var source = new RouteReflectorSource(parsed.GetValue(config), flags);
            var (loaded, faults) = source.Load();
            return loaded is null ? refuse(faults) : await run(source, loaded);
        });
        return command;
    }

    // What is given twice though it counts once is refused like a wrong type in the file.
    private static Option<string[]> Value(string name, string help) => new(name) { Description = help, AllowMultipleArgumentsPerToken = false, HelpName = "VALUE" };

    private static Option<bool> Switch(string name, string help) => new(name) { Description = help, Arity = ArgumentArity.Zero };
}
