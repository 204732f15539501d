using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;
using Fabric.Intent;
using Fabric.Intent.Resources;

namespace Fabric.Controller.Tests;

/// <summary>The API's description is the committed one, and says what the API does.</summary>
public sealed class OpenApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task DocumentIsTheCommittedOne()
    {
        var actual = (await ReadAsync()).ToJsonString(Indented) + "\n";
        var path = Path.Combine(Root(), "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable("FABRIC_UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(path, actual);
            File.Delete(path + ".actual");
        }

        var expected = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        if (expected != actual)
        {
            await File.WriteAllTextAsync(path + ".actual", actual);
            Assert.Fail($"the API differs from docs/openapi.json; see {path}.actual, and run with FABRIC_UPDATE_GOLDEN=1 to accept it");
        }
    }

    [Fact]
    public async Task EveryEndpointIsDescribedWithItsProblems()
    {
        foreach (var (path, methods) in (await ReadAsync())["paths"]!.AsObject())
        {
            foreach (var (method, operation) in methods!.AsObject())
            {
                var name = $"{method} {path}";
                Assert.True(operation!["operationId"] is not null && operation["summary"] is not null, $"{name} has no name or summary");
                var responses = operation["responses"]!.AsObject();
                Assert.True(responses.Any(r => r.Key.StartsWith('2')), $"{name} has no success");
                Assert.True(path.StartsWith("/healthz", StringComparison.Ordinal) || responses.ContainsKey("401"), $"{name} does not say 401");
                foreach (var (status, response) in responses.Where(r => r.Key[0] is '4' or '5'))
                {
                    Assert.True(response!["content"]?["application/problem+json"] is not null, $"{name} {status} is no problem");
                }
            }
        }
    }

    [Fact]
    public async Task ExamplesOfSpecsAreValid()
    {
        var schemas = (await ReadAsync())["components"]!["schemas"]!;
        foreach (var kind in ResourceKindInfo.All)
        {
            if (schemas[kind.SpecType.Name]?["examples"]?[0] is { } example)
            {
                Assert.NotNull(IntentJson.ReadSpec(kind.Kind, example.ToJsonString()));
            }
        }
    }

    [Fact]
    public async Task EveryMemberOfASpecIsDescribed()
    {
        var schemas = (await ReadAsync())["components"]!["schemas"]!.AsObject();
        foreach (var (name, schema) in schemas.Where(s => s.Key.EndsWith("Spec", StringComparison.Ordinal) && !s.Key.Contains("Of", StringComparison.Ordinal)))
        {
            Assert.True(schema!["description"] is not null, $"{name} has no description");
            foreach (var (member, of) in schema["properties"]!.AsObject())
            {
                var described = of!["description"] is not null || of["oneOf"]?.AsArray().Any(o => o!["description"] is not null) == true;
                Assert.True(described, $"{name}.{member} has no description");
                Assert.True(of["type"]?.ToString() != "array" || of["items"] is not null, $"{name}.{member} does not say of what");
            }
        }
    }

    private async Task<JsonNode> ReadAsync() => (await host.Client(null).GetAsync("/openapi/v1.json")) is { Status: 200 } answer
        ? answer.Body
        : throw new InvalidOperationException("there is no document");

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Fabric.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("the tests do not run from the source tree");
    }
}
