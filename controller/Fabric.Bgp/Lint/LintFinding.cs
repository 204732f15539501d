using System.Collections.Immutable;

namespace Fabric.Bgp.Lint;

/// <summary>Something that is wrong in the fabric's routes.</summary>
/// <param name="Code">What kind.</param>
/// <param name="Subject">What it is about, e.g. "MAC 02:00:00:00:00:01 of VNI 100".</param>
/// <param name="Evidence">What the routes say, a line each.</param>
/// <param name="FirstSeen">Since when.</param>
public sealed record LintFinding(LintCode Code, string Subject, ImmutableArray<string> Evidence, DateTimeOffset FirstSeen)
{
    /// <summary>How bad it is.</summary>
    public LintSeverity Severity => Code.Severity();
}
