using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A router of a segment, as a candidate for designated forwarder.</summary>
/// <param name="Address">Originating router's address of its segment route.</param>
/// <param name="Election">What it asks for; null asks for the default.</param>
/// <param name="Attached">Whether it has announced the bridge domain on this segment; counts when all ask for <see cref="DfElection.AcInfluenced"/>.</param>
public readonly record struct DfCandidate(IpAddr Address, DfElection? Election, bool Attached = true);
