using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Fabric.Bgp.Tests.Interop;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Transport.Unnumbered;

/// <summary>Two network namespaces with a link between them, eth1 on both ends; gone with all that runs in them when disposed.</summary>
internal sealed class NamespacePair : IDisposable
{
    public const string Interface = "eth1";

    private const int CloneNewNet = 0x40000000;
    private static int _next;

    public NamespacePair()
    {
        var name = $"fbgp{Environment.ProcessId}-{Interlocked.Increment(ref _next)}";
        (A, B) = ($"{name}a", $"{name}b");
        try
        {
            Ip("netns", "add", A);
            Ip("netns", "add", B);
            Ip("link", "add", "name", Interface, "netns", A, "type", "veth", "peer", "name", Interface, "netns", B);
            foreach (var ns in (string[])[A, B])
            {
                // No duplicate address detection: addresses are there at once.
                In(ns, static () => File.WriteAllText($"/proc/sys/net/ipv6/conf/{Interface}/accept_dad", "0"));
                Ip("-n", ns, "link", "set", "lo", "up");
                Ip("-n", ns, "link", "set", Interface, "up");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string A { get; }

    public string B { get; }

    /// <summary>Runs something on a thread that is inside a namespace; sockets made there stay there.</summary>
    public static T In<T>(string ns, Func<T> run)
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

    public static void In(string ns, Action run) => In(ns, () =>
    {
        run();
        return 0;
    });

    /// <summary>The link-local address of an end; waits until it is there.</summary>
    public static async Task<IpAddr> LinkLocalAsync(string ns)
    {
        IpAddr? found = null;
        await Eventually.True(
            () =>
            {
                using var json = JsonDocument.Parse(Ip("-j", "-n", ns, "-6", "addr", "show", "dev", Interface, "scope", "link"));
                found = json.RootElement.EnumerateArray()
                    .Where(static i => i.TryGetProperty("addr_info", out _))
                    .SelectMany(static i => i.GetProperty("addr_info").EnumerateArray())
                    .Where(static a => a.TryGetProperty("local", out _) && !a.TryGetProperty("tentative", out _))
                    .Select(static a => (IpAddr?)IpAddr.Parse(a.GetProperty("local").GetString()!))
                    .FirstOrDefault();
                return found is not null;
            },
            "a link-local address");
        return found!.Value;
    }

    public static string Ip(params string[] arguments) => Daemon.Run("ip", arguments);

    public void Dispose()
    {
        foreach (var ns in (string[])[A, B])
        {
            if (File.Exists($"/run/netns/{ns}"))
            {
                Ip("netns", "del", ns);
            }
        }
    }

#pragma warning disable SYSLIB1054
    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNs(int fd, int kind);
#pragma warning restore SYSLIB1054
}
