using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>The kernel's generator: a program run on frames that are then sent in earnest (BPF_F_TEST_XDP_LIVE_FRAMES).</summary>
internal static unsafe class LiveFrames
{
    private const uint LiveFramesFlag = 1 << 1;

    /// <summary>Sends so many frames, <paramref name="batch"/> at a time. Nanoseconds a frame, without what it takes to begin and to end.</summary>
    internal static double Run(DataPathObject tools, string program, int octets, long packets, uint batch)
    {
        var frame = stackalloc byte[octets];
        var options = new LibBpf.TestRunOptions
        {
            Size = (nuint)sizeof(LibBpf.TestRunOptions),
            DataIn = frame,
            DataSizeIn = (uint)octets,
            Repeat = checked((int)packets),
            Flags = LiveFramesFlag,
            BatchSize = batch,
        };
        if (LibBpf.TestRun(tools.ProgramDescriptor(program), &options) is var error and not 0)
        {
            throw new KernelException($"cannot send live frames with {program}", -error);
        }

        return options.Duration;
    }
}
