using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Fabric.Sqlite;

/// <summary>Binds to the system's SQLite, which the distribution keeps patched; none is shipped.</summary>
public static class SqliteLibrary
{
    private const string FileName = "libsqlite3.so.0";
    private static readonly Lazy<bool> Bound = new(Bind);

    /// <summary>Binds once per process.</summary>
    /// <exception cref="StoreException">The system has no SQLite.</exception>
    public static void EnsureBound() => _ = Bound.Value;

    private static bool Bind()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "e_sqlite3")
        {
            return 0;
        }

        return NativeLibrary.TryLoad(FileName, out var handle)
            ? handle
            : throw new StoreException(StoreFault.InputOutput, $"{FileName} is missing; install SQLite (Debian: apt-get install libsqlite3-0)");
    }
}
