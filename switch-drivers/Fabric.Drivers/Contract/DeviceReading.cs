using System.Collections.Immutable;
using Fabric.Drivers.State;

namespace Fabric.Drivers.Contract;

/// <summary>What a device is, as far as it tells.</summary>
/// <param name="Hostname">The device's own name.</param>
/// <param name="Kernel">Kernel release.</param>
/// <param name="RoutingVersion">Version of the routing software, such as <c>FRRouting 8.4.4</c>.</param>
/// <param name="Capabilities">What this very device can do.</param>
/// <param name="Ports">Interfaces that exist on the device, by name, with their administrative and operational state.</param>
public sealed record DeviceFacts(
    string Hostname,
    string Kernel,
    string RoutingVersion,
    DeviceCapabilities Capabilities,
    ImmutableSortedDictionary<string, PortFact> Ports);

/// <summary>State of one interface.</summary>
/// <param name="AdminUp">Switched on.</param>
/// <param name="OperUp">Carrier and working.</param>
/// <param name="Mtu">MTU in octets.</param>
public sealed record PortFact(bool AdminUp, bool OperUp, int Mtu);

/// <summary>A BGP session as the device shows it.</summary>
/// <param name="Neighbor">Interface name of an unnumbered session, else the neighbour's address.</param>
/// <param name="Established">Whether it is up.</param>
/// <param name="EstablishedEpochSeconds">When it came up, in the device's clock as seconds since 1970; null when it is not up.</param>
public sealed record BgpSessionFact(string Neighbor, bool Established, long? EstablishedEpochSeconds);

/// <summary>A change on the device that is neither confirmed nor rolled back yet.</summary>
/// <param name="TransactionId">As given in <see cref="ApplyOptions.TransactionId"/>.</param>
public sealed record PendingTransaction(string TransactionId);

/// <summary>One reading of a device.</summary>
/// <param name="State">What Fabric owns there.</param>
/// <param name="Facts">What the device is.</param>
/// <param name="BgpSessions">Its BGP sessions, by neighbour.</param>
/// <param name="Vnis">Every VNI with a VXLAN device there, whoever made it (CloudStack's agent on a hypervisor).</param>
/// <param name="Pending">A change under way that somebody (an earlier life of the controller) left.</param>
public sealed record DeviceReading(
    DeviceState State,
    DeviceFacts Facts,
    ImmutableSortedDictionary<string, BgpSessionFact> BgpSessions,
    ImmutableSortedSet<int> Vnis,
    PendingTransaction? Pending);
