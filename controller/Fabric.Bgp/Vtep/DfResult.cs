using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>The outcome of an election.</summary>
/// <param name="Algorithm">The algorithm used, a constant of <see cref="Attributes.DfElection"/>.</param>
/// <param name="Forwarder">The designated forwarder.</param>
/// <param name="Backup">Who would be it without that one, if anybody.</param>
public readonly record struct DfResult(byte Algorithm, IpAddr Forwarder, IpAddr? Backup);
