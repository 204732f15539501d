using System.Globalization;
using Fabric.Drivers.FrrLinux.Rendering;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>
/// Finds the objects in what a device says. Each object found is written out as the lines it is made of
/// (<see cref="ObjectLines"/>): lines that are not there are its <see cref="DeviceObject.Missing"/>, and configuration lines that
/// no object explains are foreign.
/// </summary>
internal sealed class StateReader
{
    private readonly FrrDialect _dialect;
    private readonly KernelFacts _kernel;
    private readonly List<FrrNode> _config;
    private readonly HashSet<string> _present = [];
    private readonly HashSet<string> _explained = [];
    private readonly Dictionary<ObjectKey, DeviceObject> _objects = [];

    private StateReader(FrrDialect dialect, KernelFacts kernel, List<FrrNode> config)
    {
        _dialect = dialect;
        _kernel = kernel;
        _config = config;
    }

    public static DeviceState Read(FrrDialect dialect, KernelFacts kernel, List<FrrNode> config) =>
        new StateReader(dialect, kernel, config).Read();

    private DeviceState Read()
    {
        Gather([], _config);
        var process = _config.Find(n => AsnOf(n.Text, "router bgp ") is not null);
        var asn = process is null ? null : AsnOf(process.Text, "router bgp ");
        AssumeDefaults(process);
        if (process is not null && asn is { } number)
        {
            ReadProcess(process, number);
        }

        ReadKernel(asn);
        if (_dialect.OwnsKernel)
        {
            ReadVrfs();
        }

        ReadForeign([], _config);
        return DeviceState.Of(_objects.Values);
    }

    private void Gather(ValueList<string> context, List<FrrNode> nodes)
    {
        foreach (var node in nodes)
        {
            _present.Add(ConfigLine.IdentityOf(ConfigLine.Vtysh, context, node.Text));
            Gather(context.Append(node.Text).ToValueList(), node.Children);
        }
    }

    /// <summary>FRR does not print what equals the defaults that <c>frr defaults</c> names.</summary>
    private void AssumeDefaults(FrrNode? process)
    {
        var datacenter = _config.Exists(n => n.Text == "frr defaults datacenter");
        if (process is not null && !datacenter && process.Child("no bgp ebgp-requires-policy") is null)
        {
            _present.Add(ConfigLine.IdentityOf(ConfigLine.Vtysh, [process.Text], "bgp ebgp-requires-policy"));
        }
    }

    private void ReadProcess(FrrNode process, Asn asn)
    {
        var group = $"neighbor {Names.PeerGroup}";
        var profile = _config.Find(n => n.Text == "bfd")?.Child($"profile {Names.BfdProfile}");
        var hasBfd = profile is not null || process.Child($"{group} bfd") is not null;
        var unicast6 = process.Child(ObjectLines.Unicast6);
        var pool4 = Pool("ip prefix-list");
        var pool6 = Pool("ipv6 prefix-list") ?? (unicast6?.Child($"{group} activate") is null ? (IpPrefix?)null : IpPrefix.Of(IpAddr.V6(0), 0));
        var evpn = process.Child(ObjectLines.EvpnFamily);
        Add(
            new BgpInstance(
                asn,
                IpAddr.TryParse(process.Value("bgp router-id"), out var id) ? id : default,
                pool4 ?? default,
                pool6,
                hasBfd ? new BfdTimers(Timer(profile, "transmit-interval", 300), Timer(profile, "detect-multiplier", 3)) : null,
                evpn?.Child("advertise-all-vni") is not null,
                _config.Exists(n => n.Text == $"route-map {Names.StandIn} permit 10")),
            asn);

        foreach (var line in process.Children)
        {
            var words = line.Text.Split(' ');
            if (words is ["neighbor", var port, "interface", "peer-group", Names.PeerGroup] && Names.IsInterfaceName(port))
            {
                TryAdd(new FabricNeighbor(port), asn);
            }
            else if (words is ["neighbor", var text, "remote-as", var number]
                && IpAddr.TryParse(text, out var address) && Asn.TryParse(number, out Asn remote, out _)
                && process.Child($"neighbor {text} passive") is not null)
            {
                Add(new ControllerNeighbor(address, remote), asn);
            }
        }

        foreach (var family in process.Children.Where(c => c.Text is ObjectLines.Unicast4 or ObjectLines.Unicast6))
        {
            foreach (var line in family.Children)
            {
                if (line.Text.Split(' ') is ["network", var text, .. var rest] && rest is [] or ["route-map", Names.StandIn] && IpPrefix.TryParse(text, out IpPrefix prefix, out _))
                {
                    Add(new BgpNetwork(prefix, StandIn: rest.Length > 0), asn);
                }
            }
        }

        foreach (var stanza in evpn?.Children ?? [])
        {
            if (stanza.Text.Split(' ') is ["vni", var text] && Vni.TryParse(text, out Vni vni, out _))
            {
                Add(new EvpnVni(vni, Rd(stanza), Rt(stanza)), asn);
            }
        }
    }

