using System.Collections.Immutable;
using System.Text.Json;
using Dapper;
using Fabric.CloudStackBridge.Extension;
using Fabric.Primitives;
using Microsoft.Data.Sqlite;

namespace Fabric.CloudStackBridge.Store;

/// <summary>What the extension's side of the bridge keeps: tokens, what CloudStack has said, and what guests are served.</summary>
public sealed class ExtensionStore(BridgeDatabase database)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Makes a token for a name and a use, in place of the one there is.</summary>
    public void SetToken(string name, string use, string hash) => database.Write((c, t) => c.Execute(
        "insert into extension_token (name, use, hash) values (@name, @use, @hash) on conflict (name, use) do update set hash = excluded.hash", new { name, use, hash }, t));

    /// <summary>Makes a token void; what was made with it stays.</summary>
    /// <returns>Whether it was there.</returns>
    public bool RemoveToken(string name, string use) => database.Write((c, t) => c.Execute("delete from extension_token where name = @name and use = @use", new { name, use }, t)) > 0;

    /// <summary>The names that have tokens, and for what use.</summary>
    public ImmutableArray<(string Name, string Use)> Tokens() =>
        database.Read(c => c.Query<(string, string)>("select name, use from extension_token order by name, use").ToImmutableArray());

    /// <summary>Whose token has a hash; null: nobody's.</summary>
    public string? NameOf(string hash, string use) =>
        database.Read(c => c.QueryFirstOrDefault<string>("select name from extension_token where hash = @hash and use = @use", new { hash, use }));

    /// <summary>What CloudStack has said of a routing domain.</summary>
    public RoutingDomain Load(DomainKey key) => database.Read(c => c.QueryFirstOrDefault<string>(
        "select state from extension_domain where cloud = @Cloud and zone = @Zone and scope = @Scope", new { key.Cloud, key.Zone, key.Scope })) is { } state
        ? JsonSerializer.Deserialize<RoutingDomain>(state, Json)!
        : RoutingDomain.Empty;

    /// <summary>Whether two domains are the same.</summary>
    public static bool Same(RoutingDomain one, RoutingDomain other) => ReferenceEquals(one, other) || JsonSerializer.Serialize(one, Json) == JsonSerializer.Serialize(other, Json);

    /// <summary>Keeps what a command has led to, all of it or nothing.</summary>
    public void Save(DomainKey key, Effect effect) => database.Write((c, t) =>
    {
        if (effect.Domain.IsEmpty)
        {
            c.Execute("delete from extension_domain where cloud = @Cloud and zone = @Zone and scope = @Scope", new { key.Cloud, key.Zone, key.Scope }, t);
        }
        else
        {
            c.Execute(
                """
                insert into extension_domain (cloud, zone, scope, state) values (@Cloud, @Zone, @Scope, @state)
                on conflict (cloud, zone, scope) do update set state = excluded.state
                """,
                new { key.Cloud, key.Zone, key.Scope, state = JsonSerializer.Serialize(effect.Domain, Json) },
                t);
        }

        foreach (var edit in effect.Guests)
        {
            Write(c, t, key, edit);
        }

        return 0;
    });

    /// <summary>What the machines of a network are served, by the interface.</summary>
    public ImmutableArray<(MacAddress Mac, IpAddr? Ip, ImmutableSortedDictionary<string, string> Files)> Guests(string cloud, int zone, int network) => database.Read(c =>
        c.Query<(string Mac, string? Ip, string Files)>("select mac, ip, files from extension_guest where cloud = @cloud and zone = @zone and network = @network order by mac", new { cloud, zone, network })
            .Select(r => (MacAddress.Parse(r.Mac), r.Ip is null ? default(IpAddr?) : IpAddr.Parse(r.Ip), Files(r.Files))).ToImmutableArray());

    /// <summary>Forgets a password that its machine has fetched.</summary>
    /// <returns>Whether there was one.</returns>
    public bool ForgetPassword(string cloud, int zone, int network, IpAddr ip) => database.Write((c, t) =>
    {
        var row = c.QueryFirstOrDefault<(string Mac, string Files)?>(
            "select mac, files from extension_guest where cloud = @cloud and zone = @zone and network = @network and ip = @ip", new { cloud, zone, network, ip = ip.ToString() }, t);
        if (row is not { } found || Files(found.Files) is var files && !files.Keys.Any(IsPassword))
        {
            return false;
        }

        c.Execute(
            "update extension_guest set files = @files where cloud = @cloud and zone = @zone and network = @network and mac = @mac",
            new { cloud, zone, network, mac = found.Mac, files = JsonSerializer.Serialize(files.RemoveRange(files.Keys.Where(IsPassword))) },
            t);
        return true;
    });

    private static void Write(SqliteConnection c, SqliteTransaction t, DomainKey key, GuestEdit edit)
    {
        var where = new DynamicParameters(new { key.Cloud, key.Zone, edit.Network });
        const string Where = "cloud = @Cloud and zone = @Zone and network = @Network";
        switch (edit)
        {
            case Forget forget:
                where.Add("mac", forget.Mac.ToString());
                c.Execute($"delete from extension_guest where {Where} and mac = @mac", where, t);
                break;

            case KeepOnly keep:
                foreach (var mac in c.Query<string>($"select mac from extension_guest where {Where}", where, t).Where(m => !keep.Macs.Contains(MacAddress.Parse(m))).ToList())
                {
                    where.Add("mac", mac);
                    c.Execute($"delete from extension_guest where {Where} and mac = @mac", where, t);
                }

                break;

            case SetFiles set:
                where.Add("mac", set.Mac.ToString());
                where.Add("ip", set.Ip?.ToString());
                var present = c.QueryFirstOrDefault<string>($"select files from extension_guest where {Where} and mac = @mac", where, t) is { } text
                    ? Files(text)
                    : ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
                var files = (set.Whole ? present.RemoveRange(present.Keys.Where(static k => !IsPassword(k))) : present).SetItems(set.Files);
                where.Add("files", JsonSerializer.Serialize(files));
                c.Execute($"delete from extension_guest where {Where} and mac <> @mac and ip = @ip", where, t);
                c.Execute(
                    """
                    insert into extension_guest (cloud, zone, network, mac, ip, files) values (@Cloud, @Zone, @Network, @mac, @ip, @files)
                    on conflict (cloud, zone, network, mac) do update set ip = coalesce(excluded.ip, ip), files = excluded.files
                    """,
                    where,
                    t);
                break;
        }
    }

    private static bool IsPassword(string file) => file.StartsWith(GuestFiles.PasswordDirectory, StringComparison.Ordinal);

    private static ImmutableSortedDictionary<string, string> Files(string json) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(json)!.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
