namespace Fabric.Drivers.State;

/// <summary>The kinds of object a device is made of. The order is only for display; dependencies order the work.</summary>
public enum ObjectClass
{
    /// <summary><see cref="State.SystemSettings"/>.</summary>
    SystemSettings,

    /// <summary><see cref="State.LoopbackAddress"/>.</summary>
    LoopbackAddress,

    /// <summary><see cref="State.UnderlayPort"/>.</summary>
    UnderlayPort,

    /// <summary><see cref="State.UpstreamPort"/>.</summary>
    UpstreamPort,

    /// <summary><see cref="State.UpstreamVlan"/>.</summary>
    UpstreamVlan,

    /// <summary><see cref="State.UpstreamAddress"/>.</summary>
    UpstreamAddress,

    /// <summary><see cref="State.BgpInstance"/>.</summary>
    BgpInstance,

    /// <summary><see cref="State.FabricNeighbor"/>.</summary>
    FabricNeighbor,

    /// <summary><see cref="State.ControllerNeighbor"/>.</summary>
    ControllerNeighbor,

    /// <summary><see cref="State.BgpNetwork"/>.</summary>
    BgpNetwork,

    /// <summary><see cref="State.EvpnVni"/>.</summary>
    EvpnVni,

    /// <summary><see cref="State.Bridge"/>.</summary>
    Bridge,

    /// <summary><see cref="State.VxlanTunnel"/>.</summary>
    VxlanTunnel,

    /// <summary><see cref="State.Vrf"/>.</summary>
    Vrf,

    /// <summary><see cref="State.GatewayInterface"/>.</summary>
    GatewayInterface,

    /// <summary><see cref="State.BridgePort"/>.</summary>
    BridgePort,

    /// <summary><see cref="State.PortVlan"/>.</summary>
    PortVlan,

    /// <summary><see cref="State.ForeignLine"/>.</summary>
    ForeignLine,
}
