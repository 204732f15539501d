using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Policy;

/// <summary>Prefix lists agree with a plain search; patterns round trip and agree with the exact values.</summary>
public sealed class PolicyProperties
{
    private static readonly Gen<uint> U32 = from a in Gen.Choose(0, 0xffff) from b in Gen.Choose(0, 0xffff) select ((uint)a << 16) | (uint)b;

    // Few different bits, so that prefixes meet.
    private static readonly Gen<IpPrefix> Prefixes =
        from v6 in Gen.Elements(false, true)
        from bits in Gen.Choose(0, 15)
        from length in Gen.Choose(0, v6 ? 128 : 32)
        select IpPrefix.Of(IpAddr.FromNumber(v6 ? IpFamily.V6 : IpFamily.V4, (UInt128)(uint)bits << (v6 ? 123 : 27)), length);

    private static readonly Gen<PrefixListEntry> Entries =
        from network in Prefixes
        from min in Gen.Choose(network.Length, network.Address.BitLength)
        from max in Gen.Choose(min, network.Address.BitLength)
        select new PrefixListEntry(network, min, max);

    [Fact]
    public void A_prefix_list_finds_what_a_search_of_its_entries_finds() => Check(
        from entries in Entries.ListOf() from prefix in Prefixes select (entries, prefix),
        t => new PrefixList("l", [.. t.entries]).Contains(t.prefix)
            == t.entries.Any(e => e.Network.Contains(t.prefix) && t.prefix.Length >= e.MinLength && t.prefix.Length <= e.MaxLength));

    [Fact]
    public void Thousands_of_entries_are_found_in_one_lookup_a_network_length()
    {
        var list = new PrefixList("l", [.. Enumerable.Range(0, 20_000).Select(i => new PrefixListEntry(IpPrefix.Of(IpAddr.V4((uint)i << 12), 20), 20, 24))]);
        Assert.True(list.Contains(IpPrefix.Of(IpAddr.V4(19_999u << 12), 24)));
        Assert.False(list.Contains(IpPrefix.Of(IpAddr.V4(19_999u << 12), 25)));
        Assert.False(list.Contains(IpPrefix.Of(IpAddr.V4(20_000u << 12), 20)));
    }

    [Fact]
    public void Patterns_round_trip_and_match_what_they_stand_for()
    {
        Check(U32, bits => Agrees<CommunityPattern, uint>(bits, $"{bits >> 16}:{(ushort)bits}", $"{bits >> 16}:*", $"*:{(ushort)bits}", "*:*"));
        Check(
            from a in U32 from b in U32 from c in U32 select new LargeCommunity(a, b, c),
            c => Agrees<LargeCommunityPattern, LargeCommunity>(c, $"{c}", $"{c.Administrator}:*:{c.Data2}", $"*:{c.Data1}:*"));
        Check(
            from type in Gen.Elements<byte>(0, 1, 2) from a in U32 from b in Gen.Choose(0, 0xffff) select RouteTargetOf(type, a, (ushort)b),
            t => Agrees<RouteTargetPattern, ExtendedCommunity>(ExtendedCommunity.Of(t), $"{t}", $"{$"{t}".Split(':')[0]}:*", $"*:{t.Number}", "*:*")
                && Agrees<ExtendedCommunityPattern, ExtendedCommunity>(ExtendedCommunity.Of(t), $"rt:{t}", $"0x{t.Bits:x16}", $"0x{t.Bits >> 32:x8}********"));
    }

    [Theory]
    [InlineData("65000:10100", "65000:10101")]
    [InlineData("65000:*", "65001:1")]
    [InlineData("65000L:*", "65000:1")]
    [InlineData("*:100", "65000:101")]
    public void A_route_target_pattern_matches_no_other_target(string pattern, string other)
    {
        Assert.True(RouteTargetPattern.TryParse(pattern, out var parsed, out _));
        Assert.False(parsed.Matches(ExtendedCommunity.Of(RouteTarget.Parse(other))));
        Assert.False(parsed.Matches(ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel)));
    }

    [Fact]
    public void No_text_makes_a_pattern_throw()
    {
        var parts = Gen.Elements("*", ":", "0", "65000", "4294967296", "L", "rt:", "0x", "ff", "10.0.0.1", "no-export", " ", "\u0000", "x").ListOf().Select(p => string.Concat(p.Take(8)));
        Check(parts, text =>
            Says<CommunityPattern, uint>(text) && Says<LargeCommunityPattern, LargeCommunity>(text)
            && Says<RouteTargetPattern, ExtendedCommunity>(text) && Says<ExtendedCommunityPattern, ExtendedCommunity>(text));
    }

    private static RouteTarget RouteTargetOf(byte type, uint administrator, ushort number) => type switch
    {
        0 => RouteTarget.Type0((ushort)administrator, number),
        1 => RouteTarget.Type1(IpAddr.V4(administrator), number),
        _ => RouteTarget.Type2(administrator, number),
    };

    private static bool Agrees<TPattern, TCommunity>(TCommunity community, params string[] texts)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity>
    {
        foreach (var text in texts)
        {
            Assert.True(TPattern.TryParse(text, out var pattern, out var error), error);
            Assert.True(pattern.Matches(community), $"{text} {community}");
            Assert.Equal(!text.Contains('*', StringComparison.Ordinal), pattern.Exact is not null);
            Assert.True(pattern.Exact is not { } exact || exact.Equals(community));
            Assert.True(TPattern.TryParse(pattern.ToString()!, out var again, out _));
            Assert.Equal(pattern, again);
        }

        return true;
    }

    private static bool Says<TPattern, TCommunity>(string text)
        where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity> =>
        TPattern.TryParse(text, out var pattern, out var error) ? error is null && pattern.ToString() is not null : error is not null;

    private static void Check<T>(Gen<T> generator, Func<T, bool> holds) => Prop.ForAll(generator.ToArbitrary(), holds).QuickCheckThrowOnFailure();
}
