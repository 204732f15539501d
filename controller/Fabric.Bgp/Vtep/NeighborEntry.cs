using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Who has an address, as for ARP and ND suppression.</summary>
/// <param name="Mac">The MAC.</param>
/// <param name="Vtep">The VTEP that announced it; null when it is here.</param>
/// <param name="Flags">ARP/ND flags, RFC 9047.</param>
/// <param name="DefaultGateway">It is a gateway's.</param>
public sealed record NeighborEntry(MacAddress Mac, IpAddr? Vtep, NeighborFlags Flags, bool DefaultGateway)
{
    /// <summary>Whether the address is behind a port of this VTEP.</summary>
    public bool IsLocal => Vtep is null;
}
