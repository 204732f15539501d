using Fabric.Primitives;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Evpn;

/// <summary>Takes what routing protocols find out. Called on the agent's loop only.</summary>
internal interface ILearn
{
    /// <summary>A host of a VPC is at a place, or nowhere any more (null).</summary>
    /// <param name="l3Vni">L3VNI of the VPC.</param>
    /// <param name="address">The host.</param>
    /// <param name="place">Where it is.</param>
    void LearnHost(Vni l3Vni, IpAddr address, Place? place);

    /// <summary>A prefix of a VPC is at a place, or nowhere any more (null).</summary>
    /// <param name="l3Vni">L3VNI of the VPC.</param>
    /// <param name="prefix">The prefix.</param>
    /// <param name="place">Where it is.</param>
    void LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place);

    /// <summary>A prefix outside all VPCs is reached through a router, or not at all any more (null).</summary>
    void LearnPublic(IpPrefix prefix, PublicGateway? gateway);

    /// <summary>A VTEP wants what is sent to all hosts of a V-Net, or no longer does.</summary>
    void LearnFlood(Vni vni, IpAddr vtep, bool wanted);
}
