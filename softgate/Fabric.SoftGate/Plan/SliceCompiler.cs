using Fabric.Primitives;
using Fabric.SoftGate.AccessLists;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Neighbors;

namespace Fabric.SoftGate.Plan;

/// <summary>What a VPC's slice becomes, but for its row in <c>vpcs</c>, and for what was learnt.</summary>
internal sealed class SliceContents
{
    /// <summary>Its entries.</summary>
    internal MapContents Maps { get; } = new();

    /// <summary>Prefixes that it has in <c>prefixes</c>.</summary>
    internal HashSet<IpPrefix> Prefixes { get; } = [];

    /// <summary>Prefixes that it has in <c>snat_sources</c>.</summary>
    internal HashSet<IpPrefix> Sources { get; } = [];

    /// <summary>Prefixes of the public realm that lead into it.</summary>
    internal HashSet<IpPrefix> PublicPrefixes { get; } = [];

    /// <summary>Prefixes that it has in <c>snat_sources</c> of the public realm.</summary>
    internal HashSet<IpPrefix> PublicSources { get; } = [];

    /// <summary>Hosts that the orchestrator knows.</summary>
    internal Dictionary<IpAddr, KnownHost> Known { get; } = [];

    /// <summary>V-Nets by VNI, and the L3VNI.</summary>
    internal Dictionary<Vni, uint> VNets { get; } = [];

    /// <summary>Static routes: prefix to the address of the next hop.</summary>
    internal Dictionary<IpPrefix, IpAddr> StaticRoutes { get; } = [];

    /// <summary>Flags, list and limits of the row in <c>vpcs</c>.</summary>
    internal Vpc Row;

    /// <summary>Indices and ranges that it has.</summary>
    internal HashSet<(ISpace Space, object Owner)> Places { get; } = [];

    /// <summary>Balancers by uid. Their tables must be released.</summary>
    internal Dictionary<int, BalancerPlan> Balancers { get; } = [];

    /// <summary>Parts that are not in force, and why.</summary>
    internal List<string> Refusals { get; } = [];
}

/// <summary>A host that the orchestrator knows.</summary>
/// <param name="VNet">Index of its V-Net.</param>
/// <param name="Mac">Its MAC.</param>
internal readonly record struct KnownHost(uint VNet, MacAddress Mac);

/// <summary>
/// Turns a VPC's slice into entries of maps. Its cost depends on the slice, not on what else the node serves. The only state it touches are the
/// indices that it asks for.
/// </summary>
internal sealed class SliceCompiler
{
    private const byte Tcp = 6;
    private const byte Udp = 17;

    /// <summary>Everything: IPv4 and IPv6.</summary>
    private static readonly IpPrefix[] Everywhere = [IpPrefix.Parse("0.0.0.0/0"), IpPrefix.Parse("::/0")];

    private readonly VpcSlice _slice;
    private readonly SliceNeeds _needs;
    private readonly Indices _indices;
    private readonly SliceContents _result = new();
    private readonly uint _realm;

    /// <summary>Prefix lengths of ports by service address.</summary>
    private readonly Dictionary<(uint Realm, IpAddr Address), uint> _serviceLengths = [];

    private SliceCompiler(VpcSlice slice, SliceNeeds needs)
    {
        _slice = slice;
        _needs = needs;
        _indices = needs.Indices;
        _realm = Place(_indices.Vpcs, slice.Vpc.Uid);
    }

    private NodePlan Node => _needs.Node;

    private MapContents Maps => _result.Maps;

    /// <summary>Compiles a slice.</summary>
    /// <exception cref="CapacityException">A map is too small.</exception>
    /// <exception cref="StateException">The slice contradicts itself.</exception>
    internal static SliceContents Compile(VpcSlice slice, SliceNeeds needs)
    {
        var compiler = new SliceCompiler(slice, needs);
        try
        {
            compiler.Vpc();
            foreach (var vnet in slice.VNets)
            {
                compiler.VNet(vnet);
            }

            compiler.PublicAddresses();
            foreach (var rule in slice.Nat)
            {
                compiler.Nat(rule);
            }

            foreach (var balancer in slice.Balancers)
            {
                compiler.Balancer(balancer);
            }

            compiler.ServiceAddresses();
            return compiler._result;
        }
        catch
        {
            needs.Release(compiler._result);
            throw;
        }
    }

