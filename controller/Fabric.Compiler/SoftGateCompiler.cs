using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.Compiler;

/// <summary>Turns intent into what one SoftGate is told. Pure: the same snapshot gives the same state.</summary>
public sealed class SoftGateCompiler
{
    private readonly IntentSnapshot _snapshot;
    private readonly Resource _site;
    private readonly SiteSpec _siteSpec;
    private readonly List<Resource> _pair;
    private readonly SortedDictionary<int, Resource> _lists = [];

    private SoftGateCompiler(IntentSnapshot snapshot, Resource site)
    {
        _snapshot = snapshot;
        _site = site;
        _siteSpec = (SiteSpec)site.Spec;
        _pair = [.. SoftGatePairs.SoftGatesOf(snapshot, site.Key.Name)];
    }

    /// <summary>What a SoftGate is told; null: it belongs to no pair.</summary>
    /// <param name="snapshot">All of the intent.</param>
    /// <param name="softGate">A Device with role softgate.</param>
    public static SoftGateState? Compile(IntentSnapshot snapshot, Resource softGate)
    {
        var compiler = new SoftGateCompiler(snapshot, snapshot.Find(ResourceKind.Site, ((DeviceSpec)softGate.Spec).Site)!);
        return compiler._pair.Exists(s => s.Uid == softGate.Uid) ? compiler.State(softGate) : null;
    }

    /// <summary>The SoftGate that owns a VPC while both are well: they take turns by L3VNI, so that none moves when another VPC comes or goes.</summary>
    private Resource OwnerOf(Vni l3Vni) => _pair[(int)(l3Vni.Value % _pair.Count)];

    private SoftGateState State(Resource softGate)
    {
        var vnets = _snapshot.ReferrersOf(_site.Key, ResourceKind.VNet)
            .Where(v => GatewayPlaces.Of(_snapshot, (VNetSpec)v.Spec) == GatewayPlace.SoftGate).OrderBy(static v => v.Uid).ToList();
        var vpcs = vnets.Select(static v => ((VNetSpec)v.Spec).Vpc).Distinct(StringComparer.Ordinal)
            .Select(name => _snapshot.Find(ResourceKind.Vpc, name)!).OrderBy(static v => v.Uid).ToList();
        var partner = _pair.Find(s => s.Uid != softGate.Uid);
        var state = new SoftGateState
        {
            Revision = _snapshot.Revision,
            Node = Node(softGate),
            Partner = partner is null ? null : new SoftGatePartner
            {
                Uid = partner.Uid,
                Name = partner.Key.Name,
                Loopback = DeviceIdentity.Of(_snapshot, partner).RouterId,
                ServiceVtep = DeviceIdentity.ServiceVtep(_snapshot, partner),
            },
            Vpcs = vpcs.Select(Vpc).ToValueList(),
            VNets = vnets.Select(VNet).ToValueList(),
            Nat = Of<NatRuleSpec>(vpcs, ResourceKind.NatRule).Where(static n => n.Spec.Enabled).Select(Nat).ToValueList(),
            Balancers = Of<LoadBalancerSpec>(vpcs, ResourceKind.LoadBalancer).Where(static b => b.Spec.Enabled).Select(Balancer).ToValueList(),
            PublicAddresses = Of<PublicAddressSpec>(vpcs, ResourceKind.PublicAddress).Select(Address).ToValueList(),
        };

        // Last: the others have said by now which lists they name.
        return state with { AccessLists = _lists.Values.Select(List).ToValueList() };
    }

