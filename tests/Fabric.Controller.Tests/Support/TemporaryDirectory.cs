namespace Fabric.Controller.Tests.Support;

/// <summary>A directory that goes with its object.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("fabric-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
