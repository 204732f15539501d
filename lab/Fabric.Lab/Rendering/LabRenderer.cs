using System.Globalization;
using System.Reflection;
using System.Text;
using Fabric.Lab.Topology;

namespace Fabric.Lab.Rendering;

/// <summary>Turns a plan into the files that raise it. Pure: the same plan gives the same bytes.</summary>
public static class LabRenderer
{
    /// <summary>MTU of every port between switches, as a real switch has it for jumbo frames.</summary>
    public const int FabricMtu = 9216;

    private const int ServerMtu = 1500;

    /// <summary>All files of the lab, by path.</summary>
    public static IReadOnlyList<Artifact> Render(LabPlan plan)
    {
        List<Artifact> files =
        [
            new("lab.env", Environment(plan)),
            new("raise.sh", Script("raise.sh")),
            new("device.sh", Script("device.sh")),
        ];
        foreach (var device in plan.Topology.Routers)
        {
            var dir = $"devices/{device.Name}";
            files.Add(new($"{dir}/fstab", MountTable(plan, device)));
            files.Add(new($"{dir}/day0.batch", Links(plan, device)));
            files.Add(new($"{dir}/day0.sysctl", KernelSettings(plan, device)));
            files.Add(new($"{dir}/log/boot.log", ""));
            files.Add(new($"{dir}/etc-ssh/sshd_config", SshServer(plan, device)));
            files.Add(new($"{dir}/etc-ssh/authorized_keys", plan.ClientKey + "\n"));
            files.Add(new($"{dir}/etc-frr/vtysh.conf", "service integrated-vtysh-config\n", Persistent: true));
            files.Add(new($"{dir}/etc-frr/frr.conf", Frr(plan, device), Persistent: true));
            files.Add(new($"{dir}/var-lib/fabric/.keep", "", Persistent: true));
            if (device.Role == DeviceRole.Hypervisor)
            {
                files.Add(new($"{dir}/var-lib/cloudstack-agent/modifyvxlan-evpn.sh", Script("modifyvxlan-evpn.sh")));
            }
        }

        foreach (var server in plan.Topology.Servers)
        {
            files.Add(new($"servers/{server.Name}.batch", ServerLinks(plan.Topology, server)));
        }

        return [.. files.OrderBy(f => f.Path, StringComparer.Ordinal)];
    }

    private static string Environment(LabPlan plan)
    {
        var text = new StringBuilder();
        Line(text, $"LAB={plan.Name}");
        Line(text, $"OOB_NETNS={plan.OobNamespace}");
        Line(text, $"CABLE_COUNT={plan.Topology.Links.Count}");
        Line(text, $"DEVICES=({string.Join(' ', plan.Topology.Routers.Select(d => d.Name))})");
        Line(text, $"SERVERS=({string.Join(' ', plan.Topology.Servers.Select(d => d.Name))})");
        foreach (var device in plan.Topology.Devices)
        {
            var ports = plan.Ports(device).Select((p, i) => $"{p.Port},{p.CableEnd},{Mtu(plan.Topology, device, p.Port)},{plan.Mac(device, i + 1)}");
            Line(text, $"ROLE[{device.Name}]={TopologyParser.RoleName(device.Role)}");
            Line(text, $"PORTS[{device.Name}]=\"{string.Join(' ', ports)}\"");
            if (device.Role != DeviceRole.Server)
            {
                Line(text, $"MGMT_MAC[{device.Name}]={plan.Mac(device, 0)}");
            }
        }

        return text.ToString();
    }

    // Leaves have the same MTU on all ports. A router to the world says "too big" in front of the world's 1500 octets.
    private static int Mtu(LabTopology topology, LabDevice device, string port) =>
        device.Role == DeviceRole.Server
        || (device.Role == DeviceRole.External && topology.FarEnd(new(device.Name, port)) is { } far && topology.DeviceOf(far).Role == DeviceRole.Server)
            ? ServerMtu
            : FabricMtu;

