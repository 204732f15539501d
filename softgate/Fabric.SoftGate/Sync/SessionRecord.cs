using Fabric.Primitives;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Sync;

/// <summary>What names a session to both nodes: its first packet, in its VPC.</summary>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Vpc">Uid of the VPC that the first packet came from; 0: from outside.</param>
/// <param name="Source">Its source.</param>
/// <param name="Destination">Its destination, of the same IP version.</param>
/// <param name="SourcePort">Port, or identifier of an ICMP echo.</param>
/// <param name="DestinationPort">Port, or the identifier again.</param>
internal readonly record struct SessionName(byte Protocol, int Vpc, IpAddr Source, IpAddr Destination, ushort SourcePort, ushort DestinationPort);

/// <summary>A V-Net, or the L3VNI of a VPC, as both nodes know it.</summary>
/// <param name="Kind">Which of them; 0: neither.</param>
/// <param name="Uid">The controller's number for it.</param>
internal readonly record struct NetworkName(VNetKind Kind, int Uid);

/// <summary>A session as both nodes understand it: without the indices and clocks of one of them.</summary>
internal readonly record struct SessionRecord
{
    /// <summary>What of the flags is told.</summary>
    internal const SessionFlags Told = SessionFlags.Translated | SessionFlags.Syn | SessionFlags.Fin | SessionFlags.Rst | SessionFlags.Established
        | SessionFlags.Snat | SessionFlags.Balanced;

    /// <summary>Its name.</summary>
    internal required SessionName Name { get; init; }

    /// <summary>Uid of the VPC that its packets go on to; 0: outside.</summary>
    internal int ToVpc { get; init; }

    /// <summary>What the source of its packets becomes.</summary>
    internal required IpAddr Source { get; init; }

    /// <summary>What their destination becomes.</summary>
    internal required IpAddr Destination { get; init; }

    /// <summary>What the source port becomes.</summary>
    internal ushort SourcePort { get; init; }

    /// <summary>What the destination port becomes.</summary>
    internal ushort DestinationPort { get; init; }

    /// <summary>Flags of the way there, of <see cref="Told"/>.</summary>
    internal SessionFlags Forward { get; init; }

    /// <summary>Flags of the way back.</summary>
    internal SessionFlags Back { get; init; }

    /// <summary>Where its packets come from.</summary>
    internal NetworkName ForwardNetwork { get; init; }

    /// <summary>Where the answers come from.</summary>
    internal NetworkName BackNetwork { get; init; }

    /// <summary>Uid of its balancer; 0: none.</summary>
    internal int Balancer { get; init; }

    /// <summary>Seconds since the last packet.</summary>
    internal uint ForwardAge { get; init; }

    /// <summary>Seconds since the last answer.</summary>
    internal uint BackAge { get; init; }
}
