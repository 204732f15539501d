namespace Fabric.SoftGate.AccessLists;

/// <summary>
/// What one list may cost. Together they bound the memory of a compiled list: 8 MiB of cells, 5 MiB of address entries and 2 MiB of
/// service entries at most. Lists as orchestrators write them, with prefixes on one side only, take some kilobytes.
/// </summary>
public static class AccessListLimits
{
    /// <summary>Rules in a list.</summary>
    public const int Rules = 1000;

    /// <summary>Prefixes of all rules on one side, as written.</summary>
    public const int Prefixes = 32_768;

    /// <summary>Port ranges of all rules, as written.</summary>
    public const int Ranges = 8192;

    /// <summary>Entries in <c>acl_services</c>.</summary>
    public const int ServiceEntries = 32_768;

    /// <summary>
    /// Cells of 4 octets in <c>acl_cells</c>. Two tables of 1,001 by 1,001 fit: every list whose rules each name one source, one
    /// destination and one service compiles, as long as no rules for the sources alone meet rules for the destinations alone.
    /// </summary>
    public const int Cells = 1 << 21;
}
