namespace Fabric.Sqlite;

/// <summary>What went wrong with the store, in classes that callers act upon.</summary>
public enum StoreFault
{
    /// <summary>No space is left on the device, or a quota is used up. The store works again once there is space.</summary>
    Full,

    /// <summary>Reading or writing failed, or the database stayed locked.</summary>
    InputOutput,

    /// <summary>The database is damaged, or holds what this program cannot read.</summary>
    Damaged,

    /// <summary>Another process has the store open.</summary>
    InUse,

    /// <summary>The store is shutting down.</summary>
    Closed,
}

/// <summary>The store could not do what was asked; nothing of it was written.</summary>
public sealed class StoreException : Exception
{
    /// <summary>Creates the exception.</summary>
    public StoreException(StoreFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>What went wrong.</summary>
    public StoreFault Fault { get; }
}
