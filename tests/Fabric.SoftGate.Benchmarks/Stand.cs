using System.Globalization;
using System.Text;
using Fabric.SoftGate.Benchmarks.Generator;
using Fabric.SoftGate.Kernel;
using Microsoft.Win32.SafeHandles;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>A port of what is measured: a pair of interfaces. Frames go in and come out at its outer end.</summary>
/// <param name="Name">Its name; the inner end is called so, the outer one has an "x" behind.</param>
/// <param name="Subnet">First 24 bits of its addresses: .1 is the inner end, .2 the outer one.</param>
internal sealed record Port(string Name, uint Subnet)
{
    internal string Outer => Name + "x";

    internal uint Inside => Subnet | 1;

    internal uint Outside => Subnet | 2;

    internal byte[] InsideMac => [2, 0, 0, 1, (byte)(Subnet >> 16), 1];

    internal byte[] OuterMac => [2, 0, 0, 1, (byte)(Subnet >> 16), 2];

    /// <summary>MAC of the neighbour whose frames the generator makes: not the outer end's own, so that its kernel does not take what comes out.</summary>
    internal byte[] OutsideMac => [2, 0, 0, 1, (byte)(Subnet >> 16), 3];

    internal uint InsideIndex => Machine.InterfaceIndex(Name);

    internal uint OutsideIndex => Machine.InterfaceIndex(Outer);
}

/// <summary>What is measured, in a network namespace of its own, with the generator and the sink around it.</summary>
internal abstract class Stand : IDisposable
{
    /// <summary>Frames that the generator makes before it lets the other ends work: what a port's poll takes at once.</summary>
    private const uint Batch = 64;

    /// <summary>The port for plain frames of a V-Net, the one to the outside, the one to the fabric.</summary>
    internal static readonly Port VNet = new("vnet", 0x64420000), Public = new("public", 0x64400000), Underlay = new("underlay", 0x64410000);

    private readonly SafeFileHandle _network;
    private readonly List<XdpAttachment> _sinks = [];
    private uint _frames;

    protected Stand(uint frames)
    {
        _network = Machine.EnterNewNetwork();
        Tools = DataPathObject.Load(new()
        {
            ObjectFile = Path.Combine(AppContext.BaseDirectory, "generator.bpf.o"),
            Sizes = new Dictionary<string, uint> { ["frames"] = frames, ["seen"] = frames },
        });
        Machine.Sysctl("net.ipv4.conf.all.rp_filter", 0);
        Machine.Sysctl("net.ipv4.conf.default.rp_filter", 0);
        Machine.Sysctl("net.ipv4.ip_forward", 1);
        Machine.Sysctl("net.ipv6.conf.all.disable_ipv6", 1);
        Machine.Sysctl("net.ipv6.conf.default.disable_ipv6", 1);
        var batch = new StringBuilder("link set lo up\n");
        foreach (var port in new[] { VNet, Public, Underlay })
        {
            batch.Append(CultureInfo.InvariantCulture, $"link add {port.Name} address {Mac(port.InsideMac)} type veth peer name {port.Outer} address {Mac(port.OuterMac)}\n")
                .Append(CultureInfo.InvariantCulture, $"link set {port.Name} up\nlink set {port.Outer} up\n")
                .Append(CultureInfo.InvariantCulture, $"addr add {Text(port.Inside)}/24 dev {port.Name}\n")
                .Append(CultureInfo.InvariantCulture, $"neigh add {Text(port.Outside)} lladdr {Mac(port.OutsideMac)} dev {port.Name} nud permanent\n");
        }

        batch.Append(CultureInfo.InvariantCulture, $"route add default via {Text(Public.Outside)}\n");
        Machine.Run("ip", "-batch -", batch.ToString());
    }

    /// <summary>TTL of what comes out.</summary>
    protected virtual byte Ttl => Frame.Ttl - 1;

