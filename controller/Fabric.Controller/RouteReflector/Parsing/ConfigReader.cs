using System.Diagnostics.CodeAnalysis;
using System.Net;
using Fabric.Bgp;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Hosting;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Makes a configuration of a tree.</summary>
/// <param name="readKey">Reads a key of TCP-MD5 from a file.</param>
/// <param name="faults">Takes what is wrong.</param>
internal sealed class ConfigReader(TextParser<TcpMd5Key> readKey, ConfigFaults faults)
{
    private static readonly (string Name, PeerRole Role)[] Roles =
    [
        ("reflector-client", PeerRole.ReflectorClient),
        ("route-server-client", PeerRole.RouteServerClient),
        ("ordinary", PeerRole.Ordinary),
        ("observed", PeerRole.Observed),
    ];

    private PolicyReader _policies = new(null, faults);

    /// <summary>The name of a role.</summary>
    public static string NameOf(PeerRole role) => Array.Find(Roles, r => r.Role == role).Name;

    /// <summary>The configuration; to be used only when no fault was noted.</summary>
    public RouteReflectorConfig Read(ConfigMap tree)
    {
        var root = new ConfigSection(tree, "", faults);
        var asn = Required<Asn>(root, "asn", "the own AS");
        var routerId = Identifier(root, "router-id");
        if (!root.Has("router-id"))
        {
            root.Fault("router-id", "is missing; give the own BGP identifier, written like an IPv4 address");
        }

        _policies = new PolicyReader(asn, faults);
        _policies.Read(root);
        var builtIn = new SessionSettings
        {
            Role = root.Flag("route-server") == true ? PeerRole.RouteServerClient : PeerRole.ReflectorClient,
        };
        var session = Session(root, builtIn, asn);
        var groups = root.Named("peer-groups")
            .Select(named => (named.Name, Section: root.AsSection(named.Node, named.Path)))
            .Where(named => named.Section is not null)
            .Select(named => new PeerGroup(named.Name, GroupSession(named.Section!, session, asn)))
            .ToList();
        var maxPeers = (int)(root.Number("max-peers", 1, 1_000_000) ?? ClientRange.UsualMaxPeers);
        var listen = root.NonEmptyList<IPEndPoint>("listen", ConfigSection.EndPoint) ?? [];
        var config = new RouteReflectorConfig
        {
            Asn = asn ?? new Asn(Asn.MinValue),
            RouterId = routerId ?? default,
            ClusterId = Identifier(root, "cluster-id"),
            Listen = listen,
            LogFormat = root.Value<LogFormat>("log-format", Format) ?? LogFormat.Json,
            MetricsListen = EndPoint(root, "metrics-listen"),
            ApiListen = EndPoint(root, "api-listen"),
            Lint = root.Flag("lint") ?? false,
            Record = root.Text("record"),
            ApiTokenFile = root.Text("api-token-file"),
            Session = session,
            PrefixLists = [.. _policies.PrefixLists],
            Policies = [.. _policies.Policies],
            Groups = [.. groups],
            Ranges = [.. (root.List<IpPrefix>("clients") ?? []).Select(p => new ClientRange(p, MaxPeers: maxPeers)), .. Ranges(root, groups)],
            Neighbors = [.. Neighbors(root, groups, session, asn)],
        };
        CheckWhole(root, config);
        root.RefuseOthers();
        return config;
    }

    private static void CheckWhole(ConfigSection root, RouteReflectorConfig config)
    {
        if (config is { ApiListen: { } api, ApiTokenFile: null } && !IPAddress.IsLoopback(api.Address))
        {
            root.Fault("api-listen", "anybody who reaches it may read it and announce routes; give a loopback address such as 127.0.0.1:8179, or api-token-file");
        }

        (IPEndPoint? EndPoint, string Key)[] endPoints =
            [.. config.Listen.Select(l => (l, "listen")), (config.MetricsListen, "metrics-listen"), (config.ApiListen, "api-listen")];
        var taken = endPoints.Where(t => t.EndPoint is { Port: not 0 }).GroupBy(t => t.EndPoint).Where(g => g.Count() > 1);
        foreach (var group in taken)
        {
            root.Fault(group.Last().Key, $"{group.Key} is taken by {group.First().Key}; give another port");
        }

        if (!root.Has("listen") && (root.Has("clients") || root.Has("listen-ranges")))
        {
            root.Fault("listen", "is missing; clients connect to it, so give an address and a port such as 0.0.0.0:179");
        }
        else if (!root.Has("listen") && !root.Has("neighbors"))
        {
            root.Fault("listen", "is missing, and there are no neighbors: nobody could ever connect; give listen and clients, or neighbors");
        }

        foreach (var twice in config.Ranges.GroupBy(r => r.Prefix).Where(g => g.Count() > 1))
        {
            root.Fault(root.Has("listen-ranges") ? "listen-ranges" : "clients", $"{twice.Key} is there twice, in clients or listen-ranges; remove one");
        }

        foreach (var twice in config.Neighbors.GroupBy(n => n.Name).Where(g => g.Count() > 1))
        {
            root.Fault("neighbors", $"{twice.Key} is there twice; remove one");
        }
    }

