using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Host;

/// <summary>Something that the data path has told.</summary>
internal abstract record DataPathEvent
{
    /// <summary>A host is to be resolved.</summary>
    internal sealed record Resolve(uint VNet, IpAddr Address) : DataPathEvent;

    /// <summary>A frame of ARP or neighbour discovery came to a gateway.</summary>
    internal sealed record Neighbor(uint VNet, IpAddr Vtep, byte[] Frame) : DataPathEvent;

    /// <summary>Ports of a public address have come into the hands of an inside host, or are back.</summary>
    internal sealed record Block(bool Given, IpAddr Outside, ushort FirstPort, string Protocol, uint Realm, IpAddr Inside) : DataPathEvent;

    /// <summary>A rule that logs has matched.</summary>
    internal sealed record Flow(
        uint Realm, uint List, ushort Rule, bool Permitted, byte Protocol, IpAddr Source, ushort SourcePort, IpAddr Destination, ushort DestinationPort) : DataPathEvent;

    /// <summary>Reads a record of the ring buffer.</summary>
    /// <returns>Null: one that is not for us.</returns>
    internal static DataPathEvent? Read(ReadOnlySpan<byte> record)
    {
        if (record.Length < Marshal.SizeOf<EventHeader>())
        {
            return null;
        }

        switch ((EventKind)MemoryMarshal.Read<EventHeader>(record).Kind)
        {
            case EventKind.Resolve when As<ResolveEvent>(record, out var resolve):
                return new Resolve(resolve.Header.Vnet, resolve.Address.ToIpAddr());
            case EventKind.Neighbor when As<NeighborEvent>(record, out var neighbor):
                ReadOnlySpan<byte> frame = neighbor.Frame;
                return new Neighbor(neighbor.Header.Vnet, neighbor.Vtep.ToIpAddr(), frame[..(int)Math.Min(neighbor.Length, (uint)frame.Length)].ToArray());
            case EventKind.BlockGiven or EventKind.BlockReturned when As<BlockEvent>(record, out var block):
                return new Block(
                    block.Header.Kind == (uint)EventKind.BlockGiven, block.Outside.ToIpAddr(), block.FirstPort,
                    block.Protocol switch { 0 => "tcp", 1 => "udp", _ => "icmp" }, block.Realm, block.Inside.ToIpAddr());
            case EventKind.FlowLog when As<FlowEvent>(record, out var flow):
                return new Flow(
                    flow.Realm, flow.Acl, flow.Rule, flow.Permitted != 0, flow.Protocol, flow.Source.ToIpAddr(), HostOrder(flow.SourcePort),
                    flow.Destination.ToIpAddr(), HostOrder(flow.DestinationPort));
            default:
                return null;
        }
    }

    private static ushort HostOrder(ushort port) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(port);

    private static bool As<T>(ReadOnlySpan<byte> record, out T value)
        where T : unmanaged => MemoryMarshal.TryRead(record, out value);
}

/// <summary>Reads the ring buffer of events on a thread of its own and hands them to the agent's loop, in order.</summary>
internal sealed class DataPathEvents : IDisposable
{
    private const int MostAtATime = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly EventReader _reader;
    private readonly AgentLoop _loop;
    private readonly Action<DataPathEvent> _handle;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _taken = new(1);
    private List<DataPathEvent> _read = [];
    private volatile bool _stop;

    internal DataPathEvents(DataPathObject path, AgentLoop loop, Action<DataPathEvent> handle)
    {
        (_loop, _handle) = (loop, handle);
        _reader = new EventReader(path, "events", record =>
        {
            if (DataPathEvent.Read(record) is { } read)
            {
                _read.Add(read);
            }

            if (_read.Count >= MostAtATime)
            {
                Hand();
            }
        });
        _thread = new Thread(Run) { Name = "events", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _reader.Dispose();
        _taken.Dispose();
    }

    private void Run()
    {
        while (!_stop && !_loop.Completion.IsCompleted)
        {
            _reader.Poll(Patience);
            Hand();
        }
    }

    /// <summary>Waits until the loop has taken what it got before: what is too much stays in the ring buffer, which is bounded.</summary>
    private void Hand()
    {
        if (_read.Count == 0)
        {
            return;
        }

        while (!_taken.Wait(Patience))
        {
            if (_stop || _loop.Completion.IsCompleted)
            {
                return;
            }
        }

        var read = _read;
        _read = [];
        _loop.Post(() =>
        {
            // Given back first: what throws ends the loop.
            _taken.Release();
            read.ForEach(_handle);
        });
    }
}