    /// <summary>Generator, sink and the frames of both.</summary>
    internal DataPathObject Tools { get; }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        Unsink();
        Tools.Dispose();
        _network.Dispose();
    }

    internal static string Mac(byte[] mac) => string.Join(':', mac.Select(o => o.ToString("x2", CultureInfo.InvariantCulture)));

    internal static string Text(uint address) => $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";

    /// <summary>Flows that go in at a port, plain or in VXLAN.</summary>
    /// <param name="flows">As they go in, all in the same headers.</param>
    /// <param name="into">The port where they go in.</param>
    /// <param name="outOf">The port where they come out.</param>
    /// <param name="envelope">The headers around them.</param>
    /// <param name="wrong">What is wrong with a flow as it came out, of the one with that number; null: nothing.</param>
    internal Cell Add(IReadOnlyList<Flow> flows, Port into, Port outOf, Envelope envelope, Func<int, Flow, string?> wrong)
    {
        Enter();
        var keys = new uint[flows.Count];
        var frames = new FrameOctets[flows.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = _frames + (uint)i;
            Frame.Write(frames[i], flows[i], envelope);
        }

        Tools.Map<uint, FrameOctets>("frames").SetMany(keys, frames);
        var cell = new Cell(this, _frames, flows.Count, flows[0].Vni == 0 ? "generate_plain" : "generate_vxlan", into, outOf, wrong);
        _frames += (uint)flows.Count;
        return cell;
    }

    internal void Enter() => Machine.Enter(_network);

    /// <summary>Lets so many frames of a cell pass. Nanoseconds a frame.</summary>
    /// <exception cref="BenchmarkException">Not as many have come out as went in.</exception>
    internal double Run(Cell cell, long packets, TimeProvider time)
    {
        const uint loopback = 1;
        Enter();
        Tools.Map<uint, GeneratorState>("generator").Set(0, new()
        {
            Next = cell.First,
            First = cell.First,
            End = cell.First + (uint)cell.Count,
            Ifindex = cell.Into.OutsideIndex,
            Onwards = cell.OutOf.InsideIndex,
        });
        var goal = Arrived(cell) + packets;
        var passed = LiveFrames.Run(Tools, cell.Program, cell.Program == "generate_plain" ? Frame.Plain : Frame.Vxlan, packets, Batch);

        // What is left of the last batch waits for a thread of the kernel, or for us to pass by.
        var begin = time.GetTimestamp();
        while (Arrived(cell) < goal && time.GetElapsedTime(begin) < TimeSpan.FromSeconds(1))
        {
            TestRun.Xdp(Tools, "pass_on", new byte[Frame.Plain], loopback);
        }

        var missing = goal - Arrived(cell);
        return missing == 0 ? passed : throw new BenchmarkException($"of {packets} packets {missing} are missing{Why()}");
    }

    /// <summary>Lets each flow of a cell send one packet, and looks at each that comes out. The flows as they came out.</summary>
    /// <exception cref="BenchmarkException">A packet is missing or wrong.</exception>
    internal Flow[] Prove(Cell cell, TimeProvider time)
    {
        Sink();
        Tools.Map<uint, Sink>("sink").Set(0, new() { Keep = 1 });
        cell.FirstNanoseconds = Run(cell, cell.Count, time);
        var sink = ReadSink();
        cell.Digest = sink.Digest;
        Tools.Map<uint, Sink>("sink").Set(0, default);
        var flows = new Flow[cell.Count];
        var all = new HashSet<Flow>(cell.Count);
        for (var i = 0; i < cell.Count; i++)
        {
            Tools.Map<uint, Seen>("seen").TryGet((uint)i, out var seen);
            var flow = Frame.Read(((ReadOnlySpan<byte>)seen.Octets)[..(int)Math.Min(seen.Length, 128)], Ttl, out var why);
            why = flow is { } read ? cell.Wrong(i, read) ?? (all.Add(read) ? "" : "two flows have become one") : why;
            if (why.Length > 0)
            {
                throw new BenchmarkException($"packet {i} came out wrong: {why} ({flow})");
            }

            flows[i] = flow!.Value;
        }

        Unsink();
        return flows;
    }

    /// <summary>Nanoseconds a packet, over whole rounds through all flows.</summary>
    /// <exception cref="BenchmarkException">A packet is missing or wrong.</exception>
    internal abstract double Measure(Cell cell, long packets, TimeProvider time);

    /// <summary>Packets that came out since the beginning.</summary>
    protected abstract long Arrived(Cell cell);

    /// <summary>Says more of packets that are missing.</summary>
    protected virtual string Why() => "";

    protected Sink ReadSink()
    {
        Tools.Map<uint, Sink>("sink").TryGet(0, out var sink);
        return sink;
    }

    /// <summary>Puts the sink at the outer ends.</summary>
    protected void Sink()
    {
        Enter();
        if (_sinks.Count == 0)
        {
            foreach (var port in new[] { VNet, Public, Underlay })
            {
                _sinks.Add(XdpAttachment.Attach(Tools, "take", port.OutsideIndex, pin: null));
            }
        }
    }

    /// <summary>Takes the sink away, where the way is measured without.</summary>
    protected virtual void Unsink()
    {
        _sinks.ForEach(s => s.Dispose());
        _sinks.Clear();
    }
}

