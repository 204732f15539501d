using System.Buffers.Binary;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Sync;

/// <summary>
/// The indices of this node's maps and what both nodes call them, as the maps have them at one moment. Immutable. Indices are given anew by each
/// node, and clocks begin with each machine: neither is told.
/// </summary>
internal sealed class SessionNames
{
    private readonly Dictionary<uint, int> _vpcs = new() { [0] = 0 };
    private readonly Dictionary<int, uint> _realms = new() { [0] = 0 };
    private readonly Dictionary<uint, NetworkName> _networks = new() { [0] = default };
    private readonly Dictionary<NetworkName, uint> _vnets = new() { [default] = 0 };
    private readonly Dictionary<uint, int> _balancers = [];
    private readonly Dictionary<(int Balancer, Address16 Address, ushort Port), uint> _backends = [];
    private readonly Dictionary<Address16, uint> _pools = [];

    /// <summary>Reads the maps.</summary>
    internal static SessionNames Read(DataPathObject path)
    {
        var names = new SessionNames();
        foreach (var (index, vpc) in path.Map<uint, Vpc>("vpcs").ToList().Where(v => v.Key != 0 && v.Value.Uid != 0))
        {
            names._vpcs[index] = (int)vpc.Uid;
            names._realms[(int)vpc.Uid] = index;
        }

        foreach (var (index, vnet) in path.Map<uint, VNet>("vnets").ToList().Where(v => v.Value.Kind != 0))
        {
            var name = new NetworkName((VNetKind)vnet.Kind, (int)vnet.Uid);
            names._networks[index] = name;
            names._vnets[name] = index;
        }

        foreach (var (index, backend) in path.Map<uint, Backend>("backends").ToList().Where(b => b.Value.Uid != 0))
        {
            names._balancers[index] = (int)backend.Uid;
            names._backends[((int)backend.Uid, backend.Address, backend.Port)] = index;
        }

        var addresses = path.Map<uint, PoolAddress>("pool_addresses").ToList().ToDictionary(a => a.Key, a => a.Value.Address);
        foreach (var (index, pool) in path.Map<uint, Pool>("pools").ToList().Where(p => p.Value.Count != 0))
        {
            for (var i = pool.First; i - pool.First < pool.Count && addresses.TryGetValue(i, out var address); i++)
            {
                names._pools.TryAdd(address, index);
            }
        }

        return names;
    }

    /// <summary>A session as it is told; null: it is of this node only (a probe, or of a VPC that is going).</summary>
    /// <param name="key">Key of its forward entry.</param>
    /// <param name="forward">Forward entry.</param>
    /// <param name="back">The way back; all zero: not there.</param>
    /// <param name="now">The data path's clock, seconds.</param>
    internal SessionRecord? Told(in Session6Key key, in Session6 forward, in Session6 back, uint now)
    {
        var flags = (SessionFlags)forward.Flags;
        if ((flags & SessionFlags.Probe) != SessionFlags.None || NameOf(key) is not { } name || !_vpcs.TryGetValue(forward.Realm, out var to))
        {
            return null;
        }

        return new SessionRecord
        {
            Name = name,
            ToVpc = to,
            Source = forward.Source.ToIpAddr(),
            Destination = forward.Destination.ToIpAddr(),
            SourcePort = HostOrder(forward.SourcePort),
            DestinationPort = HostOrder(forward.DestinationPort),
            Forward = flags & SessionRecord.Told,
            Back = (SessionFlags)back.Flags & SessionRecord.Told,
            ForwardNetwork = _networks.GetValueOrDefault(forward.Vnet),
            BackNetwork = _networks.GetValueOrDefault(back.Vnet),
            Balancer = (flags & SessionFlags.Balanced) != SessionFlags.None ? _balancers.GetValueOrDefault(forward.Backend) : 0,
            ForwardAge = Age(now, forward.Seen),
            BackAge = Age(now, back.Seen),
        };
    }

    /// <summary>The name of a session; null: its VPC is going.</summary>
    internal SessionName? NameOf(in Session6Key key) => _vpcs.TryGetValue(key.RealmProtocol >> 8, out var vpc)
        ? new(
            (byte)key.RealmProtocol, vpc, key.Source.ToIpAddr(), key.Destination.ToIpAddr(), HostOrder(key.SourcePort), HostOrder(key.DestinationPort))
        : null;

    /// <summary>What the data path is to take; null: this node does not know something of it (yet).</summary>
    internal SessionEvent? Here(in SessionRecord record, uint now)
    {
        if (KeyOf(record.Name) is not { } key || !_realms.TryGetValue(record.ToVpc, out var to))
        {
            return null;
        }

        var (source, destination) = (Address16.Of(record.Source), Address16.Of(record.Destination));
        uint pool = 0, backend = 0;
        if ((record.Forward & SessionFlags.Snat) != SessionFlags.None && !_pools.TryGetValue(source, out pool))
        {
            return null;
        }

        if ((record.Forward & SessionFlags.Balanced) != SessionFlags.None
            && !_backends.TryGetValue((record.Balancer, destination, record.DestinationPort), out backend)
            && !_backends.TryGetValue((record.Balancer, destination, 0), out backend))
        {
            return null;
        }

        return new SessionEvent
        {
            Header = new() { Vnet = pool },
            Key = key,
            Forward = new()
            {
                Realm = to,
                Seen = Seen(now, record.ForwardAge),
                Flags = (ushort)record.Forward,
                Vnet = _vnets.GetValueOrDefault(record.ForwardNetwork),
                Backend = backend,
                Source = source,
                Destination = destination,
                SourcePort = HostOrder(record.SourcePort),
                DestinationPort = HostOrder(record.DestinationPort),
            },
            Back = new() { Seen = Seen(now, record.BackAge), Flags = (ushort)record.Back, Vnet = _vnets.GetValueOrDefault(record.BackNetwork), Backend = backend },
        };
    }

    /// <summary>The key of a session; null: its VPC is not here.</summary>
    internal Session6Key? KeyOf(in SessionName name) => _realms.TryGetValue(name.Vpc, out var realm)
        ? new()
        {
            RealmProtocol = (realm << 8) | name.Protocol,
            Source = Address16.Of(name.Source),
            Destination = Address16.Of(name.Destination),
            SourcePort = HostOrder(name.SourcePort),
            DestinationPort = HostOrder(name.DestinationPort),
        }
        : null;

    private static uint Age(uint now, uint seen) => (int)(now - seen) > 0 ? now - seen : 0;

    private static uint Seen(uint now, uint age) => age < now ? now - age : 0;

    private static ushort HostOrder(ushort port) => BinaryPrimitives.ReverseEndianness(port);
}
