namespace Fabric.Bgp.Policy;

/// <summary>How a statement ends.</summary>
public enum PolicyVerdict
{
    /// <summary>The route passes.</summary>
    Accept,

    /// <summary>The route is refused.</summary>
    Reject,

    /// <summary>The next statement is asked, with the attributes as edited so far.</summary>
    Next,
}
