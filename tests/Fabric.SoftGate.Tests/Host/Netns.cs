using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>Does something inside a network namespace; sockets made there stay there.</summary>
internal static partial class Netns
{
    private const int CloneNewNet = 0x40000000;

    internal static T In<T>(string ns, Func<T> run)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{ns}");
                Assert.Equal(0, SetNs((int)handle.DangerousGetHandle(), CloneNewNet));
                result = run();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNs(int fd, int kind);
}
