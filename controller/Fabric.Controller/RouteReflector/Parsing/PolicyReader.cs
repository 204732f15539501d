using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fabric.Bgp;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Reads prefix lists and policies.</summary>
/// <param name="ownAsn">The own AS, which <c>own</c> stands for; null when it is not known, which is a fault of its own.</param>
/// <param name="faults">Takes what is wrong.</param>
internal sealed class PolicyReader(Asn? ownAsn, ConfigFaults faults)
{
    private readonly Dictionary<string, PrefixList?> _prefixLists = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StatementPolicy?> _policies = new(StringComparer.Ordinal);

    /// <summary>The lists read so far that are good.</summary>
    public IEnumerable<PrefixList> PrefixLists => _prefixLists.Values.OfType<PrefixList>();

    /// <summary>The policies read so far that are good.</summary>
    public IEnumerable<StatementPolicy> Policies => _policies.Values.OfType<StatementPolicy>();

    /// <summary>Reads all lists and all policies of the top level.</summary>
    public void Read(ConfigSection root)
    {
        foreach (var (name, node, path) in root.Named("prefix-lists"))
        {
            _prefixLists[name] = PrefixListOf(root, name, node, path);
        }

        foreach (var (name, node, path) in root.Named("policies"))
        {
            _policies[name] = root.AsSection(node, path) is { } section ? PolicyOf(name, section) : null;
        }
    }

    /// <summary>The policy that a key names; a name that leads nowhere is a fault.</summary>
    public StatementPolicy? Policy(ConfigSection section, string key)
    {
        if (!section.TryRead<string>(section.Node(key), $"{section.Path}{(section.Path.Length == 0 ? "" : ".")}{key}", ConfigName.TryParse, out var name))
        {
            return null;
        }

        if (!_policies.TryGetValue(name, out var policy))
        {
            section.Fault(key, $"there is no policy {Quoted.Of(name)}; {Known(_policies.Keys)}");
        }

        return policy;
    }

    /// <summary>For messages: which names there are.</summary>
    public static string Known(IEnumerable<string> names) => string.Join(", ", names.Take(20)) is { Length: > 0 } list ? $"there are {list}" : "there are none";

    private PrefixList? PrefixListOf(ConfigSection root, string name, ConfigNode node, string path)
    {
        if (node is not ConfigList list)
        {
            faults.Add(node.Place, path, "must be a list of prefixes");
            return null;
        }

        var entries = ImmutableArray.CreateBuilder<PrefixListEntry>();
        var seen = new HashSet<PrefixListEntry>();
        for (var i = 0; i < list.Items.Length; i++)
        {
            var at = $"{path}[{i}]";
            PrefixListEntry? entry = list.Items[i] is ConfigMap map
                ? EntryOf(new ConfigSection(map, at, faults))
                : root.TryRead<IpPrefix>(list.Items[i], at, ConfigSection.Primitive, out var prefix) ? new PrefixListEntry(prefix) : null;
            if (entry is { } good)
            {
                entries.Add(good);
                if (!seen.Add(good))
                {
                    faults.Add(list.Items[i].Place, at, $"{good} is there twice; remove one");
                }
            }
        }

        return new PrefixList(name, new(entries.ToImmutable()));
    }

    private static PrefixListEntry? EntryOf(ConfigSection section)
    {
        var prefix = section.Value<IpPrefix>("prefix");
        if (prefix is null && !section.Has("prefix"))
        {
            section.Fault("prefix", "is missing; give the network");
        }

        var (ge, le) = ((int?)section.Number("ge", 0, 128), (int?)section.Number("le", 0, 128));
        section.RefuseOthers();
        if (prefix is not { } network)
        {
            return null;
        }

        var entry = new PrefixListEntry(network, ge ?? network.Length, le ?? (ge is null ? network.Length : network.Address.BitLength));
        if (entry.MinLength < network.Length || entry.MaxLength > network.Address.BitLength || entry.MinLength > entry.MaxLength)
        {
            section.Fault(ge is null ? "le" : "ge", $"lengths must satisfy {network.Length} <= ge <= le <= {network.Address.BitLength}");
            return null;
        }

        return entry;
    }