    private static string MountTable(LabPlan plan, LabDevice device)
    {
        // Bind mounts first: the directories they come from disappear under the file systems after them. Each source has
        // a name of its own, because mount passes over a file system that it finds mounted there with the same source.
        var dir = $"{plan.Box}/devices/{device.Name}";
        return $"""
            {dir}/etc-frr /etc/frr none bind 0 0
            {dir}/etc-ssh /etc/ssh none bind 0 0
            {dir}/var-lib /var/lib none bind 0 0
            {dir}/log /var/log none bind 0 0
            lab-var-tmp /var/tmp tmpfs mode=1777 0 0
            lab-tmp /tmp tmpfs mode=1777 0 0
            lab-root /root tmpfs mode=700 0 0
            lab-run /run tmpfs mode=755 0 0
            lab-sys /sys sysfs defaults 0 0
            {(device.Role == DeviceRole.Softgate ? "lab-bpf /sys/fs/bpf bpf mode=700 0 0\n" : "")}lab-proc /proc proc defaults 0 0

            """;
    }

    private static string Links(LabPlan plan, LabDevice device)
    {
        var text = new StringBuilder();
        Line(text, "link set lo up");
        Line(text, $"addr add {plan.ManagementAddress(device)}/24 dev mgmt0");
        Line(text, "link set mgmt0 up");
        if (device.Role == DeviceRole.External)
        {
            foreach (var (port, _) in plan.Ports(device))
            {
                Line(text, $"link set {port} up");
            }
        }

        return text.ToString();
    }

    private static string ServerLinks(LabTopology topology, LabDevice server)
    {
        var text = new StringBuilder("link set lo up\n");
        foreach (var port in topology.Links.SelectMany(l => (LabPort[])[l.A, l.B]).Where(p => p.Device == server.Name))
        {
            Line(text, $"link set {port.Port} up");
            foreach (var address in server.AddressesOf(port.Port))
            {
                Line(text, $"addr add {address} dev {port.Port}{(address.IsIpv6 ? " nodad" : "")}");
            }

            // What an external router at the other end has there is the way out.
            foreach (var gateway in topology.FarEnd(port) is { } far ? topology.DeviceOf(far).AddressesOf(far.Port) : [])
            {
                Line(text, $"route add default via {gateway.Address} dev {port.Port}");
            }
        }

        return text.ToString();
    }

    private static string KernelSettings(LabPlan plan, LabDevice device)
    {
        // Writing ip_forward resets the setting of every interface, so the management port comes last.
        var forward = device.Role is DeviceRole.External or DeviceRole.Softgate ? 1 : 0;
        return $"""
            net/ipv4/ip_forward={forward}
            net/ipv4/conf/all/rp_filter=0
            net/ipv4/conf/default/rp_filter=0
            net/ipv6/conf/all/forwarding={forward}
            net/ipv4/conf/mgmt0/forwarding=0
            net/ipv4/conf/mgmt0/arp_ignore=1
            net/ipv4/conf/mgmt0/arp_announce=2
            net/ipv4/conf/mgmt0/arp_notify=1
            net/ipv6/conf/mgmt0/forwarding=0
            net/ipv6/conf/mgmt0/accept_ra=0

            """;
    }

    private static string SshServer(LabPlan plan, LabDevice device) => $"""
        # {device.Name}: management network only, keys only.
        ListenAddress {plan.ManagementAddress(device)}
        Port 22
        HostKey /etc/ssh/ssh_host_ed25519_key
        PidFile /run/sshd.pid
        AuthorizedKeysFile /etc/ssh/authorized_keys
        StrictModes no
        PermitRootLogin prohibit-password
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        UsePAM no
        UseDNS no
        PrintMotd no
        X11Forwarding no
        AllowTcpForwarding no
        KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256
        MaxStartups 100
        MaxSessions 100
        Subsystem sftp internal-sftp

        """;

    private static string Frr(LabPlan plan, LabDevice device) =>
        device.Role == DeviceRole.External ? ExternalRouter(plan, device) : DayZero(device);

    private static string DayZero(LabDevice device) => $"""
        frr defaults datacenter
        hostname {device.Name}
        service integrated-vtysh-config

        """;