    private void ReadKernel(Asn? asn)
    {
        foreach (var (device, address) in _kernel.Addresses.Where(a => a.Device == "lo"))
        {
            if (address.Length == address.Address.BitLength)
            {
                Add(new LoopbackAddress(IpPrefix.Host(address.Address)), asn);
            }
            else
            {
                Put(new ForeignLine([ObjectLines.KernelContext], ObjectLines.AddressAdd(address.ToString(), device, withoutDad: false)));
            }
        }

        foreach (var link in _kernel.Links.Values.Where(l => l.Alias == Names.UnderlayAlias))
        {
            TryAdd(new UnderlayPort(link.Name, link.Mtu), asn);
        }

        foreach (var link in _kernel.Links.Values.Where(l => l.Alias == Names.UpstreamAlias))
        {
            ReadUpstream(link.Name, asn);
        }

        if (!_dialect.OwnsKernel)
        {
            return;
        }

        if (ObjectLines.Of(new SystemSettings(), asn, _dialect).Any(_kernel.Has))
        {
            Add(new SystemSettings(), asn);
        }

        if (_kernel.Links.ContainsKey(Names.Bridge))
        {
            Add(new Bridge(), asn);
        }

        foreach (var link in _kernel.Links.Values.Where(l => l.IsOurVxlan))
        {
            var vlan = _kernel.Vlans.Where(v => v.Device == link.Name).OrderBy(v => !v.Untagged).Select(v => (VlanId?)v.Vlan).FirstOrDefault();
            var suppress = _kernel.Has(ObjectLines.Ip(ObjectLines.SlaveOption(link.Name, "neigh_suppress", true)));
            Add(new VxlanTunnel(new Vni(link.Number), vlan ?? default, link.Local ?? default, link.Mtu, suppress), asn);
        }

        foreach (var link in _kernel.Links.Values.Where(l => l.Master == Names.Bridge && l.Kind != "vxlan"))
        {
            TryAdd(new BridgePort(link.Name, link.Mtu), asn);
            foreach (var (_, vlan, untagged) in _kernel.Vlans.Where(v => v.Device == link.Name))
            {
                TryAdd(new PortVlan(link.Name, vlan, untagged), asn);
            }
        }
    }

    private void ReadUpstream(string port, Asn? asn)
    {
        TryAdd(new UpstreamPort(port), asn);
        List<(string Device, VlanId? Vlan)> networks = [(port, null)];
        foreach (var link in _kernel.Links.Values.Where(l => l.Kind == "vlan" && l.Parent == port))
        {
            // Others are somebody else's.
            if (VlanId.TryCreate(link.Number, out var vlan, out _) && link.Name == $"{port}.{vlan}")
            {
                TryAdd(new UpstreamVlan(port, vlan), asn);
                networks.Add((link.Name, vlan));
            }
        }

        foreach (var (device, vlan) in networks)
        {
            foreach (var (_, address) in _kernel.Addresses.Where(a => a.Device == device))
            {
                TryAdd(new UpstreamAddress(port, vlan, address), asn);
            }
        }
    }

    private void ReadVrfs()
    {
        var found = new SortedSet<Vni>();
        foreach (var name in _kernel.Links.Values.Where(l => l.Kind == "vrf").Select(l => l.Name)
            .Concat(_config.Where(n => n.Text.StartsWith("vrf ", StringComparison.Ordinal) && n.Children.Count > 0).Select(n => n.Text[4..]))
            .Concat(_config.Select(n => n.Text.Split(' ')).Where(w => w is ["router", "bgp", _, "vrf", _]).Select(w => w[4])))
        {
            if (name.StartsWith("vrf-", StringComparison.Ordinal) && Vni.TryParse(name.AsSpan(4), out Vni l3Vni, out _))
            {
                found.Add(l3Vni);
            }
        }

        foreach (var l3Vni in found)
        {
            var name = Names.Vrf(l3Vni);
            var process = _config.Find(n => n.Text.StartsWith("router bgp ", StringComparison.Ordinal) && n.Text.EndsWith($" vrf {name}", StringComparison.Ordinal));
            var evpn = process?.Child(ObjectLines.EvpnFamily);
            var svi = _kernel.Links.GetValueOrDefault(Names.L3Svi(l3Vni));
            var vlan = svi is not null && VlanId.TryCreate(svi.Number, out var number, out _) ? number : default;
            Add(
                new Vrf(
                    l3Vni,
                    vlan,
                    svi?.Mac ?? default,
                    Rd(evpn),
                    Rt(evpn),
                    process is null ? default : AsnOf(process.Text[..^$" vrf {name}".Length], "router bgp ") ?? default,
                    IpAddr.TryParse(process?.Value("bgp router-id"), out var id) ? id : default,
                    svi?.Mtu ?? 0),
                null);
        }

        foreach (var link in _kernel.Links.Values.Where(l => l.Kind == "vlan" && l.Parent == Names.Bridge))
        {
            if (VlanId.TryCreate(link.Number, out var vlan, out _) && link.Name == Names.Svi(vlan))
            {
                var vrf = link.Master is { } master && master.StartsWith("vrf-", StringComparison.Ordinal) && Vni.TryParse(master.AsSpan(4), out Vni l3Vni, out _) ? l3Vni : default;
                var addresses = _kernel.Addresses.Where(a => a.Device == link.Name).Select(a => a.Address).Order().ToValueList();
                Add(new GatewayInterface(vlan, vrf, link.Mac ?? default, addresses, link.Mtu), null);
            }
        }
    }

