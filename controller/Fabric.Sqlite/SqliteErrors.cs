using Microsoft.Data.Sqlite;

namespace Fabric.Sqlite;

/// <summary>Turns SQLite's result codes into <see cref="StoreException"/>; the only place that knows them.</summary>
public static class SqliteErrors
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int NoMemory = 7;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>The fault that an error stands for; null when the error is a mistake in this program (a constraint, a bad statement).</summary>
    public static StoreException? Translate(SqliteException error) => error.SqliteErrorCode switch
    {
        Full => new StoreException(StoreFault.Full, "no space is left for the store; nothing was written", error),
        InputOutput or ReadOnly or CannotOpen or NoMemory => new StoreException(StoreFault.InputOutput, $"the store cannot be read or written: {error.Message}", error),
        Busy or Locked => new StoreException(StoreFault.InputOutput, "the store is locked by another process", error),
        Corrupt or NotADatabase => new StoreException(StoreFault.Damaged, $"the store is damaged: {error.Message}", error),
        _ => null,
    };
}
