using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Where to send, once everything is looked up.</summary>
/// <param name="Vtep">The VTEP; null for a port of this one.</param>
/// <param name="Label">VNI to send with.</param>
/// <param name="Mac">Destination MAC of the inner frame, where the VTEP decides it.</param>
/// <param name="Backup">Used only when no other one is left (single-active segment, RFC 7432 section 8.4).</param>
public readonly record struct Destination(IpAddr? Vtep, Vni? Label, MacAddress? Mac = null, bool Backup = false);
