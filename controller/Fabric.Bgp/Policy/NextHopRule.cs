namespace Fabric.Bgp.Policy;

/// <summary>What a policy asks about the next hop of a route that it lets pass. The session knows its own address, the policy does not.</summary>
public enum NextHopRule
{
    /// <summary>What is usual for the peer's role.</summary>
    Usual,

    /// <summary>The own address of the session.</summary>
    Self,

    /// <summary>The next hop in the attributes, whatever the peer's role.</summary>
    AsInAttributes,
}
