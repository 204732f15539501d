using System.Collections.Immutable;
using System.Diagnostics;
using Fabric.Controller.Contracts;
using Fabric.Controller.Json;

namespace Fabric.Controller.Http;

/// <summary>An error response (RFC 9457).</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Last part of the stable type, <c>urn:fabric:problem:CODE</c>.</param>
/// <param name="Title">What the type means.</param>
/// <param name="Detail">What is wrong this time, in the user's terms.</param>
/// <param name="Errors">Where in the request.</param>
public sealed record Problem(int Status, string Code, string Title, string Detail, ImmutableArray<FieldError> Errors = default) : IResult
{
    /// <summary>Media type of problems.</summary>
    public const string MediaType = "application/problem+json";

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext);

    /// <summary>Writes it as the response.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        var document = new ProblemDocument
        {
            Type = "urn:fabric:problem:" + Code,
            Title = Title,
            Status = Status,
            Detail = Detail,
            TraceId = Activity.Current?.Id ?? context.TraceIdentifier,
            Errors = Errors.IsDefaultOrEmpty ? null : Errors,
        };
        return ApiJson.WriteAsync(context.Response, document, MediaType);
    }
}

/// <summary>A request that cannot be served, thrown where returning would clutter; becomes its <see cref="Problem"/>.</summary>
public sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    /// <summary>The response.</summary>
    public Problem Problem { get; } = problem;
}
