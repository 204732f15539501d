namespace Fabric.SoftGate.Benchmarks;

/// <summary>How much is measured.</summary>
internal sealed record BenchmarkSize
{
    /// <summary>Times that all is measured, one row after the other.</summary>
    internal int Rounds { get; init; } = 9;

    /// <summary>Packets of a row in a round, at least; whole rounds through its flows.</summary>
    internal long Packets { get; init; } = 200_000;

    /// <summary>Numbers of rules that are compared.</summary>
    internal int[] Rules { get; init; } = [10, 1_000, 100_000];

    /// <summary>Numbers of VPCs that are compared.</summary>
    internal int[] Vpcs { get; init; } = [1_000, 100_000, 1_000_000];

    /// <summary>Sessions of the row with many of them.</summary>
    internal int Sessions { get; init; } = 1_000_000;

    /// <summary>Rows whose name has none of these are left out; empty: all.</summary>
    internal string[] Only { get; init; } = [];

    /// <summary>Whether the column of VXLAN is left out: for profiles.</summary>
    internal bool PlainOnly { get; init; }

    internal static BenchmarkSize Quick { get; } = new() { Rounds = 3, Packets = 20_000, Rules = [1_000], Vpcs = [1_000], Sessions = 20_000 };
}

/// <summary>All rows: built, each proved right, measured in turns.</summary>
internal sealed class Benchmark : IDisposable
{
    private const int Flows = 2_000;
    private const int FlowsPerHost = 16;
    private const uint Clients = 0xc6120000; // 198.18.0.0

    private readonly BenchmarkSize _size;
    private readonly TimeProvider _time;
    private readonly TextWriter _log;
    private readonly List<Stand> _stands = [];
    private readonly List<Row> _rows = [];
    private readonly Dictionary<string, double> _figures = [];
    private long _smallest; // octets of all maps with two VPCs

    private Benchmark(BenchmarkSize size, TimeProvider time, TextWriter log) => (_size, _time, _log) = (size, time, log);

    /// <summary>Measures and prints.</summary>
    /// <exception cref="BenchmarkException">A packet is missing or wrong.</exception>
    internal static void Run(BenchmarkSize size, TimeProvider time, TextWriter output, TextWriter log)
    {
        using var benchmark = new Benchmark(size, time, log);
        benchmark.Build();
        for (var round = 0; round < size.Rounds; round++)
        {
            foreach (var cell in benchmark._rows.SelectMany(r => r.Cells))
            {
                cell.Rounds.Add(cell.Stand.Measure(cell, size.Packets, time));
            }
        }

        foreach (var rules in size.Rules)
        {
            benchmark.Compare("source NAT", $"nftables, source NAT, {rules:N0} port forwards");
            benchmark.Compare($"{rules:N0} port forwards", $"nftables, {rules:N0} port forwards");
        }

        Report.Write(output, benchmark._rows, benchmark._figures);
    }

    public void Dispose() => _stands.ForEach(s => s.Dispose());

