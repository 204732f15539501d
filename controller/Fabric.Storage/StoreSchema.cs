using System.Collections.Immutable;
using Fabric.Sqlite;

namespace Fabric.Storage;

/// <summary>The controller's schema.</summary>
internal static class StoreSchema
{
    /// <summary>The scripts of this program, in order.</summary>
    public static readonly ImmutableArray<Migration> Migrations = Migrator.Load(typeof(StoreSchema).Assembly, "Fabric.Storage.Migrations.");
}
