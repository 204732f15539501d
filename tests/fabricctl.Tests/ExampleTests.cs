using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Ctl.Documents;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Ctl.Tests;

/// <summary>The examples in the documents are accepted as they stand.</summary>
public sealed class ExampleTests
{
    private const string Base = "small-fabric.yaml";

    public static TheoryData<string> Examples => [.. Directory.EnumerateFiles(Folder(), "*.yaml").Select(p => Path.GetFileName(p)).Where(n => n != Base).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_example_is_accepted_on_top_of_the_small_fabric(string example)
    {
        var fabric = Accept(IntentSnapshot.Empty, await ReadAsync(Base));
        var result = Accept(fabric, await ReadAsync(example));
        Assert.True(result.All(ResourceKind.VNet).Any());
    }

    [Fact]
    public void There_are_examples() => Assert.True(Examples.Count >= 2);

    private static IntentSnapshot Accept(IntentSnapshot snapshot, IReadOnlyList<Change> changes)
    {
        var evaluation = ChangeSetEvaluator.Evaluate(snapshot, changes);
        Assert.True(evaluation.Errors.IsEmpty, string.Join('\n', evaluation.Errors.Select(e => $"{e.Key}{e.Pointer}: {e.Message}")));
        return evaluation.After;
    }

    private static async Task<IReadOnlyList<Change>> ReadAsync(string example) =>
    [
        .. (await DocumentReader.ReadAsync(Path.Combine(Folder(), example), TextReader.Null, CancellationToken.None)).Select(d =>
        {
            var kind = Enum.Parse<ResourceKind>(d.Kind.Kind);
            var labels = (d.Labels as JsonObject)?.ToImmutableSortedDictionary(l => l.Key, l => l.Value!.GetValue<string>(), StringComparer.Ordinal);
            return new Change(ChangeOperation.Apply, new ResourceKey(kind, d.Name), IntentJson.ReadSpec(kind, (d.Spec ?? new JsonObject()).Deserialize<JsonElement>()), labels);
        }),
    ];

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "docs", "examples");
}
