using System.Collections.Immutable;

namespace Fabric.Controller.Contracts;

/// <summary>An error (RFC 9457).</summary>
public sealed record ProblemDocument
{
    /// <summary>Stable name of the class of error, such as <c>urn:fabric:problem:stale</c>.</summary>
    public required string Type { get; init; }

    /// <summary>What the class means.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong this time and what to do.</summary>
    public required string Detail { get; init; }

    /// <summary>Under which the controller's log has it.</summary>
    public required string TraceId { get; init; }

    /// <summary>Which parts of the request are wrong; absent where it is none in particular.</summary>
    public ImmutableArray<FieldError>? Errors { get; init; }
}

/// <summary>What is wrong with one part of a request.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) into the body; <c>?name</c> for a query parameter.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record FieldError(string Pointer, string Message);
