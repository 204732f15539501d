using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Health;

/// <summary>
/// The network namespace that health checks dial from: one link, to the data path, and routes to nothing but the addresses that stand for back
/// ends. It has no name and is gone with the process, in whatever way that ends.
/// </summary>
internal sealed class ProbeNamespace : IDisposable
{
    /// <summary>The interface of the node where probes come out.</summary>
    internal const string Port = "fabric-probe";

    private const string Inside = "probe";
    private const string PortMac = "02:fa:b0:00:00:01";
    private const string InsideMac = "02:fa:b0:00:00:02";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    private ProbeNamespace()
    {
        _thread = new Thread(() =>
        {
            foreach (var action in _work.GetConsumingEnumerable())
            {
                action();
            }
        })
        { Name = "probes", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Sources of probes; the data path must lead to them, each by itself, on <see cref="Port"/>.</summary>
    internal static IReadOnlyList<IpAddr> Sources { get; } = [IpAddr.Parse("169.254.224.2"), IpAddr.Parse("fd00:0:0:1::2")];

    /// <summary>Makes the namespace and its link, whose end in this namespace is up then. What an earlier process has left is removed.</summary>
    /// <exception cref="KernelException">The kernel has refused.</exception>
    /// <exception cref="IOException">The link could not be made; says why.</exception>
    internal static ProbeNamespace Open()
    {
        Ip($"link del {Port}", mayFail: true);
        var made = new ProbeNamespace();
        try
        {
            made.Do(() =>
            {
                const int newNetwork = 0x40000000;
                if (LibC.Unshare(newNetwork) != 0)
                {
                    throw KernelException.Last("cannot make the namespace for health checks");
                }

                Ip($"""
                    link set lo up
                    link add {Port} address {PortMac} netns /proc/{Environment.ProcessId}/ns/net type veth peer name {Inside} address {InsideMac}
                    """);

                // XDP sees whole checksums without transmit offloads; what XDP sends is received with GRO only.
                const uint setTransmitChecksum = 0x17, setGro = 0x2c;
                SetOffload(setTransmitChecksum, on: false);
                SetOffload(setGro, on: true);

                // An answer to anything else has no way back.
                File.WriteAllText("/proc/sys/net/ipv4/conf/all/rp_filter", "1");
                Ip($"""
                    link set {Inside} up
                    addr add {Sources[0]}/32 dev {Inside}
                    addr add {Sources[1]}/128 dev {Inside} nodad
                    neigh add 169.254.224.1 lladdr {PortMac} dev {Inside} nud permanent
                    neigh add fe80::1 lladdr {PortMac} dev {Inside} nud permanent
                    route add 10.0.0.0/8 via 169.254.224.1 dev {Inside} onlink
                    route add fd00::/96 via fe80::1 dev {Inside}
                    """);
                return 0;
            });
            Ip($"""
                link set {Port} up
                neigh add {Sources[0]} lladdr {InsideMac} dev {Port} nud permanent
                neigh add {Sources[1]} lladdr {InsideMac} dev {Port} nud permanent
                route add {Sources[0]}/32 dev {Port}
                route add {Sources[1]}/128 dev {Port}
                """);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>A TCP socket of the namespace.</summary>
    /// <exception cref="SocketException">There is none to be had.</exception>
    internal Socket NewSocket(AddressFamily family) => Do(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    /// <summary>Does something on the thread that is in the namespace.</summary>
    private T Do<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _work.Add(() =>
            {
                try
                {
                    result.SetResult(function());
                }
#pragma warning disable CA1031 // Whatever it is, the caller gets it.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    result.SetException(e);
                }
            });
        }
        catch (InvalidOperationException e)
        {
            throw new OperationCanceledException("the agent has ended", e);
        }

        return result.Task.GetAwaiter().GetResult();
    }

    /// <summary>ethtool's switches of the inner end.</summary>
    private static unsafe void SetOffload(uint command, bool on)
    {
        const nuint ethtool = 0x8946;
        const int nameLength = 16;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        // struct ethtool_value: command, data. struct ifreq: name, pointer.
        var value = stackalloc uint[] { command, on ? 1u : 0u };
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        Encoding.ASCII.GetBytes(Inside, new Span<byte>(request, nameLength));
        *(void**)(request + nameLength) = value;
        if (LibC.Control((int)socket.Handle, ethtool, request) != 0)
        {
            throw KernelException.Last("cannot set the offloads of the link for health checks");
        }
    }

    /// <summary>Runs iproute2 in the calling thread's namespace, a command a line.</summary>
    private static void Ip(string commands, bool mayFail = false)
    {
        var start = new ProcessStartInfo("ip", ["-batch", "-"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.WriteLine(commands);
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new IOException("ip does not end");
            }

            if (process.ExitCode != 0 && !mayFail)
            {
                throw new IOException($"ip: {error.Result.Trim().ReplaceLineEndings("; ")}");
            }
        }
        catch (Win32Exception e)
        {
            throw new IOException($"ip (iproute2) cannot be run: {e.Message}", e);
        }
    }
}
