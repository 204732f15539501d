using System.Diagnostics;
using System.Text.Json.Nodes;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>
/// A SoftGate between a leaf and the internet, each in a namespace: <c>v</c> (VM 10.0.0.10) – <c>l</c> (VTEP 192.0.2.11, the kernel's vxlan) –
/// <c>n</c> (softgated, VTEP 192.0.2.1) – <c>i</c> (203.0.113.254). All is gone when disposed.
/// </summary>
internal sealed class SoftGateLab : IDisposable
{
    internal const string Vtep = "192.0.2.1";
    internal const string LeafVtep = "192.0.2.11";
    internal const string Internet = "203.0.113.254";
    internal const string Pool = "198.51.100.7";
    internal const string GatewayMac = "02:00:00:00:00:01";

    private static int _next;

    private readonly string _name = $"sg{Environment.ProcessId}-{Interlocked.Increment(ref _next)}";
    private readonly List<Process> _processes = [];
    private readonly DataPathObject _pass = DataPathObject.Load(new() { Sizes = new Dictionary<string, uint> { ["sessions4"] = 64, ["sessions6"] = 64 } });
    private readonly List<XdpAttachment> _passing = [];
    private Process? _agent;
    private readonly System.Text.StringBuilder _log = new();

    internal SoftGateLab()
    {
        Folder = Directory.CreateTempSubdirectory("softgate-lab-").FullName;
        try
        {
            Directory.CreateDirectory(Bpf);
            Shell.Run("mount", "-t", "bpf", "bpf", Bpf);
            foreach (var ns in "vlni")
            {
                Shell.Run("ip", "netns", "add", Ns(ns));
                Batch(ns, "link set lo up");
                In(ns, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", "net.ipv6.conf.default.accept_dad=0");
            }

            In('v', "sysctl", "-qw", "net.ipv6.conf.all.forwarding=0", "net.ipv6.conf.default.accept_ra=2");
            Veth('n', "u0", 'l', "n0");
            Veth('l', "v0", 'v', "eth0");
            AddUpstream();
            Batch('n', "addr add 198.18.0.1/30 dev u0", $"addr add {Vtep}/32 dev lo", $"route add {LeafVtep}/32 via 198.18.0.2");
            Batch('l', "addr add 198.18.0.2/30 dev n0", $"addr add {LeafVtep}/32 dev lo", $"route add {Vtep}/32 via 198.18.0.1",
                "link add br0 type bridge", "link set br0 addrgenmode none up",
                $"link add vx5001 type vxlan id 5001 dstport 4789 local {LeafVtep}", "link set vx5001 master br0 addrgenmode none up", "link set v0 master br0 addrgenmode none");
            In('l', "bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vx5001", "dst", Vtep);
            Batch('v', "addr add 10.0.0.10/24 dev eth0", "route add default via 10.0.0.1");
            WriteState(State(1));
            File.WriteAllText(StaticFile, new JsonObject
            {
                ["floods"] = new JsonArray(new JsonObject { ["vni"] = 5001, ["vtep"] = LeafVtep }),
                ["public"] = new JsonArray(new JsonObject { ["prefix"] = "0.0.0.0/0", ["gateway"] = Internet, ["port"] = "up0" }),
            }.ToJsonString());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal string Folder { get; }

    internal string Bpf => Path.Combine(Folder, "bpf");

    internal string Pins => Path.Combine(Bpf, "fabric");

    internal string StateFile => Path.Combine(Folder, "state.json");

    internal string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    private string StaticFile => Path.Combine(Folder, "static.json");

    private string Socket => Path.Combine(Folder, "s");

    private static string Program => Path.Combine(AppContext.BaseDirectory, "softgated");

    /// <summary>One VPC with one V-Net and source NAT.</summary>
    internal static SoftGateState State(long revision) => new()
    {
        Revision = revision,
        Node = new()
        {
            Name = "sg1",
            Asn = Asn.Parse("65101"),
            Loopback = IpAddr.Parse("192.0.2.101"),
            DeviceNumber = 1,
            FabricNumber = 1,
            ServiceVtep = IpAddr.Parse(Vtep),
            RouterMac = MacAddress.Parse("02:00:00:00:00:02"),
            GatewayMac = MacAddress.Parse(GatewayMac),
            UnderlayPorts = ["u0"],
            UnderlayMtu = 1600,
            Upstreams = [new() { Port = "up0", Addresses = [IpInterface.Parse("203.0.113.1/24")] }],
        },
        Vpcs = [new() { Uid = 1, Name = "red", L3Vni = new Vni(6001), Owner = "sg1" }],
        VNets = [new() { Uid = 1, Name = "web", Vpc = 1, Vni = new Vni(5001), Gateways = [IpInterface.Parse("10.0.0.1/24"), IpInterface.Parse("2001:db8:a::1/64")] }],
        Nat = [new() { Uid = 1, Vpc = 1, Kind = SoftGateNatKind.Source, Inside = IpPrefix.Parse("10.0.0.0/24"), Public = [IpAddr.Parse(Pool)] }],
    };

    internal void RemoveUpstream() => Batch('n', "link del up0");

    internal void AddUpstream()
    {
        Veth('n', "up0", 'i', "i0");
        Batch('n', "addr add 203.0.113.1/24 dev up0");
        Batch('i', $"addr add {Internet}/24 dev i0", "route add 198.51.100.0/24 via 203.0.113.1");
    }

    internal void WriteState(SoftGateState state)
    {
        File.WriteAllBytes(StateFile + ".new", SoftGateJson.Write(state));
        File.Move(StateFile + ".new", StateFile, overwrite: true);
    }

    internal string Ns(char ns) => $"{_name}{ns}";

    internal string In(char ns, params string[] command) => Shell.Run("ip", ["netns", "exec", Ns(ns), .. command]);

    internal (int Code, string Output) TryIn(char ns, params string[] command) => Shell.Try("ip", ["netns", "exec", Ns(ns), .. command]);

    internal Process StartIn(char ns, params string[] command)
    {
        var process = Shell.Start("ip", ["netns", "exec", Ns(ns), .. command]);
        _processes.Add(process);
        return process;
    }

    internal void Batch(char ns, params string[] commands)
    {
        foreach (var command in commands)
        {
            Shell.Run("ip", ["-n", Ns(ns), .. command.Split(' ')]);
        }
    }

    /// <summary>Starts softgated and waits until it is ready.</summary>
    internal async Task StartAgentAsync(params string[] more)
    {
        var process = StartIn('n', [
            Program, "run", "--state", StateFile, "--static-routes", StaticFile, "--pins", Pins, "--socket", Socket, "--state-dir", Folder, "--sessions", "4096", "--vpcs", "64", .. more]);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.OutputDataReceived += (_, line) => Note(line.Data);
        _agent = process;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var ready = CountInLog("softgated ready") + 1;
        await Shell.Eventually(() => CountInLog("softgated ready") >= ready || process.HasExited, "softgated ready", detail: () => Log);
        Assert.False(process.HasExited, Log);

        void Note(string? line)
        {
            if (line is not null)
            {
                lock (_log)
                {
                    _log.AppendLine(line);
                }
            }
        }
    }

    internal int CountInLog(string text) => Log.Split(text).Length - 1;

    /// <summary>Ends softgated.</summary>
    /// <param name="signal">TERM, KILL or HUP.</param>
    internal void StopAgent(string signal)
    {
        Shell.Run("kill", $"-{signal}", $"{_agent!.Id}");
        Assert.True(_agent.WaitForExit(10_000), Log);
    }

    internal void SignalAgent(string signal) => Shell.Run("kill", $"-{signal}", $"{_agent!.Id}");

    internal JsonNode Status() => JsonNode.Parse(In('n', Program, "status", "--socket", Socket))!;

    internal (int Code, string Output) Softgated(params string[] arguments) => TryIn('n', [Program, .. arguments]);

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit(5000);
            }

            process.Dispose();
        }

        foreach (var ns in "vlni")
        {
            if (File.Exists($"/run/netns/{Ns(ns)}"))
            {
                Shell.Try("ip", "netns", "del", Ns(ns));
            }
        }

        _passing.ForEach(p => p.Dispose());
        _pass.Dispose();
        Shell.Try("umount", "-l", Bpf);
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>
    /// XDP sees whole checksums with transmit offloads off. A veth receives what XDP sends into the other end, at once and in any way, where it has a
    /// program itself: here one that lets everything pass, because it knows no ports.
    /// </summary>
    private void Veth(char a, string nameInA, char b, string nameInB)
    {
        Shell.Run("ip", "link", "add", nameInA, "mtu", "1600", "netns", Ns(a), "type", "veth", "peer", "name", nameInB, "mtu", "1600", "netns", Ns(b));
        foreach (var (ns, name) in new[] { (a, nameInA), (b, nameInB) })
        {
            In(ns, "ethtool", "-K", name, "tx", "off");
            Batch(ns, $"link set {name} up");
        }

        if (a == 'n')
        {
            var index = Netns.In(Ns(b), () => Links.List().Single(l => l.Name == nameInB).Index);
            _passing.Add(Netns.In(Ns(b), () => XdpAttachment.Attach(_pass, "fabric_xdp", index, pin: null)));
        }
    }
}
