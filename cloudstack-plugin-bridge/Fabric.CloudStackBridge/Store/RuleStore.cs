using System.Collections.Immutable;
using Dapper;
using Fabric.CloudStackBridge.Rules;
using Microsoft.Data.Sqlite;

namespace Fabric.CloudStackBridge.Store;

/// <summary>Something that is to be put in force.</summary>
/// <param name="Vpc">Uid of the VPC.</param>
/// <param name="VNet">Uid of a tier that waits for its first rule; 0: the rules of the VPC have changed.</param>
/// <param name="Due">When, in milliseconds since 1970.</param>
/// <param name="Latest">When at the latest, whatever is written meanwhile.</param>
public sealed record PendingRules(long Vpc, long VNet, long Due, long Latest)
{
    /// <summary>For the reader of rows.</summary>
    public PendingRules()
        : this(0, 0, 0, 0)
    {
    }
}

/// <summary>The access rules as clients wrote them, and what of them is not in force yet: both in one transaction.</summary>
public sealed class RuleStore(BridgeDatabase database, BridgeOptions options, TimeProvider time)
{
    private const string Columns =
        """
        id as Id, vpc as Vpc, name as Name, action as Action, proto as Proto, src_prefix as SrcPrefix, dst_prefix as DstPrefix,
        src_port_from as SrcPortFrom, src_port_to as SrcPortTo, dst_port_from as DstPortFrom, dst_port_to as DstPortTo,
        icmp_type as IcmpType, established as Established, reverse as Reverse, comment as Comment
        """;

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when something has become pending after this was read.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>All rules, in order.</summary>
    public ImmutableArray<AclRule> All() => database.Read(c => c.Query<AclRule>($"select {Columns} from acl order by id").ToImmutableArray());

    /// <summary>The rules of a VPC, in order.</summary>
    public ImmutableArray<AclRule> Of(int vpc) => database.Read(c => c.Query<AclRule>($"select {Columns} from acl where vpc = @vpc order by id", new { vpc }).ToImmutableArray());

    /// <summary>The rule with an id; null: there is none.</summary>
    public AclRule? Find(int id) => database.Read(c => c.QueryFirstOrDefault<AclRule>($"select {Columns} from acl where id = @id", new { id }));

    /// <summary>Writes a rule: over the one with its id or, with id 0, over the one with its VPC and name or behind all others.</summary>
    /// <returns>Its id; null: the id is given and not there.</returns>
    public int? Put(AclRule rule) => Note(database.Write((c, t) =>
    {
        var id = rule.Id != 0 ? rule.Id : c.QueryFirstOrDefault<long?>("select id from acl where vpc = @Vpc and name = @Name", rule, t);
        var present = id is null ? null : c.QueryFirstOrDefault<AclRule>($"select {Columns} from acl where id = @id", new { id }, t);
        if (present is null)
        {
            if (rule.Id != 0)
            {
                return default(int?);
            }

            id = c.ExecuteScalar<long>(
                """
                insert into acl (vpc, name, action, proto, src_prefix, dst_prefix, src_port_from, src_port_to, dst_port_from, dst_port_to,
                    icmp_type, established, reverse, comment)
                values (@Vpc, @Name, @Action, @Proto, @SrcPrefix, @DstPrefix, @SrcPortFrom, @SrcPortTo, @DstPortFrom, @DstPortTo,
                    @IcmpType, @Established, @Reverse, @Comment)
                returning id
                """,
                rule,
                t);
            Mark(c, t, rule.Vpc);
        }
        else if (present != rule with { Id = present.Id })
        {
            c.Execute(
                """
                update acl set vpc = @Vpc, name = @Name, action = @Action, proto = @Proto, src_prefix = @SrcPrefix, dst_prefix = @DstPrefix,
                    src_port_from = @SrcPortFrom, src_port_to = @SrcPortTo, dst_port_from = @DstPortFrom, dst_port_to = @DstPortTo,
                    icmp_type = @IcmpType, established = @Established, reverse = @Reverse, comment = @Comment
                where id = @Id
                """,
                rule with { Id = present.Id },
                t);
            Mark(c, t, rule.Vpc);
            if (present.Vpc != rule.Vpc)
            {
                Mark(c, t, present.Vpc);
            }
        }

        return (int?)id;
    }));

    /// <summary>Removes rules; those that are not there count as removed.</summary>
    public void Delete(IReadOnlyList<int> ids) => Note(database.Write((c, t) =>
    {
        foreach (var id in ids)
        {
            if (c.QueryFirstOrDefault<long?>("delete from acl where id = @id returning vpc", new { id }, t) is { } vpc)
            {
                Mark(c, t, vpc);
            }
        }

        return 0;
    }));

    /// <summary>Forgets the rules of a VPC that is gone.</summary>
    public void Forget(int vpc) => database.Write((c, t) => c.Execute("delete from acl where vpc = @vpc; delete from pending where vpc = @vpc;", new { vpc }, t));

    /// <summary>The VPCs that have rules, or something pending.</summary>
    public ImmutableArray<int> Vpcs() => database.Read(c => c.Query<long>("select vpc from acl union select vpc from pending").Select(v => (int)v).ToImmutableArray());

    /// <summary>Notes that a VPC's rules are to be put in force anew, soon.</summary>
    public void Touch(int vpc) => Note(database.Write((c, t) =>
    {
        Mark(c, t, vpc);
        return 0;
    }));

    /// <summary>Notes that a new tier waits for its first rule; no matter if that is noted already.</summary>
    public void Await(int vpc, int vnet) => Note(database.Write((c, t) =>
    {
        var due = (time.GetUtcNow() + options.FirstRuleWithin).ToUnixTimeMilliseconds();
        return c.Execute("insert into pending (vpc, vnet, due, latest) values (@vpc, @vnet, @due, @due) on conflict do nothing", new { vpc, vnet, due }, t);
    }));

    /// <summary>What is pending, what is due first before the rest.</summary>
    public ImmutableArray<PendingRules> Pending() => database.Read(c =>
        c.Query<PendingRules>("select vpc as Vpc, vnet as VNet, due as Due, latest as Latest from pending order by due").ToImmutableArray());

    /// <summary>Takes back what is pending, unless it has changed since it was read.</summary>
    public void Done(IEnumerable<PendingRules> done) => database.Write((c, t) => c.Execute(
        "delete from pending where vpc = @Vpc and vnet = @VNet and due = @Due and latest = @Latest", done, t));

    private void Mark(SqliteConnection c, SqliteTransaction t, long vpc)
    {
        var now = time.GetUtcNow();
        var quiet = (now + options.RulesQuiet).ToUnixTimeMilliseconds();
        var latest = (now + options.RulesLatest).ToUnixTimeMilliseconds();
        c.Execute(
            """
            insert into pending (vpc, vnet, due, latest) values (@vpc, 0, min(@quiet, @latest), @latest)
            on conflict (vpc, vnet) do update set due = min(@quiet, latest)
            """,
            new { vpc, quiet, latest },
            t);
    }

    private T Note<T>(T result)
    {
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return result;
    }
}
