namespace Fabric.Bgp.Wire;

/// <summary>What a malformed UPDATE costs, weakest first; the strongest of several wins (RFC 7606 section 2).</summary>
public enum ErrorAction
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The attribute is dropped, the routes stay.</summary>
    DiscardAttribute,

    /// <summary>The routes announced are treated as withdrawn.</summary>
    TreatAsWithdraw,

    /// <summary>The family is ignored until the session is set up anew; its routes go.</summary>
    DisableFamily,

    /// <summary>The session ends with a NOTIFICATION.</summary>
    ResetSession,
}
