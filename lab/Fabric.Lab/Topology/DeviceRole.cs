namespace Fabric.Lab.Topology;

/// <summary>What a node of the lab is.</summary>
public enum DeviceRole
{
    Spine,
    Leaf,
    Hypervisor,

    /// <summary>A gateway server: forwards between VPCs and upstream routers by XDP, so its cables carry frames as wires do.</summary>
    Softgate,

    /// <summary>A router outside of the fabric: raised with a configuration of its own, never managed by the controller.</summary>
    External,

    /// <summary>A plain machine on a leaf port: no FRR, no sshd, no management port.</summary>
    Server,
}
