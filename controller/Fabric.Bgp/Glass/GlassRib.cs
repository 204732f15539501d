namespace Fabric.Bgp.Glass;

/// <summary>Which routes to look at (RFC 4271 section 3.2).</summary>
public enum GlassRib
{
    /// <summary>The best path of each route.</summary>
    Loc,

    /// <summary>What one peer has sent, before and after the import policy.</summary>
    In,

    /// <summary>What one peer is sent, with the attributes it gets.</summary>
    Out,

    /// <summary>What was injected here.</summary>
    Injected,
}
