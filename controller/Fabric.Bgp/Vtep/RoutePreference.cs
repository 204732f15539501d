namespace Fabric.Bgp.Vtep;

/// <summary>How good an own route is to look to others; the default is as good as any. A partner that stands by announces with less.</summary>
/// <param name="Prepend">How often the own AS stands in the path beyond the usual once, 0..32. Only external peers see it: to internal ones it would be a loop.</param>
/// <param name="LocalPref">LOCAL_PREF for internal peers, the higher the better; null for the usual 100.</param>
/// <param name="Med">MULTI_EXIT_DISC, the lower the better; null for none.</param>
public readonly record struct RoutePreference(byte Prepend = 0, uint? LocalPref = null, uint? Med = null)
{
    /// <summary>The most often the own AS can be added.</summary>
    public const byte MaxPrepend = 32;
}
