namespace Fabric.Bgp.Lint;

/// <summary>Text and weight of each code.</summary>
public static class LintCodes
{
    /// <summary>The code as written in the API.</summary>
    public static string Text(this LintCode code) => code switch
    {
        LintCode.DuplicateMac => "duplicate-mac",
        LintCode.DuplicateIp => "duplicate-ip",
        LintCode.RouterMacConflict => "router-mac-conflict",
        LintCode.UnimportedTarget => "unimported-target",
        LintCode.TargetVniMismatch => "target-vni-mismatch",
        LintCode.RdVniMismatch => "rd-vni-mismatch",
        LintCode.MissingMulticast => "missing-multicast",
        LintCode.MissingAutoDiscovery => "missing-auto-discovery",
        _ => throw new ArgumentOutOfRangeException(nameof(code)),
    };

    /// <summary>How bad it is.</summary>
    public static LintSeverity Severity(this LintCode code) => code switch
    {
        LintCode.UnimportedTarget or LintCode.TargetVniMismatch or LintCode.MissingMulticast => LintSeverity.Warning,
        _ => LintSeverity.Error,
    };
}
