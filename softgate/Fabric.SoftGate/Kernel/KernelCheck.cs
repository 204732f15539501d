using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>What a port must be able to do.</summary>
/// <param name="Name">Interface name.</param>
/// <param name="Mtu">Largest packet that it must carry, octets; 0: any.</param>
public readonly record struct NeededPort(string Name, int Mtu = 0);

/// <summary>Finds out what the machine lacks to run the data path. Loads it for that, but leaves nothing behind.</summary>
public static unsafe class KernelCheck
{
    private const int NotPermitted = 1;
    private const uint ProgramXdp = 6;
    private const uint ProgramSyscall = 31;

    // Numbers as in linux/bpf.h. Each is used by the data path or by what is generated from it.
    private static readonly (uint Number, string Name)[] ProgramTypes = [(ProgramXdp, "XDP programs"), (ProgramSyscall, "programs of type syscall (Linux 5.14)")];

    private static readonly (uint Number, string Name)[] MapTypes =
        [(1, "hash maps"), (2, "array maps"), (6, "per-CPU array maps"), (27, "ring buffers (Linux 5.8)")];

    private static readonly (uint Number, string Name)[] Helpers =
    [
        (5, "bpf_ktime_get_ns"), (7, "bpf_get_prandom_u32"), (23, "bpf_redirect"), (28, "bpf_csum_diff"), (44, "bpf_xdp_adjust_head"),
        (65, "bpf_xdp_adjust_tail"), (69, "bpf_fib_lookup"), (93, "bpf_spin_lock"), (131, "bpf_ringbuf_reserve"),
        (160, "bpf_ktime_get_coarse_ns"), (164, "bpf_for_each_map_elem"), (181, "bpf_loop"), (188, "bpf_xdp_get_buff_len"),
        (189, "bpf_xdp_load_bytes"), (190, "bpf_xdp_store_bytes"),
    ];

    private const string KernelTypes = "/sys/kernel/btf/vmlinux";

    /// <summary>What of a packet a page holds, beside the headroom and what the kernel keeps at its end.</summary>
    private const int OnePage = 3500;

    /// <summary>What is missing, a line each; empty: nothing.</summary>
    /// <param name="options">The object file, and where maps would be pinned.</param>
    /// <param name="ports">Ports that the program would be attached to.</param>
    public static IReadOnlyList<string> Run(DataPathOptions options, IReadOnlyList<NeededPort> ports)
    {
        if (!NativeLibrary.TryLoad("libbpf.so.1", out _))
        {
            return ["libbpf.so.1 is not installed (Debian and Ubuntu: package libbpf1)"];
        }

        DataPathObject.Silence();
        var missing = new List<string>();
        foreach (var (number, name) in ProgramTypes)
        {
            if (Lacks(LibBpf.ProbeProgramType(number, 0), name) is not { } lack)
            {
                continue;
            }

            missing.Add(lack);
            if (LibBpf.ProbeProgramType(number, 0) == -NotPermitted)
            {
                return missing; // The answer to everything else would be the same.
            }
        }

        missing.AddRange(MapTypes.Select(m => Lacks(LibBpf.ProbeMapType(m.Number, 0), m.Name)).OfType<string>());
        missing.AddRange(Helpers.Select(h => Lacks(LibBpf.ProbeHelper(ProgramXdp, h.Number, 0), $"the helper {h.Name} for XDP")).OfType<string>());
        if (options.PinDirectory is { } pins && !PinnedMaps.IsBpfFileSystem(Existing(pins)))
        {
            missing.Add($"no bpf file system at {Existing(pins)}: mount -t bpf bpf {(pins.StartsWith("/sys/fs/bpf", StringComparison.Ordinal) ? "/sys/fs/bpf" : Existing(pins))}");
        }

        MemoryLock(missing);
        Sysctl(missing, "net.ipv4.ip_forward", "IPv4");
        Sysctl(missing, "net.ipv6.conf.all.forwarding", "IPv6");
        Load(options, ports, missing);
        if (File.Exists(KernelTypes))
        {
            using var types = File.OpenRead(KernelTypes);
            LargePackets(types, ports, missing);
        }

        return missing;
    }