    private StatementPolicy PolicyOf(string name, ConfigSection section)
    {
        var atEnd = section.Value<PolicyVerdict>("default", AtEnd) ?? PolicyVerdict.Reject;
        var statements = ImmutableArray.CreateBuilder<PolicyStatement>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        string? final = null;
        foreach (var item in section.Sections("statements"))
        {
            var statement = StatementOf(item);
            if (statement.Name.Length > 0 && !names.Add(statement.Name))
            {
                item.Fault("name", $"there is another statement {statement.Name} in this policy; take another name");
            }

            if (final is not null)
            {
                item.Faults.Add(item.Place, item.Path, $"is never reached: statement {final} before it decides about every route; move or remove one");
            }

            final ??= !item.Has("match") && statement.Verdict != PolicyVerdict.Next ? statement.Name : null;
            statements.Add(statement);
        }

        section.RefuseOthers();
        return new StatementPolicy(name, new(statements.ToImmutable()), atEnd);
    }

    private PolicyStatement StatementOf(ConfigSection section)
    {
        section.TryRead<string>(Required(section, "name"), $"{section.Path}.name", ConfigName.TryParse, out var name);
        var matches = section.Section("match") is { } match ? MatchesOf(match) : [];
        var edits = section.Section("set") is { } set ? EditsOf(set) : [];
        section.TryRead<PolicyVerdict>(Required(section, "then"), $"{section.Path}.then", Verdict, out var verdict);
        if (verdict == PolicyVerdict.Reject && section.Has("set"))
        {
            section.Fault("set", "changes nothing, since the route is rejected; remove it");
        }

        section.RefuseOthers();
        return new PolicyStatement(name ?? "", matches, edits, verdict);
    }

    private ValueList<RouteMatch> MatchesOf(ConfigSection section)
    {
        var matches = new List<RouteMatch?>
        {
            section.NonEmptyList<string>("prefix-list", ConfigName.TryParse) is { } names ? PrefixListsOf(section, names) : null,
            section.NonEmptyList<AddressFamily>("family", FamilyName.TryParse!) is { } families ? new FamilyMatch(families) : null,
            section.NonEmptyList<byte>("evpn-type", EvpnType) is { } types ? new EvpnTypeMatch(types) : null,
            section.NonEmptyList<VniRange>("vni", Vnis) is { } vnis ? new VniMatch(vnis) : null,
            section.NonEmptyList<MacAddress>("mac") is { } macs ? new MacMatch(macs) : null,
            Communities<RouteTargetPattern, ExtendedCommunity>(section, "route-target") is { } targets ? new RouteTargetMatch(targets) : null,
            Communities<CommunityPattern, uint>(section, "community") is { } standard ? new CommunityMatch(standard) : null,
            Communities<ExtendedCommunityPattern, ExtendedCommunity>(section, "extended-community") is { } extended ? new ExtendedCommunityMatch(extended) : null,
            Communities<LargeCommunityPattern, LargeCommunity>(section, "large-community") is { } large ? new LargeCommunityMatch(large) : null,
        };
        if (section.Section("as-path") is { } path)
        {
            matches.Add(path.NonEmptyList<Asn>("contains") is { } contains ? new AsPathMatch(AsPathPlace.Anywhere, contains) : null);
            matches.Add(path.NonEmptyList<Asn>("first") is { } first ? new AsPathMatch(AsPathPlace.First, first) : null);
            matches.Add(path.NonEmptyList<Asn>("origin") is { } origin ? new AsPathMatch(AsPathPlace.Origin, origin) : null);
            matches.Add(path.Value<(int Min, int Max)>("length", Lengths) is { } length ? new AsPathLengthMatch(length.Min, length.Max) : null);
            path.RefuseOthers();
        }

        matches.Add(section.NonEmptyList<IpPrefix>("next-hop") is { } networks ? new NextHopMatch(networks) : null);
        section.RefuseOthers();
        return [.. matches.OfType<RouteMatch>()];
    }

