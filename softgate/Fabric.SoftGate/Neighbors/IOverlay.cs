using Fabric.Primitives;

namespace Fabric.SoftGate.Neighbors;

/// <summary>Sends frames into V-Nets.</summary>
internal interface IOverlay
{
    /// <summary>Sends a frame in VXLAN. What cannot be sent is lost, as on any wire.</summary>
    /// <param name="source">Own VTEP address.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="vni">The V-Net.</param>
    /// <param name="frame">From the Ethernet header on.</param>
    void Send(IpAddr source, IpAddr destination, Vni vni, ReadOnlySpan<byte> frame);
}
