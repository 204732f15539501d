namespace Fabric.NetworkExtension;

/// <summary>A command could not be carried out. The message is one line for CloudStack's log, with no secret in it.</summary>
internal sealed class ExtensionException(string message) : Exception(message);