    private PrefixListMatch PrefixListsOf(ConfigSection section, ValueList<string> names)
    {
        var lists = new List<PrefixList>();
        foreach (var name in names)
        {
            if (!_prefixLists.TryGetValue(name, out var list))
            {
                section.Fault("prefix-list", $"there is no prefix list {Quoted.Of(name)}; {Known(_prefixLists.Keys)}");
            }
            else if (list is not null)
            {
                lists.Add(list);
            }
        }

        return new PrefixListMatch([.. lists]);
    }

    private static CommunitySet<TPattern, TCommunity>? Communities<TPattern, TCommunity>(ConfigSection section, string key)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity>
    {
        if (section.Node(key) is not ConfigMap)
        {
            return section.NonEmptyList<TPattern>(key, TPattern.TryParse) is { } some ? new(some, All: false) : null;
        }

        var choice = section.Section(key)!;
        var (any, all) = (choice.NonEmptyList<TPattern>("any", TPattern.TryParse), choice.NonEmptyList<TPattern>("all", TPattern.TryParse));
        choice.RefuseOthers();
        if (choice.Has("any") == choice.Has("all"))
        {
            section.Fault(key, "give either any or all; for both, make two statements");
        }

        return any is { } anyOf ? new(anyOf, All: false) : all is { } allOf ? new(allOf, All: true) : null;
    }

    private ValueList<RouteEdit> EditsOf(ConfigSection section)
    {
        var edits = new List<RouteEdit?>
        {
            section.Number("local-preference", 0, uint.MaxValue) is { } preference ? new SetLocalPreference((uint)preference) : null,
            section.Value<(MedChange Change, uint Value)>("med", Med) is { } med ? new ChangeMed(med.Change, med.Value) : null,
            Change<CommunityPattern, uint>(section, "communities", canSet: true) is { } standard ? new EditCommunities(standard) : null,
            Change<ExtendedCommunityPattern, ExtendedCommunity>(section, "extended-communities", canSet: true) is { } extended ? new EditExtendedCommunities(extended) : null,
            Change<LargeCommunityPattern, LargeCommunity>(section, "large-communities", canSet: true) is { } large ? new EditLargeCommunities(large) : null,
            Change<RouteTargetPattern, ExtendedCommunity>(section, "route-targets", canSet: false) is { } targets ? new EditRouteTargets(targets.Delete, targets.Add) : null,
        };
        if (section.Section("as-path-prepend") is { } prepend)
        {
            var asn = prepend.Value<Asn>("asn", Own) ?? ownAsn;
            var times = (int)(prepend.Number("times", 1, PrependAs.MaxTimes) ?? 1);
            prepend.RefuseOthers();
            edits.Add(asn is { } known ? new PrependAs(known, times) : null);
        }

        edits.Add(section.Value<NextHopChoice>("next-hop", NextHop) is { } nextHop ? new SetNextHop(nextHop.Rule, nextHop.Address) : null);
        section.RefuseOthers();
        return [.. edits.OfType<RouteEdit>()];
    }

    private static CommunityChange<TPattern, TCommunity>? Change<TPattern, TCommunity>(ConfigSection parent, string key, bool canSet)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity>
    {
        if (parent.Section(key) is not { } section)
        {
            return null;
        }

        ValueList<TPattern>? set = canSet ? section.List<TPattern>("set", ExactOnly<TPattern, TCommunity>) : null;
        var delete = section.NonEmptyList<TPattern>("delete", TPattern.TryParse);
        var add = section.NonEmptyList<TPattern>("add", ExactOnly<TPattern, TCommunity>);
        section.RefuseOthers();
        if (!section.Has("set") && !section.Has("delete") && !section.Has("add"))
        {
            parent.Fault(key, $"changes nothing; give {(canSet ? "set, " : "")}delete or add");
            return null;
        }

        return new(set, delete ?? [], add ?? []);
    }

