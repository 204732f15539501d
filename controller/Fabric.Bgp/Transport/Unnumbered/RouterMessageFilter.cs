using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fabric.Bgp.Transport.Unnumbered;

/// <summary>Lets a raw ICMPv6 socket hear only router solicitations and advertisements with hop limit 255, by a filter in the kernel.</summary>
internal static class RouterMessageFilter
{
    private const int SoAttachFilter = 26;
    private const ushort LoadByte = 0x30;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;

    /// <summary>Offset of the network header for a filter that else begins at the ICMPv6 header (SKF_NET_OFF).</summary>
    private const uint NetworkHeader = 0xfff00000;

    private const uint HopLimitOffset = 7;

    private static readonly Instruction[] Program =
    [
        new(LoadByte, 0, 0, NetworkHeader + HopLimitOffset),
        new(JumpIfEqual, 0, 4, RouterAdvertisement.RequiredHopLimit),
        new(LoadByte, 0, 0, 0),
        new(JumpIfEqual, 1, 0, RouterAdvertisement.SolicitationType),
        new(JumpIfEqual, 0, 1, RouterAdvertisement.AdvertisementType),
        new(Return, 0, 0, ushort.MaxValue),
        new(Return, 0, 0, 0),
    ];

    public static void Attach(Socket socket)
    {
        // struct sock_fprog: length 2, padding, pointer to the instructions.
        var pinned = GCHandle.Alloc(Program, GCHandleType.Pinned);
        try
        {
            var description = new byte[2 * nint.Size];
            MemoryMarshal.Write(description, (ushort)Program.Length);
            MemoryMarshal.Write(description.AsSpan(nint.Size), pinned.AddrOfPinnedObject());
            socket.SetRawSocketOption(LinuxSocket.SolSocket, SoAttachFilter, description);
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);
}
