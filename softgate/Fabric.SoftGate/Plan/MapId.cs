namespace Fabric.SoftGate.Plan;

/// <summary>
/// The maps that the agent writes, in the order in which it writes them: what is referred to before what refers to it. Removal goes the other
/// way, after all writing.
/// </summary>
internal enum MapId : byte
{
    Settings,
    Vteps,
    Hops,
    Meters,
    Backends,
    Maglev,
    Balancers,
    PoolAddresses,
    Pools,
    AclCells,
    AclServices,
    AclAddresses,
    Acls,
    Vnets,
    Hosts,
    Prefixes,
    StaticSources,
    Services,
    ServiceAddresses,
    SnatSources,
    PublicAddresses,
    Probes,
    Gateways,

    /// <summary>Has the bits of prefix lengths and counts changes of policy: last of what sessions are judged by.</summary>
    Vpcs,
    Vnis,
    VtepsOwn,
    Ports,
}

/// <summary>What maps are called and whether they are arrays.</summary>
internal static class MapIds
{
    /// <summary>All of them, in order.</summary>
    internal static readonly MapId[] All = Enum.GetValues<MapId>();

    /// <summary>Name in the object file.</summary>
    internal static string NameOf(MapId map) => map switch
    {
        MapId.PoolAddresses => "pool_addresses",
        MapId.AclCells => "acl_cells",
        MapId.AclServices => "acl_services",
        MapId.AclAddresses => "acl_addresses",
        MapId.StaticSources => "static_sources",
        MapId.ServiceAddresses => "service_addresses",
        MapId.SnatSources => "snat_sources",
        MapId.PublicAddresses => "public_addresses",
        MapId.VtepsOwn => "vteps_own",
        _ => map.ToString().ToLowerInvariant(),
    };

    /// <summary>True: keys are indices and there is always a value; to remove is to write zeros.</summary>
    internal static bool IsArray(MapId map) => map is MapId.Settings or MapId.Vteps or MapId.Hops or MapId.Meters or MapId.Backends
        or MapId.Maglev or MapId.PoolAddresses or MapId.Pools or MapId.AclCells or MapId.Vnets or MapId.Vpcs;

    /// <summary>Tables of which the data path remembers what it finds: <see cref="Kernel.DataPathObject.TablesChanged"/>.</summary>
    internal static bool IsRemembered(MapId map) =>
        map is MapId.Ports or MapId.VtepsOwn or MapId.Vnis or MapId.Hosts or MapId.Prefixes or MapId.Vpcs;

    /// <summary>True: written in ranges that are new each time, so that removing one needs no write.</summary>
    internal static bool IsCells(MapId map) => map is MapId.Maglev or MapId.AclCells;
}