    private static bool ExactOnly<TPattern, TCommunity>(string text, out TPattern value, [NotNullWhen(false)] out string? error)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity>
    {
        if (!TPattern.TryParse(text, out value, out error))
        {
            return false;
        }

        error = value.Exact is null ? $"{Quoted.Of(text)} stands for more than one {TPattern.Kind}; give it without *" : null;
        return error is null;
    }

    private bool Own(string text, out Asn value, [NotNullWhen(false)] out string? error)
    {
        if (text == "own")
        {
            value = ownAsn ?? new Asn(Asn.MinValue);
            error = null;
            return true;
        }

        return Asn.TryParse(text, out value, out error);
    }

    private static bool NextHop(string text, out NextHopChoice value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        value = new(text == "self" ? NextHopRule.Self : NextHopRule.AsInAttributes, null);
        if (text is "self" or "unchanged")
        {
            return true;
        }

        if (IpAddr.TryParse(text, out var address, out _) && !MartianNextHop.Is(address))
        {
            value = value with { Address = address };
            return true;
        }

        error = $"give self, unchanged or the IP address of a host, not {Quoted.Of(text)}";
        return false;
    }

    private static bool Med(string text, out (MedChange Change, uint Value) value, [NotNullWhen(false)] out string? error)
    {
        var change = text switch
        {
            ['+', ..] => MedChange.Add,
            ['-', ..] => MedChange.Subtract,
            _ => MedChange.Set,
        };
        var good = uint.TryParse(change == MedChange.Set ? text : text[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        value = (change, number);
        error = good ? null : $"give a whole number 0..{uint.MaxValue}, with + or - before it to add or subtract, not {Quoted.Of(text)}";
        return good;
    }

    private static bool Verdict(string text, out PolicyVerdict value, [NotNullWhen(false)] out string? error)
    {
        value = text switch { "accept" => PolicyVerdict.Accept, "reject" => PolicyVerdict.Reject, _ => PolicyVerdict.Next };
        error = text is "accept" or "reject" or "next" ? null : $"give accept, reject or next, not {Quoted.Of(text)}";
        return error is null;
    }

    private static bool AtEnd(string text, out PolicyVerdict value, [NotNullWhen(false)] out string? error)
    {
        value = text == "accept" ? PolicyVerdict.Accept : PolicyVerdict.Reject;
        error = text is "accept" or "reject" ? null : $"give accept or reject, not {Quoted.Of(text)}";
        return error is null;
    }

    private static bool EvpnType(string text, out byte value, [NotNullWhen(false)] out string? error)
    {
        var good = ConfigSection.Numbers(1, byte.MaxValue)(text, out var number, out error);
        value = (byte)number;
        return good;
    }

    private static bool Vnis(string text, out VniRange value, [NotNullWhen(false)] out string? error)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (Vni.TryParse(dash < 0 ? text : text[..dash], out var first, out _)
            && Vni.TryParse(dash < 0 ? text : text[(dash + 1)..], out var last, out _) && first <= last)
        {
            value = new(first, last);
            error = null;
            return true;
        }

        value = default;
        error = $"give a VNI 1..16777215 or a range such as 10000-10999, not {Quoted.Of(text)}";
        return false;
    }

    private static bool Lengths(string text, out (int Min, int Max) value, [NotNullWhen(false)] out string? error)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var length = ConfigSection.Numbers(0, 4096);
        if (length(dash < 0 ? text : text[..dash], out var min, out _) && length(dash < 0 ? text : text[(dash + 1)..], out var max, out _) && min <= max)
        {
            value = ((int)min, (int)max);
            error = null;
            return true;
        }

        value = default;
        error = $"give a length 0..4096 or a range such as 1-3; 0 is an empty path; not {Quoted.Of(text)}";
        return false;
    }

    private static ConfigNode? Required(ConfigSection section, string key)
    {
        if (!section.Has(key))
        {
            section.Fault(key, "is missing");
        }

        return section.Node(key);
    }

    private readonly record struct NextHopChoice(NextHopRule Rule, IpAddr? Address);
}
