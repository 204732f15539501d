namespace Fabric.SoftGate.AccessLists;

/// <summary>Why a list cannot be put in force.</summary>
public enum AccessListRefusalReason
{
    /// <summary>More rules than <see cref="AccessListLimits.Rules"/>.</summary>
    TooManyRules,

    /// <summary>More prefixes than <see cref="AccessListLimits.Prefixes"/>.</summary>
    TooManyPrefixes,

    /// <summary>More port ranges than <see cref="AccessListLimits.Ranges"/>, or more entries than <see cref="AccessListLimits.ServiceEntries"/>.</summary>
    TooManyPorts,

    /// <summary>The class tables would have more cells than <see cref="AccessListLimits.Cells"/>.</summary>
    TooManyCells,

    /// <summary>Ports with a protocol that has none, or without a protocol; or a range that ends before it begins.</summary>
    BadPorts,

    /// <summary>An IPv6 prefix inside ::ffff:0:0/96, which stands for IPv4.</summary>
    MappedPrefix,

    /// <summary>The node has no room left for it, whatever the list itself may cost.</summary>
    NoRoom,
}

/// <summary>A refused list.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Detail">The same for people: which list and rule, how much is asked for, how much there is.</param>
public sealed record AccessListRefusal(AccessListRefusalReason Reason, string Detail);
