using Fabric.Hosting;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;
using Fabric.SoftGate.Health;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Neighbors;
using Fabric.SoftGate.Plan;
using Fabric.SoftGate.Sync;
using Fabric.SoftGate.Upstream;

namespace Fabric.SoftGate.Host;

/// <summary>
/// The agent: the loaded data path, what fills it, and what it tells. All but <see cref="StatusAsync"/> and <see cref="Take"/> belongs to the loop.
/// Disposing it leaves the data path attached.
/// </summary>
internal sealed class Agent : IAsyncDisposable
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HopPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BalancePeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NeighborPeriod = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan HealthPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan VerifyPeriod = TimeSpan.FromMinutes(5);

    private readonly EventLog _log;
    private readonly DataPathObject _path;
    private readonly Ports _ports;
    private readonly CounterReader _counters;
    private readonly VxlanSockets _overlay = new();
    private readonly NeighborService _neighbors;
    private readonly HopKeeper _hops;
    private readonly FlowLog _flows;
    private readonly EvpnService _evpn;
    private readonly UpstreamService _upstream;
    private readonly SyncService _sync;
    private readonly HealthProber _prober;
    private readonly HealthChecker _health;
    private readonly BpfMap<uint, VNet> _vnets;
    private readonly BpfMap<uint, Vpc> _vpcs;
    private readonly StaticRoutes? _statics;
    private readonly List<IStateFollower> _followers = [];
    private readonly uint _sessionEntries;
    private ProbeNamespace? _probes;
    private HashSet<int> _probed = [];
    private bool _standsIn;
    private string? _probesRefused;
    private LinkWatch? _links;
    private DataPathEvents? _events;
    private Dictionary<string, Link> _interfaces = [];
    private Dictionary<uint, string> _vpcNames = [];
    private SoftGateState? _state;
    private string? _source;
    private bool _overlayComplete;
    private bool _publicComplete;
    private bool _healthy;
    private bool _wasHealthy;
    private IReadOnlyList<string> _refusals = [];
    private IReadOnlyList<string> _differences = [];

    private Agent(SoftgatedOptions options, DataPathObject path, MapSizes sizes, StaticRoutes? statics, EventLog log, TimeProvider time)
    {
        (_log, _path, _statics) = (log, path, statics);
        Loop = new AgentLoop(time);
        Forwarding = new Forwarding.Forwarding(path, sizes.Capacities, NodePlan.DefaultSettings);
        Hosts = new HostPlaces(Forwarding.LearnHost);
        _sessionEntries = sizes.Entries["sessions4"];
        _ports = new Ports(path, options.Pins, log);
        _counters = new CounterReader(path);
        _hops = new HopKeeper(path);
        _flows = new FlowLog(log, time);
        _vnets = path.Map<uint, VNet>("vnets");
        _vpcs = path.Map<uint, Vpc>("vpcs");
        _neighbors = new NeighborService(
            new NeighborSettings(), _overlay, Floods, new HeardHosts(Hosts), owner => owner == _state?.Node.Name, time);
        var learn = new Learnt(this);
        _evpn = new EvpnService(new EvpnSettings { Time = time }, learn, Loop.Post, new ProtocolLog(log, "evpn", time).Write) { Changed = RoutingChanged };
        _upstream = new UpstreamService(
            new UpstreamSettings { Time = time },
            learn,
            name => _interfaces.TryGetValue(name, out var link) ? link.Index : null,
            Loop.Post,
            new ProtocolLog(log, "upstream", time).Write)
        { Changed = RoutingChanged };
        _sync = new SyncService(
            new SyncSettings { Time = time, Secure = options.Controller is { } controller ? TlsOf(controller, time).SecureAsync : null },
            path,
            Loop.Post,
            new ProtocolLog(log, "sync", time).Write)
        { Changed = SyncChanged, HealthHeard = HealthHeard };
        _prober = new HealthProber(family => _probes!.NewSocket(family), time);
        _health = new HealthChecker(
            _prober.ProbeAsync, backend => Forwarding.IsWell(backend.Balancer, backend.Address, backend.Port), HealthFound, Loop.Post, time);
        _followers.Add(Hosts);
        _followers.Add(_neighbors);
    }

    /// <summary>Where everything is done.</summary>
    internal AgentLoop Loop { get; }

    /// <summary>The maps.</summary>
    internal Forwarding.Forwarding Forwarding { get; }

    /// <summary>Where hosts are, of all sources.</summary>
    internal HostPlaces Hosts { get; }

    /// <summary>Where frames for all of a V-Net go.</summary>
    internal FloodLists Floods { get; } = new();

    /// <summary>How the controller is, for the status; null: there is none.</summary>
    internal Func<string>? Controller { get; set; }

    /// <summary>Loads the data path, or takes over the pinned maps of an earlier process. Nothing is attached before there is a state.</summary>
    /// <exception cref="KernelException">The kernel has refused.</exception>
    /// <exception cref="IOException">The directory of pins is in no bpf file system, or the static routes are none.</exception>
    internal static Agent Start(SoftgatedOptions options, EventLog log, TimeProvider time)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(options.Pins))!;
        if (!PinnedMaps.IsBpfFileSystem(parent))
        {
            throw new IOException($"{parent} is in no bpf file system: mount -t bpf bpf {parent}");
        }

        Directory.CreateDirectory(options.Pins);
        var statics = options.StaticRoutes is { } file ? StaticRoutes.Read(file) : null;
        var sizes = options.Sizes.With(options.Pins);
        foreach (var remark in sizes.Remarks)
        {
            log.Write("info", "map-size", $"{remark}; a new size needs softgated detach, which ends all sessions");
        }

        var path = DataPathObject.Load(new DataPathOptions { ObjectFile = options.ObjectFile, PinDirectory = options.Pins, Sizes = sizes.Entries });
        var agent = new Agent(options, path, sizes, statics, log, time);
        agent._links = new LinkWatch(agent.Loop, agent.LinksChanged);
        agent._events = new DataPathEvents(path, agent.Loop, agent.Handle);
        agent.Loop.Every(SweepPeriod, agent.Sweep);
        agent.Loop.Every(NeighborPeriod, agent._neighbors.Tick);
        agent.Loop.Every(HopPeriod, agent._hops.Tick);
        agent.Loop.Every(BalancePeriod, agent.Forwarding.Balance);
        agent.Loop.Every(HealthPeriod, agent._health.Tick);
        agent.Loop.Every(VerifyPeriod, agent.Verify);
        return agent;
    }

    /// <summary>Takes a state, from any thread.</summary>
    /// <param name="state">The state.</param>
    /// <param name="source">Where it came from.</param>
    /// <returns>Ends when it is in force; with what was refused.</returns>
    internal Task<IReadOnlyList<string>> Take(SoftGateState state, string source) => Loop.InvokeAsync(() =>
    {
        _source = source;
        return Apply(state);
    });

    /// <summary>How the agent is; from any thread.</summary>
    internal async Task<AgentStatus> StatusAsync(bool verify)
    {
        var (state, status) = await Loop.InvokeAsync(() =>
        {
            if (verify)
            {
                Verify();
            }

            return (_state, new AgentStatus
            {
                Node = _state?.Node.Name,
                Revision = _state?.Revision,
                Source = _source,
                Healthy = _healthy,
                Refusals = _refusals,
                Differences = _differences,
                Controller = Controller?.Invoke(),
                Ports = _ports.Attached,
                WantedPorts = _state is null ? [] : [.. CommandLine.PortsOf(_state).Select(p => p.Name)],
                SessionEntries = _sessionEntries,
                EvpnSessions = _evpn.Sessions,
                EvpnRoutes = _evpn.Routes,
                UpstreamSessions = _upstream.Sessions,
                UpstreamRoutes = _upstream.Routes,
                Announced = _upstream.Announced,
                Partner = _state is { Partner: not null } ? new(_sync.IsConnected, _sync.IsReady, _sync.Numbers) : null,
                UnwellBackends = Unwell(),
                HealthChecks = _probesRefused,
                Neighbors = new(
                    _neighbors.Count, _neighbors.Refused, _neighbors.Disbelieved, _neighbors.Advertisements, _overlay.Sent, _overlay.Failed, _overlay.LastFailure),
                FlowLinesSuppressed = _flows.Suppressed,
            });
        });

        // Maps are read outside the loop: packets and rules need not wait for it.
        var vpcs = state is null ? [] : _counters.Vpcs(state);
        return status with
        {
            Packets = _counters.Packets(),
            Vpcs = vpcs,
            Sessions = vpcs.Aggregate(0UL, (sum, vpc) => sum + vpc.Sessions),
            Rules = state is null ? [] : _counters.Rules(state),
        };
    }

    /// <summary>What the controller is told; from any thread. Null: there is no state yet.</summary>
    internal async Task<SoftGateReport?> ReportAsync()
    {
        var status = await StatusAsync(verify: false);
        return status.Revision is not { } revision ? null : new SoftGateReport
        {
            Revision = revision,
            Healthy = status.Healthy,
            Problems =
            [
                .. status.Refusals.Select(r => new SoftGateProblem(0, r)),
                .. status.WantedPorts.Where(p => !status.Ports.ContainsKey(p)).Select(p => new SoftGateProblem(0, $"port {p}: the data path is not attached")),
                .. status.UnwellBackends.Where(b => b.IsProbed)
                    .Select(b => new SoftGateProblem(b.Balancer, $"back end {b.Address} port {b.Port} does not answer its health check and gets no new connections")),
                .. status.HealthChecks is { } refused ? new[] { new SoftGateProblem(0, $"back ends are not probed: {refused}") } : [],
                .. status.Differences.Count == 0 ? [] : new[] { new SoftGateProblem(0, $"{status.Differences.Count} entries of maps are wrong") },
            ],
            Sessions = (long)status.Sessions,
            Vpcs = status.Vpcs.Select(v => new SoftGateVpcCounters(
                v.Uid, (long)v.Sessions, (long)v.PacketsOut, (long)v.OctetsOut, (long)v.PacketsIn, (long)v.OctetsIn)).ToValueList(),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _sync.DisposeAsync();
        await Loop.DisposeAsync();
        _health.Dispose();
        _prober.Dispose();
        _probes?.Dispose();
        _events?.Dispose();
        _links?.Dispose();
        _ports.Dispose();
        _overlay.Dispose();
        _hops.Dispose();
        _path.Dispose();
    }

    /// <summary>Puts a state in force. What does not fit is refused, and what was there stays.</summary>
    private IReadOnlyList<string> Apply(SoftGateState state)
    {
        OpenProbes(state);
        _interfaces = Links.List().ToDictionary(l => l.Name, StringComparer.Ordinal);
        var result = Forwarding.Apply(state, _interfaces.ToDictionary(l => l.Key, l => l.Value.Index, StringComparer.Ordinal));
        _refusals = result.Refusals;
        foreach (var refusal in _refusals)
        {
            _log.Write("error", "state-refused", refusal);
        }

        if (!result.InForce)
        {
            return _refusals; // Nobody follows it.
        }

        if (_state is null || _state.Revision != state.Revision)
        {
            _log.Write("info", "state", $"revision {state.Revision} from {_source}: {state.Vpcs.Count} VPCs, {state.VNets.Count} V-Nets, {state.Nat.Count} NAT rules");
        }

        _state = state;
        _vpcNames = state.Vpcs.ToDictionary(v => (uint)v.Uid, v => v.Name);
        _followers.ForEach(f => f.Follow(state));
        _evpn.Follow(state);
        _upstream.Follow(state);
        Static();

        // Last: the first packet finds everything.
        _ports.Set([.. CommandLine.PortsOf(state), .. _probes is null ? [] : new[] { new NeededPort(ProbeNamespace.Port) }], _interfaces);
        _sync.Follow(state);
        FollowHealth();
        RoutingChanged();
        return _refusals;
    }

    /// <summary>Interfaces have come or gone: ports with them, and what refers to their numbers.</summary>
    private void LinksChanged()
    {
        if (_state is null)
        {
            return;
        }

        var now = Links.List();
        if (now.Count == _interfaces.Count && now.All(l => _interfaces.TryGetValue(l.Name, out var before) && before == l))
        {
            return;
        }

        Apply(_state);
    }

    /// <summary>
    /// When all has been said, what an earlier process had learnt beyond that is forgotten; hosts that only neighbours can have told of are asked.
    /// Public addresses are announced only while packets to them get anywhere.
    /// </summary>
    private void RoutingChanged()
    {
        if (_state is not { } state)
        {
            return;
        }

        if (!_overlayComplete && (_evpn.IsComplete || state.Node.EvpnPeers.Count == 0))
        {
            _overlayComplete = true;
            Forwarding.CompleteOverlay((vni, address, place) => _neighbors.Restore(vni, address, new(place.Mac, place.Vtep)));
        }

        if (!_publicComplete && (_upstream.IsComplete || !state.Node.Upstreams.Any(u => u.Peers.Count > 0)))
        {
            _publicComplete = true;
            Forwarding.CompletePublic();
        }

        var attached = _ports.Attached;
        var healthy = _healthy;
        _healthy = state.Node.UnderlayPorts.Any(attached.ContainsKey)
            && (state.Node.EvpnPeers.Count == 0 || (_evpn.Sessions > 0 && _evpn.IsComplete));
        if (_healthy && !healthy && _wasHealthy)
        {
            // The partner has had the VPCs meanwhile.
            _sync.Rejoin();
        }

        _wasHealthy |= _healthy;
        _upstream.SetReady(_sync.IsReady);
        _upstream.SetHealthy(_healthy);
    }

    /// <summary>Makes what health checks are done from, when the first balancer wants some.</summary>
    private void OpenProbes(SoftGateState state)
    {
        if (_probes is not null || !state.Balancers.Any(b => b.HealthCheck != SoftGateHealthCheck.None))
        {
            return;
        }

        try
        {
            _probes = ProbeNamespace.Open();
            _probesRefused = null;
        }
        catch (Exception e) when (e is KernelException or IOException or UnauthorizedAccessException)
        {
            if (_probesRefused != e.Message)
            {
                _probesRefused = e.Message;
                _log.Write("error", "health", $"back ends are not probed: {e.Message}");
            }
        }
    }

    /// <summary>Back ends of own VPCs are probed; those of the partner while it is not there.</summary>
    private void FollowHealth()
    {
        if (_state is not { } state || _probes is null)
        {
            return;
        }

        if (_interfaces.TryGetValue(ProbeNamespace.Port, out var link))
        {
            foreach (var source in ProbeNamespace.Sources)
            {
                Forwarding.LearnPublic(IpPrefix.Of(source, source.IsV4 ? 32 : 128), new PublicGateway(source, link.Index, 0));
            }
        }

        _standsIn = state.Partner is not null && !_sync.IsConnected;
        _probed = state.Vpcs.Where(v => _standsIn || v.Owner == state.Node.Name).Select(v => v.Uid).ToHashSet();
        _health.Follow(state.Balancers.Where(b => _probed.Contains(b.Vpc)).SelectMany(b => HealthTarget.Of(b, Forwarding.BackendsOf(b.Uid).Select(x => x.Backend))));
    }

    private IReadOnlyList<BackendStatus> Unwell() => _state is null ? [] :
    [
        .. _state.Balancers.Where(b => b.HealthCheck != SoftGateHealthCheck.None)
            .SelectMany(b => Forwarding.BackendsOf(b.Uid).Where(x => !x.Well).Select(x => new BackendStatus(b.Uid, x.Backend.Config.Address.ToString(), x.Backend.Config.Port, _probed.Contains(b.Vpc)))),
    ];

    private void HealthFound(BackendName backend, bool well)
    {
        SetHealth(backend, well);
        _sync.TellHealth(backend, well);
    }

    /// <summary>The partner knows its own back ends, and all of them while this node has been away.</summary>
    private void HealthHeard(BackendName backend, bool well)
    {
        if (_state is { } state && state.Balancers.FirstOrDefault(b => b.Uid == backend.Balancer) is { } balancer
            && balancer.Backends.Any(b => b.Address == backend.Address && b.Port == backend.Port)
            && (!_sync.IsReady || state.Vpcs.Any(v => v.Uid == balancer.Vpc && v.Owner == state.Partner?.Name)))
        {
            SetHealth(backend, well);
        }
    }

    private void SetHealth(BackendName backend, bool well)
    {
        if (Forwarding.IsWell(backend.Balancer, backend.Address, backend.Port) != well)
        {
            Forwarding.SetBackendHealth(backend.Balancer, backend.Address, backend.Port, well);
            _log.Write(well ? "info" : "warning", well ? "backend-well" : "backend-unwell", $"balancer={backend.Balancer} backend={backend.Address} port={backend.Port}");
        }
    }

    private void SyncChanged()
    {
        RoutingChanged();
        if (_state?.Partner is not null && _standsIn == _sync.IsConnected)
        {
            FollowHealth();
        }
    }

    private static SyncTls TlsOf(ControllerOptions controller, TimeProvider time)
    {
        var identity = new NodeIdentity(controller.IdentityDirectory);
        return new(identity.Load, identity.Authorities, time);
    }

    private void Static()
    {
        foreach (var flood in _statics?.Floods ?? [])
        {
            Floods.Add(flood.Vni, flood.Vtep);
        }

        foreach (var host in _statics?.Hosts ?? [])
        {
            Forwarding.LearnHost(host.Vni, host.Address, new Place(host.Vtep, host.Vni, host.Mac));
        }

        foreach (var route in _statics?.Public ?? [])
        {
            Forwarding.LearnPublic(route.Prefix, _interfaces.TryGetValue(route.Port, out var link) ? new PublicGateway(route.Gateway, link.Index, route.Vlan) : null);
        }
    }

    private void Handle(DataPathEvent told)
    {
        switch (told)
        {
            case DataPathEvent.Resolve { VNet: 0 } resolve:
                _hops.Ask(resolve.Address); // On a public link: the kernel's neighbour.
                break;
            case DataPathEvent.Resolve resolve when VniOf(resolve.VNet) is { } vni:
                if (!Hosts.HasRoute(vni, resolve.Address))
                {
                    _neighbors.Want(vni, resolve.Address);
                }

                break;
            case DataPathEvent.Neighbor neighbor when VniOf(neighbor.VNet) is { } vni:
                _neighbors.Hear(vni, neighbor.Vtep, neighbor.Frame);
                break;
            case DataPathEvent.Block block:
                // Lawful attribution: who has had which ports of which public address, and when.
                _log.Write("info", block.Given ? "nat-ports-given" : "nat-ports-returned",
                    $"outside={block.Outside} ports={block.FirstPort}-{block.FirstPort + 63} protocol={block.Protocol} inside={block.Inside} vpc={VpcNameOf(block.Realm)}");
                break;
            case DataPathEvent.Flow flow:
                _flows.Write(flow, VpcNameOf(flow.Realm));
                break;
        }
    }

    private Vni? VniOf(uint vnet) => _vnets.TryGet(vnet, out var row) && Vni.TryCreate(row.Vni, out var vni, out _) ? vni : null;

    private string VpcNameOf(uint realm) => realm == 0 ? "-" : _vpcs.TryGet(realm, out var row) && _vpcNames.TryGetValue(row.Uid, out var name) ? name : $"#{realm}";

    private void Sweep()
    {
        if (TestRun.Syscall(_path, "fabric_sweep") is var result and not 0)
        {
            _log.Write("error", "sweep", $"old sessions are not removed: the program has said {result}");
        }
    }

    private void Verify()
    {
        var before = _differences.Count;
        _differences = Forwarding.Verify();
        if (_differences.Count > 0 || before > 0)
        {
            _log.Write(_differences.Count > 0 ? "error" : "info", "verify", $"{_differences.Count} entries of maps are wrong{(_differences.Count > 0 ? " and are written anew" : "")}: {string.Join("; ", _differences.Take(5))}");
        }

        if (_differences.Count > 0)
        {
            Forwarding.Repair();
        }
    }

    /// <summary>What routing protocols tell.</summary>
    private sealed class Learnt(Agent agent) : ILearn
    {
        public void LearnHost(Vni l3Vni, IpAddr address, Place? place) => agent.Hosts.Learn(HostSource.Evpn, l3Vni, address, place);

        public void LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place) => agent.Forwarding.LearnPrefix(l3Vni, prefix, place);

        public void LearnPublic(IpPrefix prefix, PublicGateway? gateway) => agent.Forwarding.LearnPublic(prefix, gateway);

        public void LearnFlood(Vni vni, IpAddr vtep, bool wanted)
        {
            if (wanted)
            {
                agent.Floods.Add(vni, vtep);
            }
            else
            {
                agent.Floods.Remove(vni, vtep);
            }
        }
    }

    /// <summary>What neighbours tell, for the choice among sources.</summary>
    private sealed class HeardHosts(HostPlaces hosts) : INeighborSink
    {
        public void Learn(Vni vni, IpAddr address, Place? place) => hosts.Learn(HostSource.Neighbors, vni, address, place);
    }
}
