using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <content>Interfaces of machines and what they are served.</content>
public static partial class Commands
{
    private const int MostServers = 8;

    private static RoutingDomain ConfigureService(RoutingDomain domain, Call call) => Add(domain, call, n => Service(n, call));

    private static Network Service(Network network, Call call)
    {
        var dns = call.Payload.Text("dns");
        return network with
        {
            ServiceAddress = call.AddressOrNone("extension_ip") ?? network.ServiceAddress,
            Dns = string.IsNullOrEmpty(dns) ? network.Dns : Servers(dns),
            DnsSuffix = call.Payload.Has("domain") ? Suffix(call.Payload) : network.DnsSuffix,
        };
    }

    /// <summary>An interface with what a command says of it.</summary>
    private static RoutingDomain AddHost(RoutingDomain domain, Call call, Func<Host, Host> change)
    {
        var mac = call.Mac();
        return Add(domain, call, n =>
        {
            var host = n.Hosts.FirstOrDefault(h => h.Mac == mac) ?? new Host { Mac = mac };
            var ip = call.AddressOrNone("ip") ?? host.Ip;
            return WithHost(n, change(host with
            {
                Ip = ip,
                Ip6 = call.AddressOrNone("ip6_address") ?? host.Ip6,
                Gateway = Gateway(call, ip) ?? host.Gateway,
                Hostname = Hostname(call.Payload) ?? host.Hostname,
                IsDefault = call.Payload.Flag("default_nic") ?? host.IsDefault,
            }));
        });
    }

    /// <summary>Changes an interface that is known; one that nothing keeps any more is gone.</summary>
    private static RoutingDomain ChangeHost(RoutingDomain domain, Call call, Func<Host, Host> change)
    {
        var mac = call.Mac();
        return Change(domain, call, n => n with { Hosts = [.. n.Hosts.Select(h => h.Mac == mac ? change(h) : h).Where(IsKnown)] });
    }

    /// <summary>The interface or its machine is gone for good. CloudStack does not remove the name by itself.</summary>
    private static Effect RemoveDhcpEntry(RoutingDomain domain, Call call) =>
        new(ChangeHost(domain, call, static h => h with { Dhcp = false, DnsName = false }), [new Forget(call.NetworkId, call.Mac())]);

    private static Effect SaveOne(RoutingDomain domain, Call call, string member, string file) => Save(
        domain, call, ImmutableSortedDictionary<string, string>.Empty.Add(file, GuestFiles.Content(call.Payload, member) ?? throw NetrisException.Field(member, "is missing")), whole: false);

    /// <summary>What machines are served is kept whatever the state of the network: they may be stopped.</summary>
    private static Effect Save(RoutingDomain domain, Call call, ImmutableSortedDictionary<string, string> files, bool whole) =>
        new(domain, [new SetFiles(call.NetworkId, call.Mac(), call.AddressOrNone("ip"), files, whole)]);

    /// <summary>All machines of a network at once, in place of what was said of each before.</summary>
    private static Effect Restore(RoutingDomain domain, Call call)
    {
        var data = call.Structure("restore_data") is { ValueKind: JsonValueKind.Object } json
            ? new Fields(json)
            : throw NetrisException.Field("restore_data", "must be an object");
        var (dhcp, dns, userData) = (data.Flag("dhcp_enabled") == true, data.Flag("dns_enabled") == true, data.Flag("userdata_enabled") == true);
        var machines = (data.Raw("vms") is { } list ? Call.Items(list, "restore_data.vms") : []).Select(m => (Mac: Call.Mac(m, "mac"), Fields: m)).DistinctBy(static m => m.Mac).ToList();
        var changed = Add(domain, call, n =>
        {
            var network = Service(n, call);

            // Interfaces without IPv4 are not in the list, and those of running machines are prepared.
            network = network with { Hosts = [.. network.Hosts.Select(h => h.Ip is null ? h : h with { Dhcp = false, DnsName = false })] };
            foreach (var (mac, machine) in machines)
            {
                var host = network.Hosts.FirstOrDefault(h => h.Mac == mac) ?? new Host { Mac = mac };
                network = WithHost(network, host with
                {
                    Ip = Call.Address(machine, "ip") ?? host.Ip,
                    Ip6 = Call.Address(machine, "ip6_address") ?? host.Ip6,
                    Gateway = host.Gateway ?? network.Gateway,
                    Hostname = Hostname(machine) ?? host.Hostname,
                    IsDefault = machine.Flag("default_nic") ?? host.IsDefault,
                    Dhcp = dhcp,
                    DnsName = dns,
                });
            }

            return network with { Hosts = [.. network.Hosts.Where(IsKnown)] };
        });
        if (!userData)
        {
            return changed;
        }

        var known = changed.Networks.GetValueOrDefault(call.NetworkId)?.Hosts ?? [];
        return new Effect(changed,
        [
            new KeepOnly(call.NetworkId, [.. machines.Select(static m => m.Mac), .. known.Where(static h => h.Ip is null).Select(static h => h.Mac)]),
            .. machines.Where(static m => m.Fields.Has("vm_data")).Select(m => new SetFiles(
                call.NetworkId, m.Mac, Call.Address(m.Fields, "ip"), GuestFiles.Of(Call.Items(Call.Structure(m.Fields, "vm_data")!.Value, "vm_data")), Whole: true)),
        ]);
    }

    /// <summary>A network with an interface; whoever had one of its addresses before has it no more.</summary>
    private static Network WithHost(Network network, Host host)
    {
        var addresses = host.Addresses.ToHashSet();
        return network with
        {
            Hosts =
            [
                .. network.Hosts.Where(h => h.Mac != host.Mac)
                    .Select(h => (Before: h, After: h with { Ip = Left(h.Ip), Ip6 = Left(h.Ip6) }))
                    .Where(static h => h.After == h.Before || h.After.Addresses.Any()).Select(static h => h.After)
                    .Append(host).OrderBy(static h => h.Mac),
            ],
        };

        IpAddr? Left(IpAddr? address) => address is { } taken && addresses.Contains(taken) ? null : address;
    }

    private static bool IsKnown(Host host) => host.Prepared || host.Dhcp || host.DnsName;

    private static IpInterface? Gateway(Call call, IpAddr? ip)
    {
        if (call.AddressOrNone("gateway") is not { } gateway || ip is not { IsV4: true } || gateway.IsV6)
        {
            return null;
        }

        if (call.AddressOrNone("netmask") is { IsV4: true } mask)
        {
            var length = BitOperations.PopCount(mask.V4Number);
            return mask.V4Number == (length == 0 ? 0 : uint.MaxValue << (32 - length))
                ? Call.Interface(gateway, length)
                : throw NetrisException.Field("netmask", $"{mask} is no netmask");
        }

        return call.Subnet("gateway", "cidr");
    }

    private static ValueList<IpAddr> Servers(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: <= MostServers } parts
        ? [.. parts.Select(static p => IpAddr.TryParse(p, out var address) ? address : throw NetrisException.Field("dns", $"'{Lookup.Short(p)}' is no address")).Distinct()]
        : throw NetrisException.Field("dns", $"has more than {MostServers} resolvers");

    private static string? Suffix(Fields payload) => DnsName(payload, "domain", 253);

    private static string? Hostname(Fields payload) => DnsName(payload, "hostname", 253);

    private static string? DnsName(Fields payload, string member, int longest)
    {
        var text = payload.Text(member)?.Trim();
        return string.IsNullOrEmpty(text) ? null
            : text.Length <= longest && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text
            : throw NetrisException.Field(member, $"'{Lookup.Short(text)}' is no DNS name");
    }
}
