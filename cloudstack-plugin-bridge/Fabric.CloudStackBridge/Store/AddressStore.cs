using System.Collections.Immutable;
using Dapper;

namespace Fabric.CloudStackBridge.Store;

/// <summary>An address that CloudStack has noted in the system VPC though it is inside a tenant's.</summary>
public sealed record NotedAddress
{
    /// <summary>Its number among the subnets.</summary>
    public long Id { get; init; }

    /// <summary>Uid of the VPC that it was noted in.</summary>
    public long Vpc { get; init; }

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>The address as a prefix.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What it is for, in the clients' spelling.</summary>
    public string Purpose { get; init; } = "";
}

/// <summary>The noted addresses. They mean nothing to the fabric: the controller knows an internal load balancer by its own address.</summary>
public sealed class AddressStore(BridgeDatabase database)
{
    private const string Columns = "id as Id, vpc as Vpc, name as Name, prefix as Prefix, purpose as Purpose";

    /// <summary>All of them.</summary>
    public ImmutableArray<NotedAddress> All() => database.Read(c => c.Query<NotedAddress>($"select {Columns} from address order by id").ToImmutableArray());

    /// <summary>The one with a number; null: there is none.</summary>
    public NotedAddress? Find(int id) => database.Read(c => c.QueryFirstOrDefault<NotedAddress>($"select {Columns} from address where id = @id", new { id }));

    /// <summary>Notes an address, or gives the one there is a new name and purpose.</summary>
    /// <returns>Its number.</returns>
    public int Put(int vpc, string name, string prefix, string purpose) => database.Write((c, t) => (int)c.ExecuteScalar<long>(
        """
        insert into address (vpc, name, prefix, purpose) values (@vpc, @name, @prefix, @purpose)
        on conflict (vpc, prefix) do update set name = excluded.name, purpose = excluded.purpose
        returning id
        """,
        new { vpc, name, prefix, purpose },
        t));

    /// <summary>Forgets one; no matter if it is not there.</summary>
    public void Delete(int id) => database.Write((c, t) => c.Execute("delete from address where id = @id", new { id }, t));
}
