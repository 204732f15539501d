using System.Collections.Immutable;

namespace Fabric.Drivers.Contract;

/// <summary>How an artifact is carried out.</summary>
/// <param name="TransactionId">Names the change on the device: letters, digits, dots and dashes, at most 64.</param>
/// <param name="RollbackAfter">How long the device waits for the confirmation before it goes back by itself.</param>
/// <param name="ConfirmWithin">How long management access and the sessions of <paramref name="SessionsToKeep"/> may take to be seen up; shorter than <paramref name="RollbackAfter"/>.</param>
/// <param name="SessionsToKeep">BGP neighbours that were established before and must be established for the change to be confirmed.</param>
public sealed record ApplyOptions(
    string TransactionId,
    TimeSpan RollbackAfter,
    TimeSpan ConfirmWithin,
    ImmutableArray<string> SessionsToKeep);

/// <summary>How an apply ended.</summary>
public enum ApplyOutcome
{
    /// <summary>Carried out, checked, confirmed.</summary>
    Confirmed,

    /// <summary>The device refused a command; all is as it was.</summary>
    Rejected,

    /// <summary>Carried out, but management or a BGP session did not come back; all is as it was.</summary>
    RolledBack,

    /// <summary>Another change is under way on the device; nothing was done.</summary>
    Busy,
}

/// <summary>The end of an apply.</summary>
/// <param name="Outcome">Whether the device changed.</param>
/// <param name="Detail">In case of failure: the command and what the device said, one line; free of secrets.</param>
public sealed record ApplyResult(ApplyOutcome Outcome, string? Detail);
