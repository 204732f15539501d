namespace Fabric.Bgp.Lint;

/// <summary>What can be wrong. The text of a code (<see cref="LintCodes.Text"/>) is stable.</summary>
public enum LintCode
{
    /// <summary>Two VTEPs claim a MAC of a VNI with the same, newest sequence number, and share no segment.</summary>
    DuplicateMac,

    /// <summary>Two VTEPs claim an address of a VNI with the same, newest sequence number, and share no segment.</summary>
    DuplicateIp,

    /// <summary>A VTEP announces several router's MACs; receivers that keep one a VTEP drop traffic.</summary>
    RouterMacConflict,

    /// <summary>Routes carry a route target that nobody imports.</summary>
    UnimportedTarget,

    /// <summary>A route target, alone on its routes, stands for several VNIs.</summary>
    TargetVniMismatch,

    /// <summary>Routes of types 2 and 3 with one RD and tag carry several VNIs.</summary>
    RdVniMismatch,

    /// <summary>A VTEP announces MACs of a VNI but does not ask for its flooded frames.</summary>
    MissingMulticast,

    /// <summary>A VTEP announces MACs on a segment but not the segment; receivers must not use them.</summary>
    MissingAutoDiscovery,
}
