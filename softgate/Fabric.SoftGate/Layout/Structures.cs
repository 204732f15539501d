using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Layout;

/// <summary><c>struct port_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PortKey
{
    internal uint Ifindex;
    internal uint Vlan;
}

/// <summary><c>struct port</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Port
{
    internal uint Role;
    internal uint Vnet;
    internal Mac6 Mac;
    internal ushort Reserved;
}

/// <summary><c>struct vpc</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Vpc
{
    internal uint Uid;
    internal uint Flags;
    internal uint Policy;
    internal uint Acl;
    internal ulong Prefixes4;
    internal Lengths6 Prefixes6;
    internal ulong Sources4;
    internal Lengths6 Sources6;
    internal uint SessionQuota;
    internal uint Meter;
}

/// <summary><c>struct vpc_usage</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VpcUsage
{
    internal ulong Sessions;
}

/// <summary><c>struct vpc_counters</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VpcCounters
{
    internal ulong PacketsOut;
    internal ulong OctetsOut;
    internal ulong PacketsIn;
    internal ulong OctetsIn;
}

/// <summary><c>struct vnet</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VNet
{
    internal uint Uid;
    internal uint Vpc;
    internal uint Vni;
    internal ushort Kind;
    internal ushort Flags;
    internal Mac6 Mac;
    internal ushort Mtu;
    internal uint AclIn;
    internal uint AclOut;
    internal uint Source;
}

/// <summary><c>struct gateway_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GatewayKey
{
    internal uint Vnet;
    internal uint Reserved;
    internal Address16 Address;
}

/// <summary><c>struct gateway</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Gateway
{
    internal uint Flags;
}

/// <summary><c>struct router</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Router
{
    internal Address16 Address4;
    internal Address16 Address6;
}

/// <summary><c>struct vtep_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VtepKey
{
    internal Address16 Address;
}

/// <summary><c>struct host_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HostKey
{
    internal uint Realm;
    internal uint Reserved;
    internal Address16 Address;
}

/// <summary><c>struct prefix_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PrefixKey
{
    internal uint Realm;
    internal uint Length;
    internal Address16 Address;
}

/// <summary><c>struct route</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Route
{
    internal uint Hop;
    internal uint Vnet;
    internal Mac6 Mac;
    internal ushort Flags;
}

/// <summary><c>struct hop</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Hop
{
    internal Address16 Address;
    internal uint Kind;
    internal uint Ifindex;
    internal ushort Vlan;
    internal ushort Reserved;
}

/// <summary><c>struct adjacency</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Adjacency
{
    internal ulong Expires;
    internal uint Ifindex;
    internal ushort Mtu;
    internal Mac6 Destination;
    internal Mac6 Source;
    internal Octets2 Reserved;
}

/// <summary><c>struct public_address</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PublicAddress
{
    internal Address16 Inside;
    internal uint Realm;
    internal uint Flags;
    internal uint Acl;
    internal uint Meter;
}

/// <summary><c>struct static_source</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StaticSource
{
    internal Address16 Outside;
}

/// <summary><c>struct service_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ServiceKey
{
    internal Address16 Address;
    internal uint Realm;
    internal ushort Port;
    internal byte Length;
    internal byte Protocol;
}

/// <summary><c>struct service_address</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ServiceAddress
{
    internal uint Lengths;
    internal uint Reserved;
}

/// <summary><c>struct service</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Service
{
    internal Address16 Inside;
    internal uint Realm;
    internal uint Kind;
    internal uint Balancer;
    internal ushort FirstPort;
    internal ushort InsidePort;
    internal uint Acl;
    internal uint Uid;
}

/// <summary><c>struct balancer</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Balancer
{
    internal uint Table;
    internal uint Size;
    internal uint Flags;
    internal uint Uid;
}

/// <summary><c>struct backend</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Backend
{
    internal Address16 Address;
    internal uint Realm;
    internal ushort Port;
    internal ushort Flags;
    internal uint Uid;
    internal uint Reserved;
    internal Address16 Source;
}

/// <summary><c>struct backend_usage</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BackendUsage
{
    internal ulong Sessions;
    internal ulong Total;
}

/// <summary><c>struct snat_source</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SnatSource
{
    internal uint Pool;
    internal uint Flags;
    internal Address16 To;
    internal uint Length;
    internal uint Realm;
}

/// <summary><c>struct pool</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Pool
{
    internal uint First;
    internal uint Count;
    internal uint BlocksPerHost;
    internal uint Uid;
}

/// <summary><c>struct pool_address</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PoolAddress
{
    internal Address16 Address;
}

/// <summary><c>struct nat_host</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NatHost
{
    internal Address16 Outside;
    internal uint Lock;
    internal uint Pool;
    internal Words3 Count;
    internal Halves96 Blocks;
    internal uint Reserved;
}

/// <summary><c>struct block_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockKey
{
    internal Address16 Outside;
    internal ushort Block;
    internal byte Protocol;
    internal byte Reserved;
    internal uint Reserved2;
}

/// <summary><c>struct nat_block</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NatBlock
{
    internal Address16 Inside;
    internal uint Lock;
    internal uint Realm;
    internal uint Emptied;
    internal uint Reserved;
    internal ulong Used;
    internal Halves64 InsidePort;
    internal Halves64 Sessions;
}

