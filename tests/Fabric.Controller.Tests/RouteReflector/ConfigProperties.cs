using System.Net;
using Fabric.Bgp;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Speaker;
using Fabric.Controller.RouteReflector;
using Fabric.Hosting;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Controller.Tests.RouteReflector;

/// <summary>What is printed is read as the same; no text makes the reader throw.</summary>
public sealed class ConfigProperties
{
    private static readonly Gen<uint> U32 = from a in Gen.Choose(0, 0xffff) from b in Gen.Choose(0, 0xffff) select ((uint)a << 16) | (uint)b;

    private static readonly Gen<IpAddr> Addresses = Gen.OneOf(
        U32.Select(n => IpAddr.V4((n & 0x7fff_ffff) | 0x0100_0001)), U32.Select(n => IpAddr.V6(((UInt128)0xfd00 << 112) | n | 1)));

    private static readonly Gen<IpPrefix> Prefixes = from a in Addresses from length in Gen.Choose(0, a.BitLength) select IpPrefix.Of(a, length);

    private static readonly Gen<Asn> Asns = U32.Select(n => new Asn(n | 1));

    private static readonly Gen<string> Texts = Gen.Elements("null", "~", "a b", "#", "spine: 1", "\"", "\\", "öé", "- x", "*", "{}", "true", "😀", "a\u00a0b", "'", " x ");

    private static readonly Gen<PrefixListEntry> Entries =
        from network in Prefixes
        from min in Gen.Choose(network.Length, network.Address.BitLength)
        from max in Gen.Choose(min, network.Address.BitLength)
        select new PrefixListEntry(network, min, max);

    private static readonly Gen<PrefixList> Lists = from entries in Distinct(Entries) from n in Gen.Choose(0, 99) select new PrefixList($"l{n}", entries);

    private static readonly Gen<ValueList<AddressFamily>> Families = Gen.SubListOf<AddressFamily>(FamilyName.All).Where(f => f.Count > 0).Select(f => f.ToValueList());

