using System.Text.Json;
using Fabric.Controller.Json;
using Fabric.Storage;

namespace Fabric.Controller.Http;

/// <summary>A response that is, or could have been, kept for a request that comes twice.</summary>
public sealed class StoredResult(StoredResponse response) : IResult
{
    /// <summary>A response with a body and headers that are kept with it.</summary>
    public static StoredResponse Of<T>(T body, int status, params (string Name, string Value)[] headers) => new(
        status,
        JsonSerializer.Serialize(headers.ToDictionary(h => h.Name, h => h.Value, StringComparer.Ordinal), ApiJson.Options),
        JsonSerializer.Serialize(body, ApiJson.Options));

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = response.Status;
        foreach (var (name, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(response.Headers, ApiJson.Options)!)
        {
            httpContext.Response.Headers[name] = value;
        }

        if (response.Status == StatusCodes.Status204NoContent)
        {
            return Task.CompletedTask;
        }

        httpContext.Response.ContentType = ApiJson.MediaType;
        return httpContext.Response.WriteAsync(response.Body);
    }
}
