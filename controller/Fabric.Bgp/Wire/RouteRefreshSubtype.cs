namespace Fabric.Bgp.Wire;

/// <summary>What a ROUTE-REFRESH says: RFC 2918 knows only the request, RFC 7313 section 3.2 the others.</summary>
public enum RouteRefreshSubtype : byte
{
    /// <summary>Send all routes of the family again.</summary>
    Request = 0,

    /// <summary>BoRR: all routes of the family follow.</summary>
    Begin = 1,

    /// <summary>EoRR: what was not sent since the beginning is gone.</summary>
    End = 2,
}