    [Fact]
    public void What_is_printed_is_read_as_the_same() => Prop.ForAll(Configs().ToArbitrary(), config =>
    {
        var yaml = RouteReflectorFile.Print(config);
        var (back, faults) = RouteReflectorFile.Parse(yaml);
        Assert.True(faults.IsEmpty, string.Join('\n', faults) + "\n" + yaml);
        Assert.True(config == back, yaml + "\n----\n" + RouteReflectorFile.Print(back!));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Mutated_yaml_is_read_or_refused_and_never_throws()
    {
        var random = new Random(20261125);
        var corpus = Configs().Sample(40, 20).Select(RouteReflectorFile.Print).ToList();
        string[] pieces = ["- ", ": ", "[", "]", "{", "}", "\n", "  ", "*", "&a ", "!x ", "null", "\"", "'", "#", "---\n", "...\n", "? ", "| ", "> ", "0", "-1", "99999999999999999999", "\t", "\u0000", "%", "@", ","];
        var (read, refused) = (0, 0);
        for (var i = 0; i < 3000; i++)
        {
            var text = corpus[random.Next(corpus.Count)];
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(text.Length);
                var length = Math.Min(random.Next(0, 12), text.Length - at);
                text = random.Next(3) switch
                {
                    0 => text.Remove(at, length),
                    1 => text.Insert(at, pieces[random.Next(pieces.Length)]),
                    _ => text.Insert(random.Next(text.Length), text.Substring(at, length)),
                };
            }

            try
            {
                var (config, faults) = RouteReflectorFile.Parse(text);
                Assert.Equal(config is null, faults.Length > 0);
                Assert.All(faults, f => Assert.DoesNotContain('\n', f));
                _ = config is null ? refused++ : read++;
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException(text, e);
            }
        }

        // Guards the guard: both happen.
        Assert.True(read > 50 && refused > 500, $"{read} read, {refused} refused");
    }

    private static Gen<RouteReflectorConfig> Configs() =>
        from asn in Asns
        from id in U32
        from cluster in Optional(U32.Select(n => IpAddr.V4(n | 1)))
        from listen in Distinct(from a in Addresses from port in Gen.Choose(1000, 2000) select new IPEndPoint(a.ToIPAddress(), port))
        from metrics in Gen.Elements(null, IPEndPoint.Parse("127.0.0.1:3000"))
        from api in Gen.Elements(null, IPEndPoint.Parse("[::1]:3001"))
        from lint in Gen.Elements(true, false)
        from record in Gen.Elements(null, "recordings")
        from format in Gen.Elements(LogFormat.Json, LogFormat.Text)
        from lists in Lists.ListOf().Select(l => l.Take(4).DistinctBy(p => p.Name).ToValueList())
        from policies in Policies(lists).ListOf().Select(p => p.Take(4).DistinctBy(x => x.Name).ToValueList())
        from role in Gen.Elements(PeerRole.ReflectorClient, PeerRole.RouteServerClient)
        from session in Sessions(new SessionSettings { Role = role }, policies)
        from groups in (from n in Gen.Choose(0, 9) from s in Sessions(session, policies) select new PeerGroup($"g{n}", s)).ListOf().Select(g => g.Take(4).DistinctBy(x => x.Name).ToValueList())
        from ranges in (from p in Prefixes from g in Gen.Elements<string?>([null, .. groups.Select(g => g.Name)]) from most in Gen.Choose(1, 99) select new ClientRange(p, g, most)).ListOf()
        from neighbors in (
            from address in Addresses
            from link in Gen.Elements(null, null, "eth1", "eth2")
            from g in Gen.Elements<PeerGroup?>([null, .. groups])
            from s in Sessions(g?.Session ?? session, policies)
            from port in Gen.Choose(1, 65535)
            from passive in Gen.Elements(true, false)
            from description in Gen.OneOf(Gen.Constant<string?>(null), Texts.Select(t => (string?)t))
            select new Neighbor { Address = link is null ? address : default, Interface = link, Group = g?.Name, Port = (ushort)port, Passive = passive, Description = description, Session = s, LocalAddress = passive ? address : null }).ListOf()
        select new RouteReflectorConfig
        {
            Asn = asn,
            RouterId = IpAddr.V4(id | 1),
            ClusterId = cluster,
            Listen = [.. listen, IPEndPoint.Parse("127.0.0.1:1790")],
            MetricsListen = metrics,
            ApiListen = api,
            ApiTokenFile = api is null ? null : "/etc/fabric/api.token",
            LogFormat = format,
            Lint = lint,
            Record = record,
            PrefixLists = lists,
            Policies = policies,
            Session = session,
            Groups = groups,
            Ranges = ranges.Take(5).DistinctBy(r => r.Prefix).ToValueList(),
            Neighbors = neighbors.Take(5).DistinctBy(n => n.Name).ToValueList(),
        };

    // What is set above cannot be unset below.
    private static Gen<SessionSettings> Sessions(SessionSettings above, ValueList<StatementPolicy> policies) =>
        from families in Families
        from hold in Gen.Elements(0, 3, 65535)
        from retry in Gen.Choose(1, 3600)
        from sendHold in Optional(Gen.Choose(1, 65535))
        from restart in Optional(Gen.Choose(1, 4095))
        from minTtl in Optional(Gen.Choose(1, 255))
        from ttl in Gen.Choose(1, 255)
        from most in Optional(Gen.Choose(1, int.MaxValue))
        from warning in Gen.Choose(1, 100)
        from addPath in Gen.SubListOf<AddressFamily>(families)
        from import in Gen.Elements<StatementPolicy?>([null, .. policies])
        from export in Gen.Elements<StatementPolicy?>([null, .. policies])
        from open in Gen.Elements(true, false)
        from remote in Gen.Elements<RemoteAs?>(null, above.Role == PeerRole.ReflectorClient ? RemoteAs.Internal : RemoteAs.External)
        from v4 in Gen.Elements<IpAddr?>(null, IpAddr.Parse("10.0.0.1"))
        from v6 in Gen.Elements<IpAddr?>(null, IpAddr.Parse("2001:db8::1"))
        let gtsm = (byte?)minTtl ?? above.MinTtl
        select new SessionSettings
        {
            Role = above.Role,
            RemoteAsn = remote ?? above.RemoteAsn,
            NextHopV4 = v4 ?? above.NextHopV4,
            NextHopV6 = v6 ?? above.NextHopV6,
            Families = families,
            HoldTime = TimeSpan.FromSeconds(hold),
            ConnectRetry = TimeSpan.FromSeconds(retry),
            SendHold = Time(sendHold) ?? above.SendHold,
            GracefulRestart = Time(restart) ?? above.GracefulRestart,
            MinTtl = gtsm,
            Ttl = (byte)(gtsm is null ? ttl : 255),
            MaxPrefixes = most ?? above.MaxPrefixes,
            MaxPrefixesWarning = warning,
            AddPath = [.. addPath],
            Import = import ?? above.Import,
            Export = export ?? above.Export,
            OpenWithoutPolicy = open,
        };

    private static Gen<StatementPolicy> Policies(ValueList<PrefixList> lists) =>
        from n in Gen.Choose(0, 99)
        from atEnd in Gen.Elements(PolicyVerdict.Accept, PolicyVerdict.Reject)
        from statements in (
            from matches in Matches(lists)
            from edits in Edits()
            from verdict in Gen.Elements(PolicyVerdict.Accept, PolicyVerdict.Reject, PolicyVerdict.Next)
            select new PolicyStatement("", matches, verdict == PolicyVerdict.Reject ? [] : edits, matches.Count == 0 ? PolicyVerdict.Next : verdict)).ListOf()
        select new StatementPolicy($"p{n}", [.. statements.Take(5).Select((s, i) => s with { Name = $"s{i}" })], atEnd);

    private static Gen<ValueList<RouteMatch>> Matches(ValueList<PrefixList> lists) => Some<RouteMatch>(
        lists.Count == 0 ? Gen.Constant<RouteMatch?>(null) : NonEmpty(Gen.Elements<PrefixList>([.. lists])).Select(l => (RouteMatch?)new PrefixListMatch(l)),
        Families.Select(f => (RouteMatch?)new FamilyMatch(f)),
        NonEmpty(Gen.Choose(1, 255).Select(t => (byte)t)).Select(t => (RouteMatch?)new EvpnTypeMatch(t)),
        NonEmpty(from a in Gen.Choose(1, 100) from b in Gen.Choose(a, 16777215) select new VniRange(new Vni(a), new Vni(b))).Select(r => (RouteMatch?)new VniMatch(r)),
        NonEmpty(U32.Select(n => new MacAddress(n))).Select(m => (RouteMatch?)new MacMatch(m)),
        Set<RouteTargetPattern, ExtendedCommunity>("65000:1", "65000:*", "*:5", "4200000000:7", "10.0.0.1:*", "65000L:1").Select(s => (RouteMatch?)new RouteTargetMatch(s)),
        Set<CommunityPattern, uint>("1:*", "*:2", "no-export", "65535:65535").Select(s => (RouteMatch?)new CommunityMatch(s)),
        Set<ExtendedCommunityPattern, ExtendedCommunity>("rt:1:*", "encap:vxlan", "0x0003fde8********").Select(s => (RouteMatch?)new ExtendedCommunityMatch(s)),
        Set<LargeCommunityPattern, LargeCommunity>("1:2:3", "*:*:3").Select(s => (RouteMatch?)new LargeCommunityMatch(s)),
        NonEmpty(Asns).Select(a => (RouteMatch?)new AsPathMatch(AsPathPlace.Anywhere, a)),
        NonEmpty(Asns).Select(a => (RouteMatch?)new AsPathMatch(AsPathPlace.First, a)),
        NonEmpty(Asns).Select(a => (RouteMatch?)new AsPathMatch(AsPathPlace.Origin, a)),
        (from a in Gen.Choose(0, 9) from b in Gen.Choose(a, 4096) select (RouteMatch?)new AsPathLengthMatch(a, b)),
        NonEmpty(Prefixes).Select(p => (RouteMatch?)new NextHopMatch(p)));

    private static Gen<ValueList<RouteEdit>> Edits() => Some<RouteEdit>(
        U32.Select(n => (RouteEdit?)new SetLocalPreference(n)),
        (from change in Gen.Elements(MedChange.Set, MedChange.Add, MedChange.Subtract) from n in U32 select (RouteEdit?)new ChangeMed(change, n)),
        Change<CommunityPattern, uint>(["1:1", "no-export"], "1:*").Select(c => (RouteEdit?)new EditCommunities(c)),
        Change<ExtendedCommunityPattern, ExtendedCommunity>(["rt:1:1", "default-gateway"], "rt:*:*").Select(c => (RouteEdit?)new EditExtendedCommunities(c)),
        Change<LargeCommunityPattern, LargeCommunity>(["1:1:1"], "1:*:*").Select(c => (RouteEdit?)new EditLargeCommunities(c)),
        NonEmpty(Gen.Elements<RouteTargetPattern>([.. Patterns<RouteTargetPattern, ExtendedCommunity>("1:1", "2:2")])).Select(t => (RouteEdit?)new EditRouteTargets(t, t)),
        (from asn in Asns from times in Gen.Choose(1, 16) select (RouteEdit?)new PrependAs(asn, times)),
        Gen.OneOf(
            Gen.Elements<RouteEdit?>(new SetNextHop(NextHopRule.Self), new SetNextHop(NextHopRule.AsInAttributes)),
            Addresses.Select(a => (RouteEdit?)new SetNextHop(NextHopRule.AsInAttributes, a))));

    private static Gen<CommunitySet<TPattern, TCommunity>> Set<TPattern, TCommunity>(params string[] texts)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity> =>
        from patterns in NonEmpty(Gen.Elements<TPattern>([.. Patterns<TPattern, TCommunity>(texts)]))
        from all in Gen.Elements(true, false)
        select new CommunitySet<TPattern, TCommunity>(patterns, all);

    private static Gen<CommunityChange<TPattern, TCommunity>> Change<TPattern, TCommunity>(string[] exact, string open)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity> =>
        from set in Gen.Elements<ValueList<TPattern>?>(null, [], Patterns<TPattern, TCommunity>(exact))
        from delete in Gen.Elements<ValueList<TPattern>>([], Patterns<TPattern, TCommunity>(open))
        select new CommunityChange<TPattern, TCommunity>(set, delete, Patterns<TPattern, TCommunity>(exact));

    private static ValueList<TPattern> Patterns<TPattern, TCommunity>(params string[] texts)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity> =>
        [.. texts.Select(t => TPattern.TryParse(t, out var pattern, out var error) ? pattern : throw new FormatException(error))];

    /// <summary>A few of the given, in their order.</summary>
    private static Gen<ValueList<T>> Some<T>(params Gen<T?>[] all)
        where T : class => Gen.CollectToList(all.Select(g => Gen.Frequency((4, Gen.Constant<T?>(null)), (1, g)))).Select(l => l.OfType<T>().ToValueList());

    private static Gen<ValueList<T>> NonEmpty<T>(Gen<T> items) => items.NonEmptyListOf().Select(l => l.Take(3).Distinct().ToValueList());

    private static Gen<ValueList<T>> Distinct<T>(Gen<T> items) => items.ListOf().Select(l => l.Take(5).Distinct().ToValueList());

    private static Gen<T?> Optional<T>(Gen<T> generator)
        where T : struct => Gen.OneOf(Gen.Constant<T?>(null), generator.Select(v => (T?)v));

    private static TimeSpan? Time(int? seconds) => seconds is { } s ? TimeSpan.FromSeconds(s) : null;
}
