using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>How flooded frames reach a VTEP: by a copy for it (ingress replication).</summary>
/// <param name="Vtep">The tunnel's end.</param>
/// <param name="Label">VNI to send with.</param>
/// <param name="Flags">Flags octet of the PMSI tunnel.</param>
public sealed record FloodEntry(IpAddr Vtep, Vni? Label, byte Flags)
{
    /// <summary>The sender wants to know its leaves (L flag, RFC 6514 section 5).</summary>
    public bool LeafInformationRequired => (Flags & 1) != 0;
}