    private void ReadForeign(ValueList<string> context, List<FrrNode> nodes)
    {
        foreach (var node in nodes)
        {
            var identity = ConfigLine.IdentityOf(ConfigLine.Vtysh, context, node.Text);
            if (context.Count == 0 && DayZero.Owns(node.Text))
            {
                continue;
            }

            if (_explained.Contains(identity) || IsFrame(context, node.Text))
            {
                ReadForeign(context.Append(node.Text).ToValueList(), node.Children);
            }
            else
            {
                Put(new ForeignLine(context, node.Text, Block(node, 1).ToValueList()));
            }
        }
    }

    /// <summary>Lines that only lead to others: they cannot be removed, or need not be.</summary>
    private static bool IsFrame(ValueList<string> context, string text) =>
        context.Count == 0
            ? text == "bfd" || text.StartsWith("interface ", StringComparison.Ordinal) || text.StartsWith("vrf ", StringComparison.Ordinal)
            : text.StartsWith("address-family ", StringComparison.Ordinal);

    private static IEnumerable<string> Block(FrrNode node, int depth)
    {
        foreach (var child in node.Children)
        {
            yield return new string(' ', depth) + child.Text;
            foreach (var line in Block(child, depth + 1))
            {
                yield return line;
            }
        }
    }

    /// <summary>Adds an object whose name comes from the device and may be none that can be configured.</summary>
    private void TryAdd(DeviceObject item, Asn? asn)
    {
        try
        {
            Add(item, asn);
        }
        catch (ArgumentException)
        {
            // Somebody gave the bridge a port such as mgmt0: not an object of ours.
        }
    }

    private void Add(DeviceObject item, Asn? asn)
    {
        var missing = new List<string>();
        var usurped = new HashSet<string>();
        foreach (var line in ObjectLines.Of(item, asn, _dialect))
        {
            var there = line.Shell == ConfigLine.Vtysh
                ? _present.Contains(line.Identity)
                : _kernel.Has(line) && (line.Under is null || !usurped.Contains(line.Under));
            if (!there && ObjectLines.MadeDevice(line) is { } device && _kernel.Links.TryGetValue(device, out var other))
            {
                // A device of this name that is something else: it goes, and the object is made anew.
                usurped.Add(line.Identity);
                Put(new ForeignLine([ObjectLines.KernelContext], ObjectLines.LinkAdd(device, $"type {other.Kind}")));
            }

            if (there)
            {
                _explained.Add(line.Identity);
            }
            else
            {
                missing.Add(line.Identity);
            }
        }

        Put(item with { Missing = missing.ToValueList() });
    }

    private void Put(DeviceObject item) => _objects[item.Key] = item;

    private IpPrefix? Pool(string list)
    {
        var start = $"{list} {Names.Loopbacks} seq 10 permit ";
        var text = _config.Find(n => n.Text.StartsWith(start, StringComparison.Ordinal))?.Text[start.Length..].Split(' ')[0];
        return IpPrefix.TryParse(text, out var pool) && (pool.Family == IpFamily.V4) == list.StartsWith("ip ", StringComparison.Ordinal) ? pool : null;
    }

    private static RouteDistinguisher Rd(FrrNode? node) => RouteDistinguisher.TryParse(node?.Value("rd"), out var rd) ? rd : default;

    private static RouteTarget Rt(FrrNode? node) => RouteTarget.TryParse(node?.Value("route-target import"), out var rt) ? rt : default;

    private static int Timer(FrrNode? profile, string name, int standard) =>
        int.TryParse(profile?.Value(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : standard;

    private static Asn? AsnOf(string text, string words) =>
        text.StartsWith(words, StringComparison.Ordinal) && Asn.TryParse(text.AsSpan(words.Length), out Asn asn, out _) ? asn : null;
}
