using Fabric.Bgp.Evpn;

namespace Fabric.Bgp.Attributes;

/// <summary>What an ESI label community says of a segment, RFC 7432 section 7.5.</summary>
/// <param name="SingleActive">Only the designated forwarder forwards; otherwise all routers of the segment do.</param>
/// <param name="Label">The label for split horizon; 0 with VXLAN (RFC 8365 section 8.3.1).</param>
public readonly record struct EsiLabel(bool SingleActive, EvpnLabel Label);
