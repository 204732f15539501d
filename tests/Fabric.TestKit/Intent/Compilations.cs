using System.Collections.Immutable;
using Fabric.Compiler;
using Fabric.Drivers.Contract;
using Fabric.Intent;
using Fabric.Intent.Resources;

namespace Fabric.TestKit.Intent;

/// <summary>Compiles in the words of a test.</summary>
public static class Compilations
{
    /// <summary>A device that can do everything.</summary>
    public static readonly DeviceCapabilities Everything = new(BridgesPorts: true, RoutesVpcs: true, RunsBfd: true);

    /// <summary>The compilation of one device.</summary>
    public static DeviceCompilation Compile(this IntentSnapshot snapshot, string device, DeviceCapabilities? capabilities = null) =>
        DeviceCompiler.Compile(snapshot, snapshot.Find(ResourceKind.Device, device)!, capabilities ?? Everything);

    /// <summary>The compilations of all managed devices, by name.</summary>
    public static ImmutableSortedDictionary<string, DeviceCompilation> CompileAll(this IntentSnapshot snapshot, DeviceCapabilities? capabilities = null) =>
        snapshot.All(ResourceKind.Device).Where(d => ((DeviceSpec)d.Spec).IsManaged).ToImmutableSortedDictionary(
            d => d.Key.Name, d => DeviceCompiler.Compile(snapshot, d, capabilities ?? Everything), StringComparer.Ordinal);
}
