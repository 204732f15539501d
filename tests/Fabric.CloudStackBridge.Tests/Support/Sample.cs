using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.CloudStackBridge.Tests.Support;

/// <summary>
/// Holds JSON against a sample as strictly as a client that reads it into declared types: every member of the sample is there with the same
/// type, a number is an integer of 32 bits, every element of a list is like the sample's first. A null in the sample allows null or an integer.
/// </summary>
public static class Sample
{
    /// <summary>Members that do not fit what clients declare: they must not be there at all.</summary>
    private static readonly string[] Traps = ["createdDate", "modifiedDate", "asn"];

    public static void Like(string sample, JsonNode? actual) => Like(JsonNode.Parse(sample), actual, "$");

    private static void Like(JsonNode? sample, JsonNode? actual, string path)
    {
        switch (sample)
        {
            case null:
                Assert.True(actual is null || actual.GetValueKind() == JsonValueKind.Number, $"{path} is {actual?.ToJsonString()}");
                break;
            case JsonObject members:
                var found = actual as JsonObject;
                Assert.True(found is not null, $"{path} is {actual?.ToJsonString() ?? "null"}, not an object");
                Assert.DoesNotContain(found, m => Traps.Contains(m.Key));
                foreach (var (name, value) in members)
                {
                    Assert.True(found.ContainsKey(name), $"{path}.{name} is missing");
                    Like(value, found[name], $"{path}.{name}");
                }

                break;
            case JsonArray elements:
                var list = actual as JsonArray;
                Assert.True(list is not null, $"{path} is {actual?.ToJsonString() ?? "null"}, not a list");
                Assert.True(elements.Count == 0 || list.Count > 0, $"{path} is empty");
                foreach (var (element, i) in list.Select((e, i) => (e, i)).Where(_ => elements.Count > 0))
                {
                    Like(elements[0], element, $"{path}[{i}]");
                }

                break;
            default:
                Assert.True(actual is not null, $"{path} is null");
                Assert.True(Kind(sample) == Kind(actual), $"{path} is {actual.ToJsonString()}");
                Assert.True(Kind(sample) != JsonValueKind.Number || (int.TryParse(actual.ToJsonString(), out var number) && number >= 0), $"{path} is {actual.ToJsonString()}");
                break;
        }
    }

    private static JsonValueKind Kind(JsonNode node) => node.GetValueKind() is var kind && kind == JsonValueKind.False ? JsonValueKind.True : kind;
}
