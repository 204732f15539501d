using Fabric.Hosting;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Sync;

namespace Fabric.SoftGate.Host;

/// <summary>How the agent is, at a moment.</summary>
internal sealed record AgentStatus
{
    /// <summary>Name of the node; null: there is no state yet.</summary>
    public string? Node { get; init; }

    /// <summary>Revision in force; null: there is no state yet.</summary>
    public long? Revision { get; init; }

    /// <summary>Where the state in force came from: file, disk or controller.</summary>
    public string? Source { get; init; }

    /// <summary>Whether packets that come here get anywhere: the data path is attached, and the fabric is reached.</summary>
    public bool Healthy { get; init; }

    /// <summary>Why the newest state, or a part of it, is not in force; empty: it is.</summary>
    public IReadOnlyList<string> Refusals { get; init; } = [];

    /// <summary>What stood wrong in the maps when they were read back last.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];

    /// <summary>The controller, when there is one: connected, or why not.</summary>
    public string? Controller { get; init; }

    /// <summary>Ports that are attached: native, generic, or kept from an earlier process.</summary>
    public IReadOnlyDictionary<string, XdpMode> Ports { get; init; } = new Dictionary<string, XdpMode>();

    /// <summary>Ports that should be attached.</summary>
    public IReadOnlyList<string> WantedPorts { get; init; } = [];

    /// <summary>Packets by what became of them.</summary>
    public IReadOnlyDictionary<string, ulong> Packets { get; init; } = new Dictionary<string, ulong>();

    /// <summary>Sessions now, and the most there can be of IPv4.</summary>
    public ulong Sessions { get; init; }

    /// <summary>Entries of the table of IPv4 sessions; each session has two.</summary>
    public uint SessionEntries { get; init; }

    /// <summary>VPCs.</summary>
    public IReadOnlyList<VpcStatus> Vpcs { get; init; } = [];

    /// <summary>Rules that have counted something.</summary>
    public IReadOnlyList<RuleStatus> Rules { get; init; } = [];

    /// <summary>Back ends that do not answer their health checks and get no new sessions.</summary>
    public IReadOnlyList<BackendStatus> UnwellBackends { get; init; } = [];

    /// <summary>Why back ends are not probed although they should be; null: they are.</summary>
    public string? HealthChecks { get; init; }

    /// <summary>EVPN sessions that are established.</summary>
    public int EvpnSessions { get; init; }

    /// <summary>Hosts and prefixes learnt by EVPN.</summary>
    public int EvpnRoutes { get; init; }

    /// <summary>Sessions with upstream routers that are established.</summary>
    public int UpstreamSessions { get; init; }

    /// <summary>Prefixes learnt from them.</summary>
    public int UpstreamRoutes { get; init; }

    /// <summary>Public prefixes announced to them.</summary>
    public int Announced { get; init; }

    /// <summary>The session to the partner; null: there is none.</summary>
    public PartnerStatus? Partner { get; init; }

    /// <summary>Neighbours.</summary>
    public NeighborStatus Neighbors { get; init; } = new(0, 0, 0, 0, 0, 0, null);

    /// <summary>Lines of flow logs that were left out.</summary>
    public long FlowLinesSuppressed { get; init; }
}

/// <summary>How the session to the partner is.</summary>
/// <param name="Connected">Whether the partner is there.</param>
/// <param name="Ready">Whether the node has the sessions of its VPCs and may have them.</param>
/// <param name="Sessions">What was told and taken.</param>
internal sealed record PartnerStatus(bool Connected, bool Ready, SyncNumbers Sessions);

/// <summary>A back end of a load balancer.</summary>
/// <param name="Balancer">Uid of the load balancer.</param>
/// <param name="Address">Its address in the VPC.</param>
/// <param name="Port">Its port; 0: the one that was asked for.</param>
/// <param name="IsProbed">Whether this node probes it; false: the partner does.</param>
internal sealed record BackendStatus(int Balancer, string Address, int Port, bool IsProbed);

/// <summary>A VPC's counters.</summary>
internal sealed record VpcStatus(int Uid, string Name, string Owner, ulong Sessions, ulong PacketsOut, ulong OctetsOut, ulong PacketsIn, ulong OctetsIn);

