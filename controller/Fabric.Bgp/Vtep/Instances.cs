using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A bridge domain at work.</summary>
internal sealed class L2Instance(L2VniConfig config)
{
    public L2VniConfig Config { get; set; } = config;

    public L2VniView View { get; } = new();

    public Dictionary<MacAddress, MacState> Macs { get; } = [];

    public Dictionary<IpAddr, NeighborState> Neighbors { get; } = [];

    public Dictionary<IpAddr, SortedSet<MulticastPath>> Flood { get; } = [];

    /// <summary>Auto-discovery routes of this bridge domain, by segment and VTEP.</summary>
    public Dictionary<EthernetSegmentId, Attachments> Segments { get; } = [];

    /// <summary>Auto-discovery routes of whole segments that this bridge domain takes.</summary>
    public HashSet<AutoDiscoveryPath> WholeSegments { get; } = [];

    /// <summary>All paths it takes.</summary>
    public IEnumerable<ImportedPath> Paths =>
    [
        .. Macs.Values.SelectMany(static m => m.Remote),
        .. Flood.Values.SelectMany(static f => f),
        .. Segments.Values.SelectMany(static s => s.ByVtep.Values).SelectMany(static a => a),
        .. WholeSegments,
    ];
}

/// <summary>A VRF at work.</summary>
internal sealed class L3Instance(L3VniConfig config)
{
    public L3VniConfig Config { get; set; } = config;

    public L3VniView View { get; } = new();

    public Dictionary<IpPrefix, SortedSet<PrefixRoutePath>> Prefixes { get; } = [];

    public Dictionary<IpAddr, SortedSet<MacIpPath>> Hosts { get; } = [];

    /// <summary>Local prefixes.</summary>
    public Dictionary<IpPrefix, VtepEvent.PrefixSet> Local { get; } = [];

    /// <summary>The prefixes in the view that point to a gateway, to a router's MAC, or to a segment.</summary>
    public Dictionary<IpAddr, HashSet<IpPrefix>> Gateways { get; } = [];

    public Dictionary<MacAddress, HashSet<IpPrefix>> RouterMacs { get; } = [];

    public Dictionary<EthernetSegmentId, HashSet<IpPrefix>> Segments { get; } = [];

    /// <summary>The bridge domains that are attached to it, by VNI.</summary>
    public SortedDictionary<Vni, L2Instance> Bridges { get; } = [];

    /// <summary>Auto-discovery routes of whole segments that this VRF takes.</summary>
    public HashSet<AutoDiscoveryPath> WholeSegments { get; } = [];

    /// <summary>All paths it takes.</summary>
    public IEnumerable<ImportedPath> Paths =>
        [.. Prefixes.Values.SelectMany(static p => p), .. Hosts.Values.SelectMany(static h => h), .. WholeSegments];

    /// <summary>Addresses that are local in a bridge domain of this VRF, and in how many.</summary>
    public Dictionary<IpAddr, int> LocalHosts { get; } = [];

    public static void Count(Dictionary<IpAddr, int> counts, IpAddr key, int change)
    {
        var count = counts.GetValueOrDefault(key) + change;
        if (count == 0)
        {
            counts.Remove(key);
        }
        else
        {
            counts[key] = count;
        }
    }
}

/// <summary>Who is attached to a segment, by VTEP, with the paths that say so.</summary>
internal sealed class Attachments
{
    public SortedDictionary<IpAddr, SortedSet<AutoDiscoveryPath>> ByVtep { get; } = [];
}

/// <summary>Who claims an address of a bridge domain.</summary>
internal sealed class NeighborState
{
    public SortedSet<MacIpPath> Remote { get; } = new(PathOrder.Mobility);

    /// <summary>The local MAC that has it.</summary>
    public MacAddress? Local { get; set; }

    public bool IsEmpty => Remote.Count == 0 && Local is null;
}

/// <summary>Who claims a MAC of a bridge domain.</summary>
internal sealed class MacState
{
    public SortedSet<MacIpPath> Remote { get; } = new(PathOrder.Mobility);

    public LocalMac? Local { get; set; }

    /// <summary>Times of the last moves from and to here, oldest first.</summary>
    public Queue<DateTimeOffset>? Moves { get; set; }

    /// <summary>A duplicate: nothing is announced anew until it is cleared.</summary>
    public bool Frozen { get; set; }

    public DateTimeOffset? RetryAt { get; set; }

    /// <summary>The MAC was seen here after it was frozen.</summary>
    public bool SeenWhileFrozen { get; set; }

    /// <summary>The other place of a sticky MAC that was told last.</summary>
    public IpAddr? ConflictWith { get; set; }

    public bool IsEmpty => Remote.Count == 0 && Local is null && !Frozen;
}

/// <summary>A MAC that is here. Only the data plane and injection change it; the sequence number also grows with the segment's other routers.</summary>
internal sealed class LocalMac
{
    public required EthernetSegmentId Esi { get; set; }

    public required bool Sticky { get; set; }

    public required bool Injected { get; set; }

    public required bool DefaultGateway { get; set; }

    public required uint Sequence { get; set; }

    public SortedDictionary<IpAddr, Attributes.NeighborFlags> Addresses { get; } = [];
}

/// <summary>A segment this VTEP is attached to, with the other routers of it.</summary>
internal sealed class LocalSegment(LocalSegmentConfig config, DateTimeOffset electAt)
{
    public LocalSegmentConfig Config { get; set; } = config;

    /// <summary>When the first election is due; null once it was.</summary>
    public DateTimeOffset? ElectAt { get; set; } = electAt;

    public SortedDictionary<IpAddr, SortedSet<SegmentPath>> Routers { get; } = [];

    public Dictionary<Vni, DfResult> Results { get; } = [];
}
