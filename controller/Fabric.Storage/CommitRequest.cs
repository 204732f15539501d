using Fabric.Intent;
using Fabric.Intent.Changes;

namespace Fabric.Storage;

/// <summary>A change set on its way into the store.</summary>
public sealed record CommitRequest
{
    /// <summary>The changes, given the snapshot that they will be evaluated against.</summary>
    public required Func<IntentSnapshot, IReadOnlyList<Change>> Changes { get; init; }

    /// <summary>Who writes and why.</summary>
    public required WriteOrigin Origin { get; init; }

    /// <summary>True: evaluate only, write nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>The caller's key for repeating the request; null: none.</summary>
    public IdempotencyKey? Idempotency { get; init; }

    /// <summary>The response to a change set that was accepted, kept under the key; needed where there is one.</summary>
    public Func<Evaluation, StoredResponse>? Respond { get; init; }
}

/// <summary>A request that may be repeated without being carried out twice.</summary>
/// <param name="TokenId">Whose key it is.</param>
/// <param name="Key">The key, as the caller gave it.</param>
/// <param name="RequestHash">SHA-256 over what was asked.</param>
public sealed record IdempotencyKey(string TokenId, string Key, byte[] RequestHash);

/// <summary>A response that is given again when its request is repeated.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Headers that belong to it, as a JSON object.</param>
/// <param name="Body">Its body.</param>
public sealed record StoredResponse(int Status, string Headers, string Body);

/// <summary>What became of a change set.</summary>
/// <param name="Evaluation">The evaluation: errors, or what was written. Null when the request was a repetition.</param>
/// <param name="Response">The response that was kept for the request's key, now or when it was first made.</param>
/// <param name="KeyReused">The key belongs to another request; nothing was done.</param>
public sealed record CommitResult(Evaluation? Evaluation, StoredResponse? Response, bool KeyReused);
