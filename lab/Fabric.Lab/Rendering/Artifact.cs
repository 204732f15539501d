namespace Fabric.Lab.Rendering;

/// <summary>One file of a lab.</summary>
/// <param name="Path">Path under the box directory.</param>
/// <param name="Content">The text.</param>
/// <param name="Persistent">The file is a device's own storage: written when the lab is raised first, then left to the device.</param>
public sealed record Artifact(string Path, string Content, bool Persistent = false);
