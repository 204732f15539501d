using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Benchmarks.Generator;

/// <summary>struct frame of generator.c.</summary>
[InlineArray(Frame.Vxlan)]
internal struct FrameOctets
{
    private byte _value;
}

/// <summary>struct generator.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GeneratorState
{
    internal uint Next;
    internal uint First;
    internal uint End;
    internal uint Ifindex;
    internal uint Onwards;
}

[InlineArray(128)]
internal struct SeenOctets
{
    private byte _value;
}

/// <summary>struct seen.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Seen
{
    internal uint Length;
    internal uint Reserved;
    internal SeenOctets Octets;
}

/// <summary>struct sink.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Sink
{
    internal ulong Packets;
    internal ulong Digest;
    internal ulong Keep;
}