/// <summary>Counters of a rule: of what was judged by it, first packets of sessions and denied ones.</summary>
/// <param name="List">Uid of the list.</param>
/// <param name="Rule">Place in the list, from 1; 0: its default.</param>
/// <param name="Packets">Packets.</param>
/// <param name="Octets">Their octets.</param>
internal sealed record RuleStatus(uint List, int Rule, ulong Packets, ulong Octets);

/// <summary>Address resolution.</summary>
internal sealed record NeighborStatus(int Hosts, long Refused, long Disbelieved, long RouterAdvertisements, long FramesSent, long FramesFailed, string? LastFailure);

/// <summary>Reads the counters of the data path. Safe from any thread.</summary>
internal sealed class CounterReader(DataPathObject path)
{
    private readonly PerCpuMap<ulong> _counters = path.PerCpu<ulong>("counters");
    private readonly PerCpuMap<VpcCounters> _vpcCounters = path.PerCpu<VpcCounters>("vpc_counters");
    private readonly PerCpuMap<AclCounter> _aclCounters = path.PerCpu<AclCounter>("acl_counters");
    private readonly BpfMap<uint, VpcUsage> _usages = path.Map<uint, VpcUsage>("vpc_usages");
    private readonly BpfMap<uint, Vpc> _vpcs = path.Map<uint, Vpc>("vpcs");
    private readonly BpfMap<uint, Acl> _acls = path.Map<uint, Acl>("acls");

    internal IReadOnlyDictionary<string, ulong> Packets() => Enumerable.Range(0, (int)Counter.Count).ToDictionary(
        i => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(((Counter)i).ToString()),
        i => _counters.Get((uint)i).Aggregate(0UL, (sum, n) => sum + n),
        StringComparer.Ordinal);

    /// <summary>Counters of all VPCs of a state.</summary>
    internal IReadOnlyList<VpcStatus> Vpcs(SoftGateState state)
    {
        var realms = new Dictionary<uint, uint>();
        foreach (var (realm, vpc) in _vpcs.ToList())
        {
            if (realm != 0 && (vpc.Flags & (uint)VpcFlags.Present) != 0)
            {
                realms[vpc.Uid] = realm;
            }
        }

        var result = new List<VpcStatus>(state.Vpcs.Count);
        foreach (var vpc in state.Vpcs)
        {
            if (!realms.TryGetValue((uint)vpc.Uid, out var realm))
            {
                continue;
            }

            _usages.TryGet(realm, out var usage);
            var sum = default(VpcCounters);
            foreach (var cpu in _vpcCounters.Get(realm))
            {
                sum.PacketsOut += cpu.PacketsOut;
                sum.OctetsOut += cpu.OctetsOut;
                sum.PacketsIn += cpu.PacketsIn;
                sum.OctetsIn += cpu.OctetsIn;
            }

            result.Add(new(vpc.Uid, vpc.Name, vpc.Owner, usage.Sessions, sum.PacketsOut, sum.OctetsOut, sum.PacketsIn, sum.OctetsIn));
        }

        return result;
    }

    /// <summary>Counters of rules that are not zero.</summary>
    internal IReadOnlyList<RuleStatus> Rules(SoftGateState state)
    {
        var counts = state.AccessLists.ToDictionary(l => (uint)l.Uid, l => l.Rules.Count);
        var result = new List<RuleStatus>();
        foreach (var (_, acl) in _acls.ToList())
        {
            if (!counts.TryGetValue(acl.Uid, out var rules))
            {
                continue;
            }

            for (var rule = 0; rule <= rules && acl.FirstCounter + rule < _aclCounters.MaxEntries; rule++)
            {
                var (packets, octets) = (0UL, 0UL);
                foreach (var cpu in _aclCounters.Get(acl.FirstCounter + (uint)rule))
                {
                    packets += cpu.Packets;
                    octets += cpu.Octets;
                }

                if (packets > 0)
                {
                    result.Add(new(acl.Uid, rule, packets, octets));
                }
            }
        }

        return result;
    }
}

