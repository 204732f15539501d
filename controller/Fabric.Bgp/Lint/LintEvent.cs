namespace Fabric.Bgp.Lint;

/// <summary>A finding was raised or cleared.</summary>
/// <param name="Raised">Raised; otherwise cleared, and the evidence is what is left.</param>
/// <param name="Finding">The finding.</param>
public sealed record LintEvent(bool Raised, LintFinding Finding);
