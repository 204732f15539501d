using System.Collections.Concurrent;
using System.Security.Cryptography;
using Fabric.CloudStackBridge.Store;

namespace Fabric.CloudStackBridge.Security;

/// <summary>
/// Sessions. The cookie alone proves a login; the store only remembers the last use, so that a session lives on for as long as it is used
/// though clients keep their first cookie, and whether it was logged out. A change of the account's password or role ends it.
/// </summary>
public sealed class Sessions(AccountStore accounts, SessionStore store, SessionCookie cookie, BridgeOptions options, TimeProvider time)
{
    // How much of a session's age may be lost when the process dies.
    private static readonly TimeSpan Grain = TimeSpan.FromMinutes(10);
    private const int MostRemembered = 4096;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _noted = new(StringComparer.Ordinal);

    /// <summary>A new session's cookie.</summary>
    public string Begin(Account account) => cookie.Write(new SessionTicket(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), account.Id, account.Stamp, time.GetUtcNow()));

    /// <summary>Who a cookie belongs to; null when it is not, or no longer, valid.</summary>
    public Account? Find(string? value)
    {
        if (cookie.Read(value) is not { } ticket || accounts.Find(ticket.Account) is not { } account || account.Stamp != ticket.Stamp)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var noted = _noted.TryGetValue(ticket.Id, out var known) ? known : store.Seen(ticket.Id) ?? ticket.Issued;
        if (now - noted > options.SessionLifetime)
        {
            return null;
        }

        if (now - noted > Grain)
        {
            store.Note(ticket.Id, account.Id, now, ended: false, now - options.SessionLifetime);
            noted = now;
        }

        if (_noted.Count >= MostRemembered)
        {
            _noted.Clear();
        }

        return _noted.AddOrUpdate(ticket.Id, noted, (_, old) => old == DateTimeOffset.MinValue ? old : noted) == DateTimeOffset.MinValue ? null : account;
    }

    /// <summary>Ends the session that a valid cookie belongs to.</summary>
    public void End(string value)
    {
        if (cookie.Read(value) is { } ticket)
        {
            var now = time.GetUtcNow();
            store.Note(ticket.Id, ticket.Account, now, ended: true, now - options.SessionLifetime);
            _noted[ticket.Id] = DateTimeOffset.MinValue;
        }
    }
}
