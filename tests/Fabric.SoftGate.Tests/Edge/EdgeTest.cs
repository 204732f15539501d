using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Fuzz;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Tests.Edge;

/// <summary>A small world with packets going through it, one a test.</summary>
public abstract class EdgeTest : IDisposable
{
    private World? _world;

    private protected World World => _world ??= new World(Sizes);

    private protected IReadOnlyDictionary<string, uint>? Sizes { get; init; }

    private protected static byte[] Data(int length) => [.. Enumerable.Range(0, length).Select(static i => (byte)(i * 7))];

    /// <summary>Runs a frame that must be dropped for a reason.</summary>
    private protected void Drops(Counter reason, byte[] frame)
    {
        var before = World.Count(reason);
        var (verdict, _) = World.Run(frame);
        Assert.Equal((XdpVerdict.Drop, before + 1), (verdict, World.Count(reason)));
    }

    /// <summary>Runs a frame that must leave, with all checksums right; copies what leaves.</summary>
    private protected byte[] Leaves(byte[] frame, XdpVerdict by = XdpVerdict.Redirect)
    {
        var counters = string.Join(", ", Enum.GetValues<Counter>().Where(static c => c != Counter.Count).Select(c => (c, World.Count(c))).Where(static c => c.Item2 != 0));
        var (verdict, output) = World.Run(frame);
        var result = output.ToArray();
        if (verdict != by)
        {
            var now = string.Join(", ", Enum.GetValues<Counter>().Where(static c => c != Counter.Count).Select(c => (c, World.Count(c))).Where(static c => c.Item2 != 0));
            Assert.Fail($"{verdict}; counters before {counters}; now {now}");
        }

        Assert.Null(Dissected.Of(result).WrongChecksum());
        return result;
    }

    /// <summary>The (inner) IP packet of a frame.</summary>
    private protected static byte[] Packet(byte[] frame)
    {
        var parts = Dissected.Of(frame);
        return parts.Data.Slice(parts.Network, parts.Length).ToArray();
    }

    /// <summary>The (inner) IP packet as it was before it was routed once.</summary>
    private protected static byte[] Unrouted(byte[] packet)
    {
        var copy = packet.ToArray();
        if (copy[0] >> 4 == 4)
        {
            copy[8]++;
            copy[10] = copy[11] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(10), (ushort)~Octets.Sum(copy.AsSpan(0, 20)));
        }
        else
        {
            copy[7]++;
        }

        return copy;
    }

    /// <summary>What the agent is told meanwhile: kind, V-Net, and the rest of the record.</summary>
    private protected List<(EventKind Kind, uint VNet, byte[] Record)> Events()
    {
        var events = new List<(EventKind, uint, byte[])>();
        using var reader = new EventReader(World.DataPath, "events", record =>
            events.Add(((EventKind)MemoryMarshal.Read<uint>(record), MemoryMarshal.Read<uint>(record[4..]), record.ToArray())));
        reader.Consume();
        return [.. events.Where(static e => e.Item1 is EventKind.Neighbor or EventKind.Resolve)];
    }

    public void Dispose()
    {
        _world?.Dispose();
        GC.SuppressFinalize(this);
    }
}
