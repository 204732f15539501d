using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

/// <summary>Knows which of the lines that Fabric writes open a context of their own in FRR's configuration.</summary>
internal static class FrrContexts
{
    private static readonly string[] Starts = ["router ", "route-map ", "profile ", "address-family ", "vrf ", "interface ", "bfd"];

    /// <summary>Whether typing the line leads into a context.</summary>
    public static bool Opens(ValueList<string> context, string text) =>
        (context.Count == 0 || context[^1] is "bfd" || text.StartsWith("address-family ", StringComparison.Ordinal)) && Array.Exists(Starts, s => text.StartsWith(s, StringComparison.Ordinal))
        || (context.Count > 0 && context[^1] == ObjectLines.EvpnFamily && text.StartsWith("vni ", StringComparison.Ordinal));
}
