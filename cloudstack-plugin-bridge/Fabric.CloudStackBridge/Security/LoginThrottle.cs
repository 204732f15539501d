namespace Fabric.CloudStackBridge.Security;

/// <summary>
/// Slows down whoever guesses passwords: each attempt waits longer the more have failed from the same address or for the same account
/// before it. Nobody is locked out, and what it remembers is bounded.
/// </summary>
public sealed class LoginThrottle(TimeProvider time)
{
    private const int Free = 3;
    private const int Most = 4096;
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestOfAccount = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestOfAddress = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Forgiven = TimeSpan.FromMinutes(15);
    private readonly Dictionary<string, (int Failures, DateTimeOffset Last)> _failures = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Keys remembered.</summary>
    internal int Count => _failures.Count;

    /// <summary>Counts an attempt, as failed until it succeeds: attempts at the same time slow each other down too.</summary>
    /// <returns>How long it has to wait before its password is looked at.</returns>
    public TimeSpan Attempt(string account, string address)
    {
        lock (_lock)
        {
            var byAccount = Wait(Add("n" + account), LongestOfAccount);
            var byAddress = Wait(Add("a" + address), LongestOfAddress);
            return byAccount > byAddress ? byAccount : byAddress;
        }
    }

    /// <summary>An attempt has succeeded.</summary>
    public void Succeeded(string account, string address)
    {
        lock (_lock)
        {
            _failures.Remove("n" + account);
            _failures.Remove("a" + address);
        }
    }

    private static TimeSpan Wait(int earlier, TimeSpan longest) =>
        earlier < Free ? TimeSpan.Zero : TimeSpan.FromTicks(Math.Min(longest.Ticks, First.Ticks << Math.Min(earlier - Free, 10)));

    /// <summary>Counts a failure of a key; how many there were before.</summary>
    private int Add(string key)
    {
        var now = time.GetUtcNow();
        var earlier = _failures.TryGetValue(key, out var known) && now - known.Last < Forgiven ? known.Failures : 0;
        if (_failures.Count >= Most && !_failures.ContainsKey(key))
        {
            // A flood of names: forget the half that was quiet longest.
            foreach (var old in _failures.OrderBy(f => f.Value.Last).Take(Most / 2).Select(f => f.Key).ToList())
            {
                _failures.Remove(old);
            }
        }

        _failures[key] = (earlier + 1, now);
        return earlier;
    }
}
