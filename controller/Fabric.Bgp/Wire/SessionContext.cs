using System.Collections.Immutable;

namespace Fabric.Bgp.Wire;

/// <summary>What was negotiated and matters to the codec.</summary>
/// <param name="FourOctetAs">Both sides have the four-octet AS capability (RFC 6793).</param>
/// <param name="IsInternal">The peer is in the same AS.</param>
/// <param name="Families">Families both sides have.</param>
/// <param name="MaxMessageLength">Longest message, in octets.</param>
public sealed record SessionContext(
    bool FourOctetAs, bool IsInternal, ImmutableArray<AddressFamily> Families, int MaxMessageLength = BgpFrame.MaxLength)
{
    /// <summary>Families whose routes come with path identifiers (RFC 7911).</summary>
    public ImmutableArray<AddressFamily> AddPathReceive { get; init; } = [];

    /// <summary>Whether loopback addresses are next hops like others: the session runs between some, or it is not known what it runs between.</summary>
    public bool OnLoopback { get; init; } = true;

    /// <summary>Families whose routes are sent with path identifiers (RFC 7911).</summary>
    public ImmutableArray<AddressFamily> AddPathSend { get; init; } = [];
}
