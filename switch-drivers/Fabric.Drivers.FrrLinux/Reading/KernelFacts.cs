using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Drivers.FrrLinux.Rendering;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>An interface as <c>ip -d -j link</c> tells of it.</summary>
internal sealed record LinkFact(string Name, bool Up, bool Running, int Mtu, string Kind, string? SlaveKind, string? Master, string? Parent, string? Alias)
{
    public MacAddress? Mac { get; init; }

    /// <summary>VNI, table or VLAN number, by <see cref="Kind"/>.</summary>
    public long Number { get; init; }

    public IpAddr? Local { get; init; }

    public bool IsOurVxlan => Kind == "vxlan" && Vni.TryCreate(Number, out var vni, out _) && Name == Names.Vxlan(vni);
}

/// <summary>What the kernel says of itself: interfaces, and the set of all settings that hold, in the words that would put them.</summary>
internal sealed class KernelFacts
{
    private readonly HashSet<string> _settings = [];

    public Dictionary<string, LinkFact> Links { get; } = [];

    /// <summary>Addresses by interface; link-local IPv6 and host scope left out.</summary>
    public List<(string Device, IpInterface Address)> Addresses { get; } = [];

    /// <summary>VLANs of bridge ports and of the bridge itself.</summary>
    public List<(string Device, VlanId Vlan, bool Untagged)> Vlans { get; } = [];

    public bool Has(ConfigLine line) => _settings.Contains(line.Identity);

    public void Add(string shell, string text) => _settings.Add(ConfigLine.IdentityOf(shell, [], text));

    /// <summary>Reads the output of <c>ip -d -j link show</c>.</summary>
    public void ReadLinks(string json)
    {
        foreach (var item in Items(json))
        {
            var name = Text(item, "ifname");
            if (name is null || !Names.IsInterfaceName(name))
            {
                continue;
            }

            var flags = Flags(item);
            var info = Object(item, "linkinfo");
            var data = Object(info, "info_data");
            var slave = Object(info, "info_slave_data");
            var kind = Text(info, "info_kind") ?? "";
            var link = new LinkFact(
                name,
                flags.Contains("UP"),
                flags.Contains("LOWER_UP"),
                (int)Math.Clamp(Number(item, "mtu"), 0, 1 << 24),
                kind,
                Text(info, "info_slave_kind"),
                Text(item, "master"),
                Text(item, "link"),
                Text(item, "ifalias"))
            {
                Mac = MacAddress.TryParse(Text(item, "address") ?? "", out var mac, out _) ? mac : null,
                Number = kind == "vrf" ? Number(data, "table") : Number(data, "id"),
                Local = IpAddr.TryParse(Text(data, "local") ?? Text(data, "local6"), out var local) ? local : null,
            };
            Links[name] = link;
            Describe(link, Text(item, "inet6_addr_gen_mode"), data, slave);
        }
    }

