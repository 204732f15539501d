using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Health;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>What is the node's own and no VPC's: ports, VTEP addresses, settings.</summary>
internal sealed class NodePlan
{
    /// <summary>UDP port of VXLAN, RFC 7348 section 5.</summary>
    private const ushort VxlanPort = 4789;

    private readonly string _name;

    private NodePlan(string name) => _name = name;

    /// <summary>Router MAC of L3VNIs.</summary>
    internal MacAddress RouterMac { get; private init; }

    /// <summary>Gateway MAC of V-Nets.</summary>
    internal MacAddress GatewayMac { get; private init; }

    /// <summary>Its entries.</summary>
    internal MapContents Maps { get; } = new();

    /// <summary>Timeouts and what else does not come from the controller.</summary>
    internal static Settings DefaultSettings => new()
    {
        AdjacencyNs = 100_000_000,
        TcpOpening = 240,        // RFC 5382 REQ-5: at least 4 minutes
        TcpEstablished = 7440,   // at least 2 hours 4 minutes
        TcpClosing = 240,
        Udp = 300,               // RFC 4787 REQ-5: 5 minutes recommended
        Icmp = 60,               // RFC 5508 REQ-1: at least 60 seconds
        Other = 300,
        Fragment = 15,
        BlockHold = 120,
        VxlanPort = VxlanPort,
    };

    /// <summary>Index in <c>vteps</c> of the outer source of a VPC's packets: the service address of the node that owns it.</summary>
    internal uint SourceOf(string owner) => IsOwn(owner) ? 1u : 2u;

    /// <summary>Whether a VPC of this owner is the node's own while both are well.</summary>
    internal bool IsOwn(string owner) => owner == _name;

    /// <summary>Whether VPCs become the same with another one.</summary>
    internal bool IsSameForVpcs(NodePlan other) => _name == other._name && RouterMac == other.RouterMac && GatewayMac == other.GatewayMac;

    /// <summary>Compiles what is the node's own.</summary>
    /// <param name="state">The state.</param>
    /// <param name="interfaces">Interface numbers by name; ports that are not there are left out.</param>
    /// <param name="settings">Settings; port and MTU of the underlay are filled in.</param>
    internal static NodePlan Compile(SoftGateState state, IReadOnlyDictionary<string, uint> interfaces, Settings settings)
    {
        var node = state.Node;
        var plan = new NodePlan(node.Name) { RouterMac = node.RouterMac, GatewayMac = node.GatewayMac };
        settings.VxlanPort = VxlanPort;
        settings.UnderlayMtu = (ushort)node.UnderlayMtu;
        settings.Sync = state.Partner is null ? 0u : 1u;
        plan.Maps.Add(MapId.Settings, 0u, settings);

        // ICMP errors to the outside come from an address of the first link that has one of the family.
        var own = node.Upstreams.SelectMany(static u => u.Addresses).Select(static a => a.Address).ToList();
        plan.Maps.Add(MapId.Routers, 0u, new Router { Address4 = First(own, IpFamily.V4), Address6 = First(own, IpFamily.V6) });
        plan.Vtep(1, node.ServiceVtep);
        if (state.Partner is { } partner)
        {
            plan.Vtep(2, partner.ServiceVtep);
        }

        foreach (var name in node.UnderlayPorts)
        {
            plan.Port(interfaces, name, 0, PortRole.Underlay);
        }

        foreach (var upstream in node.Upstreams)
        {
            plan.Port(interfaces, upstream.Port, (uint)(upstream.Vlan?.Value ?? 0), PortRole.Public);
        }

        plan.Port(interfaces, ProbeNamespace.Port, 0, PortRole.Probe);
        return plan;
    }

    private static Address16 First(List<IpAddr> addresses, IpFamily family) =>
        addresses.Exists(a => a.Family == family) ? Address16.Of(addresses.Find(a => a.Family == family)) : default;

    private void Vtep(uint index, IpAddr address)
    {
        Maps.Add(MapId.Vteps, index, Address16.Of(address));
        Maps.Add(MapId.VtepsOwn, new VtepKey { Address = Address16.Of(address) }, index);
    }

    private void Port(IReadOnlyDictionary<string, uint> interfaces, string name, uint vlan, PortRole role)
    {
        if (interfaces.TryGetValue(name, out var ifindex))
        {
            Maps.Add(MapId.Ports, new PortKey { Ifindex = ifindex, Vlan = vlan }, new Port { Role = (uint)role });
        }
    }
}
