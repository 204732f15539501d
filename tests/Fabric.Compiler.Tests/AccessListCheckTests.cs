using System.Collections.Immutable;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Intent;

namespace Fabric.Compiler.Tests;

/// <summary>What a SoftGate has no room for is refused when it is written, not when a SoftGate is told.</summary>
public sealed class AccessListCheckTests
{
    /// <summary>Any of 500 sources with one port each, beside 500 destinations with one port each: 250,000 pairs times 1,000 ports.</summary>
    private static AclListSpec Large(int rules) => new()
    {
        Tenant = "acme",
        Rules = Enumerable.Range(1, rules).Select(static i => new AclRuleSpec
        {
            Number = i,
            Action = AclAction.Permit,
            Protocol = "tcp",
            Sources = i % 2 == 0 ? [Host(i)] : [],
            Destinations = i % 2 == 0 ? [] : [Host(i)],
            Ports = [new PortRange((ushort)(2 * i), (ushort)(2 * i))],
        }).ToValueList(),
    };

    private static IpPrefix Host(int number) => IpPrefix.Host(IpAddr.V4((10u << 24) + (uint)number));

    private static Evaluation Write(AclListSpec spec) => ChangeSetEvaluator.Evaluate(
        new TestFabric().Vpc("red").Snapshot, [new Change(ChangeOperation.Create, new(ResourceKind.AclList, "web"), spec)], new AccessListCheck());

    [Fact]
    public void A_list_that_compiles_to_too_much_is_refused()
    {
        Assert.True(Write(Large(20)).Accepted);
        var error = Assert.Single(Write(Large(1000)).Errors);
        Assert.Equal((ChangeErrorKind.Invalid, "/spec/rules"), (error.Kind, error.Pointer));
        Assert.Contains("classes of sources", error.Message, StringComparison.Ordinal);
        Assert.Contains("at most 2097152 are possible", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void So_is_one_that_names_too_much()
    {
        var rule = Large(1).Rules[0];
        Assert.Contains("at most 32768", Message(rule with { Sources = Enumerable.Range(0, 32_769).Select(Host).ToValueList() }), StringComparison.Ordinal);
        Assert.Contains("at most 8192", Message(rule with { Ports = Enumerable.Range(1, 8193).Select(static i => new PortRange((ushort)i, (ushort)i)).ToValueList() }), StringComparison.Ordinal);
        Assert.Contains("write it as an IPv4 prefix", Message(rule with { Destinations = [IpPrefix.Parse("::ffff:10.0.0.0/104")] }), StringComparison.Ordinal);

        static string Message(AclRuleSpec rule) => Assert.Single(Write(new AclListSpec { Tenant = "acme", Rules = [rule] }).Errors).Message;
    }

    /// <summary>The one with faults of its own is told these, and is not compiled.</summary>
    [Fact]
    public void Other_faults_come_first()
    {
        var error = Assert.Single(Write(Large(1000) with { Tenant = "ghost" }).Errors);
        Assert.Equal("/spec/tenant", error.Pointer);
    }
}
