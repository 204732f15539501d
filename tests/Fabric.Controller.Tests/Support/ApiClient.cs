using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.Controller.Tests.Support;

/// <summary>Speaks to the API in the words of a test.</summary>
public sealed class ApiClient(HttpClient http)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public HttpClient Http => http;

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Answer> PostAsync(string path, object body, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, body, headers);

    public Task<Answer> PutAsync(string path, object body, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Put, path, body, headers);

    public Task<Answer> DeleteAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Delete, path, null, headers);

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            var text = body as string ?? (body as JsonNode)?.ToJsonString() ?? JsonSerializer.Serialize(body, Json);
            request.Content = new StringContent(text, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in headers)
        {
            if (name == "Content-Type")
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await http.SendAsync(request);
        return await Answer.OfAsync(response);
    }
}

/// <summary>What the API said.</summary>
public sealed record Answer(int Status, string? ContentType, string? ETag, string? Location, string Text, HttpResponseHeaders Headers)
{
    public JsonNode this[string name] => JsonNode.Parse(Text)![name] ?? throw new InvalidOperationException($"no {name} in {Text}");

    public JsonNode Body => JsonNode.Parse(Text)!;

    public static async Task<Answer> OfAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode,
        response.Content.Headers.ContentType?.ToString(),
        response.Headers.ETag?.ToString(),
        response.Headers.Location?.OriginalString,
        await response.Content.ReadAsStringAsync(),
        response.Headers);

    /// <summary>Checks a success.</summary>
    public Answer Expect(int status)
    {
        Assert.True(Status == status, $"expected {status}, got {Status}: {Text}");
        if (Text.Length > 0)
        {
            Assert.Equal("application/json", ContentType);
        }

        return this;
    }

    /// <summary>Checks a problem: status, media type, type, shape and a part of its text.</summary>
    public Answer ExpectProblem(int status, string code, string? pointer = null, string? says = null)
    {
        Assert.True(Status == status, $"expected {status}, got {Status}: {Text}");
        Assert.Equal("application/problem+json", ContentType);
        Assert.Equal("urn:fabric:problem:" + code, this["type"].GetValue<string>());
        Assert.Equal(status, this["status"].GetValue<int>());
        Assert.NotEmpty(this["title"].GetValue<string>());
        Assert.NotEmpty(this["detail"].GetValue<string>());
        Assert.NotEmpty(this["traceId"].GetValue<string>());
        if (pointer is not null)
        {
            var error = Body["errors"]?.AsArray().FirstOrDefault(e => e!["pointer"]!.GetValue<string>() == pointer);
            Assert.True(error is not null, $"no error at {pointer}: {Text}");
            Assert.Contains(says ?? "", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
        }
        else if (says is not null)
        {
            Assert.Contains(says, this["detail"].GetValue<string>(), StringComparison.Ordinal);
        }

        return this;
    }
}
