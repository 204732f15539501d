using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary>Fetches resources by name.</summary>
public static class Resources
{
    /// <summary>A resource that must be there.</summary>
    public static async Task<JsonNode?> GetAsync(this Session session, KindName kind, string name, CancellationToken cancellationToken) => IsDots(name)
        ? await session.FindAsync(kind, name, cancellationToken) ?? throw new CtlException(ExitCodes.Refused, $"there is no {kind.Kind} '{name}'")
        : await session.Api.GetAsync(Endpoints.Resource(kind, name), cancellationToken);

    /// <summary>A resource that may not be there: null then.</summary>
    public static async Task<JsonNode?> FindAsync(this Session session, KindName kind, string name, CancellationToken cancellationToken)
    {
        if (!IsDots(name))
        {
            return await session.Api.FindAsync(Endpoints.Resource(kind, name), cancellationToken);
        }

        var found = await session.Api.ListAsync(Endpoints.WithQuery(kind.Plural, ("name", name)), cancellationToken);
        return found.Count == 0 ? null : found[0]?.DeepClone();
    }

    // As segments of a path these mean something else, however they are encoded (RFC 3986 section 5.2.4).
    private static bool IsDots(string name) => name is "." or "..";
}