    private IEnumerable<ClientRange> Ranges(ConfigSection root, List<PeerGroup> groups)
    {
        foreach (var section in root.Sections("listen-ranges"))
        {
            var prefix = Required<IpPrefix>(section, "prefix", "addresses to take connections from");
            var group = GroupOf(section, groups);
            var most = (int)(section.Number("max-peers", 1, 1_000_000) ?? ClientRange.UsualMaxPeers);
            section.RefuseOthers();
            if (prefix is { } good)
            {
                yield return new ClientRange(good, group?.Name, most);
            }
        }
    }

    private IEnumerable<Neighbor> Neighbors(ConfigSection root, List<PeerGroup> groups, SessionSettings session, Asn? asn)
    {
        foreach (var section in root.Sections("neighbors"))
        {
            var link = section.Text("interface");
            var address = link is null ? Required<IpAddr>(section, "address", "the neighbor's address, or interface") : default(IpAddr);
            if (link is not null && section.Has("address"))
            {
                section.Fault("address", "the neighbor on an interface is found by itself; remove address, or interface");
            }

            var group = GroupOf(section, groups);
            var local = section.Value<IpAddr>("local-address");
            if (address is { } to && link is null && (to.IsUnspecified || to.IsMulticast))
            {
                section.Fault("address", $"{to} is the address of nobody; give the neighbor's");
            }

            if (link is null && address is { } remote && local is { } own && remote.Family != own.Family)
            {
                section.Fault("local-address", $"{own} and the neighbor's address {remote} are of different IP versions");
            }

            var neighbor = new Neighbor
            {
                Address = address ?? default,
                Interface = link,
                Group = group?.Name,
                Port = (ushort)(section.Number("port", 1, ushort.MaxValue) ?? 179),
                LocalAddress = local,
                Passive = section.Flag("passive") ?? false,
                Description = section.Text("description"),
                Session = Session(section, group?.Session ?? session, asn, withRole: true),
            };
            section.RefuseOthers();
            if (address is not null)
            {
                yield return neighbor;
            }
        }
    }

    private static PeerGroup? GroupOf(ConfigSection section, List<PeerGroup> groups)
    {
        if (!section.TryRead<string>(section.Node("group"), $"{section.Path}.group", ConfigName.TryParse, out var name))
        {
            return null;
        }

        if (groups.Find(g => g.Name == name) is { } group)
        {
            return group;
        }

        section.Fault("group", $"there is no group {Quoted.Of(name)}; {PolicyReader.Known(groups.Select(g => g.Name))}");
        return null;
    }

    private SessionSettings GroupSession(ConfigSection section, SessionSettings from, Asn? asn)
    {
        var session = Session(section, from, asn, withRole: true);
        section.RefuseOthers();
        return session;
    }

