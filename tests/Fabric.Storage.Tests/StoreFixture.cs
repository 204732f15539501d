using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Storage.Tests;

/// <summary>A store in a directory of its own.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    public static readonly WriteOrigin Origin = new("tester", "admin", "test", "api");

    public StoreFixture() => Store = FabricStore.Open(Path, Clock);

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("fabric-store-").FullName;

    public string Path => System.IO.Path.Combine(Directory, "fabric.db");

    public TimeProvider Clock { get; } = TimeProvider.System;

    public FabricStore Store { get; private set; }

    public async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = FabricStore.Open(Path, Clock);
    }

    public Task<CommitResult> CommitAsync(params Change[] changes) =>
        Store.Intent.CommitAsync(new CommitRequest { Changes = _ => changes, Origin = Origin }, CancellationToken.None);

    public static Change Tenant(string name, string? description = null) =>
        new(ChangeOperation.Apply, new(ResourceKind.Tenant, name), new TenantSpec { Description = description });

    public static Change Delete(ResourceKind kind, string name) => new(ChangeOperation.Delete, new(kind, name), null);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