    private static string ExternalRouter(LabPlan plan, LabDevice device)
    {
        var index = plan.Topology.Routers.Where(d => d.Role == DeviceRole.External).ToList().IndexOf(device) + 1;
        var softGates = plan.Topology.Upstreams.Where(u => u.Router.Device == device.Name).SelectMany(u => u.Addresses).Select(a => a.Partner).ToList();
        var text = new StringBuilder(DayZero(device));
        Line(text, "interface lo");
        Line(text, $" ip address 192.0.2.{index}/32");
        Line(text, $" ipv6 address 2001:db8:ffff::{index:x}/128");
        Line(text, "exit");
        foreach (var port in device.Addresses)
        {
            Line(text, $"interface {port.Port}");
            foreach (var address in port.Addresses)
            {
                Line(text, $" {(address.IsIpv6 ? "ipv6" : "ip")} address {address}");
            }

            Line(text, "exit");
        }

        if (softGates.Count > 0)
        {
            PrefixLists(text, device);
        }

        Line(text, $"router bgp {device.Asn}");
        Line(text, $" bgp router-id 192.0.2.{index}");
        Line(text, " no bgp ebgp-requires-policy");
        Line(text, " no bgp default ipv4-unicast");
        Line(text, " bgp bestpath as-path multipath-relax");
        Line(text, " neighbor FABRIC peer-group");
        Line(text, " neighbor FABRIC remote-as external");
        foreach (var (port, _) in plan.Ports(device).Where(p => device.AddressesOf(p.Port).Count == 0))
        {
            Line(text, $" neighbor {port} interface peer-group FABRIC");
        }

        // One group a family: the addresses of a family travel in a session of that family.
        foreach (var group in softGates.GroupBy(SoftGateGroup))
        {
            Line(text, $" neighbor {group.Key} peer-group");
            Line(text, $" neighbor {group.Key} remote-as external");
            Line(text, $" neighbor {group.Key} timers connect 1");
            foreach (var softGate in group)
            {
                Line(text, $" neighbor {softGate.Address} peer-group {group.Key}");
            }
        }

        foreach (var (family, loopback) in (ReadOnlySpan<(string, string)>)[
            ("ipv4", $"192.0.2.{index}/32"), ("ipv6", $"2001:db8:ffff::{index:x}/128")])
        {
            Line(text, $" address-family {family} unicast");
            Line(text, $"  network {loopback}");
            Line(text, "  neighbor FABRIC activate");
            Line(text, "  neighbor FABRIC default-originate");
            foreach (var group in softGates.Where(a => a.IsIpv6 == (family == "ipv6")).Select(SoftGateGroup).Distinct())
            {
                Line(text, $"  neighbor {group} activate");
                Line(text, $"  neighbor {group} default-originate");
                Line(text, $"  neighbor {group} prefix-list PUBLIC in");
                Line(text, $"  neighbor {group} prefix-list DEFAULT out");
            }

            if (softGates.Count > 0)
            {
                Line(text, "  maximum-paths 16");
            }

            Line(text, " exit-address-family");
        }

        Line(text, "exit");
        return text.ToString();
    }

    private static string SoftGateGroup(LabAddress address) => address.IsIpv6 ? "SOFTGATES6" : "SOFTGATES4";

    // What SoftGates may announce, whatever its length, and what they are told. What no line permits is denied.
    private static void PrefixLists(StringBuilder text, LabDevice device)
    {
        foreach (var (word, longest, ipv6) in (ReadOnlySpan<(string, int, bool)>)[("ip", 32, false), ("ipv6", 128, true)])
        {
            var number = 0;
            foreach (var range in device.Accepts.Where(a => a.IsIpv6 == ipv6))
            {
                Line(text, $"{word} prefix-list PUBLIC seq {number += 5} permit {range}{(range.Length < longest ? $" le {longest}" : "")}");
            }

            Line(text, $"{word} prefix-list PUBLIC seq {number + 5} deny any");
            Line(text, $"{word} prefix-list DEFAULT seq 5 permit {(ipv6 ? "::/0" : "0.0.0.0/0")}");
        }
    }

    /// <summary>A script that is part of the program.</summary>
    internal static string Script(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Scripts/{name}")
            ?? throw new InvalidOperationException($"script {name} is missing in the program");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
