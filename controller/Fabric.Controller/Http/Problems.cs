using System.Collections.Immutable;
using Fabric.Controller.Contracts;
using Fabric.Intent.Changes;
using Fabric.Sqlite;
using Fabric.Storage;

namespace Fabric.Controller.Http;

/// <summary>Every problem that the API knows: the one place where status codes and types are chosen.</summary>
public static class Problems
{
    /// <summary>The text is not JSON, or a header cannot be read.</summary>
    public static Problem Malformed(string detail) => new(400, "malformed", "The request cannot be read", detail);

    /// <summary>A query parameter is unknown or has no sensible value.</summary>
    public static Problem BadQuery(string name, string detail) =>
        new(400, "bad-query", "A query parameter is wrong", detail, [new FieldError("?" + name, detail)]);

    /// <summary>No token, or none that is valid.</summary>
    public static Problem Unauthorized(string detail) => new(401, "unauthorized", "A valid token is needed", detail);

    /// <summary>The token's role is not enough.</summary>
    public static Problem Forbidden(string detail) => new(403, "forbidden", "The token's role is not enough", detail);

    /// <summary>What is asked for is not there.</summary>
    public static Problem NotFound(string detail) => new(404, "not-found", "There is no such resource", detail);

    /// <summary>No endpoint has this path.</summary>
    public static Problem NoEndpoint(string detail) => new(404, "no-endpoint", "There is no such endpoint", detail);

    /// <summary>The path exists, with other methods.</summary>
    public static Problem MethodNotAllowed(string detail) => new(405, "method-not-allowed", "The endpoint does not take this method", detail);

    /// <summary>There is one already.</summary>
    public static Problem Exists(string detail) => new(409, "exists", "A resource of this name is there already", detail, [new FieldError("/name", detail)]);

    /// <summary>A BGP neighbor is not in a state in which it can be asked.</summary>
    public static Problem NoRefresh(string detail) => new(409, "no-refresh", "The neighbor cannot be asked for its routes", detail);

    /// <summary>The resource is not the one that the author saw.</summary>
    public static Problem Stale(string detail) => new(412, "stale", "The resource has changed since it was read", detail);

    /// <summary>The body is too big.</summary>
    public static Problem TooLarge(string detail) => new(413, "too-large", "The body is too large", detail);

    /// <summary>The body has another media type than the endpoint reads.</summary>
    public static Problem UnsupportedMediaType(string detail) => new(415, "unsupported-media-type", "The body's media type is not supported", detail);

    /// <summary>Fields have values that cannot be.</summary>
    public static Problem Invalid(ImmutableArray<FieldError> errors) => new(422, "invalid", "The request asks for something that cannot be", Summary(errors), errors);

    /// <summary>The Idempotency-Key was used for another request.</summary>
    public static Problem KeyReused() => new(
        422, "key-reused", "The Idempotency-Key belongs to another request", "the key was used with another request in the last 24 hours; take a new key");

    /// <summary>A write to an existing resource says not which version it is meant for.</summary>
    public static Problem PreconditionRequired(string detail) => new(428, "precondition-required", "If-Match is needed", detail);

    /// <summary>A fault of this program.</summary>
    public static Problem Internal() =>
        new(500, "internal", "The controller failed", "an unexpected error; nothing was written, and the log has it under this traceId");

    /// <summary>The store cannot do its work.</summary>
    public static Problem Of(StoreException error) => error.Fault == StoreFault.Full
        ? new(507, "store-full", "The store is full", error.Message)
        : new(503, "store-unavailable", "The store is not available", error.Message);

    /// <summary>A refused change set.</summary>
    /// <param name="errors">Why; at least one.</param>
    /// <param name="pointerOf">Where in the request an error is.</param>
    public static Problem Of(ImmutableArray<ChangeError> errors, Func<ChangeError, string> pointerOf)
    {
        ImmutableArray<FieldError> fields = [.. errors.Select(e => new FieldError(pointerOf(e), e.Message))];
        var summary = Summary(fields);
        return errors.Min(e => Severity(e.Kind)) switch
        {
            0 => Invalid(fields),
            1 => new(409, "conflict", "Somebody else has what the change asks for", summary, fields),
            2 => new(409, "in-use", "Other resources need this one", summary, fields),
            3 => new(409, "exists", "A resource of this name is there already", summary, fields),
            4 => new(412, "stale", "The resource has changed since it was read", summary, fields),
            _ => new(404, "not-found", "There is no such resource", summary, fields),
        };
    }

    private static int Severity(ChangeErrorKind kind) => kind switch
    {
        ChangeErrorKind.Invalid => 0,
        ChangeErrorKind.Conflict => 1,
        ChangeErrorKind.InUse => 2,
        ChangeErrorKind.AlreadyExists => 3,
        ChangeErrorKind.Stale => 4,
        _ => 5,
    };

    private static string Summary(ImmutableArray<FieldError> errors)
    {
        var first = errors[0].Pointer.Length == 0 ? errors[0].Message : $"{errors[0].Pointer}: {errors[0].Message}";
        return errors.Length == 1 ? first : $"{first} (and {errors.Length - 1} more)";
    }
}
