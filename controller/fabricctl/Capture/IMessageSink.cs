using Fabric.Bgp.Display;
using Fabric.Primitives;

namespace Fabric.Ctl.Capture;

/// <summary>Where a message of a capture was seen.</summary>
/// <param name="Time">Time of the packet that completed it; null when the capture does not say.</param>
/// <param name="Source">Sender's address.</param>
/// <param name="SourcePort">Sender's port.</param>
/// <param name="Destination">Receiver's address.</param>
/// <param name="DestinationPort">Receiver's port.</param>
public readonly record struct MessageOrigin(DateTimeOffset? Time, IpAddr Source, ushort SourcePort, IpAddr Destination, ushort DestinationPort);

/// <summary>Takes what is found in TCP streams.</summary>
public interface IMessageSink
{
    /// <summary>A message, or the octets that stand where one should be.</summary>
    void Message(in MessageOrigin origin, ReadOnlySpan<byte> message, DecodeContext context);

    /// <summary>Octets that were not captured; where messages begin is searched anew behind them.</summary>
    void Gap(in MessageOrigin origin, long octets);

    /// <summary>The beginning of a message whose end was not captured.</summary>
    void Incomplete(in MessageOrigin origin, int octets);
}