    private SoftGateNode Node(Resource softGate)
    {
        var identity = DeviceIdentity.Of(_snapshot, softGate);
        var fabric = (ushort)_snapshot.NumberOf(IdentifierSpace.FabricNumber, 0, new(_site.Uid));
        return new SoftGateNode
        {
            Name = softGate.Key.Name,
            Asn = identity.Asn,
            Loopback = identity.RouterId,
            DeviceNumber = (ushort)identity.Number,
            FabricNumber = fabric,
            ServiceVtep = DeviceIdentity.ServiceVtep(_snapshot, softGate),

            // Locally administered; that of a pair, apart from those of single devices.
            RouterMac = new MacAddress((0x02fdUL << 32) | ((ulong)fabric << 16) | 1),
            GatewayMac = _siteSpec.AnycastMac,
            UnderlayPorts = Topology.UnderlayPortsOf(_snapshot, softGate.Key.Name).Select(static p => p.Port).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToValueList(),
            UnderlayMtu = _siteSpec.Underlay.Mtu,
            EvpnPeers = EvpnPeers().ToValueList(),
            Upstreams = SoftGatePairs.UpstreamsOf(_snapshot, softGate).Select(static u => new SoftGateUpstream
            {
                Port = u.Upstream.Port,
                Vlan = u.Upstream.Vlan,
                Addresses = u.Upstream.Addresses,
                Peers = u.Upstream.Peers.Select(static p => new SoftGatePeer(p.Address, p.Asn)).ToValueList(),
            }).ToValueList(),
        };
    }

    /// <summary>The spines, which reflect EVPN.</summary>
    private IEnumerable<SoftGatePeer> EvpnPeers() =>
        from device in _snapshot.ReferrersOf(_site.Key, ResourceKind.Device)
        where device.Spec is DeviceSpec { Role: DeviceRole.Spine }
        orderby device.Uid
        let identity = DeviceIdentity.Of(_snapshot, device)
        select new SoftGatePeer(identity.RouterId, identity.Asn);

    private SoftGateVpc Vpc(Resource vpc)
    {
        var spec = (VpcSpec)vpc.Spec;
        return new SoftGateVpc
        {
            Uid = vpc.Uid,
            Name = vpc.Key.Name,
            L3Vni = VniOf(vpc),
            Owner = OwnerOf(VniOf(vpc)).Key.Name,
            AntiSpoof = spec.AntiSpoof,
            SessionQuota = spec.SessionQuota,
            BandwidthLimit = spec.BandwidthLimit,
            AccessList = UidOf(spec.AccessList),
            RoutedIpv4 = spec.RoutedIpv4,
            RoutedIpv6 = spec.RoutedIpv6,
            StaticRoutes = Of<StaticRouteSpec>([vpc], ResourceKind.StaticRoute).Select(static r => new SoftGateStaticRoute(r.Spec.Prefix, r.Spec.NextHop)).ToValueList(),
        };
    }

    private SoftGateVNet VNet(Resource vnet)
    {
        var spec = (VNetSpec)vnet.Spec;
        return new SoftGateVNet
        {
            Uid = vnet.Uid,
            Name = vnet.Key.Name,
            Vpc = _snapshot.Find(ResourceKind.Vpc, spec.Vpc)!.Uid,
            Vni = VniOf(vnet),
            Gateways = spec.Gateways.ToValueList(),
            Mtu = spec.Mtu,
            IngressList = UidOf(spec.IngressAccessList),
            EgressList = UidOf(spec.EgressAccessList),
            Blocked = spec.AwaitRules && (spec.IngressAccessList ?? spec.EgressAccessList) is null,
            KnownHosts = spec.KnownHosts.Select(static h => new SoftGateKnownHost(h.Mac, h.Address)).ToValueList(),
        };
    }

    private SoftGateNat Nat((Resource Resource, NatRuleSpec Spec) rule)
    {
        var spec = rule.Spec;
        return new SoftGateNat
        {
            Uid = rule.Resource.Uid,
            Vpc = _snapshot.Find(ResourceKind.Vpc, spec.Vpc)!.Uid,
            Kind = spec.Type switch
            {
                NatType.Snat => SoftGateNatKind.Source,
                NatType.Static => SoftGateNatKind.Static,
                NatType.Dnat => SoftGateNatKind.Destination,
                _ => SoftGateNatKind.Prefix,
            },
            Inside = spec.Inside,
            InsideAddress = spec.InsideAddress,
            Public = spec.Public,
            PublicPrefix = spec.PublicPrefix,
            Protocol = AclRuleSpec.NumberOf(spec.Protocol),
            Ports = spec.Ports is { } ports ? new SoftGatePorts(ports.First, ports.Last) : null,
            InsidePort = spec.InsidePort,
            BlocksPerHost = spec.BlocksPerHost,
        };
    }

