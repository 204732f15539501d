namespace Fabric.TestKit.Files;

/// <summary>A text differs from the one recorded.</summary>
public sealed class GoldenException(string message) : Exception(message);
