using Fabric.Bgp.Attributes;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Tests.Attributes;

/// <summary>RFC 7606 section 7, attribute by attribute: which values are malformed, and what that costs.</summary>
public sealed class AttributeTableTests
{
    private const string Origin = "400101 00 ";
    private const string Path = "400206 0201 0000fde9 ";

    public static TheoryData<byte, string, ErrorAction, string, string> Rules => new()
    {
        // code, section, price, good value, malformed values
        { 1, "7.1", ErrorAction.TreatAsWithdraw, "00", " 03 0000" },
        { 2, "7.2", ErrorAction.TreatAsWithdraw, "02010000fde9", "00010000fde9 05010000fde9 0200 02020000fde9 02010000fde902 020100000000" },
        { 3, "7.3", ErrorAction.TreatAsWithdraw, "0a000001", " 0a0000 0a00000100" },
        { 4, "7.4", ErrorAction.TreatAsWithdraw, "00000001", " 000000 0000000100" },
        { 5, "7.5", ErrorAction.TreatAsWithdraw, "00000001", " 000000 0000000100" },
        { 6, "7.6", ErrorAction.DiscardAttribute, "", "00" },
        { 7, "7.7", ErrorAction.DiscardAttribute, "0000fde90a000001", " fde90a000001 0000fde90a00000100 000000000a000001" },
        { 8, "7.8", ErrorAction.TreatAsWithdraw, "fde80064", " fde8 fde8006400" },
        { 9, "7.9", ErrorAction.TreatAsWithdraw, "0a000001", " 0a0000 0a00000100" },
        { 10, "7.10", ErrorAction.TreatAsWithdraw, "0a000001", " 0a0000 0a00000100" },
        { 16, "7.14", ErrorAction.TreatAsWithdraw, "0002fde800000064", " 0002fde8000000 0002fde80000006400" },
        { 17, "RFC 6793 6", ErrorAction.DiscardAttribute, "02010000fde9", " 0201 05010000fde9 02020000fde9 02010000fde902 020100000000" },
        { 18, "RFC 6793 6", ErrorAction.DiscardAttribute, "0000fde90a000001", " fde90a000001 0000fde90a00000100 000000000a000001" },
        { 22, "RFC 6514 5", ErrorAction.TreatAsWithdraw, "00060027740a000001", " 00060027 0006002774 00060027740a0000" },
        { 32, "RFC 8092 6", ErrorAction.TreatAsWithdraw, "0000fde80000000100000002", " 0000fde8 0000fde8000000010000000200" },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_malformed_value_costs_what_the_rfc_says(byte code, string section, ErrorAction price, string good, string malformed)
    {
        var row = AttributeTable.Find(code);
        Assert.NotNull(row);
        Assert.Equal(price, row.OnError);
        Assert.Equal(ErrorAction.None, Decode(row, good).Action);
        foreach (var value in malformed.Split(' '))
        {
            var update = Decode(row, value);
            Assert.True(update.Action == price, $"{row.Name} {value} ({section}): {update.Action}, {string.Join("; ", update.Problems)}");
            Assert.StartsWith(row.Name, update.Problems[0].Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Wrong_flags_make_the_routes_withdrawn(byte code, string section, ErrorAction price, string good, string malformed)
    {
        // Section 3 c: no attribute of the table asks for anything else, whatever its price for a malformed value.
        _ = (section, price, malformed);
        var row = AttributeTable.Find(code)!;
        Assert.Equal(ErrorAction.TreatAsWithdraw, Decode(row, good, AttributeFlags.Optional).Action);
        Assert.Equal(ErrorAction.TreatAsWithdraw, Decode(row, good, AttributeFlags.Transitive).Action);
    }

    [Fact]
    public void Every_row_has_its_rule() =>
        Assert.Equal(AttributeTable.Rows.Select(static r => r.Code), Rules.Select(static r => r.Data.Item1));

    [Theory]
    [InlineData(5)]
    [InlineData(9)]
    [InlineData(10)]
    public void What_only_internal_peers_may_send_is_dropped_from_others(byte code)
    {
        var update = UpdateMessage.Decode(Samples.UpdateBody("", Origin + Path + "400304 0a000001" + Attribute(AttributeTable.Find(code)!, "ff"), "08 0a"), Ipv4(Samples.External));
        Assert.Equal([], update.Problems);
        Assert.NotNull(update.Attributes);
        Assert.Null(update.Attributes.LocalPref);
        Assert.Null(update.Attributes.OriginatorId);
        Assert.Empty(update.Attributes.ClusterList);
    }

    [Theory]
    [InlineData("03010000fde9")]
    [InlineData("04010000fde9")]
    public void A_confederation_segment_is_malformed_from_outside(string path)
    {
        var attributes = Origin + "400206 " + path + "400304 0a000001";
        Assert.Equal(ErrorAction.TreatAsWithdraw, UpdateMessage.Decode(Samples.UpdateBody("", attributes, "08 0a"), Ipv4(Samples.External)).Action);
        Assert.Equal(ErrorAction.None, UpdateMessage.Decode(Samples.UpdateBody("", attributes, "08 0a"), Ipv4(Samples.Internal)).Action);
    }

    /// <summary>An IPv4 route with good attributes, of which one is replaced.</summary>
    private static UpdateMessage Decode(AttributeRow row, string value, AttributeFlags wrong = AttributeFlags.None)
    {
        var others = new Dictionary<byte, string> { [1] = Origin, [2] = Path, [3] = "400304 0a000001" };
        others[row.Code] = Attribute(row, value, wrong);
        return UpdateMessage.Decode(Samples.UpdateBody("", string.Concat(others.Values), "08 0a"), Ipv4(Samples.Internal));
    }

    private static string Attribute(AttributeRow row, string value, AttributeFlags wrong = AttributeFlags.None) =>
        $"{(byte)(row.Flags ^ wrong):x2}{row.Code:x2}{value.Length / 2:x2}{value}";

    private static SessionContext Ipv4(SessionContext context) => context with { Families = [AddressFamily.Ipv4Unicast] };
}