/// <summary>Something to measure: flows through a stand.</summary>
internal sealed class Cell(Stand stand, uint first, int count, string program, Port into, Port outOf, Func<int, Flow, string?> wrong)
{
    internal Stand Stand { get; } = stand;

    internal uint First { get; } = first;

    internal int Count { get; } = count;

    internal string Program { get; } = program;

    internal Port Into { get; } = into;

    internal Port OutOf { get; } = outOf;

    internal Func<int, Flow, string?> Wrong { get; } = wrong;

    /// <summary>Nanoseconds a packet, one figure a round.</summary>
    internal List<double> Rounds { get; } = [];

    /// <summary>Nanoseconds a packet in the quietest round: what others do on the machine only adds.</summary>
    internal double Nanoseconds => Rounds.Min();

    /// <summary>In the round in the middle.</summary>
    internal double MedianNanoseconds => Rounds.Order().ElementAt(Rounds.Count / 2);

    /// <summary>Nanoseconds for the first packet of each flow, with what a first packet needs.</summary>
    internal double FirstNanoseconds { get; set; }

    /// <summary>What the sink adds up for one packet of each flow.</summary>
    internal ulong Digest { get; set; }
}

/// <summary>A measurement that means nothing.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);

/// <summary>A stand that is XDP from end to end: each packet that is measured is added up by the sink.</summary>
internal abstract class XdpStand(uint frames) : Stand(frames)
{
    internal override double Measure(Cell cell, long packets, TimeProvider time)
    {
        var rounds = (packets + cell.Count - 1) / cell.Count;
        Sink();
        Tools.Map<uint, Sink>("sink").Set(0, default);
        var result = Run(cell, rounds * cell.Count, time);
        return ReadSink().Digest == unchecked(cell.Digest * (ulong)rounds) ? result : throw new BenchmarkException("packets have changed on the way since they were looked at");
    }

    protected override long Arrived(Cell cell) => (long)ReadSink().Packets;
}

/// <summary>The limit: from port to port without a look.</summary>
internal sealed class BareStand : XdpStand
{
    private readonly List<XdpAttachment> _attachments = [];

    internal BareStand(uint frames)
        : base(frames)
    {
        foreach (var port in new[] { VNet, Underlay })
        {
            _attachments.Add(XdpAttachment.Attach(Tools, "pass_on", port.InsideIndex, pin: null));
        }

        // A port takes redirected frames when its other end has a program.
        Sink();
    }

    protected override byte Ttl => Frame.Ttl;

    public override void Dispose()
    {
        _attachments.ForEach(a => a.Dispose());
        base.Dispose();
    }
}
