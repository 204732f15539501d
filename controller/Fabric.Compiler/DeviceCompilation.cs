using System.Collections.Immutable;
using Fabric.Drivers.State;
using Fabric.Intent.Resources;

namespace Fabric.Compiler;

/// <summary>What a device shall be, and why.</summary>
/// <param name="State">The desired state.</param>
/// <param name="Origins">For each object of the state the resource that asks for it.</param>
/// <param name="Shortfalls">V-Nets that the device does not carry in full, with the reason.</param>
public sealed record DeviceCompilation(
    DeviceState State,
    IReadOnlyDictionary<ObjectKey, Origin> Origins,
    ImmutableArray<Shortfall> Shortfalls);

/// <summary>The resource that asks for an object.</summary>
/// <param name="Resource">Kind and name.</param>
/// <param name="Revision">The resource's revision.</param>
public readonly record struct Origin(ResourceKey Resource, long Revision);

/// <summary>Why a device does not carry a V-Net in full.</summary>
public enum ShortfallReason
{
    /// <summary>The VNI's previous owner has not been read back as gone from the device yet.</summary>
    WaitingForRelease,

    /// <summary>The device has no VLAN-aware bridge, so its ports cannot be in a V-Net.</summary>
    CannotBridgePorts,

    /// <summary>The device has no VRFs, so it cannot be the V-Net's gateway; the V-Net is layer 2 there.</summary>
    CannotRoute,
}

/// <summary>A V-Net that a device does not carry in full.</summary>
/// <param name="VNet">The V-Net.</param>
/// <param name="Reason">Why.</param>
public readonly record struct Shortfall(ResourceKey VNet, ShortfallReason Reason);
