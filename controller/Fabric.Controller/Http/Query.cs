using System.Globalization;
using System.Text;
using Fabric.Primitives;

namespace Fabric.Controller.Http;

/// <summary>A query parameter that an endpoint takes; others are refused, so that a slip of the pen is not a different request.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
public sealed record QueryParameter(string Name, string Description);

/// <summary>Reads query parameters.</summary>
public static class Query
{
    /// <summary>Declares a query parameter of an endpoint.</summary>
    public static TBuilder WithQuery<TBuilder>(this TBuilder builder, string name, string description)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new QueryParameter(name, description));

    /// <summary>A parameter that may be given once; null when it is absent.</summary>
    /// <exception cref="ProblemException">It is given twice.</exception>
    public static string? Text(HttpRequest request, string name) => request.Query[name] switch
    {
        { Count: 0 } => null,
        { Count: 1 } values => values[0],
        _ => throw new ProblemException(Problems.BadQuery(name, $"{name} is given more than once")),
    };

    /// <summary>A whole number within bounds.</summary>
    /// <exception cref="ProblemException">It is none.</exception>
    public static long? Number(HttpRequest request, string name, long lowest, long highest)
    {
        if (Text(request, name) is not { } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest
            ? number
            : throw new ProblemException(Problems.BadQuery(name, highest == long.MaxValue
                ? $"{name} must be a whole number of at least {lowest}"
                : $"{name} must be a whole number {lowest}..{highest}"));
    }

    /// <summary>A value in its text form; null when absent.</summary>
    /// <exception cref="ProblemException">It is none.</exception>
    public static T? Value<T>(HttpRequest request, string name)
        where T : struct, IValueText<T>
    {
        if (Text(request, name) is not { } text)
        {
            return null;
        }

        return T.TryParse(text, out var value, out var error) ? value : throw new ProblemException(Problems.BadQuery(name, error));
    }

    /// <summary>True or false; false when absent.</summary>
    /// <exception cref="ProblemException">It is neither.</exception>
    public static bool Flag(HttpRequest request, string name) => Text(request, name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw new ProblemException(Problems.BadQuery(name, $"{name} must be true or false")),
    };

    /// <summary>How many items a page has.</summary>
    /// <exception cref="ProblemException">It is out of bounds.</exception>
    public static int Limit(HttpRequest request, int usual = 200) => (int)(Number(request, "limit", 1, 1000) ?? usual);

    /// <summary>Text made into a cursor that clients pass back as it is.</summary>
    public static string ToCursor(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    /// <summary>The text of the cursor; null when there is none.</summary>
    /// <exception cref="ProblemException">It is not one of ours.</exception>
    public static string? Cursor(HttpRequest request)
    {
        if (Text(request, "cursor") is not { } text)
        {
            return null;
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(System.Buffers.Text.Base64Url.DecodeFromChars(text));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new ProblemException(Problems.BadQuery("cursor", "the cursor is not one that this API gave; start again without it"));
        }
    }

    /// <summary>The number in the cursor; null when there is none.</summary>
    /// <exception cref="ProblemException">It is not one of ours.</exception>
    public static long? NumberCursor(HttpRequest request) => Cursor(request) switch
    {
        null => null,
        { } text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw new ProblemException(Problems.BadQuery("cursor", "the cursor is not one that this API gave; start again without it")),
    };
}

/// <summary>Refuses query parameters that the endpoint does not declare.</summary>
public sealed class QueryGate(RequestDelegate next)
{
    /// <summary>Handles a request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.QueryString.HasValue && context.GetEndpoint() is RouteEndpoint endpoint && context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            var known = endpoint.Metadata.GetOrderedMetadata<QueryParameter>();
            foreach (var name in context.Request.Query.Keys)
            {
                if (known.All(k => k.Name != name))
                {
                    var names = known.Count == 0 ? "this endpoint takes none" : "known are " + string.Join(", ", known.Select(k => k.Name));
                    return Problems.BadQuery(name.Length > 64 ? name[..64] : name, $"unknown query parameter; {names}").WriteAsync(context);
                }
            }
        }

        return next(context);
    }
}
