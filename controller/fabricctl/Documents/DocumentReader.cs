using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.Ctl.Documents;

/// <summary>A resource as somebody wrote it.</summary>
/// <param name="Source">Where: file and line.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels; null: those it has stay.</param>
/// <param name="Spec">What is wanted; null when the document does not say.</param>
public sealed record ResourceDocument(string Source, KindName Kind, string Name, JsonNode? Labels, JsonNode? Spec);

/// <summary>Reads resources from files of YAML or JSON documents.</summary>
public static class DocumentReader
{
    // What the controller adds when it gives a resource; so that its answers can be applied again.
    private static readonly string[] FromController = ["uid", "revision", "status", "created", "updated"];

    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>The resources of a file, of all <c>.yaml</c>, <c>.yml</c> and <c>.json</c> files of a directory in the order of their names, or of
    /// standard input (<c>-</c>).</summary>
    /// <exception cref="CtlException">Something cannot be read; the message says where.</exception>
    public static async Task<IReadOnlyList<ResourceDocument>> ReadAsync(string path, TextReader standardInput, CancellationToken cancellationToken)
    {
        var resources = new List<ResourceDocument>();
        foreach (var (source, node) in await ReadNodesAsync(path, standardInput, cancellationToken))
        {
            AddNode(resources, source, node);
        }

        if (resources.Count == 0)
        {
            throw new CtlException(ExitCodes.Usage, $"{path}: there is no resource in it");
        }

        foreach (var twice in resources.GroupBy(r => (r.Kind.Kind, r.Name)).Where(g => g.Count() > 1))
        {
            throw new CtlException(ExitCodes.Usage, $"{twice.Key.Kind} '{twice.Key.Name}' is there twice: {string.Join(" and ", twice.Select(r => r.Source))}");
        }

        return resources;
    }

    /// <summary>The documents of the same, whatever is in them, each with where it is.</summary>
    /// <exception cref="CtlException">Something cannot be read; the message says where.</exception>
    public static async Task<IReadOnlyList<(string Source, JsonNode Node)>> ReadNodesAsync(string path, TextReader standardInput, CancellationToken cancellationToken)
    {
        if (path == "-")
        {
            return [.. Parse("standard input", await standardInput.ReadToEndAsync(cancellationToken))];
        }

        var nodes = new List<(string, JsonNode)>();
        foreach (var file in Files(path))
        {
            nodes.AddRange(Parse(file, await ReadFileAsync(file, cancellationToken)));
        }

        return nodes;
    }

    private static IEnumerable<string> Files(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        return Directory.EnumerateFiles(path)
            .Where(f => Path.GetExtension(f) is ".yaml" or ".yml" or ".json")
            .Order(StringComparer.Ordinal);
    }

    private static async Task<string> ReadFileAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Usage, $"cannot read {file}: {e.Message}");
        }
    }

    private static IEnumerable<(string Source, JsonNode Node)> Parse(string source, string text) =>
        ParseText(source, text).Select(d => ($"{source}:{d.Line}", d.Node));

    private static IReadOnlyList<(long Line, JsonNode Node)> ParseText(string source, string text)
    {
        // JSON is nearly, but not wholly, YAML (surrogate escapes, tabs): text that is JSON is read as JSON.
        if (text.AsSpan().TrimStart() is ['{' or '[', ..])
        {
            try
            {
                return JsonNode.Parse(text, documentOptions: JsonOptions) is { } node ? [(1, node)] : [];
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                if (source.EndsWith(".json", StringComparison.Ordinal))
                {
                    throw new CtlException(ExitCodes.Usage, $"{source}: {e.Message}");
                }
            }
        }

        try
        {
            return YamlReader.Read(text);
        }
        catch (DocumentException e)
        {
            throw new CtlException(ExitCodes.Usage, $"{source}: {e.Message}");
        }
    }

    private static void AddNode(List<ResourceDocument> resources, string source, JsonNode? node)
    {
        var list = node switch
        {
            JsonArray array => array,
            JsonObject candidate when candidate["items"] is JsonArray items && !candidate.ContainsKey("name") => items,
            _ => null,
        };
        if (list is not null)
        {
            foreach (var item in list)
            {
                AddNode(resources, source, item);
            }

            return;
        }

        if (node is not JsonObject map)
        {
            throw new CtlException(ExitCodes.Usage, $"{source}: a resource must be a mapping with kind, name and spec");
        }

        var kind = Text(map, "kind", source);
        var name = Text(map, "name", source);
        foreach (var member in map.Select(m => m.Key).Where(m => m is not ("kind" or "name" or "labels" or "spec") && !FromController.Contains(m)))
        {
            throw new CtlException(ExitCodes.Usage, $"{source}: {kind} '{name}': unknown member '{member}' (known: kind, name, labels, spec)");
        }

        resources.Add(new ResourceDocument(source, KindName.Parse(kind, source), name, map["labels"], map["spec"]));
    }

    private static string Text(JsonObject map, string member, string source) =>
        map[member] switch
        {
            JsonValue value when value.TryGetValue<string>(out var text) && text.Length > 0 => text,
            null => throw new CtlException(ExitCodes.Usage, $"{source}: '{member}' is missing"),
            _ => throw new CtlException(ExitCodes.Usage, $"{source}: '{member}' must be a text; put it in quotes"),
        };
}
