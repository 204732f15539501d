using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>The kernel has refused a call; the message says which and why.</summary>
public sealed class KernelException : Exception
{
    /// <summary>An exception for a call and its error number.</summary>
    /// <param name="what">What was asked for.</param>
    /// <param name="errno">Positive error number.</param>
    /// <param name="detail">More, such as the log of the verifier; empty: nothing.</param>
    public KernelException(string what, int errno, string detail = "")
        : base($"{what}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})" + (detail.Length == 0 ? "" : Environment.NewLine + detail))
    {
        Errno = errno;
    }

    /// <summary>Error number, positive.</summary>
    public int Errno { get; }

    /// <summary>For calls that leave the number in errno.</summary>
    internal static KernelException Last(string what) => new(what, Marshal.GetLastPInvokeError());
}

/// <summary>Error numbers of Linux that we tell apart.</summary>
internal static class Errno
{
    internal const int NoEntry = 2;
    internal const int NoMemory = 12;
    internal const int Busy = 16;
    internal const int Exists = 17;
    internal const int NoSpace = 28;
    internal const int TooBig = 7;
}