    private SoftGateBalancer Balancer((Resource Resource, LoadBalancerSpec Spec) balancer)
    {
        var spec = balancer.Spec;
        var check = spec.HealthCheck ?? new HealthCheckSpec { Type = HealthCheckType.None };
        return new SoftGateBalancer
        {
            Uid = balancer.Resource.Uid,
            Vpc = _snapshot.Find(ResourceKind.Vpc, spec.Vpc)!.Uid,
            Address = spec.Address,
            Internal = spec.Internal,
            Protocol = spec.Protocol == ServiceProtocol.Tcp ? (byte)6 : (byte)17,
            Ports = new SoftGatePorts(spec.Ports.First, spec.Ports.Last),
            Balancing = spec.Algorithm switch
            {
                BalancingAlgorithm.SourceAffinity => SoftGateBalancing.SourceAffinity,
                BalancingAlgorithm.LeastConnections => SoftGateBalancing.LeastConnections,
                _ => SoftGateBalancing.RoundRobin,
            },
            Sources = spec.Sources,
            SourceNat = spec.SourceNat,
            HealthCheck = check.Type switch
            {
                HealthCheckType.Tcp => SoftGateHealthCheck.Tcp,
                HealthCheckType.Http => SoftGateHealthCheck.Http,
                _ => SoftGateHealthCheck.None,
            },
            HealthPath = check.Path,
            HealthInterval = check.IntervalSeconds,
            HealthTimeout = check.TimeoutSeconds,
            HealthThreshold = check.Threshold,
            Backends = spec.Backends.Select(static b => new SoftGateBackend(b.Address, b.Port ?? 0, b.Weight)).ToValueList(),
        };
    }

    private SoftGatePublicAddress Address((Resource Resource, PublicAddressSpec Spec) address) => new()
    {
        Prefix = address.Spec.Prefix,
        Vpc = _snapshot.Find(ResourceKind.Vpc, address.Spec.Vpc)!.Uid,
        AccessList = UidOf(address.Spec.AccessList),
        BandwidthLimit = address.Spec.BandwidthLimit,
        Routed = address.Spec.Routed,
    };

    /// <summary>A list as SoftGates are told it.</summary>
    internal static SoftGateAccessList List(Resource list)
    {
        var spec = (AclListSpec)list.Spec;
        return new SoftGateAccessList
        {
            Uid = list.Uid,
            Name = list.Key.Name,
            PermitByDefault = spec.Default == AclAction.Permit,
            Rules = spec.Rules.OrderBy(static r => r.Number).Select(static r => new SoftGateAccessRule
            {
                Number = r.Number,
                Permit = r.Action == AclAction.Permit,
                Log = r.Log,
                Sources = r.Sources,
                Destinations = r.Destinations,
                Protocol = AclRuleSpec.NumberOf(r.Protocol),
                Ports = r.IcmpType is { } type
                    ? [new SoftGatePorts((ushort)((type << 8) | (r.IcmpCode ?? 0)), (ushort)((type << 8) | (r.IcmpCode ?? 0xff)))]
                    : r.Ports.Select(static p => new SoftGatePorts(p.First, p.Last)).ToValueList(),
            }).ToValueList(),
        };
    }

    private IEnumerable<(Resource Resource, T Spec)> Of<T>(IEnumerable<Resource> vpcs, ResourceKind kind)
        where T : ResourceSpec =>
        vpcs.SelectMany(v => _snapshot.ReferrersOf(v.Key, kind)).OrderBy(static r => r.Uid).Select(static r => (r, (T)r.Spec));

    /// <summary>The uid of a list, which is then told too.</summary>
    private int? UidOf(string? list)
    {
        if (list is null)
        {
            return null;
        }

        var resource = _snapshot.Find(ResourceKind.AclList, list)!;
        _lists[resource.Uid] = resource;
        return resource.Uid;
    }

    private Vni VniOf(Resource owner) => new(_snapshot.NumberOf(IdentifierSpace.Vni, _site.Uid, new(owner.Uid)));
}
