using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fabric.CloudStackBridge.Http;

/// <summary>The frame of every answer: always JSON, always with <c>isSuccess</c>; success is always 200.</summary>
public static class Envelope
{
    /// <summary>How answers are written. Null members are written: a reader takes them like absent ones.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A success.</summary>
    /// <param name="data">An object, a list, or null.</param>
    /// <param name="version">The API version that the endpoint names: <c>1</c>, <c>2</c> or <c>v2</c>.</param>
    /// <param name="message">What happened, where the contract has a text.</param>
    public static IResult Ok(object? data, string version, string message = "") => new Answer(200, new Frame
    {
        Data = data,
        Message = message,
        IsSuccess = true,
        Meta = new Meta(version, 200),
    });

    /// <summary>A success of the IPAM tree, which has three numbers more.</summary>
    public static IResult OkTree(object data) => new Answer(200, new
    {
        data,
        statusCode = 200,
        status = 1,
        error = 0,
        message = "",
        errors = new { },
        isSuccess = true,
        meta = new Meta("v2", 200),
    });

    /// <summary>A refusal or failure.</summary>
    public static Task FailAsync(HttpContext context, int status, string message, ImmutableDictionary<string, string>? errors = null) =>
        new Answer(status, new Frame
        {
            Data = null,
            Message = message,
            Errors = errors ?? ImmutableDictionary<string, string>.Empty,
            IsSuccess = false,
            Meta = new Meta(context.Request.Path.StartsWithSegments("/api/v2", StringComparison.Ordinal) ? "2" : "1", status),
        }).ExecuteAsync(context);

    private sealed record Frame
    {
        public required object? Data { get; init; }

        public required string Message { get; init; }

        public ImmutableDictionary<string, string> Errors { get; init; } = ImmutableDictionary<string, string>.Empty;

        public required bool IsSuccess { get; init; }

        public required Meta Meta { get; init; }
    }

    private sealed record Meta(string ApiVersion, int StatusCode);

    private sealed class Answer(int status, object body) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var octets = JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), Json);
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = "application/json";
            httpContext.Response.ContentLength = octets.Length;
            httpContext.Response.Headers.CacheControl = "no-store";
            await httpContext.Response.Body.WriteAsync(octets, httpContext.RequestAborted);
        }
    }
}