    private void Build()
    {
        var bare = Add(new BareStand(2 * Flows));
        var flows = SourceNatFlows(Flows, _ => 0);
        Row(
            "bare redirect",
            () => Cell(bare, flows, Stand.VNet, Stand.Public, Gate.PlainAt(Stand.VNet), (i, f) => f == flows[i] ? null : "changed"),
            () => Cell(bare, SourceNatFlows(Flows, _ => Gate.VniOf(Gate.Vxlan)), Stand.Underlay, Stand.Public, Gate.ByVxlan, (_, _) => null));
        if (Wanted("routing", "source NAT", "balancer", "VPC"))
        {
            var gate = AddGate(new());
            _smallest = gate.MemoryOfAll();
            Row("routing, no list", () => Routing(gate, Gate.Plain), null);
            Row("source NAT", () => SourceNat(gate, Gate.Plain, Flows), () => SourceNat(gate, Gate.Vxlan, Flows));
            ToServers("load balancer", gate, Balanced);
        }

        foreach (var rules in _size.Rules.Where(_ => Wanted("port forward")))
        {
            var gate = AddGate(new() { Forwards = rules, Frames = (uint)rules + (8 * Flows), Sessions = (2 * (uint)rules) + 65_536 });
            ToServers($"{rules:N0} port forwards", gate, (vpc, i) => Forwarded(vpc, i, Math.Min(10, rules)));
            if (rules > 10)
            {
                ToServers($"{rules:N0} port forwards, all of them used", gate, (vpc, i) => Forwarded(vpc, i, rules), rules, replies: false);
            }
        }

        foreach (var rules in _size.Rules.Where(_ => Wanted("list")))
        {
            var gate = AddGate(new() { ListRules = rules });
            gate.ListOnPlain();
            Row($"routing, lists of {rules:N0} rules", () => Routing(gate, Gate.Plain), () => Routing(gate, Gate.Vxlan));
        }

        foreach (var vpcs in _size.Vpcs.Where(_ => Wanted("VPC")))
        {
            var gate = AddGate(new() { Vpcs = vpcs });
            Row($"source NAT, {vpcs:N0} VPCs", () => SourceNat(gate, Gate.Plain, Flows), () => SourceNat(gate, Gate.Vxlan, Flows));
            var used = Math.Min(vpcs - 2, Flows);
            Row($"source NAT, {vpcs:N0} VPCs, {used:N0} of them used", null, () => SourceNat(gate, Gate.Vxlan, Flows, i => 3 + (int)((long)i * (vpcs - 2) / Flows)));
            _figures[$"octets a VPC, {vpcs:N0} VPCs"] = (gate.MemoryOfAll() - _smallest) / vpcs;
        }

        if (Wanted("sessions"))
        {
            var size = new GateSize { Sessions = 2 * (uint)_size.Sessions, Frames = (uint)_size.Sessions };
            var (plain, vxlan) = (AddGate(size with { Sessions6 = size.Sessions }), AddGate(size));
            Row($"source NAT, {_size.Sessions:N0} sessions", () => SourceNat(plain, Gate.Plain, _size.Sessions), () => SourceNat(vxlan, Gate.Vxlan, _size.Sessions));
            _figures[$"octets for {_size.Sessions:N0} IPv4 sessions"] = plain.MemoryOf("sessions4");
            _figures[$"octets for {_size.Sessions:N0} IPv6 sessions"] = plain.MemoryOf("sessions6");
        }

        foreach (var rules in _size.Rules.Where(_ => Wanted("nftables")))
        {
            var stands = new[] { Gate.Plain, Gate.Vxlan }.Select(vpc => Add(new KernelStand(vpc, rules, 4 * Flows))).ToArray();
            Row($"nftables, source NAT, {rules:N0} port forwards", () => SourceNat(stands[0], Gate.Plain, Flows), () => SourceNat(stands[1], Gate.Vxlan, Flows));
            ToServers($"nftables, {rules:N0} port forwards", stands, (vpc, i) => Forwarded(vpc, i, Math.Min(10, rules)));
        }
    }

    /// <summary>How many times as fast as the kernel's own path.</summary>
    private void Compare(string name, string kernel)
    {
        if (_rows.Find(r => r.Name == name) is { } ours && _rows.Find(r => r.Name == kernel) is { } its)
        {
            _figures[$"{name}: times as fast as {kernel}, plain"] = Math.Round(its.Plain!.Nanoseconds / ours.Plain!.Nanoseconds, 2);
            if (ours.Vxlan is { } vxlan)
            {
                _figures[$"{name}: times as fast as {kernel}, VXLAN"] = Math.Round(its.Vxlan!.Nanoseconds / vxlan.Nanoseconds, 2);
            }
        }
    }

    private bool Wanted(params string[] names) => _size.Only.Length == 0 || names.Any(n => _size.Only.Any(o => n.Contains(o, StringComparison.OrdinalIgnoreCase)));

    private Gate AddGate(GateSize size) => Add(new Gate(size));

    private T Add<T>(T stand)
        where T : Stand
    {
        _stands.Add(stand);
        return stand;
    }

    /// <summary>A row, each of its cells proved right.</summary>
    private void Row(string name, Func<Cell>? plain, Func<Cell>? vxlan)
    {
        if (_rows.Count > 0 && !Wanted(name))
        {
            return;
        }

        _log.WriteLine($"preparing: {name}");
        try
        {
            _rows.Add(new(name, plain?.Invoke(), _size.PlainOnly && _rows.Count > 0 ? null : vxlan?.Invoke()));
        }
        catch (BenchmarkException e)
        {
            throw new BenchmarkException($"{name}: {e.Message}");
        }
    }

    private Cell Cell(Stand stand, IReadOnlyList<Flow> flows, Port into, Port outOf, Envelope envelope, Func<int, Flow, string?> wrong)
    {
        var cell = stand.Add(flows, into, outOf, envelope, wrong);
        stand.Prove(cell, _time);
        return cell;
    }

    /// <summary>Flows of hosts of a VPC to the outside.</summary>
    private static Flow[] SourceNatFlows(int count, Func<int, int> vni) => [.. Enumerable.Range(0, count).Select(i =>
        new Flow(Gate.Hosts + 1 + (uint)(i / FlowsPerHost), (ushort)(10_000 + (i % 4)), Clients + 1 + (uint)(i / 4 % 4), 53, vni(i)))];

