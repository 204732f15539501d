using Fabric.Primitives;
using Fabric.SoftGate.AccessLists;
using Fabric.SoftGate.Contracts;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.SoftGate.Tests.AccessLists.AccessListCases;

namespace Fabric.SoftGate.Tests.AccessLists;

public sealed class AccessListCompilerTests(ITestOutputHelper output)
{
    private const uint Permit = 1u << 31, Log = 1u << 30;

    [Fact]
    public void TablesSayWhatTheFirstMatchingRuleSays() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1500), Prop.ForAll(Arb.From(from list in List from flows in Flows select (list, flows)), pair =>
        {
            var maps = new AccessListMaps(Compile(pair.list));
            foreach (var flow in pair.flows)
            {
                var (rule, permit, log) = Judge(pair.list, flow);
                Assert.Equal((uint)rule | (permit ? Permit : 0) | (log ? Log : 0), maps.Judge(flow));
            }
        }));

    [Fact]
    public void EqualListsGiveEqualTables() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(50), Prop.ForAll(Arb.From(List), list =>
        {
            var (a, b) = (Compile(list), Compile(list with { Rules = [.. list.Rules] }));
            Assert.Equal(a.Cells, b.Cells);
            Assert.Equal(a.AddressEntries(3).Keys, b.AddressEntries(3).Keys);
            Assert.Equal(a.AddressEntries(3).Values, b.AddressEntries(3).Values);
            Assert.Equal(a.ServiceEntries(3).Keys, b.ServiceEntries(3).Keys);
            Assert.Equal(a.ServiceEntries(3).Values, b.ServiceEntries(3).Values);
        }));

    /// <summary>Not fewer than possible is hard to say; but no prefix may say what the next shorter one says.</summary>
    [Fact]
    public void PortPrefixesPartitionThePorts() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Arb.From(Gen.ArrayOf(from first in Gen.Choose(1, 65535) from number in Gen.Choose(0, 3) select (first, number), 12)), parts =>
        {
            var classes = new int[65536];
            var sorted = new List<(int First, int Class)> { (0, 0) };
            foreach (var (first, number) in parts.DistinctBy(p => p.first).OrderBy(p => p.first))
            {
                sorted.Add((first, number));
                Array.Fill(classes, number, first, 65536 - first);
            }

            var prefixes = PortTree.Prefixes(sorted);
            Assert.Equal(((ushort)0, (byte)0), (prefixes[0].Port, prefixes[0].Length));
            var got = new int[65536];
            foreach (var (port, length, number) in prefixes.OrderBy(p => p.Length))
            {
                Assert.Equal(0, port & ((1 << (16 - length)) - 1));
                Array.Fill(got, number, port, 1 << (16 - length));
            }

            Assert.Equal(classes, got);
        }));

    [Fact]
    public void AllPortsButOneAreTwoPrefixes() => Assert.Equal(2, PortTree.Prefixes([(0, 0), (1, 1)]).Count);

    [Fact]
    public void AnEmptyListIsItsDefault()
    {
        var list = Compile(new() { Uid = 1, Name = "empty", PermitByDefault = true });
        Assert.Equal([0u, Permit], list.Cells);
        Assert.Empty(list.Sources);
    }

    [Fact]
    public void NothingBehindACatchAllCosts()
    {
        var hidden = Enumerable.Range(1, 900).Select(i => Rule(i, $"10.0.{i / 250}.{i % 250}/32", $"10.1.{i / 250}.{i % 250}/32", (ushort)i));
        var list = Compile(new() { Uid = 1, Name = "shadowed", Rules = [new() { Number = 1, Permit = false }, .. hidden] });
        Assert.Equal([0u, 1u], list.Cells);
        Assert.Empty(list.Sources);
    }

    public static TheoryData<string, SoftGateAccessList> Refused() => new()
    {
        { nameof(AccessListRefusalReason.TooManyRules), Of(Enumerable.Range(0, 1001).Select(i => Rule(i))) },
        { nameof(AccessListRefusalReason.TooManyPrefixes), Of([Rule(1) with { Sources = [.. Enumerable.Range(0, 40_000).Select(i => Host(i))] }]) },
        { nameof(AccessListRefusalReason.TooManyPorts), Of([Rule(1) with { Protocol = 6, Ports = [.. Enumerable.Range(0, 9000).Select(i => new SoftGatePorts((ushort)i, (ushort)i))] }]) },
        { nameof(AccessListRefusalReason.BadPorts), Of([Rule(1) with { Ports = [new(1, 2)] }]) },
        { nameof(AccessListRefusalReason.BadPorts), Of([Rule(1) with { Protocol = 47, Ports = [new(1, 2)] }]) },
        { nameof(AccessListRefusalReason.BadPorts), Of([Rule(1) with { Protocol = 6, Ports = [new(2, 1)] }]) },
        { nameof(AccessListRefusalReason.MappedPrefix), Of([Rule(1) with { Destinations = [IpPrefix.Parse("::ffff:10.0.0.0/104")] }]) },

        // Any of 500 sources with one port each, beside any of 500 destinations with one port each: 250,000 pairs times 1,000 ports.
        {
            nameof(AccessListRefusalReason.TooManyCells),
            Of(Enumerable.Range(0, 1000).Select(i => Rule(i, i < 500 ? $"{Host(i)}" : null, i < 500 ? null : $"{Host(i)}", (ushort)(1 + (2 * i)))))
        },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void WhatIsTooMuchIsRefusedWithItsReason(string reason, SoftGateAccessList list)
    {
        var before = Environment.CpuUsage.TotalTime;
        var refusal = Refuse(list);
        Assert.Equal(reason, refusal.Reason.ToString());
        Assert.StartsWith("access list list (uid 1): ", refusal.Detail, StringComparison.Ordinal);
        output.WriteLine($"{refusal.Detail} ({(Environment.CpuUsage.TotalTime - before).TotalMilliseconds:F1} ms)");
    }

    public static TheoryData<string, SoftGateAccessList> Large() => new()
    {
        // Like CloudStack's: numbered rules, a few CIDRs on one side, some ports.
        { "typical", Of(Enumerable.Range(0, 1000).Select(i => Rule(i, $"10.{i % 40}.0.0/16", null, (ushort)(1000 + (i % 200))))) },
        { "one source and one port each", Of(Enumerable.Range(0, 1000).Select(i => Rule(i, $"{Host(i)}", null, (ushort)(1 + (2 * i))))) },
        { "500 ports, 500 sources", Of(Enumerable.Range(0, 1000).Select(i => i < 500 ? Rule(i, null, null, (ushort)(1 + (2 * i))) : Rule(i, $"{Host(i)}"))) },
        { "1000 sources, destinations and ports", Of(Enumerable.Range(0, 1000).Select(i => Rule(i, $"{Host(i)}", $"{Host(i + 5000)}", (ushort)(1 + (2 * i))))) },
        { "500 sources, 500 destinations", Of(Enumerable.Range(0, 1000).Select(i => i < 500 ? Rule(i, $"{Host(i)}", null, 80) : Rule(i, null, $"{Host(i)}", 443))) },
        { "ranges that overlap", Of(Enumerable.Range(0, 1000).Select(i => Rule(i, $"{Host(i)}") with { Protocol = 17, Ports = [new((ushort)(31 * i), (ushort)(31 * i + 30000))] })) },
        {
            "30,000 prefixes", Of(Enumerable.Range(0, 100).Select(i => Rule(i) with
            {
                Protocol = 6,
                Ports = [new((ushort)i, (ushort)(i + 5))],
                Sources = [.. Enumerable.Range(0, 300).Select(j => Host((i * 211) + (j * 17)))],
            }))
        },
        {
            "IPv6, nested", Of(Enumerable.Range(0, 1000).Select(i => Rule(i) with
            {
                Protocol = 6,
                Ports = [new((ushort)i, (ushort)i)],
                Sources = [IpPrefix.Of(IpAddr.V6((UInt128)0x2001_0db8u << 96 | ((UInt128)(uint)(i / 97) << 64)), 32 + (i % 97))],
            }))
        },
    };

    /// <summary>The stated time is 50 ms; under load and without tiers warmed up a multiple of it must not fail a build.</summary>
    [Theory]
    [MemberData(nameof(Large), DisableDiscoveryEnumeration = true)]
    public void AThousandRulesCompileAtOnce(string what, SoftGateAccessList list)
    {
        var times = new List<double>();
        CompiledAccessList compiled = null!;
        for (var i = 0; i < 5; i++)
        {
            var before = Environment.CpuUsage.TotalTime;
            compiled = Compile(list);
            times.Add((Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
        }

        output.WriteLine(
            $"{what}: first {times[0]:F1} ms, least {times.Min():F1} ms; {compiled.Cells.Length} cells, {compiled.Sources.Count}+{compiled.Destinations.Count} addresses, "
            + $"{compiled.Services.Count} services, {compiled.Octets / 1024} KiB");
        Assert.InRange(times.Min(), 0, 200);
        Assert.InRange(compiled.Octets, 0, 16 << 20);
        var maps = new AccessListMaps(compiled);
        for (var i = 0; i < 1000; i++)
        {
            var flow = new Flow(Host(i).Address, Host(i + 5000).Address, 6, (ushort)(1 + (2 * i)));
            Assert.Equal((uint)Judge(list, flow).Rule, maps.Judge(flow) & 0xffff);
        }
    }

    [Fact]
    public void SourcesOfABalancerBecomeAList()
    {
        var balancer = new SoftGateBalancer { Uid = 3, Vpc = 1, Address = IpAddr.Parse("198.51.100.1"), Protocol = 6, Ports = new(80, 80) };
        Assert.Null(SourceRanges.ListOf(balancer));
        Assert.Null(SourceRanges.ListOf(balancer with { Sources = [IpPrefix.Parse("0.0.0.0/0"), IpPrefix.Parse("::/0")] }));
        var list = SourceRanges.ListOf(balancer with { Sources = [IpPrefix.Parse("10.0.0.0/8"), IpPrefix.Parse("10.0.0.0/8")] });
        var maps = new AccessListMaps(Compile(list!));
        var flow = new Flow(IpAddr.Parse("10.1.1.1"), balancer.Address, 6, 80);
        Assert.Equal(Permit | 1, maps.Judge(flow));
        Assert.Equal(0u, maps.Judge(flow with { Source = IpAddr.Parse("11.1.1.1") }));
        Assert.Equal(0u, maps.Judge(flow with { Source = IpAddr.Parse("2001:db8::1"), Destination = IpAddr.Parse("2001:db8::2") }));
    }

    private static SoftGateAccessList Of(IEnumerable<SoftGateAccessRule> rules) => new() { Uid = 1, Name = "list", Rules = [.. rules] };

    private static IpPrefix Host(int i) => IpPrefix.Host(IpAddr.V4(0x0a000000u + (uint)i));

    private static SoftGateAccessRule Rule(int number, string? source = null, string? destination = null, ushort? port = null) => new()
    {
        Number = number,
        Permit = true,
        Sources = source is null ? [] : [IpPrefix.Parse(source)],
        Destinations = destination is null ? [] : [IpPrefix.Parse(destination)],
        Protocol = port is null ? null : 6,
        Ports = port is { } one ? [new(one, one)] : [],
    };
}