    /// <summary>
    /// Kernels before 6.3 drop what an XDP program redirects when it lies in more than one page; that a kernel can is told by the features that
    /// drivers have had since.
    /// </summary>
    /// <param name="types">The kernel's type information (BTF).</param>
    /// <param name="ports">Ports and the MTU that they need.</param>
    /// <param name="missing">Gets a line for each port that needs more.</param>
    internal static void LargePackets(Stream types, IEnumerable<NeededPort> ports, List<string> missing)
    {
        var large = ports.Where(p => p.Mtu > OnePage).ToList();
        if (large.Count > 0 && !Contains(types, "NETDEV_XDP_ACT_NDO_XMIT_SG"u8))
        {
            missing.AddRange(large.Select(p =>
                $"port {p.Name}: an MTU of {p.Mtu} needs Linux 6.3: this kernel redirects no packet in more than one page, and may lose those above {OnePage} octets"));
        }
    }

    private static bool Contains(Stream stream, ReadOnlySpan<byte> text)
    {
        var buffer = new byte[1 << 16];
        for (var kept = 0; stream.Read(buffer, kept, buffer.Length - kept) is > 0 and var count;)
        {
            var filled = buffer.AsSpan(0, kept + count);
            if (filled.IndexOf(text) >= 0)
            {
                return true;
            }

            // The text may have begun.
            kept = Math.Min(filled.Length, text.Length - 1);
            filled[^kept..].CopyTo(buffer);
        }

        return false;
    }

    /// <summary>Kernels before 5.11 count memory of maps as locked memory.</summary>
    private static void MemoryLock(List<string> missing)
    {
        const int memoryLock = 8;
        var limits = stackalloc ulong[2];
        if (Environment.OSVersion.Version < new Version(5, 11) && LibC.GetResourceLimit(memoryLock, limits) == 0 && limits[0] != ulong.MaxValue)
        {
            missing.Add($"locked memory is limited to {limits[0]} octets: set LimitMEMLOCK=infinity (ulimit -l unlimited)");
        }
    }

    /// <summary>The kernel tells the next hop only where it would forward itself.</summary>
    private static void Sysctl(List<string> missing, string name, string family)
    {
        var path = $"/proc/sys/{name.Replace('.', '/')}";
        if (File.Exists(path) && File.ReadAllText(path).Trim() == "0")
        {
            missing.Add($"the kernel forwards no {family}: sysctl -w {name}=1");
        }
    }

    private static void Load(DataPathOptions options, IReadOnlyList<NeededPort> ports, List<string> missing)
    {
        try
        {
            using var path = DataPathObject.Load(options with
            {
                PinDirectory = null,
                Sizes = new Dictionary<string, uint> { ["sessions4"] = 64, ["sessions6"] = 64, ["fragments"] = 64 },
            });
            var links = Links.List().ToDictionary(l => l.Name, StringComparer.Ordinal);
            foreach (var port in ports)
            {
                Port(path, port, links, missing);
            }
        }
        catch (KernelException e)
        {
            missing.Add(e.Message);
        }
    }

    private static void Port(DataPathObject path, NeededPort port, Dictionary<string, Link> links, List<string> missing)
    {
        if (!links.TryGetValue(port.Name, out var link))
        {
            missing.Add($"port {port.Name}: there is no such interface");
            return;
        }

        if (link.Mtu < port.Mtu)
        {
            missing.Add($"port {port.Name}: its MTU is {link.Mtu}, {port.Mtu} is needed: ip link set {port.Name} mtu {port.Mtu}");
        }

        try
        {
            using var attached = XdpAttachment.Attach(path, "fabric_xdp", link.Index, pin: null);
            if (attached.Mode == XdpMode.Generic)
            {
                missing.Add($"port {port.Name}: its driver runs no XDP program ({attached.NativeRefusal}); it would be slow");
            }
        }
        catch (KernelException e) when (e.Errno == Errno.Busy)
        {
            // A program is on it, most likely ours: what is in use works.
        }
        catch (KernelException e)
        {
            missing.Add($"port {port.Name}: {e.Message}");
        }
    }

    private static string? Lacks(int probe, string name) => probe switch
    {
        > 0 => null,
        0 => $"the kernel lacks {name}",
        -NotPermitted => "the bpf system call is not permitted: be root, or have CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
        _ => $"the kernel could not be asked for {name}: {Marshal.GetPInvokeErrorMessage(-probe)}",
    };

    /// <summary>The longest part of a path that is there.</summary>
    private static string Existing(string path)
    {
        var at = Path.GetFullPath(path);
        while (!Directory.Exists(at) && Path.GetDirectoryName(at) is { } parent)
        {
            at = parent;
        }

        return at;
    }
}
