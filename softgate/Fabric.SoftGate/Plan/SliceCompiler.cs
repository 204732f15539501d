using Fabric.Primitives;
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

    /// <summary>Hosts that the orchestrator knows.</summary>
    internal Dictionary<IpAddr, KnownHost> Known { get; } = [];

    /// <summary>V-Nets by VNI, and the L3VNI.</summary>
    internal Dictionary<Vni, uint> VNets { get; } = [];

    /// <summary>Static routes: prefix to the address of the next hop.</summary>
    internal Dictionary<IpPrefix, IpAddr> StaticRoutes { get; } = [];

    /// <summary>Flags, list and limits of the row in <c>vpcs</c>.</summary>
    internal Vpc Row;

    /// <summary>Ranges of cells that it has taken.</summary>
    internal List<(RangeSpace Space, uint First, uint Count)> Ranges { get; } = [];
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
    private readonly NodePlan _node;
    private readonly Indices _indices;
    private readonly SliceContents _result = new();
    private readonly uint _realm;

    /// <summary>Prefix lengths of ports by service address.</summary>
    private readonly Dictionary<(uint Realm, IpAddr Address), uint> _serviceLengths = [];

    private SliceCompiler(VpcSlice slice, NodePlan node, Indices indices)
    {
        _slice = slice;
        _node = node;
        _indices = indices;
        _realm = indices.Vpcs.Of(slice.Vpc.Uid);
    }

    private MapContents Maps => _result.Maps;

    /// <summary>Compiles a slice.</summary>
    /// <exception cref="CapacityException">A map is too small; no index was given that the slice would keep.</exception>
    internal static SliceContents Compile(VpcSlice slice, NodePlan node, Indices indices)
    {
        var compiler = new SliceCompiler(slice, node, indices);
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

        compiler.ServiceAddresses();
        return compiler._result;
    }

    private void Vpc()
    {
        var vpc = _slice.Vpc;
        var l3 = _indices.VNets.Of(new(IsL3: true, vpc.Uid));
        Maps.Add(MapId.Vnets, l3, new VNet
        {
            Uid = (uint)vpc.Uid,
            Vpc = _realm,
            Vni = (uint)vpc.L3Vni.Value,
            Kind = (ushort)VNetKind.L3,
            Mac = Mac6.Of(_node.RouterMac),
            Source = _node.SourceOf(vpc.Owner),
        });
        Maps.Add(MapId.Vnis, (uint)vpc.L3Vni.Value, l3);
        _result.VNets.Add(vpc.L3Vni, l3);

        foreach (var prefix in Everywhere)
        {
            Prefix(prefix, new Route { Flags = (ushort)RouteFlags.Public });
        }

        foreach (var route in vpc.StaticRoutes)
        {
            _result.StaticRoutes[route.Prefix] = route.NextHop;
        }

        var flags = VpcFlags.Present
            | (vpc.AntiSpoof ? VpcFlags.AntiSpoof : VpcFlags.None)
            | (vpc.RoutedIpv4 ? VpcFlags.RoutedPublic4 : VpcFlags.None)
            | (vpc.RoutedIpv6 ? VpcFlags.RoutedPublic6 : VpcFlags.None)
            | (_slice.Balancers.Any(b => b.Internal) ? VpcFlags.HasServices : VpcFlags.None);
        _result.Row = new Vpc
        {
            Uid = (uint)vpc.Uid,
            Flags = (uint)flags,
            SessionQuota = (uint)(vpc.SessionQuota ?? 0),
            Meter = Meter(new(vpc.Uid, Address: null), vpc.BandwidthLimit),
        };
    }

    private void VNet(SoftGateVNet vnet)
    {
        var index = _indices.VNets.Of(new(IsL3: false, vnet.Uid));
        Maps.Add(MapId.Vnets, index, new VNet
        {
            Uid = (uint)vnet.Uid,
            Vpc = _realm,
            Vni = (uint)vnet.Vni.Value,
            Kind = (ushort)VNetKind.L2,
            Flags = (ushort)(vnet.Blocked ? VNetFlags.Blocked : VNetFlags.None),
            Mac = Mac6.Of(_node.GatewayMac),
            Mtu = (ushort)vnet.Mtu,
            Source = _node.SourceOf(_slice.Vpc.Owner),
        });
        Maps.Add(MapId.Vnis, (uint)vnet.Vni.Value, index);
        _result.VNets.Add(vnet.Vni, index);
        foreach (var gateway in vnet.Gateways)
        {
            Maps.Add(MapId.Gateways, new GatewayKey { Vnet = index, Address = Address16.Of(gateway.Address) }, new Gateway());
            Prefix(gateway.Network, new Route { Vnet = index, Flags = (ushort)RouteFlags.Connected });
        }

        if (vnet.Gateways.Any(g => g.Address.IsV6))
        {
            // Routers are advertised by their link-local address (RFC 4861 section 4.2), and hosts ask for it.
            Maps.Add(MapId.Gateways, new GatewayKey { Vnet = index, Address = Address16.Of(NeighborFrames.LinkLocal(_node.GatewayMac)) }, new Gateway());
        }

        foreach (var host in vnet.KnownHosts)
        {
            _result.Known[host.Address] = new(index, host.Mac);
        }
    }

    private void PublicAddresses()
    {
        var addresses = new Dictionary<IpAddr, PublicAddress>();
        foreach (var address in _slice.PublicAddresses)
        {
            if (address.Routed)
            {
                // Routed as it is: a prefix of the public realm that leads into the VPC, where it is looked up again.
                continue;
            }

            addresses[address.Prefix.Address] = new PublicAddress
            {
                Realm = _realm,
                Meter = Meter(new(_slice.Vpc.Uid, address.Prefix.Address), address.BandwidthLimit),
            };
        }

        foreach (var rule in _slice.Nat)
        {
            foreach (var address in rule.Public)
            {
                var row = addresses.GetValueOrDefault(address, new PublicAddress { Realm = _realm });
                if (rule.Kind == SoftGateNatKind.Static)
                {
                    row.Flags |= (uint)PublicFlags.Static;
                    row.Inside = Address16.Of(rule.InsideAddress!.Value);
                }
                else if (rule.Kind == SoftGateNatKind.Source)
                {
                    row.Flags |= (uint)PublicFlags.Pool;
                }

                addresses[address] = row;
            }
        }

        foreach (var balancer in _slice.Balancers.Where(b => !b.Internal))
        {
            addresses.TryAdd(balancer.Address, new PublicAddress { Realm = _realm });
        }

        foreach (var (address, row) in addresses)
        {
            Maps.Add(MapId.PublicAddresses, Address16.Of(address), row);
        }
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
                var (to, length) = Address16.Of(rule.PublicPrefix!.Value);
                Source(rule.Inside!.Value, new SnatSource { Flags = (uint)SnatFlags.Prefix, To = to, Length = length });
                break;
        }
    }

    private void SourceNat(SoftGateNat rule)
    {
        var first = _indices.PoolAddresses.Take((uint)rule.Public.Count);
        _result.Ranges.Add((_indices.PoolAddresses, first, (uint)rule.Public.Count));
        for (var i = 0; i < rule.Public.Count; i++)
        {
            Maps.Add(MapId.PoolAddresses, first + (uint)i, new PoolAddress { Address = Address16.Of(rule.Public[i]) });
        }

        var pool = _indices.Pools.Of(rule.Uid);
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

    private uint Meter(MeterOwner owner, long? bitsPerSecond)
    {
        if (bitsPerSecond is not { } bits)
        {
            return 0;
        }

        var index = _indices.Meters.Of(owner);
        Maps.Add(MapId.Meters, index, Bandwidth.Of(bits));
        return index;
    }

    internal static PrefixKey KeyOf(uint realm, IpPrefix prefix)
    {
        var (address, length) = Address16.Of(prefix);
        return new PrefixKey { Realm = realm, Length = length, Address = address };
    }
}
