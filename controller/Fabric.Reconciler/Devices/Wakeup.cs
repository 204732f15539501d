namespace Fabric.Reconciler.Devices;

/// <summary>A bell for one waiter: rings that come while it does not wait are kept as one.</summary>
internal sealed class Wakeup(TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _bell = new(0, 1);

    /// <summary>Wakes the waiter, now or when it next waits.</summary>
    public void Ring()
    {
        try
        {
            _bell.Release();
        }
        catch (SemaphoreFullException)
        {
            // Rung already and not yet heard.
        }
    }

    /// <summary>Waits for the bell, or until so much time has passed.</summary>
    /// <returns>Whether the bell rang.</returns>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _bell.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _bell.Dispose();
}
