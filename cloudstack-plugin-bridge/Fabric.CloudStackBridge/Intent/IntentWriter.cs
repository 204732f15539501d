using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>A write to one resource.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name in the controller.</param>
/// <param name="Spec">What is wanted; null: the resource is removed.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Present">As it is; null: it is to be made.</param>
public sealed record Change(string Kind, string Name, JsonObject? Spec, ImmutableDictionary<string, string> Labels, Resource? Present)
{
    /// <summary>Makes a resource, with a name like the title.</summary>
    public static Change Create(IntentView view, string kind, string title, JsonObject spec, ImmutableDictionary<string, string>? labels = null)
    {
        var name = Naming.Free(view, kind, title);
        return new Change(kind, name, spec, Naming.WithTitle((labels ?? ImmutableDictionary<string, string>.Empty).SetItem(Naming.Made, "true"), name, title), null);
    }

    /// <summary>Changes a resource.</summary>
    public static Change Update(Resource present, JsonObject spec, string? title = null, ImmutableDictionary<string, string>? labels = null) =>
        new(present.Kind, present.Name, spec, title is null ? labels ?? present.Labels : Naming.WithTitle(labels ?? present.Labels, present.Name, title), present);

    /// <summary>Removes a resource.</summary>
    public static Change Delete(Resource present) => new(present.Kind, present.Name, null, present.Labels, present);

    /// <summary>Whether the resource is as wanted already.</summary>
    public bool IsVain => Present is not null && Spec is not null && JsonNode.DeepEquals(Spec, JsonObject.Create(Present.Spec))
        && Labels.Count == Present.Labels.Count && Labels.All(l => Present.Label(l.Key) == l.Value);
}

/// <summary>
/// Writes intent: one write after another, each decided on a view that has all writes before it, and answered when the view has it
/// too. So what a client asks for twice is there once, and what it has written it reads.
/// </summary>
public sealed class IntentWriter(ControllerApi api, IntentFeed feed) : IDisposable
{
    private const int Tries = 5;
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Writes.</summary>
    /// <param name="reason">Why, for the controller's audit log.</param>
    /// <param name="plan">What to write, given what there is; asked again when somebody else was faster.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The view with it.</returns>
    /// <exception cref="NetrisException">The controller refuses it or cannot be reached.</exception>
    public async Task<IntentView> WriteAsync(string reason, Func<IntentView, IReadOnlyList<Change>> plan, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var view = await feed.ReadyAsync(cancellationToken);
            for (var attempt = 1; ; attempt++)
            {
                var changes = plan(view).Where(c => !c.IsVain).ToList();
                if (changes.Count == 0)
                {
                    return view;
                }

                try
                {
                    var arrived = await SendAsync(changes, reason, cancellationToken);
                    return await feed.WaitAsync(arrived, cancellationToken) ?? throw new NetrisException(500, "it is written, but the controller does not tell; try again");
                }
                catch (RefusedException e) when (e.Code is "stale" or "exists" or "not-found" && attempt < Tries)
                {
                    var known = view.Revision;
                    view = await feed.WaitAsync(v => v.Revision > known, cancellationToken) ?? throw ToNetris(e);
                }
                catch (RefusedException e)
                {
                    throw ToNetris(e);
                }
                catch (HttpRequestException) when (attempt < Tries && !cancellationToken.IsCancellationRequested)
                {
                    // It may be written or not: the view will tell, if the controller comes back.
                    view = await feed.ReadyAsync(cancellationToken);
                    if (attempt == Tries - 1)
                    {
                        throw new NetrisException(500, "the controller cannot be reached; try again later");
                    }
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Sends changes; the answer says when a view has them.</summary>
    private async Task<Func<IntentView, bool>> SendAsync(List<Change> changes, string reason, CancellationToken cancellationToken)
    {
        if (changes is [var one])
        {
            // One alone needs no plan of what devices will do.
            return await SendAsync(one, reason, cancellationToken);
        }

        var body = new JsonObject
        {
            ["reason"] = reason,
            ["changes"] = new JsonArray([.. changes.Select(Item)]),
        };
        var answer = await api.SendAsync(HttpMethod.Post, "change-sets", body, h => h.Add("Idempotency-Key", Guid.NewGuid().ToString("n")), cancellationToken);
        var revision = answer.GetProperty("revision").GetInt64();
        return v => v.Revision >= revision;

        static JsonNode Item(Change change)
        {
            var item = new JsonObject
            {
                ["operation"] = change.Spec is null ? "delete" : change.Present is null ? "create" : "update",
                ["kind"] = change.Kind,
                ["name"] = change.Name,
            };
            if (change.Present is { } present)
            {
                item["revision"] = present.Revision;
            }

            if (change.Spec is { } spec)
            {
                item["spec"] = spec.DeepClone();
                item["labels"] = LabelsOf(change);
            }

            return item;
        }
    }

    private async Task<Func<IntentView, bool>> SendAsync(Change change, string reason, CancellationToken cancellationToken)
    {
        var path = Kinds.PathOf(change.Kind);
        var body = change.Spec is null ? null : new JsonObject { ["name"] = change.Name, ["labels"] = LabelsOf(change), ["spec"] = change.Spec.DeepClone() };
        if (change.Present is not { } present)
        {
            var made = Resource.Of(await api.SendAsync(HttpMethod.Post, path, body, Reason, cancellationToken));
            return v => v.Find(made.Kind, made.Uid) is not null || v.Revision >= made.Revision;
        }

        var answer = await api.SendAsync(
            change.Spec is null ? HttpMethod.Delete : HttpMethod.Put,
            $"{path}/{Uri.EscapeDataString(change.Name)}",
            body,
            h =>
            {
                Reason(h);
                h.Add("If-Match", $"\"{present.Revision}\"");
            },
            cancellationToken);
        if (change.Spec is null)
        {
            return v => v.Find(present.Kind, present.Uid) is null;
        }

        var revision = Resource.Of(answer).Revision;
        return v => v.Find(present.Kind, present.Uid) is not { } now || now.Revision >= revision;

        void Reason(System.Net.Http.Headers.HttpRequestHeaders headers) => headers.TryAddWithoutValidation("X-Fabric-Reason", reason);
    }

    private static JsonObject LabelsOf(Change change) => new(change.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => KeyValuePair.Create<string, JsonNode?>(l.Key, l.Value)));

    private static NetrisException ToNetris(RefusedException e)
    {
        var status = e.Code switch
        {
            "exists" or "conflict" or "in-use" or "stale" => 409,
            "unauthorized" or "forbidden" or "internal" or "store-unavailable" or "store-full" or "unknown" => 500,
            _ => 400,
        };
        var errors = e.Errors.GroupBy(x => FieldOf(x.Pointer), StringComparer.Ordinal).ToImmutableDictionary(g => g.Key, g => g.First().Message, StringComparer.Ordinal);
        var message = e.Code is "unauthorized" or "forbidden" ? $"the controller does not accept the bridge's token: {e.Message}" : e.Errors.Count > 0 ? e.Errors[0].Message : e.Message;
        return new NetrisException(status, message.Length == 0 ? "the controller refuses it" : message, errors);
    }

    /// <summary>The member that a pointer leads to: <c>/changes/0/spec/prefix</c> is <c>prefix</c>.</summary>
    private static string FieldOf(string pointer) =>
        pointer.Split('/').LastOrDefault(p => p.Length > 0 && !p.All(char.IsAsciiDigit)) is { } field and not ("changes" or "spec") ? field : "request";
}
