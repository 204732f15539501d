using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>The controller has refused a request.</summary>
/// <param name="code">Last part of the problem's type, such as <c>stale</c>.</param>
/// <param name="detail">What it says.</param>
/// <param name="errors">JSON pointers and texts.</param>
public sealed class RefusedException(string code, string detail, IReadOnlyList<(string Pointer, string Message)> errors) : Exception(detail)
{
    /// <summary>Last part of the problem's type.</summary>
    public string Code { get; } = code;

    /// <summary>What is wrong where.</summary>
    public IReadOnlyList<(string Pointer, string Message)> Errors { get; } = errors;
}

/// <summary>Requests to the controller's API.</summary>
public sealed class ControllerApi(HttpClient http) : IDisposable
{
    /// <summary>Asks for something.</summary>
    /// <exception cref="RefusedException">The controller says no.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, null, cancellationToken);

    /// <summary>Sends something.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">Below <c>/api/v1/</c>, escaped.</param>
    /// <param name="body">The body; null: none.</param>
    /// <param name="headers">Sets headers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RefusedException">The controller says no.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, JsonObject? body, Action<HttpRequestHeaders>? headers, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        headers?.Invoke(request.Headers);
        using var response = await http.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw Refusal(response.StatusCode, text);
        }

        if (text.Length == 0)
        {
            return default;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Opens a stream of events.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw Refusal(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static RefusedException Refusal(HttpStatusCode status, string text)
    {
        try
        {
            using var problem = JsonDocument.Parse(text);
            var root = problem.RootElement;
            var type = root.GetProperty("type").GetString()!;
            return new RefusedException(
                type[(type.LastIndexOf(':') + 1)..],
                root.GetProperty("detail").GetString()!,
                root.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array
                    ? [.. errors.EnumerateArray().Select(e => (e.GetProperty("pointer").GetString()!, e.GetProperty("message").GetString()!))]
                    : []);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new RefusedException("unknown", $"the controller answers {(int)status} without an explanation", []);
        }
    }
}
