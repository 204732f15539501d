using System.Collections.Immutable;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Display;

/// <summary>What is known of the session that a message to be shown comes from.</summary>
public sealed record DecodeContext
{
    /// <summary>Families that are decoded route by route.</summary>
    public static ImmutableArray<AddressFamily> KnownFamilies { get; } =
        [AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership];

    /// <summary>Nothing was seen of the session: four-octet ASNs, no path identifiers, any family, an internal peer (so that nothing is left unchecked).</summary>
    public static DecodeContext Unknown { get; } = new();

    /// <summary>ASNs in paths have four octets.</summary>
    public bool FourOctetAs { get; init; } = true;

    /// <summary>Sender and receiver are in the same AS.</summary>
    public bool IsInternal { get; init; } = true;

    /// <summary>Messages may be longer than 4096 octets (RFC 8654).</summary>
    public bool ExtendedMessage { get; init; }

    /// <summary>Families whose routes have path identifiers (RFC 7911).</summary>
    public ImmutableArray<AddressFamily> AddPath { get; init; } = [];

    /// <summary>Families that were negotiated; null when that is not known, so that any is taken.</summary>
    public ImmutableArray<AddressFamily>? Families { get; init; }

    /// <summary>Longest message, in octets.</summary>
    public int MaxMessageLength => ExtendedMessage ? BgpFrame.MaxExtendedLength : BgpFrame.MaxLength;

    /// <summary>What two OPENs agree on for messages from one to the other.</summary>
    public static DecodeContext Between(OpenMessage sender, OpenMessage receiver)
    {
        ArgumentNullException.ThrowIfNull(sender);
        ArgumentNullException.ThrowIfNull(receiver);
        return new DecodeContext
        {
            FourOctetAs = sender.FourOctetAs && receiver.FourOctetAs,
            IsInternal = sender.AsNumber == receiver.AsNumber,
            ExtendedMessage = receiver.Has(Capability.ExtendedMessageCode),
            AddPath = [.. PathSenders(sender, AddPathDirections.Send).Intersect(PathSenders(receiver, AddPathDirections.Receive))],
            Families = [.. sender.Families.Intersect(receiver.Families)],
        };
    }

    internal SessionContext ToSession(params ReadOnlySpan<AddressFamily> families) =>
        new(FourOctetAs, IsInternal, Families ?? [.. KnownFamilies, .. families], MaxMessageLength) { AddPathReceive = AddPath };

    private static IEnumerable<AddressFamily> PathSenders(OpenMessage open, AddPathDirections direction) =>
        open.Capabilities.SelectMany(static c => c.AsAddPath() ?? [])
            .Where(offer => offer.Directions.HasFlag(direction))
            .Select(static offer => offer.Family);
}
