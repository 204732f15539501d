using System.Numerics;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Host;

/// <summary>How large the maps are: what options say, what an earlier process has left, and else what the machine's memory allows.</summary>
internal sealed class MapSizes
{
    /// <summary>Most sessions of IPv4 and of IPv6 that are asked for without an option.</summary>
    private const uint MostSessions = 1 << 20;

    private const uint FewestSessions = 1 << 14;

    /// <summary>Octets that an IPv4 session takes: two entries.</summary>
    private const long SessionMemory = 256;

    private static readonly string[] ByVpc = ["vpcs", "vpc_usages", "vpc_counters"];
    private static readonly string[] ByVNet = ["vnets", "vnis", "routers"];
    private static readonly string[] ByRoute = ["hosts", "prefixes", "gateways", "public_addresses", "static_sources", "service_addresses", "snat_sources", "nat_hosts", "nat_blocks"];
    private static readonly string[] ByService = ["services", "acl_addresses", "acl_services"];

    private MapSizes(Dictionary<string, uint> entries) => Entries = entries;

    /// <summary>Entries by map; maps that are not named keep the object file's.</summary>
    internal IReadOnlyDictionary<string, uint> Entries { get; }

    /// <summary>Maps whose size is another one than was asked for, because they are there already.</summary>
    internal IReadOnlyList<string> Remarks { get; private init; } = [];

    /// <summary>Sizes of the maps that have indices.</summary>
    internal Capacities Capacities => new()
    {
        Vpcs = Entries["vpcs"],
        VNets = Entries["vnets"],
        Hops = Entries["hops"],
        Pools = Entries["pools"],
        PoolAddresses = Entries["pool_addresses"],
        Balancers = Entries["balancers"],
        Backends = Entries["backends"],
        Meters = Entries["meters"],
    };

    /// <summary>Chooses sizes.</summary>
    /// <param name="memory">Memory of the machine, octets.</param>
    /// <param name="sessions">Sessions of IPv4; IPv6 gets a quarter. Null: by memory.</param>
    /// <param name="vpcs">VPCs; null: 16,384.</param>
    /// <param name="maps">Entries of single maps, before all else.</param>
    internal static MapSizes Choose(long memory, uint? sessions, uint? vpcs, IReadOnlyDictionary<string, uint> maps)
    {
        // A sixteenth of the memory, for IPv4.
        var wanted = sessions ?? (uint)Math.Clamp(memory / 16 / SessionMemory, FewestSessions, MostSessions);
        var entries = BitOperations.RoundUpToPowerOf2(wanted) * 2;
        var realms = Math.Max(vpcs ?? 16384, 16);
        var routes = Math.Max(realms * 4, memory >= 8L << 30 ? 1u << 20 : 1u << 17);
        var result = new Dictionary<string, uint>(StringComparer.Ordinal)
        {
            ["sessions4"] = entries,
            ["sessions6"] = Math.Max(entries / 4, 1024),
            ["hops"] = 16384,
            ["adjacencies"] = 16384 * 4,
            ["pools"] = realms,
            ["pool_addresses"] = realms * 4,
            ["balancers"] = realms,
            ["backends"] = realms * 4,
            ["backend_usages"] = realms * 4,
            ["meters"] = realms * 2,

            // At least two of the largest lists that may be, the old and the new.
            ["acl_cells"] = memory >= 8L << 30 ? 1u << 23 : 1u << 22,
            ["acl_counters"] = 1 << 18,
            ["acls"] = Math.Max(8192, realms),
            ["maglev"] = memory >= 8L << 30 ? 1u << 22 : 1u << 20,
        };
        foreach (var (names, size) in new[] { (ByVpc, realms), (ByVNet, realms * 2), (ByRoute, routes), (ByService, routes * 2) })
        {
            foreach (var name in names)
            {
                result[name] = size;
            }
        }

        foreach (var (name, size) in maps)
        {
            result[name] = size;
        }

        return new MapSizes(result);
    }

    /// <summary>The sizes of what is pinned already, where there is something: maps cannot grow.</summary>
    internal MapSizes With(string pinDirectory)
    {
        var entries = new Dictionary<string, uint>(Entries, StringComparer.Ordinal);
        var remarks = new List<string>();
        foreach (var (name, asked) in Entries)
        {
            if (PinnedMaps.MaxEntries(Path.Combine(pinDirectory, name)) is { } there && there != asked)
            {
                entries[name] = there;
                remarks.Add($"{name} stays at {there} entries, not {asked}");
            }
        }

        return new MapSizes(entries) { Remarks = remarks };
    }
}
