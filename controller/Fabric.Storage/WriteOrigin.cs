namespace Fabric.Storage;

/// <summary>Who writes, and why: what the audit log keeps.</summary>
/// <param name="Author">Name of the API token, or of the part of the controller.</param>
/// <param name="Role">Role of the author at that time.</param>
/// <param name="Reason">The author's own words; empty where none were given.</param>
/// <param name="Source">Through which door: <c>api</c>, <c>restore</c>, <c>start</c>.</param>
public sealed record WriteOrigin(string Author, string Role, string Reason, string Source);
