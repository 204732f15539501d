using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>What is asked of the machine for the calling thread: its core, its priority, its network namespace.</summary>
internal static unsafe partial class Machine
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET

    /// <summary>Keeps the thread on the last core, before what else wants to run there.</summary>
    internal static void UseOneCore()
    {
        var mask = 1UL << ((Environment.ProcessorCount - 1) & 63);
        Check(SetAffinity(0, sizeof(ulong), &mask), "sched_setaffinity");
        _ = SetPriority(0, ThreadId(), -20); // Refused in some containers: then as it is.
    }

    /// <summary>Moves the thread into a network namespace of its own, which goes with the last that holds it.</summary>
    internal static SafeFileHandle EnterNewNetwork()
    {
        Check(Unshare(NewNetwork), "unshare");
        return File.OpenHandle("/proc/thread-self/ns/net");
    }

    internal static void Enter(SafeFileHandle network) => Check(SetNamespace((int)network.DangerousGetHandle(), NewNetwork), "setns");

    /// <summary>Index of an interface of the thread's namespace.</summary>
    internal static uint InterfaceIndex(string name) => NameToIndex(name) is var index and not 0 ? index : throw new InvalidOperationException($"no interface {name}");

    /// <summary>Writes a setting of the thread's namespace.</summary>
    internal static void Sysctl(string name, long value) =>
        File.WriteAllText($"/proc/sys/{name.Replace('.', '/')}", value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Packets that an interface of the thread's namespace has received.</summary>
    internal static long ReceivedPackets(string name)
    {
        foreach (var line in File.ReadLines("/proc/thread-self/net/dev"))
        {
            if (line.AsSpan().TrimStart().StartsWith($"{name}:"))
            {
                return long.Parse(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            }
        }

        throw new InvalidOperationException($"no interface {name}");
    }

    /// <summary>Runs a program in the thread's namespace.</summary>
    internal static void Run(string program, string arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {arguments}: {errors.GetAwaiter().GetResult()}");
        }
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nint size, ulong* mask);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int fd, int kind);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint NameToIndex(string name);
}
