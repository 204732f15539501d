using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>Gets one record of a ring buffer. The memory is the kernel's and only valid during the call.</summary>
public delegate void EventHandlerSpan(ReadOnlySpan<byte> record);

/// <summary>Reads a ring buffer of the data path. For one thread.</summary>
public sealed unsafe class EventReader : IDisposable
{
    private readonly nint _ring;
    private readonly GCHandle _self;
    private readonly EventHandlerSpan _handler;
    private Exception? _failure;
    private bool _disposed;

    /// <summary>A reader of the ring buffer with a name.</summary>
    public EventReader(DataPathObject dataPath, string map, EventHandlerSpan handler)
    {
        _handler = handler;
        _self = GCHandle.Alloc(this);
        _ring = LibBpf.RingBufferNew(dataPath.MapDescriptor(map), &Receive, (void*)GCHandle.ToIntPtr(_self), 0);
        if (_ring == 0)
        {
            _self.Free();
            throw KernelException.Last($"cannot read the ring buffer {map}");
        }
    }

    /// <summary>Waits for records and hands them over.</summary>
    /// <returns>How many.</returns>
    public int Poll(TimeSpan timeout) => Result(LibBpf.RingBufferPoll(_ring, (int)timeout.TotalMilliseconds));

    /// <summary>Hands over what is there, without waiting.</summary>
    /// <returns>How many.</returns>
    public int Consume() => Result(LibBpf.RingBufferConsume(_ring));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            LibBpf.RingBufferFree(_ring);
            _self.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Receive(void* context, void* data, nuint size)
    {
        var self = (EventReader)GCHandle.FromIntPtr((nint)context).Target!;
        try
        {
            self._handler(new ReadOnlySpan<byte>(data, (int)size));
            return 0;
        }
        catch (Exception failure)
        {
            // No exception may cross into C; it is thrown again by the caller of Poll.
            self._failure = failure;
            return -1;
        }
    }

    private int Result(int count)
    {
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException("a record could not be handled", failure);
        }

        const int interrupted = -4;
        return count >= 0 ? count : count == interrupted ? 0 : throw new KernelException("cannot read a ring buffer", -count);
    }
}