    private uint Place<TOwner>(IndexSpace<TOwner> space, TOwner owner, uint reserved = 0)
        where TOwner : notnull
    {
        var index = space.Of(owner, reserved);
        _result.Places.Add((space, owner));
        return index;
    }

    /// <summary>The version of an access list; 0: none is named.</summary>
    private uint List(int? uid, string of)
    {
        if (uid is not { } list)
        {
            return 0;
        }

        var version = _needs.VersionOf(new(OfBalancer: false, list));
        if (version == ListStore.None && !_slice.Lists.Any(l => l.Uid == list))
        {
            _result.Refusals.Add($"{of} names access list {list}, which is not there: nothing may pass");
        }

        return version;
    }

    private void Vpc()
    {
        var vpc = _slice.Vpc;
        var l3 = Place(_indices.VNets, new(IsL3: true, vpc.Uid));
        Maps.Add(MapId.Vnets, l3, new VNet
        {
            Uid = (uint)vpc.Uid,
            Vpc = _realm,
            Vni = (uint)vpc.L3Vni.Value,
            Kind = (ushort)VNetKind.L3,
            Mac = Mac6.Of(Node.RouterMac),
            Source = Node.SourceOf(vpc.Owner),
        });
        Maps.Add(MapId.Vnis, (uint)vpc.L3Vni.Value, l3);
        _result.VNets.Add(vpc.L3Vni, l3);
        Router(l3, _slice.VNets.SelectMany(static v => v.Gateways));

        foreach (var prefix in Everywhere)
        {
            Prefix(prefix, new Route { Flags = (ushort)RouteFlags.Public });
        }

        foreach (var route in vpc.StaticRoutes)
        {
            _result.StaticRoutes[route.Prefix] = route.NextHop;
        }

        var flags = VpcFlags.Present
            | (Node.IsOwn(vpc.Owner) ? VpcFlags.None : VpcFlags.Partners)
            | (vpc.AntiSpoof ? VpcFlags.AntiSpoof : VpcFlags.None)
            | (vpc.RoutedIpv4 ? VpcFlags.RoutedPublic4 : VpcFlags.None)
            | (vpc.RoutedIpv6 ? VpcFlags.RoutedPublic6 : VpcFlags.None)
            | (_slice.Balancers.Any(b => b.Internal) ? VpcFlags.HasServices : VpcFlags.None);
        _result.Row = new Vpc
        {
            Uid = (uint)vpc.Uid,
            Flags = (uint)flags,
            Acl = List(vpc.AccessList, $"VPC {vpc.Name}"),
            SessionQuota = (uint)(vpc.SessionQuota ?? 0),
            Meter = Meter(new(vpc.Uid, Public: null), vpc.BandwidthLimit, _needs.Hints.MeterOf(_realm)),
        };
    }

    private void VNet(SoftGateVNet vnet)
    {
        var index = Place(_indices.VNets, new(IsL3: false, vnet.Uid));
        Maps.Add(MapId.Vnets, index, new VNet
        {
            Uid = (uint)vnet.Uid,
            Vpc = _realm,
            Vni = (uint)vnet.Vni.Value,
            Kind = (ushort)VNetKind.L2,
            Flags = (ushort)(vnet.Blocked ? VNetFlags.Blocked : VNetFlags.None),
            Mac = Mac6.Of(Node.GatewayMac),
            Mtu = (ushort)vnet.Mtu,
            AclIn = List(vnet.IngressList, $"V-Net {vnet.Name}"),
            AclOut = List(vnet.EgressList, $"V-Net {vnet.Name}"),
            Source = Node.SourceOf(_slice.Vpc.Owner),
        });
        Maps.Add(MapId.Vnis, (uint)vnet.Vni.Value, index);
        if (!_result.VNets.TryAdd(vnet.Vni, index))
        {
            throw new StateException($"VNI {vnet.Vni} is wanted twice in VPC {_slice.Vpc.Name}");
        }

        Router(index, vnet.Gateways);
        foreach (var gateway in vnet.Gateways)
        {
            Maps.Add(MapId.Gateways, new GatewayKey { Vnet = index, Address = Address16.Of(gateway.Address) }, new Gateway());
            Prefix(gateway.Network, new Route { Vnet = index, Flags = (ushort)RouteFlags.Connected });
        }

        if (vnet.Gateways.Any(g => g.Address.IsV6))
        {
            // Routers are advertised by their link-local address (RFC 4861 section 4.2), and hosts ask for it.
            Maps.Add(MapId.Gateways, new GatewayKey { Vnet = index, Address = Address16.Of(NeighborFrames.LinkLocal(Node.GatewayMac)) }, new Gateway());
        }

        foreach (var host in vnet.KnownHosts)
        {
            _result.Known[host.Address] = new(index, host.Mac);
        }
    }

