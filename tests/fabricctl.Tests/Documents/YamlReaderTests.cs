using System.Text.Json.Nodes;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Tests.Documents;

public class YamlReaderTests
{
    [Theory]
    [InlineData("no", "\"no\"")]
    [InlineData("Yes", "\"Yes\"")]
    [InlineData("off", "\"off\"")]
    [InlineData("true", "true")]
    [InlineData("False", "false")]
    [InlineData("~", "null")]
    [InlineData("null", "null")]
    [InlineData("\"\"", "\"\"")]
    [InlineData("42", "42")]
    [InlineData("\"42\"", "\"42\"")]
    [InlineData("'42'", "\"42\"")]
    [InlineData("!!str 42", "\"42\"")]
    [InlineData("-7", "-7")]
    [InlineData("+7", "7")]
    [InlineData("007", "7")]
    [InlineData("0x1f", "31")]
    [InlineData("0o17", "15")]
    [InlineData("0b11", "\"0b11\"")]
    [InlineData("1_000", "\"1_000\"")]
    [InlineData("4200000000", "4200000000")]
    [InlineData("123456789012345678901234567890", "123456789012345678901234567890")]
    [InlineData("1.5", "1.5")]
    [InlineData("1e3", "1000")]
    [InlineData("12:30:45", "\"12:30:45\"")]
    [InlineData("02:00:5e:00:01:01", "\"02:00:5e:00:01:01\"")]
    [InlineData("10.0.1.0/24", "\"10.0.1.0/24\"")]
    [InlineData("10.0.1.1", "\"10.0.1.1\"")]
    [InlineData("2001-12-14", "\"2001-12-14\"")]
    [InlineData("fd00::1", "\"fd00::1\"")]
    public void A_scalar_has_the_type_that_the_core_schema_of_yaml_1_2_gives_it(string yaml, string json)
    {
        var document = Assert.Single(YamlReader.Read($"v: {yaml}\n")).Node;
        Assert.Equal(json, document["v"]?.ToJsonString() ?? "null");
    }

    [Fact]
    public void Documents_come_in_order_each_with_its_line()
    {
        var documents = YamlReader.Read("# first\na: 1\n---\n---\nb: [x, {c: 2}]\n...\n");
        Assert.Equal([2, 5], documents.Select(d => d.Line));
        Assert.Equal("""{"b":["x",{"c":2}]}""", documents[1].Node.ToJsonString());
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "line 2, column 1: key 'a' is there twice")]
    [InlineData("a: &x 1\n", "line 1, column 4: anchors are not supported; write the value out")]
    [InlineData("a: *x\n", "line 1, column 4: aliases are not supported; write the value out")]
    [InlineData("a: !!binary aGk=\n", "line 1, column 4: tag tag:yaml.org,2002:binary is not supported")]
    [InlineData("a: !point {x: 1}\n", "line 1, column 4: tag !point is not supported")]
    [InlineData("[a]: 1\n", "line 1, column 1: a key must be a plain text")]
    [InlineData("a: .inf\n", "line 1, column 4: number .inf cannot be said in JSON")]
    [InlineData("a: 1e999\n", "line 1, column 4: number 1e999 is too large")]
    public void What_json_cannot_say_or_nobody_means_is_refused_with_its_place(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<DocumentException>(() => YamlReader.Read(yaml)).Message);

    [Theory]
    [InlineData("a: [1, 2\n")]
    [InlineData("a: b: c\n")]
    [InlineData("a: \"open\n")]
    [InlineData("\tb: 1\n")]
    [InlineData("a: 1\n b: 2\n")]
    [InlineData("%YAML 9.9\n---\na: 1\n")]
    [InlineData("a: \"\\q\"\n")]
    [InlineData("!<> a\n")]
    [InlineData("- - -\n-")]
    [InlineData("? a\n: {b\n")]
    public void Broken_text_is_refused_and_never_crashes(string yaml)
    {
        try
        {
            YamlReader.Read(yaml);
        }
        catch (DocumentException e)
        {
            Assert.StartsWith("line ", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Deep_nesting_is_refused() =>
        Assert.Contains("nested deeper", Assert.Throws<DocumentException>(() => YamlReader.Read(new string('[', 5000))).Message, StringComparison.Ordinal);
}
