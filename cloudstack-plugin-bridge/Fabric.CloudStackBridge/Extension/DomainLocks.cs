using System.Runtime.InteropServices;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>One command at a time for each routing domain: CloudStack itself does not see to that.</summary>
public sealed class DomainLocks
{
    private readonly Dictionary<DomainKey, (SemaphoreSlim Turn, int Users)> _locks = [];
    private readonly Lock _lock = new();

    /// <summary>Domains with commands under way.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _locks.Count;
            }
        }
    }

    /// <summary>Waits for the turn; it ends with what is returned.</summary>
    public async Task<IDisposable> EnterAsync(DomainKey key, CancellationToken cancellationToken)
    {
        SemaphoreSlim turn;
        lock (_lock)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_locks, key, out _);
            entry = (entry.Turn ?? new SemaphoreSlim(1), entry.Users + 1);
            turn = entry.Turn;
        }

        try
        {
            await turn.WaitAsync(cancellationToken);
            return new Turn(this, key);
        }
        catch
        {
            Leave(key);
            throw;
        }
    }

    private void Leave(DomainKey key)
    {
        lock (_lock)
        {
            var (turn, users) = _locks[key];
            if (users == 1)
            {
                _locks.Remove(key);
                turn.Dispose();
            }
            else
            {
                _locks[key] = (turn, users - 1);
            }
        }
    }

    private sealed class Turn(DomainLocks locks, DomainKey key) : IDisposable
    {
        public void Dispose()
        {
            lock (locks._lock)
            {
                locks._locks[key].Turn.Release();
            }

            locks.Leave(key);
        }
    }
}
