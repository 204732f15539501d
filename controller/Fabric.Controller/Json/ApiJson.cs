using System.Text.Json;
using Fabric.Intent;

namespace Fabric.Controller.Json;

/// <summary>How the API writes JSON: as intent is written.</summary>
public static class ApiJson
{
    /// <summary>Media type of everything but problems and events.</summary>
    public const string MediaType = "application/json";

    /// <summary>The serializer's settings.</summary>
    public static JsonSerializerOptions Options => IntentJson.Options;

    /// <summary>Writes a response's body.</summary>
    public static Task WriteAsync<T>(HttpResponse response, T value, string mediaType = MediaType)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, Options);
        response.ContentType = mediaType;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body).AsTask();
    }

    /// <summary>A response with this body.</summary>
    public static IResult Result<T>(T value, int status = 200) => new JsonResult<T>(value, status);

    private sealed class JsonResult<T>(T value, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            return WriteAsync(httpContext.Response, value);
        }
    }
}
