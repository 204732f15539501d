using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>A sender of routes as the table knows it. Belongs to the engine, but for the counts.</summary>
internal sealed class RibPeer(IpAddr address)
{
    private readonly int[] _routes = new int[Families.Count];

    /// <summary>Its number in the table, from 1; 0 until it is entered.</summary>
    public int Id { get; set; }

    public IpAddr Address { get; } = address;

    /// <summary>The peer's BGP identifier in the present session, or the last.</summary>
    public IpAddr RouterId { get; set; }

    /// <summary>Whether it is in the own AS.</summary>
    public bool IsInternal { get; set; }

    /// <summary>Whether its routes are reflected to everybody (RFC 4456).</summary>
    public bool IsClient { get; set; }

    /// <summary>Whether these are the routes injected here; no peer's word removes them.</summary>
    public bool IsLocal { get; set; }

    /// <summary>Routes held from it in a family; read from any thread.</summary>
    public int Routes(FamilyIndex family) => Volatile.Read(ref _routes[(int)family]);

    /// <summary>Routes held from it; read from any thread.</summary>
    public int AllRoutes => _routes.Sum();

    public void Count(FamilyIndex family, int change) => Volatile.Write(ref _routes[(int)family], _routes[(int)family] + change);
}
