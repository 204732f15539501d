using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Fabric.Lab.State;

namespace Fabric.Lab.Commands;

/// <summary>The command line of the lab.</summary>
public static partial class LabCommands
{
    private static readonly Option<string> Name = new("--name", "-n")
    {
        Description = "name of the lab; several labs run side by side (default: $LAB or 'lab')",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("LAB") is { Length: > 0 } lab ? lab : "lab",
        Recursive = true,
    };

    /// <summary>The tree of commands.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand("Raises a fabric of real FRR routers from a topology file, on this kernel or in a virtual machine.")
        {
            Up(),
            Simple("down", "remove the lab and all its traces", Manager => Manager.Down()),
            Status(),
            Exec("exec", "run a command in a device, a server or a VM"),
            Inventory(),
            Device(),
            Pair("link", "cut or mend a cable, named by one of its ports: leaf1:swp1", "port", "down", "up"),
            Pair("oob", "cut or mend the management cable of a device", "device", "down", "up"),
            Service(),
            Vm(),
            Server(),
            CapabilitiesCommand(),
        };
        root.Options.Add(Name);
        return root;
    }

    private static LabManager Manager(ParseResult parsed)
    {
        var paths = new LabPaths(parsed.GetValue(Name)!);
        return Environment.IsPrivilegedProcess ? new LabManager(paths, Console.Out) : throw new LabException("needs root for namespaces: run it with sudo");
    }

    private static Command Simple(string name, string help, Action<LabManager> act)
    {
        var command = new Command(name, help);
        command.SetAction(parsed =>
        {
            act(Manager(parsed));
            return 0;
        });
        return command;
    }

    private static Command Up()
    {
        var topology = new Option<string>("--topology", "-t") { Description = "topology file", Required = true };
        var vehicle = new Option<string>("--vehicle") { Description = "ns: namespaces on this kernel; vm: a virtual machine with a full kernel", DefaultValueFactory = _ => "ns" };
        var command = new Command("up", "raise the lab; a running one with the same topology stays as it is") { topology, vehicle };
        command.SetAction(parsed =>
        {
            Manager(parsed).Up(parsed.GetValue(topology)!, parsed.GetValue(vehicle)!);
            return 0;
        });
        return command;
    }

    private static Command Status()
    {
        var command = new Command("status", "one line for each device, server and VM");
        command.SetAction(parsed =>
        {
            var (facts, vehicle) = Manager(parsed).Running();
            Console.WriteLine($"{facts.Name} topology {facts.Topology} vehicle {facts.Vehicle} management {facts.OobPrefix} controller {facts.ControllerAddress}");
            return vehicle.ScriptAttached("status");
        });
        return command;
    }

    private static Command Exec(string name, string help)
    {
        var node = new Argument<string>("node") { Description = "device, server or VM" };
        var words = Words();
        var command = new Command(name, help) { node, words };
        command.SetAction(parsed => Manager(parsed).Running().Vehicle.ScriptAttached(["exec", parsed.GetValue(node)!, .. parsed.GetValue(words)!]));
        return command;
    }

    private static Command Inventory()
    {
        var softGates = new Option<bool>("--with-softgates") { Description = "also the SoftGates, their links and their pair" };
        var command = new Command("inventory", "the lab as intent resources, for 'fabricctl apply -f -'") { softGates };
        command.SetAction(parsed =>
        {
            var manager = Manager(parsed);
            Console.Write(InventoryWriter.Write(manager.Running().Facts, manager.RunningTopology(), parsed.GetValue(softGates)));
            return 0;
        });
        return command;
    }

    private static Command Device() => Pair("device", "switch a device off, as by its power cable, or on from day 0", "device", "stop", "start");

    private static Command Pair(string name, string help, string what, params string[] verbs)
    {
        var command = new Command(name, help);
        foreach (var verb in verbs)
        {
            var target = new Argument<string>(what);
            var sub = new Command(verb, $"{name} {verb}") { target };
            sub.SetAction(parsed => Work(parsed, name, verb, parsed.GetValue(target)!));
            command.Add(sub);
        }

        return command;
    }

    private static Command Service()
    {
        var command = new Command("service", "stop or start one service of a device");
        foreach (var verb in (string[])["stop", "start"])
        {
            var device = new Argument<string>("device");
            var service = new Argument<string>("service") { Description = "frr or sshd" };
            service.AcceptOnlyFromAmong("frr", "sshd");
            var sub = new Command(verb, $"{verb} a service") { device, service };
            sub.SetAction(parsed => Work(parsed, "service", verb, parsed.GetValue(device)!, parsed.GetValue(service)!));
            command.Add(sub);
        }

        return command;
    }

    private static Command Vm()
    {
        var command = new Command("vm", "virtual machines on hypervisors, as the CloudStack agent would start them");

        var name = new Argument<string>("vm");
        var host = new Option<string>("--host") { Description = "hypervisor", Required = true };
        var vni = new Option<int>("--vni") { Description = "VNI of the network", Required = true };
        var ip = new Option<string?>("--ip") { Description = "address with prefix length" };
        var gateway = new Option<string?>("--gateway") { Description = "default gateway" };
        var mac = new Option<string?>("--mac") { Description = "MAC address (default: from the name)" };
        var add = new Command("add", "start a VM") { name, host, vni, ip, gateway, mac };
        add.SetAction(parsed =>
        {
            var vm = Checked(parsed.GetValue(name)!);
            var number = parsed.GetValue(vni);
            if (number is < 1 or > 16777215)
            {
                throw new LabException($"VNI {number} is not from 1 to 16777215", LabException.BadInput);
            }

            return Work(parsed, "vm", "add", vm, parsed.GetValue(host)!, number.ToString(CultureInfo.InvariantCulture),
                Address(parsed.GetValue(ip), prefix: true), Address(parsed.GetValue(gateway), prefix: false),
                parsed.GetValue(mac) is { } given ? CheckedMac(given) : MacOf(vm));
        });
        command.Add(add);

        var moved = new Argument<string>("vm");
        var to = new Option<string>("--host") { Description = "hypervisor to move to", Required = true };
        var move = new Command("move", "migrate a VM with its addresses") { moved, to };
        move.SetAction(parsed => Work(parsed, "vm", "move", Checked(parsed.GetValue(moved)!), parsed.GetValue(to)!));
        command.Add(move);

        var removed = new Argument<string>("vm");
        var remove = new Command("remove", "stop a VM; the last one of a network takes the network from the hypervisor") { removed };
        remove.SetAction(parsed => Work(parsed, "vm", "remove", Checked(parsed.GetValue(removed)!)));
        command.Add(remove);

        command.Add(Exec("exec", "run a command in a VM"));
        return command;
    }

    private static Command Server()
    {
        var command = new Command("server", "plain machines on leaf ports");
        var name = new Argument<string>("server");
        var ip = new Option<string?>("--ip") { Description = "address with prefix length" };
        var gateway = new Option<string?>("--gateway") { Description = "default gateway" };
        var vlan = new Option<int?>("--vlan") { Description = "802.1q tag (default: untagged)" };
        var port = new Option<string>("--port") { Description = "port of the server", DefaultValueFactory = _ => "eth1" };
        var config = new Command("config", "give a server its address; replaces what it had") { name, ip, gateway, vlan, port };
        config.SetAction(parsed => Work(parsed, "server", "config", parsed.GetValue(name)!, parsed.GetValue(port)!,
            parsed.GetValue(vlan) switch
            {
                null => "-",
                >= 1 and <= 4094 and var tag => tag.ToString(CultureInfo.InvariantCulture),
                var tag => throw new LabException($"VLAN {tag} is not from 1 to 4094", LabException.BadInput),
            },
            Address(parsed.GetValue(ip), prefix: true), Address(parsed.GetValue(gateway), prefix: false)));
        command.Add(config);
        return command;
    }

    private static Command CapabilitiesCommand()
    {
        var command = new Command("capabilities", "what the running kernel can do, and the vehicle that follows from it, as JSON");
        command.SetAction(_ => Console.WriteLine(Capabilities.Detect().ToJson()));
        return command;
    }

    private static Argument<string[]> Words() => new("command") { Arity = ArgumentArity.OneOrMore, Description = "command and its arguments, after --" };

    private static int Work(ParseResult parsed, params IReadOnlyList<string> arguments)
    {
        var manager = Manager(parsed);
        using var mine = HostLock.Take(parsed.GetValue(Name)!, TimeSpan.FromMinutes(1));
        return manager.Running().Vehicle.ScriptAttached(arguments);
    }

    private static string Address(string? text, bool prefix)
    {
        if (text is null)
        {
            return "-";
        }

        var good = prefix
            ? text.Split('/') is [var address, var length] && IPAddress.TryParse(address, out var parsed)
                && byte.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
                && bits <= parsed.GetAddressBytes().Length * 8
            : IPAddress.TryParse(text, out _);
        return good ? text : throw new LabException($"'{text}' is not an address{(prefix ? " with a prefix length" : "")}", LabException.BadInput);
    }

    private static string Checked(string name) => VmName().IsMatch(name)
        ? name
        : throw new LabException($"VM name '{name}' must be 1 to 32 characters of a-z, 0-9 and '-' and begin with a letter", LabException.BadInput);

    private static string CheckedMac(string mac) => Mac().IsMatch(mac)
        ? mac.ToLowerInvariant()
        : throw new LabException($"'{mac}' is not a unicast MAC address such as 02:01:02:03:04:05", LabException.BadInput);

    private static string MacOf(string vm)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(vm));
        return $"1e:00:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}:{hash[3]:x2}";
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,31}$", RegexOptions.None, 1000)]
    private static partial Regex VmName();

    [GeneratedRegex("^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Mac();
}
