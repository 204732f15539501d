namespace Fabric.Bgp.Policy.Matches;

/// <summary>Where in an AS path an AS is looked for.</summary>
public enum AsPathPlace
{
    /// <summary>Anywhere, in sets too.</summary>
    Anywhere,

    /// <summary>The AS nearest to here, not in a set.</summary>
    First,

    /// <summary>The AS where the route comes from, not in a set.</summary>
    Origin,
}
