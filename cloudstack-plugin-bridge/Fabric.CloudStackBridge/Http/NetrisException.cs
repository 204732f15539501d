using System.Collections.Immutable;

namespace Fabric.CloudStackBridge.Http;

/// <summary>A request is refused; what the caller is told.</summary>
/// <param name="status">HTTP status: 400, 401, 403, 404, 405, 409, 413 or 500.</param>
/// <param name="message">Why, and what to do.</param>
/// <param name="errors">Field name to text.</param>
public sealed class NetrisException(int status, string message, ImmutableDictionary<string, string>? errors = null) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>What is wrong with which field.</summary>
    public ImmutableDictionary<string, string> Errors { get; } = errors ?? ImmutableDictionary<string, string>.Empty;

    /// <summary>A field cannot be what it is.</summary>
    public static NetrisException Field(string field, string message) =>
        new(400, $"{field}: {message}", ImmutableDictionary<string, string>.Empty.Add(field, message));

    /// <summary>What is asked for is not there.</summary>
    public static NetrisException NotFound(string what) => new(404, $"there is no {what}");
}
