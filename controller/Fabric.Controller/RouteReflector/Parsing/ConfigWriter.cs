using System.Globalization;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Speaker;
using Fabric.Hosting;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Makes a tree of a configuration, with every setting said. Keys of TCP-MD5 stay in their files.</summary>
internal static class ConfigWriter
{
    /// <summary>The tree.</summary>
    public static ConfigMap Write(RouteReflectorConfig config) => Map(
    [
        ("asn", Text(config.Asn)),
        ("router-id", Text(config.RouterId)),
        ("cluster-id", Optional(config.ClusterId)),
        ("listen", Unless(config.Listen.Count == 0, Texts(config.Listen))),
        ("log-format", Text(config.LogFormat == LogFormat.Json ? "json" : "text")),
        ("metrics-listen", Optional(config.MetricsListen)),
        ("api-listen", Optional(config.ApiListen)),
        ("lint", Text(config.Lint ? "true" : "false")),
        ("record", Optional(config.Record)),
        ("api-token-file", Optional(config.ApiTokenFile)),
        ("route-server", Text(config.Session.Role == PeerRole.RouteServerClient ? "true" : "false")),
        .. Session(config.Session),
        ("prefix-lists", Unless(config.PrefixLists.Count == 0, Map([.. config.PrefixLists.Select(l => (l.Name, (ConfigNode?)List(l.Entries.Select(Entry))))]))),
        ("policies", Unless(config.Policies.Count == 0, Map([.. config.Policies.Select(p => (p.Name, (ConfigNode?)Policy(p)))]))),
        ("peer-groups", Unless(config.Groups.Count == 0, Map([.. config.Groups.Select(g => (g.Name, (ConfigNode?)Map([Role(g.Session), .. Session(g.Session)])))]))),
        ("listen-ranges", Unless(config.Ranges.Count == 0, List(config.Ranges.Select(r => Map(
            ("prefix", Text(r.Prefix)), ("group", Optional(r.Group)), ("max-peers", Text(r.MaxPeers))))))),
        ("neighbors", Unless(config.Neighbors.Count == 0, List(config.Neighbors.Select(n => Map(
        [
            ("address", Unless(n.Interface is not null, Text(n.Address))),
            ("interface", Optional(n.Interface)),
            ("group", Optional(n.Group)),
            ("description", Optional(n.Description)),
            ("port", Text(n.Port)),
            ("local-address", Optional(n.LocalAddress)),
            ("passive", Text(n.Passive ? "true" : "false")),
            Role(n.Session),
            .. Session(n.Session),
        ]))))),
    ]);

    private static (string, ConfigNode?) Role(SessionSettings session) => ("role", Text(ConfigReader.NameOf(session.Role)));

    private static IEnumerable<(string, ConfigNode?)> Session(SessionSettings session) =>
    [
        ("remote-asn", Optional(session.RemoteAsn)),
        ("families", Texts(session.Families)),
        ("hold-time", Seconds(session.HoldTime)),
        ("connect-retry", Seconds(session.ConnectRetry)),
        ("send-hold", Seconds(session.SendHold)),
        ("graceful-restart", Seconds(session.GracefulRestart)),
        ("ttl", Text(session.Ttl)),
        ("min-ttl", Optional(session.MinTtl)),
        ("md5-key-file", Optional(session.Md5KeyFile)),
        ("next-hop-ipv4", Optional(session.NextHopV4)),
        ("next-hop-ipv6", Optional(session.NextHopV6)),
        ("max-prefixes", Optional(session.MaxPrefixes)),
        ("max-prefixes-warning", Text(session.MaxPrefixesWarning)),
        ("add-path", Texts(session.AddPath)),
        ("import", Optional(session.Import?.Name)),
        ("export", Optional(session.Export?.Name)),
        ("open-without-policy", Text(session.OpenWithoutPolicy ? "true" : "false")),
    ];

    private static ConfigNode Entry(PrefixListEntry entry) => entry == new PrefixListEntry(entry.Network)
        ? Text(entry.Network)
        : Map(("prefix", Text(entry.Network)), ("ge", Text(entry.MinLength)), ("le", Text(entry.MaxLength)));

    private static ConfigMap Policy(StatementPolicy policy) => Map(
        ("default", Text(NameOf(policy.AtEnd))),
        ("statements", List(policy.Statements.Select(s => Map(
            ("name", Text(s.Name)),
            ("match", Unless(s.Matches.Count == 0, Matches(s.Matches))),
            ("set", Unless(s.Edits.Count == 0, Map([.. s.Edits.Select(Edit)]))),
            ("then", Text(NameOf(s.Verdict))))))));

