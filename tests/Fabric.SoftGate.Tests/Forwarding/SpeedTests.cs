using System.Diagnostics;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Tests.Packets;

namespace Fabric.SoftGate.Tests.Forwarding;

/// <summary>How long states take from the call to the last entry read back. Prints it; bounds are loose, since machines are shared.</summary>
[Trait("Category", "lab")]
public sealed class SpeedTests(ITestOutputHelper output)
{
    private const int Rules = 100_000;

    [Theory]
    [InlineData(1000)]
    [InlineData(1)]
    public void Many_rules_are_loaded_at_once_and_one_more_in_no_time(int vpcs)
    {
        using var gate = new Gate(new Dictionary<string, uint>
        {
            ["services"] = 1 << 18,
            ["service_addresses"] = 1 << 18,
            ["public_addresses"] = 1 << 18,
            ["prefixes"] = 1 << 18,
        });
        var state = Gate.Plain with
        {
            Vpcs = Enumerable.Range(1, vpcs).Select(i => Gate.Vpc(i) with { L3Vni = Vni.Parse($"{10000 + i}") }).ToValueList(),
            VNets = Enumerable.Range(1, vpcs).Select(i => Gate.VNet(i) with { Uid = 10_000 + i, Vni = i <= 2 ? Vni.Parse($"{5000 + i}") : Vni.Parse($"{20000 + i}") }).ToValueList(),
            Nat = Enumerable.Range(0, Rules).Select(i => Rule(i, vpcs)).ToValueList(),
        };

        // The code is compiled by a small state first, as it is in a process that has run for a while.
        gate.Apply(state with { Nat = [.. state.Nat.Take(2000)] });
        gate.Apply(Gate.Plain);
        var load = Time(() => Assert.Equal([], gate.Forwarding.Apply(state, Gate.Interfaces).Refusals));
        gate.Learn();
        var changes = new List<TimeSpan>();
        var next = state;
        for (var i = 0; i < 9; i++)
        {
            next = next with { Nat = [.. next.Nat, Rule(Rules + i, vpcs) with { Vpc = 1 }] };
            var (state2, port) = (next, (ushort)(20000 + i));
            changes.Add(Time(() =>
            {
                Assert.Equal([], gate.Forwarding.Apply(state2, Gate.Interfaces).Refusals);
                gate.Send(Node.FromOutside(Packet.TcpOf(Gate.Outside, port, state2.Nat[^1].Public[0].ToString(), state2.Nat[^1].Ports!.Value.First, Packet.Syn)));
            }));
        }

        changes.Sort();
        var verify = Time(() => Assert.Equal([], gate.Forwarding.Verify()));
        gate.Restart();
        var restart = Time(() => Assert.Equal([], gate.Forwarding.Apply(next, Gate.Interfaces).Refusals));
        Assert.InRange(gate.Forwarding.Written, 0, 1); // A hop that nobody uses any more goes.
        output.WriteLine(
            $"{Rules} rules in {vpcs} VPCs: loaded in {load.TotalMilliseconds:F0} ms; one more to its first packet in {changes[4].TotalMilliseconds:F1} ms "
            + $"(least {changes[0].TotalMilliseconds:F1}, most {changes[^1].TotalMilliseconds:F1}); verified in {verify.TotalMilliseconds:F0} ms; taken over in {restart.TotalMilliseconds:F0} ms");
        Assert.InRange(load.TotalSeconds, 0, 20);
        Assert.InRange(changes[0].TotalMilliseconds, 0, vpcs == 1 ? 2000 : 100);
    }

    [Fact]
    public void A_list_of_a_thousand_rules_changes_in_no_time()
    {
        using var gate = new Gate(new Dictionary<string, uint> { ["acl_cells"] = 1 << 23 });
        SoftGateAccessList List(int uid, int variant) => new()
        {
            Uid = uid,
            Name = $"list{uid}",
            Rules = Enumerable.Range(0, 1000).Select(i => new SoftGateAccessRule
            {
                Number = i,
                Permit = i % 3 == 0,
                Protocol = Packet.Tcp,
                Sources = [IpPrefix.Of(IpAddr.V4((uint)((i * 7919 % 256) + variant) << 16), 16)],
                Ports = [new((ushort)(i * 60), (ushort)((i * 60) + 59))],
            }).ToValueList(),
        };
        var state = Gate.Plain with
        {
            AccessLists = Enumerable.Range(1, 20).Select(i => List(i, 0)).ToValueList(),
            VNets = [Gate.VNet(1) with { IngressList = 1 }, Gate.VNet(2) with { IngressList = 2 }],
        };
        gate.Apply(state);
        var times = new List<TimeSpan>();
        for (var i = 1; i < 10; i++)
        {
            var next = state with { AccessLists = [List(1, i), .. state.AccessLists.Skip(1)] };
            times.Add(Time(() => Assert.Equal([], gate.Forwarding.Apply(next, Gate.Interfaces).Refusals)));
        }

        times.Sort();
        Assert.Equal([], gate.Forwarding.Verify());
        output.WriteLine($"one list of 1,000 rules among 20: {times[4].TotalMilliseconds:F1} ms (least {times[0].TotalMilliseconds:F1}, most {times[^1].TotalMilliseconds:F1})");
        Assert.InRange(times[0].TotalMilliseconds, 0, 500);
    }

    private static SoftGateNat Rule(int i, int vpcs) => new()
    {
        Uid = 1_000_000 + i,
        Vpc = (i % vpcs) + 1,
        Kind = SoftGateNatKind.Destination,
        Public = [IpAddr.V4(0xc6130000 + (uint)i)],
        InsideAddress = IpAddr.Parse("10.0.0.10"),
        Protocol = Packet.Tcp,
        Ports = new(443, 443),
        InsidePort = 8443,
    };

    private static TimeSpan Time(Action action)
    {
        var from = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(from);
    }
}
