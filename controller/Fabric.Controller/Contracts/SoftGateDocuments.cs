namespace Fabric.Controller.Contracts;

/// <summary>What enrols a SoftGate's agent.</summary>
/// <param name="Device">Name of the Device.</param>
/// <param name="Token">The one-time token; shown this once.</param>
/// <param name="Expires">Until when it can be used.</param>
/// <param name="Authority">Certificate authority that the agent trusts, PEM.</param>
public sealed record EnrollmentToken(string Device, string Token, DateTimeOffset Expires, string Authority);