    private static string NameOf(PolicyVerdict verdict) => verdict switch
    {
        PolicyVerdict.Accept => "accept",
        PolicyVerdict.Reject => "reject",
        _ => "next",
    };

    private static ConfigMap Matches(ValueList<RouteMatch> matches)
    {
        var path = matches.Select(m => m switch
        {
            AsPathMatch asPath => (asPath.Place switch { AsPathPlace.First => "first", AsPathPlace.Origin => "origin", _ => "contains" }, Texts(asPath.Numbers)),
            AsPathLengthMatch length => ("length", Text($"{length.Min}-{length.Max}")),
            _ => ("", (ConfigNode?)null),
        });
        return Map([.. matches.Select(Match).OfType<(string, ConfigNode?)>(), ("as-path", Map([.. path]) is { Entries: not [] } map ? map : null)]);
    }

    private static (string, ConfigNode?)? Match(RouteMatch match) => match switch
    {
        PrefixListMatch m => ("prefix-list", Texts(m.Lists.Select(l => l.Name))),
        FamilyMatch m => ("family", Texts(m.Families)),
        EvpnTypeMatch m => ("evpn-type", Texts(m.Types)),
        VniMatch m => ("vni", Texts(m.Ranges)),
        MacMatch m => ("mac", Texts(m.Macs)),
        RouteTargetMatch m => ("route-target", Wanted(m.Wanted.All, m.Wanted.Patterns)),
        CommunityMatch m => ("community", Wanted(m.Wanted.All, m.Wanted.Patterns)),
        ExtendedCommunityMatch m => ("extended-community", Wanted(m.Wanted.All, m.Wanted.Patterns)),
        LargeCommunityMatch m => ("large-community", Wanted(m.Wanted.All, m.Wanted.Patterns)),
        NextHopMatch m => ("next-hop", Texts(m.Networks)),
        _ => null,
    };

    private static ConfigMap Wanted<T>(bool all, ValueList<T> patterns) => Map((all ? "all" : "any", Texts(patterns)));

    private static (string, ConfigNode?) Edit(RouteEdit edit) => edit switch
    {
        SetLocalPreference e => ("local-preference", Text(e.Value)),
        ChangeMed e => ("med", Text($"{e.Change switch { MedChange.Add => "+", MedChange.Subtract => "-", _ => "" }}{e.Value}")),
        EditCommunities e => ("communities", Change(e.Change)),
        EditExtendedCommunities e => ("extended-communities", Change(e.Change)),
        EditLargeCommunities e => ("large-communities", Change(e.Change)),
        EditRouteTargets e => ("route-targets", Map(("delete", Some(e.Delete)), ("add", Some(e.Add)))),
        PrependAs e => ("as-path-prepend", Map(("asn", Text(e.Asn)), ("times", Text(e.Times)))),
        SetNextHop e => ("next-hop", e.Rule == NextHopRule.Self ? Text("self") : e.Address is { } address ? Text(address) : Text("unchanged")),
        _ => throw new ArgumentException($"{edit.GetType().Name} cannot be written", nameof(edit)),
    };

    private static ConfigMap Change<TPattern, TCommunity>(CommunityChange<TPattern, TCommunity> change)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity> =>
        Map(("set", change.Set is { } set ? Texts(set) : null), ("delete", Some(change.Delete)), ("add", Some(change.Add)));

    private static ConfigList? Some<T>(ValueList<T> values) => values.Count == 0 ? null : Texts(values);

    private static ConfigMap Map(params ReadOnlySpan<(string Key, ConfigNode? Value)> entries) =>
        new("", [.. entries.ToArray().Where(e => e.Value is not null).Select(e => new ConfigEntry("", e.Key, e.Value!))]);

    private static ConfigList List(IEnumerable<ConfigNode> items) => new("", [.. items]);

    private static ConfigList Texts<T>(IEnumerable<T> values) => List(values.Select(v => Text(v)));

    private static ConfigText Text<T>(T value) => new("", string.Create(CultureInfo.InvariantCulture, $"{value}"));

    private static ConfigText? Optional<T>(T? value) => value is null ? null : Text(value);

    private static ConfigText? Seconds(TimeSpan? time) => time is { } seconds ? Text((long)seconds.TotalSeconds) : null;

    private static ConfigNode? Unless(bool empty, ConfigNode node) => empty ? null : node;
}