    /// <summary>What errors come from: the first gateway of each family.</summary>
    private void Router(uint vnet, IEnumerable<IpInterface> gateways)
    {
        var router = default(Router);
        foreach (var gateway in gateways.Reverse())
        {
            (gateway.Address.IsV4 ? ref router.Address4 : ref router.Address6) = Address16.Of(gateway.Address);
        }

        Maps.Add(MapId.Routers, vnet, router);
    }

    private void PublicAddresses()
    {
        var addresses = new Dictionary<IpAddr, PublicAddress>();
        foreach (var address in _slice.PublicAddresses)
        {
            if (address.Routed)
            {
                Routed(address);
            }
            else if (address.Prefix.IsHost)
            {
                Row(address.Prefix.Address);
            }
        }

        foreach (var rule in _slice.Nat)
        {
            foreach (var address in rule.Public)
            {
                ref var row = ref Row(address);
                if (rule.Kind == SoftGateNatKind.Static)
                {
                    if (((PublicFlags)row.Flags).HasFlag(PublicFlags.Static) && !row.Inside.Equals(Address16.Of(rule.InsideAddress!.Value)))
                    {
                        throw new StateException($"public address {address} stands for two inside addresses of VPC {_slice.Vpc.Name}");
                    }

                    row.Flags |= (uint)PublicFlags.Static;
                    row.Inside = Address16.Of(rule.InsideAddress!.Value);
                }
                else if (rule.Kind == SoftGateNatKind.Source)
                {
                    row.Flags |= (uint)PublicFlags.Pool;
                }
            }
        }

        foreach (var balancer in _slice.Balancers.Where(b => !b.Internal))
        {
            Row(balancer.Address);
        }

        foreach (var (address, row) in addresses)
        {
            Maps.Add(MapId.PublicAddresses, Address16.Of(address), row);
        }

        // List and limit are those of the longest prefix that the address is of.
        ref PublicAddress Row(IpAddr address)
        {
            ref var row = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(addresses, address, out var known);
            if (!known)
            {
                var of = _slice.PublicAddresses.Count == 0 ? null
                    : _slice.PublicAddresses.Where(p => !p.Routed && p.Prefix.Contains(address)).MaxBy(static p => p.Prefix.Length);
                row.Realm = _realm;
                row.Acl = List(of?.AccessList, $"public address {of?.Prefix}");
                row.Meter = of is null ? 0 : Meter(new(_slice.Vpc.Uid, of.Prefix), of.BandwidthLimit, _needs.Hints.MeterOf(address));
            }

            return ref row;
        }
    }

    /// <summary>Routed as it is: leads into the VPC, where it is looked up again.</summary>
    private void Routed(SoftGatePublicAddress address)
    {
        var meter = Meter(new(_slice.Vpc.Uid, address.Prefix), address.BandwidthLimit, _needs.Hints.MeterOf(address.Prefix));
        var list = List(address.AccessList, $"public address {address.Prefix}");
        IntoVpc(address.Prefix, new Route { Hop = _realm, Vnet = list, Mac = RouteIntoVpc.MeterAt(meter), Flags = (ushort)RouteFlags.IntoVpc });
    }

    private void IntoVpc(IpPrefix prefix, in Route route)
    {
        Maps.Add(MapId.Prefixes, KeyOf(0, prefix), route);
        _result.PublicPrefixes.Add(prefix);
    }