/// <summary><c>struct session4_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Session4Key
{
    internal uint RealmProtocol;
    internal uint Source;
    internal uint Destination;
    internal ushort SourcePort;
    internal ushort DestinationPort;
}

/// <summary><c>struct session6_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Session6Key
{
    internal uint RealmProtocol;
    internal ushort SourcePort;
    internal ushort DestinationPort;
    internal Address16 Source;
    internal Address16 Destination;
}

/// <summary><c>struct session4</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Session4
{
    internal uint Realm;
    internal uint Policy;
    internal uint Seen;
    internal ushort Flags;
    internal ushort Delta;
    internal uint Vnet;
    internal uint Backend;
    internal uint Meter;
    internal ushort SourcePort;
    internal ushort DestinationPort;
    internal uint Source;
    internal uint Destination;
}

/// <summary><c>struct session6</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Session6
{
    internal uint Realm;
    internal uint Policy;
    internal uint Seen;
    internal ushort Flags;
    internal ushort Delta;
    internal uint Vnet;
    internal uint Backend;
    internal uint Meter;
    internal ushort SourcePort;
    internal ushort DestinationPort;
    internal Address16 Source;
    internal Address16 Destination;
}

/// <summary><c>struct fragment_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FragmentKey
{
    internal Address16 Source;
    internal Address16 Destination;
    internal uint Realm;
    internal uint Id;
    internal uint Protocol;
}

/// <summary>One piece of a datagram, in units of 8 octets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FragmentRange
{
    internal ushort Start;
    internal ushort End;
}

/// <summary><c>struct fragment</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Fragment
{
    internal uint Lock;
    internal uint Expires;
    internal ushort SourcePort;
    internal ushort DestinationPort;
    internal byte Ranges;
    internal byte Broken;
    internal byte Protocol;
    internal byte Reserved;
    internal ushort Total;
    internal ushort Reserved2;
    internal FragmentRange8 Range;
}

/// <summary><c>struct acl</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Acl
{
    internal ulong Sources4;
    internal Lengths6 Sources6;
    internal ulong Destinations4;
    internal Lengths6 Destinations6;
    internal uint Pairs;
    internal uint DestinationClasses;
    internal uint Verdicts;
    internal uint ServiceClasses;
    internal Words8 Protocols;
    internal uint Uid;
    internal uint FirstCounter;
}

/// <summary><c>struct acl_address_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AclAddressKey
{
    internal uint Version;
    internal ushort Side;
    internal ushort Length;
    internal Address16 Address;
}

/// <summary><c>struct acl_class</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AclClass
{
    internal uint Class;
}

/// <summary><c>struct acl_service_key</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AclServiceKey
{
    internal uint Version;
    internal ushort Port;
    internal byte Length;
    internal byte Protocol;
}

/// <summary><c>struct acl_service</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AclService
{
    internal uint Class;
    internal uint Lengths;
}

/// <summary><c>struct acl_counter</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AclCounter
{
    internal ulong Packets;
    internal ulong Octets;
}

/// <summary><c>struct meter</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Meter
{
    internal ulong OctetTime;
    internal ulong Depth;
    internal ulong Used;
}

/// <summary><c>struct probe</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Probe
{
    internal Address16 Backend;
    internal Address16 Source;
    internal uint Realm;
    internal uint Reserved;
}

/// <summary><c>struct event_header</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EventHeader
{
    internal uint Kind;
    internal uint Vnet;
    internal ulong Time;
}

/// <summary><c>struct session_event</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SessionEvent
{
    internal EventHeader Header;
    internal Session6Key Key;
    internal Session6 Forward;
    internal Session6 Back;
}

/// <summary><c>struct block_event</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockEvent
{
    internal EventHeader Header;
    internal Address16 Outside;
    internal Address16 Inside;
    internal uint Realm;
    internal ushort FirstPort;
    internal byte Protocol;
    internal byte Reserved;
}

/// <summary><c>struct resolve_event</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResolveEvent
{
    internal EventHeader Header;
    internal Address16 Address;
}

/// <summary><c>struct neighbor_event</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NeighborEvent
{
    internal EventHeader Header;
    internal Address16 Vtep;
    internal uint Length;
    internal Octets128 Frame;
    internal uint Reserved;
}

/// <summary><c>struct flow_event</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlowEvent
{
    internal EventHeader Header;
    internal Address16 Source;
    internal Address16 Destination;
    internal ushort SourcePort;
    internal ushort DestinationPort;
    internal byte Protocol;
    internal byte Permitted;
    internal ushort Rule;
    internal uint Realm;
    internal uint Acl;
}

/// <summary><c>struct settings</c>; <c>types.h</c> says what its members mean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Settings
{
    internal ulong AdjacencyNs;
    internal uint TcpOpening;
    internal uint TcpEstablished;
    internal uint TcpClosing;
    internal uint Udp;
    internal uint Icmp;
    internal uint Other;
    internal uint Fragment;
    internal uint BlockHold;
    internal uint Sync;
    internal ushort VxlanPort;
    internal ushort UnderlayMtu;
}