/// <summary>The status as metrics.</summary>
internal static class AgentMetrics
{
    /// <summary>Writes them in the text format of Prometheus.</summary>
    internal static string Write(AgentStatus status)
    {
        var text = new PrometheusText();
        if (status.Revision is { } revision)
        {
            text.Add("softgate_revision", "gauge", "Revision of the intent in force.", [([], revision)]);
        }

        text.Add("softgate_healthy", "gauge", "Whether packets that come here get anywhere.", [([], status.Healthy ? 1 : 0)]);
        text.Add("softgate_state_refusals", "gauge", "Parts of the newest state that are not in force.", [([], status.Refusals.Count)]);
        text.Add("softgate_map_differences", "gauge", "Entries of maps that were wrong when they were read back last.", [([], status.Differences.Count)]);
        text.Add("softgate_controller_up", "gauge", "Whether the controller is connected.", status.Controller is { } controller ? [([], controller == "connected" ? 1 : 0)] : []);
        text.Add("softgate_port_attached", "gauge", "Whether the data path is attached to a port.",
            status.WantedPorts.Select(p => (new[] { ("port", p), ("mode", status.Ports.TryGetValue(p, out var mode) ? mode.ToString().ToLowerInvariant() : "none") }, status.Ports.ContainsKey(p) ? 1.0 : 0)));
        text.Add("softgate_packets_total", "counter", "Packets by what became of them.", status.Packets.Select(c => (new[] { ("fate", c.Key) }, (double)c.Value)));
        text.Add("softgate_sessions", "gauge", "Sessions now.", [([], status.Sessions)]);
        text.Add("softgate_session_entries_limit", "gauge", "Entries of the table of IPv4 sessions; each session has two.", [([], status.SessionEntries)]);
        Vpc("softgate_vpc_sessions", "gauge", "Sessions of a VPC now.", v => [([], v.Sessions)]);
        Vpc("softgate_vpc_packets_total", "counter", "Packets of a VPC.", v => [([("direction", "out")], v.PacketsOut), ([("direction", "in")], v.PacketsIn)]);
        Vpc("softgate_vpc_octets_total", "counter", "Octets of IP packets of a VPC.", v => [([("direction", "out")], v.OctetsOut), ([("direction", "in")], v.OctetsIn)]);
        Rule("softgate_rule_packets_total", "Packets that a rule has judged.", r => r.Packets);
        Rule("softgate_rule_octets_total", "Octets of packets that a rule has judged.", r => r.Octets);
        text.Add("softgate_evpn_sessions", "gauge", "EVPN sessions that are established.", [([], status.EvpnSessions)]);
        text.Add("softgate_evpn_routes", "gauge", "Hosts and prefixes learnt by EVPN.", [([], status.EvpnRoutes)]);
        text.Add("softgate_upstream_sessions", "gauge", "Sessions with upstream routers that are established.", [([], status.UpstreamSessions)]);
        text.Add("softgate_upstream_routes", "gauge", "Prefixes learnt from upstream routers.", [([], status.UpstreamRoutes)]);
        text.Add("softgate_announced_prefixes", "gauge", "Public prefixes announced to upstream routers.", [([], status.Announced)]);
        text.Add("softgate_neighbors", "gauge", "Hosts that ARP and neighbour discovery know or look for.", [([], status.Neighbors.Hosts)]);
        text.Add("softgate_neighbors_refused_total", "counter", "Hosts that were too many in their V-Net.", [([], status.Neighbors.Refused)]);
        text.Add("softgate_neighbors_disbelieved_total", "counter", "Claims to an address by somebody who may not have it.", [([], status.Neighbors.Disbelieved)]);
        text.Add("softgate_router_advertisements_total", "counter", "Router advertisements.", [([], status.Neighbors.RouterAdvertisements)]);
        text.Add("softgate_overlay_frames_total", "counter", "Frames that the agent has sent into V-Nets.", [([("result", "sent")], status.Neighbors.FramesSent), ([("result", "failed")], status.Neighbors.FramesFailed)]);
        text.Add("softgate_flow_lines_suppressed_total", "counter", "Lines of flow logs that were left out.", [([], status.FlowLinesSuppressed)]);
        return text.ToString();

        void Vpc(string name, string type, string help, Func<VpcStatus, ((string, string)[] Labels, double Value)[]> values) =>
            text.Add(name, type, help, status.Vpcs.SelectMany(v => values(v).Select(x => (((string, string)[])[("vpc", v.Name), .. x.Labels], x.Value))));

        void Rule(string name, string help, Func<RuleStatus, ulong> value) =>
            text.Add(name, "counter", help, status.Rules.Select(r => (new[] { ("list", $"{r.List}"), ("rule", $"{r.Rule}") }, (double)value(r))));
    }
}
