using System.Collections.Immutable;
using Fabric.Controller.Json;
using Fabric.Intent.Resources;

namespace Fabric.Controller.Endpoints;

/// <summary>The body of a write to one resource.</summary>
/// <param name="Name">Its name, where the body has it.</param>
/// <param name="Labels">Its labels; null keeps those there are.</param>
/// <param name="Spec">Its spec.</param>
/// <param name="Uid">Its uid, where the body repeats it.</param>
public sealed record ResourceBody(string? Name, ImmutableSortedDictionary<string, string>? Labels, ResourceSpec Spec, long? Uid)
{
    /// <summary>Reads it; what the controller itself gives (kind, uid, revision, status) may be repeated.</summary>
    /// <param name="reader">The body.</param>
    /// <param name="kind">The kind that the path names.</param>
    /// <param name="name">The name that the path names; null in a creation.</param>
    public static ResourceBody Read(ObjectReader reader, ResourceKind kind, string? name)
    {
        if (reader.Text("kind") is { } kindText && kindText != kind.ToString())
        {
            reader.Fail("kind", $"must be {kind}, as the path says");
        }

        var nameText = reader.Text("name", required: name is null);
        if (name is not null && nameText is not null && nameText != name)
        {
            reader.Fail("name", "must be the name in the path; a resource keeps its name for life");
        }

        var uid = reader.Number("uid");
        if (name is null && uid is not null)
        {
            reader.Fail("uid", "is given by the controller; leave it out");
        }

        _ = reader.Number("revision");
        _ = reader.Take("status");
        var labels = reader.Labels();
        var spec = reader.Spec(kind);
        reader.End();
        return new ResourceBody(nameText, labels, spec!, uid);
    }
}
