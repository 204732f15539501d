using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Sqlite;

namespace Fabric.Storage;

internal sealed record ResourceRow
{
    public long Uid { get; init; }

    public string Kind { get; init; } = "";

    public string Name { get; init; } = "";

    public long Revision { get; init; }

    public string Labels { get; init; } = "";

    public string Spec { get; init; } = "";

    public static ResourceRow Of(Resource resource) => new()
    {
        Uid = resource.Uid,
        Kind = resource.Key.Kind.ToString(),
        Name = resource.Key.Name,
        Revision = resource.Revision,
        Labels = IntentStore.WriteLabels(resource.Labels),
        Spec = IntentJson.WriteSpec(resource.Spec),
    };

    public Resource ToResource() => StoredText.Read($"{Kind} '{Name}'", () =>
    {
        var kind = Enum.Parse<ResourceKind>(Kind);
        return new Resource(new ResourceKey(kind, Name), checked((int)Uid), Revision, IntentStore.ReadLabels(Labels), IntentJson.ReadSpec(kind, Spec));
    });
}

internal sealed record HistoryRow
{
    public long Revision { get; init; }

    public long Uid { get; init; }

    public string Kind { get; init; } = "";

    public string Name { get; init; } = "";

    public long Deleted { get; init; }

    public long Created { get; init; }

    public string Labels { get; init; } = "";

    public string Spec { get; init; } = "";

    public Resource ToResource() =>
        new ResourceRow { Uid = Uid, Kind = Kind, Name = Name, Revision = Revision, Labels = Labels, Spec = Spec }.ToResource();
}

internal sealed record RevisionRow
{
    public long Number { get; init; }

    public string Author { get; init; } = "";

    public string Role { get; init; } = "";

    public string Reason { get; init; } = "";

    public string Source { get; init; } = "";

    public long Time { get; init; }

    public RevisionInfo ToRevision() => new(Number, new WriteOrigin(Author, Role, Reason, Source), DateTimeOffset.FromUnixTimeMilliseconds(Time));
}

internal sealed record IdentifierRow
{
    public string Space { get; init; } = "";

    public long ScopeUid { get; init; }

    public long OwnerUid { get; init; }

    public string Part { get; init; } = "";

    public long Value { get; init; }

    public long Given { get; init; }

    public static IdentifierRow Of(Identifier identifier) => new()
    {
        Space = identifier.Scope.Space.ToString(),
        ScopeUid = identifier.Scope.ScopeUid,
        OwnerUid = identifier.Owner.Uid,
        Part = identifier.Owner.Part,
        Value = identifier.Value,
        Given = identifier.Given ? 1 : 0,
    };

    public Identifier ToIdentifier() => StoredText.Read($"{Space} {Value}", () => new Identifier(
        new IdentifierScope(Enum.Parse<IdentifierSpace>(Space), checked((int)ScopeUid)), new IdentifierOwner(checked((int)OwnerUid), Part), Value, Given != 0));
}

internal sealed record PendingReleaseRow
{
    public string Space { get; init; } = "";

    public long ScopeUid { get; init; }

    public long Value { get; init; }

    public long DeviceUid { get; init; }

    public long Revision { get; init; }

    public static PendingReleaseRow Of(PendingRelease release) => new()
    {
        Space = release.Scope.Space.ToString(),
        ScopeUid = release.Scope.ScopeUid,
        Value = release.Value,
        DeviceUid = release.DeviceUid,
        Revision = release.Revision,
    };

    public PendingRelease ToRelease() => StoredText.Read($"release of {Space} {Value}", () => new PendingRelease(
        new IdentifierScope(Enum.Parse<IdentifierSpace>(Space), checked((int)ScopeUid)), Value, checked((int)DeviceUid), Revision));
}

/// <summary>Reads what an earlier run of the program wrote; what it cannot read is damage and says where.</summary>
internal static class StoredText
{
    public static T Read<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or OverflowException or InvalidOperationException or FormatException)
        {
            throw new StoreException(StoreFault.Damaged, $"the store holds {what} in a form that this program cannot read: {e.Message}", e);
        }
    }
}