    private void Nat(SoftGateNat rule)
    {
        switch (rule.Kind)
        {
            case SoftGateNatKind.Source:
                SourceNat(rule);
                break;
            case SoftGateNatKind.Static:
                Maps.Add(
                    MapId.StaticSources,
                    new HostKey { Realm = _realm, Address = Address16.Of(rule.InsideAddress!.Value) },
                    new StaticSource { Outside = Address16.Of(rule.Public[0]) });
                break;
            case SoftGateNatKind.Destination:
                Forward(rule);
                break;
            case SoftGateNatKind.Prefix:
                Translate(rule.Inside!.Value, rule.PublicPrefix!.Value);
                break;
        }
    }

    /// <summary>NPTv6: both ways without state, and a route for the way in.</summary>
    private void Translate(IpPrefix inside, IpPrefix outside)
    {
        if (inside.Length != outside.Length || !inside.Address.IsV6 || !outside.Address.IsV6)
        {
            throw new StateException($"{inside} and {outside} of VPC {_slice.Vpc.Name} are not IPv6 prefixes of one length");
        }

        var (from, to) = (Address16.Of(inside), Address16.Of(outside));
        Source(inside, new SnatSource { Flags = (uint)SnatFlags.Prefix, To = to.Address, Length = to.Length });
        Maps.Add(MapId.SnatSources, KeyOf(0, outside), new SnatSource { Flags = (uint)SnatFlags.Prefix, To = from.Address, Length = from.Length, Realm = _realm });
        _result.PublicSources.Add(outside);
        if (!_result.PublicPrefixes.Contains(outside))
        {
            IntoVpc(outside, new Route { Hop = _realm, Flags = (ushort)RouteFlags.IntoVpc });
        }
    }

    private void SourceNat(SoftGateNat rule)
    {
        var owner = new PoolOwner(rule.Uid, rule.Public);
        var first = _indices.PoolAddresses.Of(owner, (uint)rule.Public.Count);
        _result.Places.Add((_indices.PoolAddresses, owner));
        for (var i = 0; i < rule.Public.Count; i++)
        {
            Maps.Add(MapId.PoolAddresses, first + (uint)i, new PoolAddress { Address = Address16.Of(rule.Public[i]) });
        }

        var pool = Place(_indices.Pools, owner);
        Maps.Add(MapId.Pools, pool, new Pool
        {
            First = first,
            Count = (uint)rule.Public.Count,
            BlocksPerHost = (uint)rule.BlocksPerHost,
            Uid = (uint)rule.Uid,
        });
        foreach (var inside in rule.Inside is { } one ? [one] : Everywhere.Where(p => p.Family == rule.Public[0].Family))
        {
            Source(inside, new SnatSource { Pool = pool });
        }
    }

    private void Balancer(SoftGateBalancer balancer)
    {
        var backends = new List<BalancedBackend>(balancer.Backends.Count);
        foreach (var backend in balancer.Backends)
        {
            if (backends.Exists(b => b.Config.Address == backend.Address && b.Config.Port == backend.Port))
            {
                throw new StateException($"load balancer {balancer.Uid} has back end {backend.Address} port {backend.Port} twice");
            }

            var owner = new BackendOwner(_slice.Vpc.Uid, backend.Address, backend.Port);
            var index = Place(_indices.Backends, owner);
            var source = GatewayFor(backend.Address) is { } gateway ? Address16.Of(gateway) : default;
            Maps.Add(MapId.Backends, index, new Backend
            {
                Address = Address16.Of(backend.Address),
                Realm = _realm,
                Port = backend.Port,
                Uid = (uint)_slice.Vpc.Uid,
                Source = source,
            });
            if (balancer.HealthCheck != SoftGateHealthCheck.None)
            {
                Maps.Add(
                    MapId.Probes,
                    Address16.Of(ProbeAddress.Of(backend.Address.Family, index)),
                    new Probe { Backend = Address16.Of(backend.Address), Source = source, Realm = _realm });
            }

            backends.Add(new(backend, index, _indices.Backends.IsRestored(owner)));
        }

        var plan = BalancerPlan.Make(balancer, Place(_indices.Balancers, balancer.Uid), backends, _needs.StateOf(balancer.Uid), _needs.Tables);
        _result.Balancers.Add(balancer.Uid, plan);
        Maps.Add(plan.Key, plan.Row);
        var realm = balancer.Internal ? _realm : 0;
        Service(realm, balancer.Address, balancer.Protocol, balancer.Ports.First, balancer.Ports.Last, new Service
        {
            Realm = _realm,
            Kind = (uint)ServiceKind.Balancer,
            Balancer = plan.Index,
            Acl = SourceRanges.ListOf(balancer) is null ? 0 : _needs.VersionOf(new(OfBalancer: true, balancer.Uid)),
            Uid = (uint)balancer.Uid,
        });
        if (balancer.Internal && _slice.VNets.FirstOrDefault(v => v.Gateways.Any(g => g.Network.Contains(balancer.Address))) is { } vnet)
        {
            // Of a V-Net: somebody must answer for it there. The gateway's own address may be one, too.
            var key = new GatewayKey { Vnet = Place(_indices.VNets, new(IsL3: false, vnet.Uid)), Address = Address16.Of(balancer.Address) };
            Maps.Set(EntryKey.Of(MapId.Gateways, key), MapContents.Octets(new Gateway { Flags = (uint)GatewayFlags.Service }));
        }
    }

