using System.Collections.Immutable;
using Dapper;

namespace Fabric.CloudStackBridge.Store;

/// <summary>Somebody who may log in to the bridge.</summary>
public sealed record Account
{
    /// <summary>Its number, positive, never given again.</summary>
    public long Id { get; init; }

    /// <summary>Its login name.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>viewer</c>: reads; <c>operator</c>: also writes.</summary>
    public string Role { get; init; } = "";

    /// <summary>The password's hash, see <see cref="Security.PasswordHash"/>.</summary>
    public string Password { get; init; } = "";

    /// <summary>Changes whenever password or role are set; sessions of an earlier one are void.</summary>
    public long Stamp { get; init; }
}

/// <summary>The accounts. They are read from disk each time: a command in another process may have changed them.</summary>
public sealed class AccountStore(BridgeDatabase database)
{
    private const string Columns = "id as Id, name as Name, role as Role, password as Password, stamp as Stamp";

    /// <summary>All accounts, by name.</summary>
    public ImmutableArray<Account> List() => database.Read(c => c.Query<Account>($"select {Columns} from account order by name").ToImmutableArray());

    /// <summary>The account with a name; null: there is none.</summary>
    public Account? Find(string name) =>
        database.Read(c => c.QueryFirstOrDefault<Account>($"select {Columns} from account where name = @name", new { name }));

    /// <summary>The account with a number; null: there is none.</summary>
    public Account? Find(long id) => database.Read(c => c.QueryFirstOrDefault<Account>($"select {Columns} from account where id = @id", new { id }));

    /// <summary>Makes an account, or gives the one there is a new password and role, which ends its sessions.</summary>
    public void Set(string name, string role, string passwordHash) => database.Write((c, t) => c.Execute(
        """
        insert into account (name, role, password, stamp) values (@name, @role, @passwordHash, 1)
        on conflict (name) do update set role = excluded.role, password = excluded.password, stamp = stamp + 1
        """,
        new { name, role, passwordHash },
        t));

    /// <summary>Removes an account, which ends its sessions.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(string name) => database.Write((c, t) => c.Execute("delete from account where name = @name", new { name }, t)) > 0;
}
