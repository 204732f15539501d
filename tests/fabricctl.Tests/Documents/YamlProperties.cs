using System.Text.Json.Nodes;
using Fabric.Ctl.Documents;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Ctl.Tests.Documents;

/// <summary>JSON survives its YAML; no text makes the reader throw anything but its own refusal.</summary>
public sealed class YamlProperties
{
    private static readonly string[] Awkward =
    [
        "", " ", "no", "Yes", "~", "null", "true", "1", "01", "1e3", "0x1f", ".5", ".inf", "-", "--", "---", "...", "- a", "a: b", "a:", ":a", "a #b", "#a", "a\nb", "a\n", "\ta",
        "'", "\"", "\\", "{a}", "[a]", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "?", "? a", "a  b", "a ", " a", "10.0.1.1/24", "fd00::1", "02:00:5e:00:01:01", "2001-12-14", "\u0000", "\u0085",
        "\u2028", "\uFEFF", "ö", "名前", "😀", "a/b", "leaf1:swp1 - spine1:swp1", "<<", "=", ",", "a,b", "a, b", "x: y: z", "0o7", "+1", "-1", "1_0", "12:30",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements(Awkward),
        Gen.Elements("abc 019.:#-_/'\"{}[],&*!|>%@`~?\\\n\t\r=<+öé名\u00a0\u0007".ToCharArray()).ArrayOf().Select(c => new string(c)));

    private static Gen<JsonNode?> Nodes(int depth) => depth == 0
        ? Leaves()
        : Gen.Frequency(
            (3, Leaves()),
            (1, Nodes(depth - 1).ArrayOf().Select(items => (JsonNode?)new JsonArray(items))),
            (2, (from key in Texts from value in Nodes(depth - 1) select (key, value)).ArrayOf().Select(pairs =>
                (JsonNode?)new JsonObject(pairs.DistinctBy(p => p.key).Select(p => KeyValuePair.Create(p.key, (JsonNode?)p.value))))));

    private static Gen<JsonNode?> Leaves() => Gen.OneOf(
        Texts.Select(t => (JsonNode?)JsonValue.Create(t)),
        Gen.Choose(int.MinValue, int.MaxValue).Select(n => (JsonNode?)JsonValue.Create(n)),
        Gen.Elements<Func<JsonNode?>>(() => null, () => JsonValue.Create(true), () => JsonValue.Create(false), () => JsonValue.Create(4_200_000_000L), () => JsonNode.Parse("1.5e-7")).Select(f => f()));

    [Fact]
    public void What_is_written_as_yaml_reads_as_the_same_json()
    {
        var documents = Nodes(3).Select(n => (JsonNode)new JsonObject { ["root"] = n?.DeepClone() });
        Prop.ForAll(documents.ToArbitrary(), document =>
        {
            var yaml = YamlWriter.Write(document);
            var back = Assert.Single(YamlReader.Read(yaml)).Node;
            Assert.True(JsonNode.DeepEquals(document, back), $"{document.ToJsonString()}\n{yaml}\n{back.ToJsonString()}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Any_text_is_read_or_refused() =>
        Prop.ForAll(Texts.ArrayOf().Select(parts => string.Concat(parts)).ToArbitrary(), text =>
        {
            try
            {
                YamlReader.Read(text);
            }
            catch (DocumentException)
            {
                // Refused, with a place.
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("web", "web\n")]
    [InlineData("no", "\"no\"\n")]
    [InlineData("10", "\"10\"\n")]
    [InlineData("10.0.1.1", "10.0.1.1\n")]
    [InlineData("1.5", "\"1.5\"\n")]
    [InlineData("10.0.1.0/24", "10.0.1.0/24\n")]
    [InlineData("02:00:5e:00:01:01", "\"02:00:5e:00:01:01\"\n")]
    [InlineData("read back as desired on every device", "read back as desired on every device\n")]
    [InlineData("\u001b[31mred", "\"\\u001b[31mred\"\n")]
    public void A_text_is_quoted_only_where_somebody_could_take_it_for_something_else(string text, string yaml) =>
        Assert.Equal(yaml, YamlWriter.Write(JsonValue.Create(text)));
}