    private Cell SourceNat(Stand stand, int vpc, int count, Func<int, int>? vpcs = null)
    {
        var flows = SourceNatFlows(count, i => vpc == Gate.Plain ? 0 : Gate.VniOf(vpcs is null ? vpc : Gate.VNetOf(vpcs(i))));
        return Cell(stand, flows, InOf(vpc), Stand.Public, EnvelopeOf(vpc), (i, f) =>
            f.Source - Gate.Pool >= Gate.PoolAddresses || f.SourcePort < 1024 ? "not from the pool"
            : f.Destination != flows[i].Destination || f.DestinationPort != flows[i].DestinationPort ? "to somebody else"
            : f.Vni != 0 ? "in VXLAN"
            : null);
    }

    /// <summary>Flows of hosts of a VPC to hosts of another V-Net of it.</summary>
    private Cell Routing(Gate gate, int vpc)
    {
        var vni = vpc == Gate.Plain ? 0 : Gate.VniOf(vpc);
        var flows = Enumerable.Range(0, Flows).Select(i =>
            new Flow(Gate.Hosts + 1 + (uint)(i / FlowsPerHost), (ushort)(10_000 + (i % FlowsPerHost)), Gate.Routed + (uint)(i % Gate.RoutedHosts), 53, vni)).ToArray();
        return Cell(gate, flows, InOf(vpc), vpc == Gate.Plain ? Stand.Public : Stand.Underlay, EnvelopeOf(vpc), (i, f) =>
            f == flows[i] with { Vni = vpc == Gate.Plain ? 0 : Gate.VniOf(vpc + 2) } ? null : "changed");
    }

    /// <summary>A flow from outside to a public address, and what is wrong with it as it came out.</summary>
    private static (Flow Flow, Func<Flow, string?> Wrong) Forwarded(int vpc, int i, int used)
    {
        var (address, port) = Gate.ForwardOf(vpc, i % used);
        var (inside, insidePort) = Gate.BehindForward(i % used);
        var flow = new Flow(Clients + 1 + (uint)(i / 4), (ushort)(10_000 + (i % 4)), address, port);
        return (flow, f => f with { Vni = 0 } == flow with { Destination = inside, DestinationPort = insidePort } ? null : "to somebody else");
    }

    private static (Flow Flow, Func<Flow, string?> Wrong) Balanced(int vpc, int i)
    {
        var flow = new Flow(Clients + 1 + (uint)(i / 4), (ushort)(10_000 + (i % 4)), Gate.BalancedOf(vpc), 80);
        return (flow, f =>
            f.Source != flow.Source || f.SourcePort != flow.SourcePort ? "from somebody else"
            : f.Destination - Gate.Servers >= Gate.BalancedHosts || f.DestinationPort != Gate.ServerPort ? "to somebody else"
            : null);
    }

    private void ToServers(string name, Gate gate, Func<int, int, (Flow Flow, Func<Flow, string?> Wrong)> flow, int count = Flows, bool replies = true) =>
        ToServers(name, [gate, gate], flow, count, replies);

    /// <summary>Plain frames from outside to servers; with VXLAN what the servers answer, and, in a row of its own, the way to them.</summary>
    private void ToServers(string name, Stand[] stands, Func<int, int, (Flow Flow, Func<Flow, string?> Wrong)> flow, int count = Flows, bool replies = true)
    {
        Cell To(int vpc, out Flow[] came)
        {
            var flows = Enumerable.Range(0, count).Select(i => flow(vpc, i)).ToArray();
            var cell = stands[vpc - 1].Add(
                [.. flows.Select(f => f.Flow)],
                Stand.Public,
                vpc == Gate.Plain ? Stand.VNet : Stand.Underlay,
                Gate.PlainAt(Stand.Public),
                (i, f) => f.Vni != (vpc == Gate.Plain ? 0 : Gate.VniOf(vpc)) ? "in the wrong VNI" : flows[i].Wrong(f));
            came = stands[vpc - 1].Prove(cell, _time);
            return cell;
        }

        Cell? into = null;
        Row(name, () => To(Gate.Plain, out _), !replies ? null : () =>
        {
            into = To(Gate.Vxlan, out var came);
            return Cell(
                stands[1],
                [.. came.Select(f => f.Reply(Gate.VniOf(Gate.Vxlan)))],
                Stand.Underlay,
                Stand.Public,
                Gate.ByVxlan,
                (i, f) => f == flow(Gate.Vxlan, i).Flow.Reply() ? null : "not the answer");
        });
        if (into is not null)
        {
            Row($"{name}, plain in, VXLAN out", null, () => into);
        }
    }

    private static Port InOf(int vpc) => vpc == Gate.Plain ? Stand.VNet : Stand.Underlay;

    private static Envelope EnvelopeOf(int vpc) => vpc == Gate.Plain ? Gate.PlainAt(Stand.VNet) : Gate.ByVxlan;
}
