using System.Text.Json;

namespace Fabric.Primitives.Tests;

public sealed class NumberTests
{
    [Theory]
    [InlineData("1", 1u)]
    [InlineData("4294967295", 4294967295u)]
    [InlineData("1.10", 65546u)]
    public void Asn_reads_asplain_and_asdot(string text, uint number)
    {
        Assert.True(Asn.TryParse(text, out var asn));
        Assert.Equal(number, asn.Value);
        Assert.Equal(asn, Asn.Parse(asn.ToString()));
    }

    [Theory]
    [InlineData("0", "ASN must be 1..4294967295, got 0")]
    [InlineData("4294967296", "ASN must be 1..4294967295, got 4294967296")]
    [InlineData("-1", "ASN must be a whole number 1..4294967295, got \"-1\"")]
    [InlineData("1.65536", "ASN must be a whole number 1..4294967295, got \"1.65536\"")]
    [InlineData("007", "ASN must be a whole number 1..4294967295, got \"007\"")]
    [InlineData("99999999999999999999999", "ASN must be a whole number 1..4294967295, got \"99999999999999999999999\"")]
    [InlineData("", "ASN must be a whole number 1..4294967295, got \"\"")]
    public void Asn_refuses_with_reason(string text, string reason)
    {
        Assert.False(Asn.TryParse(text, out _, out var error));
        Assert.Equal(reason, error);
        Assert.Equal(reason, Assert.Throws<FormatException>(() => Asn.Parse(text)).Message);
    }

    [Theory]
    [InlineData("0", "VNI must be 1..16777215, got 0")]
    [InlineData("16777216", "VNI must be 1..16777215, got 16777216")]
    [InlineData("-5", "VNI must be 1..16777215, got -5")]
    [InlineData("1.5", "VNI must be a whole number 1..16777215, got 1.5")]
    [InlineData("1e400", "VNI must be a whole number 1..16777215, got 1e400")]
    [InlineData("\"5\"", "VNI must be a whole number 1..16777215, got a string")]
    [InlineData("true", "VNI must be a whole number 1..16777215, got a boolean")]
    [InlineData("null", "VNI must be a whole number 1..16777215, got null")]
    [InlineData("{}", "VNI must be a whole number 1..16777215, got an object")]
    [InlineData("[]", "VNI must be a whole number 1..16777215, got an array")]
    public void Json_of_a_number_is_refused_with_reason(string json, string reason) =>
        Assert.StartsWith(reason, Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Vni>(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Json_of_numbers_is_a_number_and_a_property_name()
    {
        Assert.Equal("[7,8,9]", JsonSerializer.Serialize(new object[] { new Asn(7), new Vni(8), new VlanId(9) }));
        Assert.Equal(new Vni(16777215), JsonSerializer.Deserialize<Vni>("16777215"));
        var map = JsonSerializer.Deserialize<Dictionary<VlanId, Vni>>("""{"100":10100}""")!;
        Assert.Equal(new Vni(10100), map[new VlanId(100)]);
        Assert.Equal("""{"100":10100}""", JsonSerializer.Serialize(map));
        Assert.Null(JsonSerializer.Deserialize<Vni?>("null"));
    }

    [Fact]
    public void Constructors_refuse_numbers_out_of_range()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Vni(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new VlanId(4095));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Asn(4294967296));
    }

    [Fact]
    public void Numbers_compare_by_number_and_not_by_text()
    {
        Assert.True(new Vni(9) < new Vni(10));
        Assert.True(new Asn(4200000000) > new Asn(65000));
        Assert.True(new VlanId(2) <= new VlanId(2));
        Assert.Equal(new Vni(5), new Vni(5));
    }
}