    /// <summary>The gateway of the V-Net that an address is of; else any of the VPC, since the way back leads here in either case.</summary>
    private IpAddr? GatewayFor(IpAddr address)
    {
        var gateways = _slice.VNets.SelectMany(static v => v.Gateways).Where(g => g.Family == address.Family).ToList();
        return gateways.Count == 0 ? null : gateways.Find(g => g.Network.Contains(address)) is { Length: > 0 } own ? own.Address : gateways[0].Address;
    }

    private void Forward(SoftGateNat rule)
    {
        var (first, last) = rule.Ports is { } ports ? (ports.First, ports.Last) : ((ushort)0, ushort.MaxValue);
        var service = new Service
        {
            Inside = Address16.Of(rule.InsideAddress!.Value),
            Realm = _realm,
            Kind = (uint)ServiceKind.Forward,
            FirstPort = first,
            InsidePort = rule.Ports is null ? (ushort)0 : rule.InsidePort ?? 0,
            Uid = (uint)rule.Uid,
        };
        foreach (var address in rule.Public)
        {
            foreach (var protocol in rule.Protocol is { } one ? new[] { one } : [Tcp, Udp])
            {
                Service(0, address, protocol, first, last, service);
            }
        }
    }

    private void Service(uint realm, IpAddr address, byte protocol, ushort first, ushort last, in Service service)
    {
        foreach (var (port, length) in PortPrefixes.Of(first, last))
        {
            Maps.Add(
                MapId.Services,
                new ServiceKey { Address = Address16.Of(address), Realm = realm, Port = port, Length = length, Protocol = protocol },
                service);
            _serviceLengths[(realm, address)] = _serviceLengths.GetValueOrDefault((realm, address)) | (1u << length);
        }
    }

    private void ServiceAddresses()
    {
        foreach (var ((realm, address), lengths) in _serviceLengths)
        {
            Maps.Add(
                MapId.ServiceAddresses,
                new HostKey { Realm = realm, Address = Address16.Of(address) },
                new ServiceAddress { Lengths = lengths });
        }
    }

    private void Prefix(IpPrefix prefix, in Route route)
    {
        if (_result.Prefixes.Add(prefix))
        {
            Maps.Add(MapId.Prefixes, KeyOf(_realm, prefix), route);
        }
    }

    private void Source(IpPrefix inside, in SnatSource source)
    {
        if (_result.Sources.Add(inside))
        {
            Maps.Add(MapId.SnatSources, KeyOf(_realm, inside), source);
        }
    }

    private uint Meter(MeterOwner owner, long? bitsPerSecond, uint had)
    {
        if (bitsPerSecond is not { } bits)
        {
            return 0;
        }

        var index = Place(_indices.Meters, owner, had);
        Maps.Add(MapId.Meters, index, Bandwidth.Of(bits));
        return index;
    }

    internal static PrefixKey KeyOf(uint realm, IpPrefix prefix)
    {
        var (address, length) = Address16.Of(prefix);
        return new PrefixKey { Realm = realm, Length = length, Address = address };
    }
}
