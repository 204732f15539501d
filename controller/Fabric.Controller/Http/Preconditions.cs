using System.Collections.Immutable;
using System.Globalization;
using Fabric.Intent.Resources;
using Microsoft.Net.Http.Headers;

namespace Fabric.Controller.Http;

/// <summary>What If-Match and If-None-Match ask (RFC 9110 section 13.1). An entity tag is the resource's revision in quotes, strong.</summary>
/// <param name="Present">Whether there is an If-Match.</param>
/// <param name="Any">If-Match is <c>*</c>.</param>
/// <param name="Revisions">The revisions that If-Match names.</param>
/// <param name="MustBeNew">If-None-Match is <c>*</c>.</param>
public sealed record Preconditions(bool Present, bool Any, ImmutableArray<long> Revisions, bool MustBeNew)
{
    /// <summary>The entity tag of a resource.</summary>
    public static string Tag(Resource resource) => string.Create(CultureInfo.InvariantCulture, $"\"{resource.Revision}\"");

    /// <summary>Reads the headers.</summary>
    /// <exception cref="ProblemException">A header cannot be read.</exception>
    public static Preconditions Of(HttpRequest request)
    {
        var mustBeNew = false;
        if (request.Headers.IfNoneMatch.Count > 0)
        {
            mustBeNew = request.Headers.IfNoneMatch.ToString().Trim() == "*"
                ? true
                : throw new ProblemException(Problems.Malformed("If-None-Match takes only * in a write: create, but do not replace"));
        }

        if (request.Headers.IfMatch.Count == 0)
        {
            return new Preconditions(false, false, [], mustBeNew);
        }

        if (request.Headers.IfMatch.ToString().Trim() == "*")
        {
            return new Preconditions(true, true, [], mustBeNew);
        }

        if (!EntityTagHeaderValue.TryParseStrictList([.. request.Headers.IfMatch.OfType<string>()], out var tags))
        {
            throw new ProblemException(Problems.Malformed("If-Match must be * or the ETag of the resource, such as \"12\" with its quotes"));
        }

        var revisions = ImmutableArray.CreateBuilder<long>();
        foreach (var tag in tags.Where(t => !t.IsWeak))
        {
            if (long.TryParse(tag.Tag.AsSpan()[1..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            {
                revisions.Add(revision);
            }
        }

        return new Preconditions(true, false, revisions.ToImmutable(), mustBeNew);
    }

    /// <summary>
    /// Checks a write to a resource that is there; the revision that the change must find when it is carried out, or null for any.
    /// </summary>
    /// <exception cref="ProblemException">The write is not meant for what is there.</exception>
    public long? Expect(Resource present)
    {
        if (MustBeNew)
        {
            throw new ProblemException(Problems.Stale($"there is a {present.Key} already, at revision {present.Revision}, and If-None-Match: * forbids to replace it"));
        }

        if (!Present)
        {
            throw new ProblemException(Problems.PreconditionRequired(
                $"{present.Key} is there, at revision {present.Revision}: send its ETag in If-Match, or If-Match: * to write over whatever is there"));
        }

        if (Any)
        {
            return null;
        }

        return Revisions.Contains(present.Revision)
            ? present.Revision
            : throw new ProblemException(Problems.Stale($"{present.Key} is at revision {present.Revision}; read it again and repeat the change"));
    }
}
