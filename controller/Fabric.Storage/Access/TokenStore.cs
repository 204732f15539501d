using System.Collections.Immutable;
using Fabric.Sqlite;
using Fabric.Storage.Writing;

namespace Fabric.Storage.Access;

/// <summary>API tokens: only their hashes are kept.</summary>
public sealed class TokenStore
{
    private readonly StoreWriter _writer;
    private readonly TimeProvider _time;
    private ImmutableDictionary<string, ApiToken> _byHash;

    internal TokenStore(StoreWriter writer, TimeProvider time, IEnumerable<ApiToken> tokens)
    {
        _writer = writer;
        _time = time;
        _byHash = tokens.ToImmutableDictionary(t => t.HashText, StringComparer.Ordinal);
    }

    /// <summary>Every token that was ever made, oldest first, revoked and expired ones included.</summary>
    public ImmutableArray<ApiToken> All => [.. _byHash.Values.OrderBy(t => t.Created).ThenBy(t => t.Id, StringComparer.Ordinal)];

    /// <summary>The token with this SHA-256 hash if it is valid now, or null.</summary>
    public ApiToken? FindValid(ReadOnlySpan<byte> hash) =>
        _byHash.TryGetValue(Convert.ToHexStringLower(hash), out var token)
        && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(token.Hash.AsSpan(), hash)
        && token.IsValidAt(_time.GetUtcNow())
            ? token
            : null;

    /// <summary>Keeps a new token's hash; null when a valid token has this name already.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task<ApiToken?> CreateAsync(string name, string role, byte[] hash, DateTimeOffset? expires, WriteOrigin origin, CancellationToken cancellationToken) =>
        _writer.RunAsync(
            scope =>
            {
                var now = _time.GetUtcNow();
                if (scope.Query<TokenRow>(TokenRow.Select).Any(r => r.Name == name && r.ToToken().IsValidAt(now)))
                {
                    return null;
                }

                var token = new ApiToken(Guid.CreateVersion7(now).ToString("n"), name, role, [.. hash], Truncate(now), expires is { } e ? Truncate(e) : null, null);
                scope.Execute(
                    "insert into api_token (id, name, role, hash, created, expires, revoked) values (@Id, @Name, @Role, @Hash, @Created, @Expires, null)",
                    TokenRow.Of(token));
                AuditLog.Write(scope, now, origin, "token.create", $"token '{name}' ({token.Id}), role {role}", null, AuditLog.Done);
                scope.OnCommitted(() => _byHash = _byHash.SetItem(token.HashText, token));
                return token;
            },
            cancellationToken);

    /// <summary>Makes a token useless from now on; false when there is none with this id.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task<bool> RevokeAsync(string id, WriteOrigin origin, CancellationToken cancellationToken) => _writer.RunAsync(
        scope =>
        {
            var now = _time.GetUtcNow();
            if (scope.Query<TokenRow>(TokenRow.Select + " where id = @id", new { id }).FirstOrDefault()?.ToToken() is not { } token)
            {
                return false;
            }

            if (token.Revoked is not null)
            {
                return true;
            }

            var revoked = token with { Revoked = Truncate(now) };
            scope.Execute("update api_token set revoked = @Revoked where id = @Id", TokenRow.Of(revoked));
            AuditLog.Write(scope, now, origin, "token.revoke", $"token '{token.Name}' ({token.Id})", null, AuditLog.Done);
            scope.OnCommitted(() => _byHash = _byHash.SetItem(revoked.HashText, revoked));
            return true;
        },
        cancellationToken);

    private static DateTimeOffset Truncate(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}

/// <summary>An API token, without its secret.</summary>
/// <param name="Id">Names it for life.</param>
/// <param name="Name">What its holder is called in the audit log.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Hash">SHA-256 of the secret.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">From when on it is useless; null: never.</param>
/// <param name="Revoked">When it was revoked; null: not.</param>
public sealed record ApiToken(
    string Id, string Name, string Role, ImmutableArray<byte> Hash, DateTimeOffset Created, DateTimeOffset? Expires, DateTimeOffset? Revoked)
{
    internal string HashText { get; } = Convert.ToHexStringLower(Hash.AsSpan());

    /// <summary>Whether it opens anything at that time.</summary>
    public bool IsValidAt(DateTimeOffset time) => Revoked is null && (Expires is null || time < Expires);
}

internal sealed record TokenRow
{
    public const string Select = "select id as Id, name as Name, role as Role, hash as Hash, created as Created, expires as Expires, revoked as Revoked from api_token";

    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

    public string Role { get; init; } = "";

    public byte[] Hash { get; init; } = [];

    public long Created { get; init; }

    public long? Expires { get; init; }

    public long? Revoked { get; init; }

    public static TokenRow Of(ApiToken token) => new()
    {
        Id = token.Id,
        Name = token.Name,
        Role = token.Role,
        Hash = [.. token.Hash],
        Created = token.Created.ToUnixTimeMilliseconds(),
        Expires = token.Expires?.ToUnixTimeMilliseconds(),
        Revoked = token.Revoked?.ToUnixTimeMilliseconds(),
    };

    public ApiToken ToToken() => new(
        Id,
        Name,
        Role,
        [.. Hash],
        DateTimeOffset.FromUnixTimeMilliseconds(Created),
        Expires is { } expires ? DateTimeOffset.FromUnixTimeMilliseconds(expires) : null,
        Revoked is { } revoked ? DateTimeOffset.FromUnixTimeMilliseconds(revoked) : null);
}
