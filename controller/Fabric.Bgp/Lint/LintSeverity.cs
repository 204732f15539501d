namespace Fabric.Bgp.Lint;

/// <summary>How bad a finding is.</summary>
public enum LintSeverity
{
    /// <summary>Can be on purpose.</summary>
    Warning,

    /// <summary>Somebody's traffic is lost or goes astray.</summary>
    Error,
}