    private SessionSettings Session(ConfigSection section, SessionSettings from, Asn? asn, bool withRole = false)
    {
        var families = section.NonEmptyList<AddressFamily>("families", FamilyName.TryParse!) ?? from.Families;
        var keyFile = section.Text("md5-key-file");
        var session = new SessionSettings
        {
            Role = (withRole ? section.Value<PeerRole>("role", Role) : null) ?? from.Role,
            RemoteAsn = section.Value<RemoteAs>("remote-asn", RemoteAs.TryParse) ?? from.RemoteAsn,
            Families = families,
            HoldTime = section.Value<TimeSpan>("hold-time", HoldTime) ?? from.HoldTime,
            ConnectRetry = section.Seconds("connect-retry", 1, 3600) ?? from.ConnectRetry,
            SendHold = section.Seconds("send-hold", 1, ushort.MaxValue) ?? from.SendHold,
            GracefulRestart = section.Seconds("graceful-restart", 1, 4095) ?? from.GracefulRestart,
            Ttl = (byte)(section.Number("ttl", 1, 255) ?? from.Ttl),
            MinTtl = (byte?)section.Number("min-ttl", 1, 255) ?? from.MinTtl,
            Md5KeyFile = keyFile ?? from.Md5KeyFile,
            Md5Key = keyFile is null ? from.Md5Key : section.TryRead<TcpMd5Key>(section.Node("md5-key-file"), section.Path.Length == 0 ? "md5-key-file" : $"{section.Path}.md5-key-file", readKey, out var key) ? key : null,
            NextHopV4 = NextHop(section, "next-hop-ipv4", IpFamily.V4) ?? from.NextHopV4,
            NextHopV6 = NextHop(section, "next-hop-ipv6", IpFamily.V6) ?? from.NextHopV6,
            MaxPrefixes = (int?)section.Number("max-prefixes", 1, int.MaxValue) ?? from.MaxPrefixes,
            MaxPrefixesWarning = (int)(section.Number("max-prefixes-warning", 1, 100) ?? from.MaxPrefixesWarning),
            AddPath = section.List<AddressFamily>("add-path", FamilyName.TryParse!) ?? [.. from.AddPath.Where(families.Contains)],
            Import = _policies.Policy(section, "import") ?? from.Import,
            Export = _policies.Policy(section, "export") ?? from.Export,
            OpenWithoutPolicy = section.Flag("open-without-policy") ?? from.OpenWithoutPolicy,
        };
        foreach (var family in session.AddPath.Where(f => !families.Contains(f)))
        {
            section.Fault("add-path", $"{family} is not among the families; add it there or remove it here");
        }

        if (session is { MinTtl: not null, Ttl: not 255 })
        {
            section.Fault(section.Has("ttl") ? "ttl" : "min-ttl", "with min-ttl both ends must send with TTL 255 (RFC 5082); leave ttl out");
        }

        if (asn is { } own && session.RemoteAsn is { } remote && (session.Role, remote.IsInternal(own)) is (PeerRole.ReflectorClient, false) or (PeerRole.RouteServerClient, true))
        {
            section.Fault(section.Has("remote-asn") ? "remote-asn" : "role", session.Role == PeerRole.ReflectorClient
                ? $"a reflector client is in the own AS {own}, not {(remote.Number is null ? "" : "in ")}{remote}; remove remote-asn or take another role"
                : $"a route server's client is in another AS than the own {own} (RFC 7947); remove remote-asn or take another role");
        }

        return session;
    }

    private static T? Required<T>(ConfigSection section, string key, string what)
        where T : struct, IValueText<T>
    {
        if (!section.Has(key))
        {
            section.Fault(key, $"is missing; give {what}");
        }

        return section.Value<T>(key);
    }

    private static IPEndPoint? EndPoint(ConfigSection section, string key) =>
        section.TryRead<IPEndPoint>(section.Node(key), key, ConfigSection.EndPoint, out var endPoint) ? endPoint : null;

    private static IpAddr? Identifier(ConfigSection section, string key) =>
        section.Value<IpAddr>(key, (string text, out IpAddr value, [NotNullWhen(false)] out string? error) =>
        {
            error = IpAddr.TryParse(text, out value, out _) && value is { IsV4: true, IsUnspecified: false }
                ? null
                : $"give an identifier written like an IPv4 address, such as 10.0.0.1, not {Quoted.Of(text)}";
            return error is null;
        });

    private static IpAddr? NextHop(ConfigSection section, string key, IpFamily family) =>
        section.Value<IpAddr>(key, (string text, out IpAddr value, [NotNullWhen(false)] out string? error) =>
        {
            error = IpAddr.TryParse(text, out value, out _) && value.Family == family && !MartianNextHop.Is(value)
                ? null
                : $"give an own {(family == IpFamily.V4 ? "IPv4" : "IPv6")} address, not {Quoted.Of(text)}";
            return error is null;
        });

    private static bool HoldTime(string text, out TimeSpan value, [NotNullWhen(false)] out string? error)
    {
        var good = ConfigSection.Numbers(0, ushort.MaxValue)(text, out var seconds, out _) && seconds is 0 or >= 3;
        value = TimeSpan.FromSeconds(good ? seconds : 0);
        error = good ? null : $"give 0 (no timers) or 3..65535 seconds, not {Quoted.Of(text)}";
        return good;
    }

    private static bool Format(string text, out LogFormat value, [NotNullWhen(false)] out string? error)
    {
        value = text == "text" ? LogFormat.Text : LogFormat.Json;
        error = text is "text" or "json" ? null : $"give text or json, not {Quoted.Of(text)}";
        return error is null;
    }

    private static bool Role(string text, out PeerRole value, [NotNullWhen(false)] out string? error)
    {
        var index = Array.FindIndex(Roles, r => r.Name == text);
        value = index < 0 ? default : Roles[index].Role;
        error = index < 0 ? $"give {string.Join(", ", Roles.Select(r => r.Name))}, not {Quoted.Of(text)}" : null;
        return index >= 0;
    }
}
