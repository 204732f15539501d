using Microsoft.Extensions.Hosting;

namespace Fabric.Hosting;

/// <summary>The lifetime of a host in a process that sees to signals itself.</summary>
internal sealed class ForeignLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
