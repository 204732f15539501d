using System.Collections.Immutable;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Security;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Reconciler.Planning;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>What every write of intent has in common: author and reason, Idempotency-Key, commit, refusal.</summary>
public sealed partial class IntentWrites(FabricStore store, IPlanner planner, ILogger<IntentWrites> log)
{
    /// <summary>The intent as of the last commit.</summary>
    public IntentSnapshot Current => store.Intent.Current;

    /// <summary>Commits changes and answers.</summary>
    /// <param name="context">The request.</param>
    /// <param name="write">What to commit and how to answer.</param>
    public async Task<IResult> CommitAsync(HttpContext context, IntentWrite write)
    {
        var caller = context.Caller();
        var idempotency = write.RequestText is { } text && !write.DryRun ? RequestKey.Of(context, text) : null;
        var result = await store.Intent.CommitAsync(
            new CommitRequest
            {
                Changes = write.Changes,
                Origin = new WriteOrigin(caller.Name, caller.Role.Name(), write.Reason, write.Source),
                DryRun = write.DryRun,
                Idempotency = idempotency,
                Respond = write.Respond,
            },
            context.RequestAborted);
        if (result.KeyReused)
        {
            return Problems.KeyReused();
        }

        if (result.Evaluation is { Accepted: false } refused)
        {
            return write.Refuse?.Invoke(refused.Errors) ?? Problems.Of(refused.Errors, write.PointerOf);
        }

        return new StoredResult(result.Response ?? write.Respond(result.Evaluation!));
    }

    /// <summary>What a change set did, or would do.</summary>
    public ChangeSetResponse Describe(Evaluation evaluation, bool dryRun) => new()
    {
        Revision = evaluation.After.Revision,
        DryRun = dryRun,
        Changes = [.. evaluation.Changes.Select(c => Documents.Of(c, evaluation.After.Revision))],
        Plan = PlanOf(evaluation),
    };

    /// <summary>A failure to plan must not stop a change that is valid: the reconciler reports it as the device's status.</summary>
    private ImmutableArray<DevicePlanView> PlanOf(Evaluation evaluation)
    {
        try
        {
            return evaluation.Changes.IsEmpty ? [] : planner.Plan(evaluation);
        }
        catch (Exception e)
        {
            Log.PlanFailed(log, e);
            return [];
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1021, Level = LogLevel.Error, Message = "The plan of a change set could not be made")]
        public static partial void PlanFailed(ILogger logger, Exception error);
    }
}

/// <summary>A write of intent.</summary>
public sealed record IntentWrite
{
    /// <summary>The changes, given the snapshot that they will be evaluated against.</summary>
    public required Func<IntentSnapshot, IReadOnlyList<Change>> Changes { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>The response to success.</summary>
    public required Func<Evaluation, StoredResponse> Respond { get; init; }

    /// <summary>Where in the request an error is.</summary>
    public Func<ChangeError, string> PointerOf { get; init; } = e => e.Pointer;

    /// <summary>The response to a refusal where it is a particular one.</summary>
    public Func<ImmutableArray<ChangeError>, Problem?>? Refuse { get; init; }

    /// <summary>True: evaluate only.</summary>
    public bool DryRun { get; init; }

    /// <summary>Through which door.</summary>
    public string Source { get; init; } = "api";

    /// <summary>The text of the request's body, where an Idempotency-Key is honoured.</summary>
    public string? RequestText { get; init; }
}