    /// <summary>Reads the output of <c>ip -j address show</c>.</summary>
    public void ReadAddresses(string json)
    {
        foreach (var item in Items(json))
        {
            if (Text(item, "ifname") is not { } device || !item.TryGetProperty("addr_info", out var list) || list.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            foreach (var entry in list.EnumerateArray())
            {
                if (Text(entry, "scope") is "host"
                    || !IpAddr.TryParse(Text(entry, "local"), out var address)
                    || !IpInterface.TryCreate(address, (int)Math.Clamp(Number(entry, "prefixlen"), -1, 129), out var found, out _))
                {
                    continue;
                }

                if (!found.Address.IsLinkLocal)
                {
                    Addresses.Add((device, found));
                }

                Add(ConfigLine.Ip, ObjectLines.AddressAdd(found.ToString(), device, withoutDad: false));
                if (True(entry, "nodad"))
                {
                    Add(ConfigLine.Ip, ObjectLines.AddressAdd(found.ToString(), device, withoutDad: true));
                }
            }
        }
    }

    /// <summary>Reads the output of <c>bridge -j vlan show</c>.</summary>
    public void ReadVlans(string json)
    {
        foreach (var item in Items(json))
        {
            if (Text(item, "ifname") is not { } device || !item.TryGetProperty("vlans", out var list) || list.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            foreach (var entry in list.EnumerateArray())
            {
                var first = Number(entry, "vlan");
                var last = Math.Max(first, Number(entry, "vlanEnd"));
                var flags = Flags(entry);
                var untagged = flags.Contains("PVID") && flags.Contains("Egress Untagged");
                for (var id = first; id <= Math.Min(last, VlanId.MaxValue); id++)
                {
                    if (VlanId.TryCreate(id, out var vlan, out _))
                    {
                        Vlans.Add((device, vlan, untagged));
                        Add(ConfigLine.Bridge, ObjectLines.VlanMember(device, vlan, untagged, self: device == Names.Bridge));
                    }
                }
            }
        }
    }

    /// <summary>Reads the output of <c>bridge -j fdb show dev br-fabric</c>.</summary>
    public void ReadLocalEntries(string json)
    {
        foreach (var item in Items(json))
        {
            if (MacAddress.TryParse(Text(item, "mac") ?? "", out var mac, out _) && VlanId.TryCreate(Number(item, "vlan"), out var vlan, out _)
                && Text(item, "state") == "permanent")
            {
                Add(ConfigLine.Bridge, ObjectLines.LocalEntry(mac, vlan));
            }
        }
    }

    /// <summary>Reads the output of <c>ip -j route show table all type unreachable</c> of one family.</summary>
    public void ReadUnreachable(IpFamily family, string json)
    {
        foreach (var item in Items(json))
        {
            if (Text(item, "dst") == "default" && long.TryParse(Text(item, "table"), out var table) && Vni.TryCreate(table, out var vni, out _))
            {
                Add(ConfigLine.Ip, ObjectLines.Unreachable(family, vni));
            }
        }
    }

    /// <summary>Reads lines <c>key = value</c> of <c>sysctl</c>.</summary>
    public void ReadSysctl(string text)
    {
        var values = new Dictionary<string, string>();
        foreach (var line in text.Split('\n'))
        {
            if (line.Split('=', 2, StringSplitOptions.TrimEntries) is [var key, var value])
            {
                values[key] = value;
            }
        }

        foreach (var (setting, _) in ObjectLines.SystemSettingLines)
        {
            if (setting.Split(' ').All(pair => pair.Split('=') is [var key, var value] && values.GetValueOrDefault(key) == value))
            {
                Add(ConfigLine.Sysctl, setting);
            }
        }
    }

    /// <summary>Reads lines <c>/proc/sys/path:value</c> of interface settings.</summary>
    public void ReadInterfaceSettings(string text)
    {
        const string Root = "/proc/sys/";
        foreach (var line in text.Split('\n'))
        {
            var colon = line.LastIndexOf(':');
            if (line.StartsWith(Root, StringComparison.Ordinal) && colon > Root.Length)
            {
                Add(ConfigLine.Sysctl, $"{line[Root.Length..colon].Replace('/', '.')}={line[(colon + 1)..]}");
            }
        }
    }

    private void Describe(LinkFact link, string? addressMode, JsonElement data, JsonElement slave)
    {
        var name = link.Name;
        Add(ConfigLine.Ip, ObjectLines.Mtu(name, link.Mtu));
        if (link.Up)
        {
            Add(ConfigLine.Ip, ObjectLines.Up(name));
        }

        if (addressMode == "none")
        {
            Add(ConfigLine.Ip, ObjectLines.NoAutomaticAddress(name));
        }

        if (link.Master is { } master)
        {
            Add(ConfigLine.Ip, ObjectLines.Master(name, master));
        }

        if (link.Alias is Names.UnderlayAlias or Names.UpstreamAlias)
        {
            Add(ConfigLine.Ip, ObjectLines.Alias(name, link.Alias));
        }

        if (link.Mac is { } mac)
        {
            Add(ConfigLine.Ip, ObjectLines.Mac(name, mac));
        }

        if (link.SlaveKind == "bridge")
        {
            Add(ConfigLine.Ip, ObjectLines.SlaveOption(name, "learning", True(slave, "learning")));
            Add(ConfigLine.Ip, ObjectLines.SlaveOption(name, "neigh_suppress", True(slave, "neigh_suppress")));
        }

        switch (link.Kind)
        {
            case "bridge" when link.Mac == ObjectLines.BridgeMac && Number(data, "vlan_filtering") == 1 && Number(data, "vlan_default_pvid") == 0
                && Number(data, "stp_state") == 0 && Number(data, "mcast_snooping") == 0:
                Add(ConfigLine.Ip, ObjectLines.LinkAdd(name, ObjectLines.BridgeKind));
                break;
            case "vxlan" when link.Local is { } local && Vni.TryCreate(link.Number, out var vni, out _)
                && Number(data, "port") == 4789 && !True(data, "learning"):
                Add(ConfigLine.Ip, ObjectLines.LinkAdd(name, ObjectLines.VxlanKind(vni, local)));
                break;
            case "vrf" when Vni.TryCreate(link.Number, out var table, out _):
                Add(ConfigLine.Ip, ObjectLines.LinkAdd(name, ObjectLines.VrfKind(table)));
                break;
            case "vlan" when link.Parent is { } parent && VlanId.TryCreate(link.Number, out var vlan, out _):
                Add(ConfigLine.Ip, ObjectLines.LinkAdd(name, ObjectLines.VlanKind(parent, vlan)));
                break;
        }
    }

    private static List<JsonElement> Items(string json)
    {
        using var document = JsonDocument.Parse(json.Length == 0 ? "[]" : json);
        return document.RootElement.ValueKind == JsonValueKind.Array
            ? [.. document.RootElement.Clone().EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object)]
            : throw new FormatException("a JSON list was expected");
    }

    private static JsonElement Object(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object ? found : default;

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var found)
            ? found.ValueKind switch
            {
                JsonValueKind.String => found.GetString(),
                JsonValueKind.Number => found.GetRawText(),
                _ => null,
            }
            : null;

    private static long Number(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out var number)
            ? number
            : -1;

    private static bool True(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.True;

    private static ImmutableHashSet<string> Flags(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("flags", out var found) && found.ValueKind == JsonValueKind.Array
            ? [.. found.EnumerateArray().Where(f => f.ValueKind == JsonValueKind.String).Select(f => f.GetString()!)]
            : [];
}
