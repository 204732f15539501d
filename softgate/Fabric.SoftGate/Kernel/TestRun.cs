namespace Fabric.SoftGate.Kernel;

/// <summary>Verdicts of XDP programs.</summary>
public enum XdpVerdict
{
    /// <summary>The program has failed.</summary>
    Aborted = 0,

    /// <summary>Dropped.</summary>
    Drop = 1,

    /// <summary>To the kernel.</summary>
    Pass = 2,

    /// <summary>Out where it came in.</summary>
    Transmit = 3,

    /// <summary>Out of another port.</summary>
    Redirect = 4,
}

/// <summary>What a program has made of a packet.</summary>
/// <param name="Verdict">Its verdict.</param>
/// <param name="Packet">The packet afterwards.</param>
public sealed record TestRunResult(XdpVerdict Verdict, byte[] Packet);

/// <summary>Runs programs in the kernel on packets from memory (BPF_PROG_TEST_RUN): no interface carries them.</summary>
public static unsafe class TestRun
{
    // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
    private const int ContextWords = 6;

    /// <summary>Runs an XDP program once on one packet.</summary>
    /// <param name="dataPath">The loaded object.</param>
    /// <param name="program">Name of the program.</param>
    /// <param name="packet">The frame; at least 14 octets.</param>
    /// <param name="ifindex">Interface that it comes in from, of the calling thread's network namespace.</param>
    /// <exception cref="KernelException">The kernel has refused the run.</exception>
    public static TestRunResult Xdp(DataPathObject dataPath, string program, ReadOnlySpan<byte> packet, uint ifindex)
    {
        var output = new byte[packet.Length + 512];
        var (verdict, length) = Xdp(dataPath, program, packet, ifindex, output);
        return new(verdict, output.AsSpan(0, length).ToArray());
    }

    /// <summary>Runs an XDP program once on one packet, without allocating.</summary>
    /// <param name="dataPath">The loaded object.</param>
    /// <param name="program">Name of the program.</param>
    /// <param name="packet">The frame; at least 14 octets.</param>
    /// <param name="ifindex">Interface that it comes in from, of the calling thread's network namespace.</param>
    /// <param name="output">Gets the packet afterwards; a packet may grow by some hundred octets.</param>
    /// <returns>The verdict, and octets of the packet afterwards.</returns>
    /// <exception cref="KernelException">The kernel has refused the run.</exception>
    public static (XdpVerdict Verdict, int Length) Xdp(DataPathObject dataPath, string program, ReadOnlySpan<byte> packet, uint ifindex, Span<byte> output)
    {
        var context = stackalloc uint[ContextWords];
        new Span<uint>(context, ContextWords).Clear();
        context[1] = (uint)packet.Length;
        context[3] = ifindex;
        fixed (byte* data = packet)
        fixed (byte* dataOut = output)
        {
            var options = new LibBpf.TestRunOptions
            {
                Size = (nuint)sizeof(LibBpf.TestRunOptions),
                DataIn = data,
                DataSizeIn = (uint)packet.Length,
                DataOut = dataOut,
                DataSizeOut = (uint)output.Length,
                ContextIn = context,
                ContextSizeIn = ContextWords * sizeof(uint),
                Repeat = 1,
            };
            var error = LibBpf.TestRun(dataPath.ProgramDescriptor(program), &options);
            if (error != 0)
            {
                throw new KernelException($"cannot run {program} on a packet of {packet.Length} octets", -error);
            }

            return ((XdpVerdict)options.ReturnValue, (int)options.DataSizeOut);
        }
    }

    /// <summary>Runs a program that is no packet's (section "syscall").</summary>
    /// <returns>What it returns.</returns>
    /// <exception cref="KernelException">The kernel has refused the run.</exception>
    public static uint Syscall(DataPathObject dataPath, string program)
    {
        var options = new LibBpf.TestRunOptions { Size = (nuint)sizeof(LibBpf.TestRunOptions) };
        var error = LibBpf.TestRun(dataPath.ProgramDescriptor(program), &options);
        return error == 0 ? options.ReturnValue : throw new KernelException($"cannot run {program}", -error);
    }

    /// <summary>Runs a program that is no packet's on a structure.</summary>
    /// <returns>What it returns.</returns>
    /// <exception cref="KernelException">The kernel has refused the run.</exception>
    internal static uint Syscall<T>(DataPathObject dataPath, string program, in T context)
        where T : unmanaged
    {
        fixed (T* c = &context)
        {
            var options = new LibBpf.TestRunOptions { Size = (nuint)sizeof(LibBpf.TestRunOptions), ContextIn = c, ContextSizeIn = (uint)sizeof(T) };
            var error = LibBpf.TestRun(dataPath.ProgramDescriptor(program), &options);
            return error == 0 ? options.ReturnValue : throw new KernelException($"cannot run {program}", -error);
        }
    }
}
