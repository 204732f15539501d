using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

/// <summary>The lines that each kind of object is made of, in the order in which they are written.</summary>
internal static partial class ObjectLines
{
    /// <summary>The lines of an object.</summary>
    /// <param name="item">The object; its <see cref="DeviceObject.Missing"/> is not looked at.</param>
    /// <param name="asn">The autonomous system of the BGP process that the object belongs to; null where there is none.</param>
    /// <param name="dialect">The kind of device.</param>
    /// <exception cref="ArgumentException">The object cannot be expressed on this kind of device.</exception>
    public static IEnumerable<ConfigLine> Of(DeviceObject item, Asn? asn, FrrDialect dialect) => item switch
    {
        BgpInstance o => Bgp(o, dialect),
        FabricNeighbor o => Neighbor(o, Process(item, asn)),
        ControllerNeighbor o => Controller(o, Process(item, asn)),
        BgpNetwork o => Network(o, Process(item, asn)),
        EvpnVni o => Evpn(o, Process(item, asn)),
        LoopbackAddress o => Loopback(o),
        UnderlayPort o => Underlay(o),
        UpstreamPort o => Upstream(o),
        UpstreamVlan o => UpstreamInterface(o),
        UpstreamAddress o => Upstream(o),
        ForeignLine o => Foreign(o),
        _ when !dialect.OwnsKernel => throw new ArgumentException($"{item.Key} is not Fabric's on this kind of device", nameof(item)),
        SystemSettings => System(),
        State.Bridge => TheBridge(),
        VxlanTunnel o => Vxlan(o),
        Vrf o => VrfKernel(o).Concat(VrfRouting(o)),
        GatewayInterface o => Gateway(o),
        BridgePort o => Port(o),
        PortVlan o => Membership(o),
        _ => throw new ArgumentException($"{item.Key} cannot be expressed on FRR and Linux", nameof(item)),
    };

    private static string Process(DeviceObject item, Asn? asn) =>
        asn is { } number ? $"router bgp {number}" : throw new ArgumentException($"{item.Key} needs a BGP process", nameof(item));
}
