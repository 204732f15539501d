using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Wire;

/// <summary>RFC 7606: what each kind of broken UPDATE costs.</summary>
public sealed class UpdateErrorTests
{
    private const string Reach = "800e 1c 0019 46 04 0a010101 00 03 11 0000000700002774 00000000 20 0a010101 ";
    private const string Origin = "400101 00 ";
    private const string Path = "400206 0201 0000fde9 ";

    [Fact]
    public void The_message_that_the_cases_break_is_good()
    {
        var update = UpdateMessage.Decode(Samples.UpdateBody("", Good), Samples.External);
        Assert.Equal([], update.Problems);
        Assert.Equal(IpAddr.Parse("10.1.1.1"), Assert.Single(update.EvpnAnnounced.Multicast).Key.Originator);
    }

    private const string Good = Reach + Origin + Path;

    [Theory]
    [InlineData("origin unknown", "400101 03 ", Path, "", ErrorAction.TreatAsWithdraw)]
    [InlineData("origin too long", "400102 0000 ", Path, "", ErrorAction.TreatAsWithdraw)]
    [InlineData("origin empty", "400100 ", Path, "", ErrorAction.TreatAsWithdraw)]
    [InlineData("origin with optional bit", "c00101 00 ", Path, "", ErrorAction.TreatAsWithdraw)]
    [InlineData("origin missing", "", Path, "", ErrorAction.TreatAsWithdraw)]
    [InlineData("path missing", Origin, "", "", ErrorAction.TreatAsWithdraw)]
    [InlineData("path segment kind unknown", Origin, "400206 0501 0000fde9 ", "", ErrorAction.TreatAsWithdraw)]
    [InlineData("path segment empty", Origin, "400202 0200 ", "", ErrorAction.TreatAsWithdraw)]
    [InlineData("path segment runs over", Origin, "400206 0202 0000fde9 ", "", ErrorAction.TreatAsWithdraw)]
    [InlineData("path with one octet left", Origin, "400207 0201 0000fde9 02 ", "", ErrorAction.TreatAsWithdraw)]
    [InlineData("path with AS 0", Origin, "400206 0201 00000000 ", "", ErrorAction.TreatAsWithdraw)]
    [InlineData("med too short", Origin, Path, "800403 000000", ErrorAction.TreatAsWithdraw)]
    [InlineData("local preference from outside", Origin, Path, "400502 0000", ErrorAction.None)]
    [InlineData("atomic aggregate with a value", Origin, Path, "400601 00", ErrorAction.DiscardAttribute)]
    [InlineData("aggregator too short", Origin, Path, "c00706 0000fde9 0a00", ErrorAction.DiscardAttribute)]
    [InlineData("communities empty", Origin, Path, "c00800", ErrorAction.TreatAsWithdraw)]
    [InlineData("communities of 5 octets", Origin, Path, "c00805 0000000000", ErrorAction.TreatAsWithdraw)]
    [InlineData("originator from outside", Origin, Path, "800901 00", ErrorAction.None)]
    [InlineData("cluster list from outside", Origin, Path, "800a01 00", ErrorAction.None)]
    [InlineData("extended communities of 7 octets", Origin, Path, "c01007 00000000000000", ErrorAction.TreatAsWithdraw)]
    [InlineData("large communities of 8 octets", Origin, Path, "c02008 0000000000000000", ErrorAction.TreatAsWithdraw)]
    [InlineData("PMSI tunnel too short", Origin, Path, "c01604 00060027", ErrorAction.TreatAsWithdraw)]
    [InlineData("ingress replication without address", Origin, Path, "c01605 0006002774", ErrorAction.TreatAsWithdraw)]
    [InlineData("next hop attribute of 3 octets", Origin, Path, "400303 0a0000", ErrorAction.TreatAsWithdraw)]
    [InlineData("next hop attribute that says nothing", Origin, Path, "400304 00000000", ErrorAction.None)]
    [InlineData("AS4_PATH from a four-octet speaker", Origin, Path, "c01106 0201 0000fde9", ErrorAction.None)]
    [InlineData("AS4_PATH malformed", Origin, Path, "c01105 0201 0000fd", ErrorAction.DiscardAttribute)]
    [InlineData("unknown optional attribute", Origin, Path, "c0fa03 010203", ErrorAction.None)]
    [InlineData("unknown well-known attribute", Origin, Path, "40fa03 010203", ErrorAction.ResetSession)]
    [InlineData("origin twice", Origin, Path, "400101 01", ErrorAction.DiscardAttribute)]
    [InlineData("attribute runs beyond the field", Origin, Path, "c01008 0000", ErrorAction.TreatAsWithdraw)]
    [InlineData("attribute header cut", Origin, Path, "c0", ErrorAction.TreatAsWithdraw)]
    [InlineData("MP_REACH_NLRI twice", Origin, Path, "800e09 0019 46 04 0a010101 00", ErrorAction.ResetSession)]
    [InlineData("MP_UNREACH_NLRI too short", Origin, Path, "800f02 0019", ErrorAction.ResetSession)]
    [InlineData("MP_UNREACH_NLRI with a broken row", Origin, Path, "800f05 0019 46 0233", ErrorAction.DisableFamily)]
    [InlineData("MP_UNREACH_NLRI of another family", Origin, Path, "800f03 0002 01", ErrorAction.DiscardAttribute)]
    public void Each_error_has_its_price(string what, string origin, string path, string more, ErrorAction price)
    {
        var reach = Good[..Good.IndexOf("400101", StringComparison.Ordinal)];
        var update = UpdateMessage.Decode(Samples.UpdateBody("", reach + origin + path + more), Samples.External);
        Assert.True(price == update.Action, $"{what}: {update.Action}, {string.Join("; ", update.Problems)}");
        Assert.Equal(price == ErrorAction.None, update.Problems.IsEmpty);
        Assert.Equal(price == ErrorAction.ResetSession, update.Reset is not null);

        // Whatever the price below a reset, the routes are known, so that they can be withdrawn.
        if (price < ErrorAction.ResetSession)
        {
            Assert.Equal(1, update.EvpnAnnounced.Count);
        }
    }

    [Theory]
    [InlineData("10.0.0.1", true, true)]
    [InlineData("169.254.0.1", true, true)]
    [InlineData("0.0.0.0", false, false)]
    [InlineData("0.1.2.3", false, false)]
    [InlineData("224.0.0.5", false, false)]
    [InlineData("240.0.0.1", false, false)]
    [InlineData("255.255.255.255", false, false)]
    [InlineData("127.0.0.1", true, false)]
    [InlineData("2001:db8::1", true, true)]
    [InlineData("fe80::1", true, true)]
    [InlineData("::ffff:10.0.0.1", true, true)]
    [InlineData("::", false, false)]
    [InlineData("ff02::1", false, false)]
    [InlineData("::1", true, false)]
    [InlineData("::ffff:0.0.0.1", false, false)]
    [InlineData("::ffff:224.0.0.1", false, false)]
    [InlineData("::ffff:127.0.0.1", true, false)]
    public void A_next_hop_that_leads_nowhere_withdraws_its_routes_and_is_named(string address, bool onLoopback, bool elsewhere)
    {
        var nextHop = IpAddr.Parse(address);
        var octets = Convert.ToHexString(nextHop.ToIPAddress().GetAddressBytes());
        var evpn = $"800e {24 + (octets.Length / 2):x2} 0019 46 {octets.Length / 2:x2} {octets} 00 03 11 0000000700002774 00000000 20 0a010101 ";
        foreach (var (loopback, good) in new[] { (true, onLoopback), (false, elsewhere) })
        {
            Check(UpdateMessage.Decode(Samples.UpdateBody("", evpn + Origin + Path), Samples.External with { OnLoopback = loopback }), good);
            if (nextHop.IsV4)
            {
                var context = Samples.External with { OnLoopback = loopback, Families = [AddressFamily.Ipv4Unicast] };
                Check(UpdateMessage.Decode(Samples.UpdateBody("", $"{Origin}{Path}400304 {octets}", "180a0000"), context), good);
            }
        }

        void Check(UpdateMessage update, bool good)
        {
            Assert.Equal(good ? ErrorAction.None : ErrorAction.TreatAsWithdraw, update.Action);
            Assert.Equal(good ? [] : [address], update.Problems.Select(static p => p.Text.Split(' ', ',')[2]));
        }
    }

    [Fact]
    public void The_next_hop_of_a_membership_is_no_way_for_packets() => Assert.Equal(
        ErrorAction.None,
        UpdateMessage.Decode(
            Samples.UpdateBody("", "800e 0a 0001 84 04 00000000 00 00 " + Origin + Path), Samples.External with { Families = [AddressFamily.RouteTargetMembership] }).Action);

    [Theory]
    [InlineData("00", ErrorAction.ResetSession)]
    [InlineData("0019 46 04 0a0101", ErrorAction.ResetSession)]
    [InlineData("0019 46 03 0a0101 00", ErrorAction.DisableFamily)]
    [InlineData("0019 46 00 00", ErrorAction.DisableFamily)]
    [InlineData("0019 46 04 0a010101 00 02", ErrorAction.DisableFamily)]
    [InlineData("0019 46 04 0a010101 00 0205 0000", ErrorAction.DisableFamily)]
    [InlineData("0001 01 04 0a010101 00 180a0000", ErrorAction.DiscardAttribute)]
    [InlineData("0019 46 04 0a010101 00 0203 000000", ErrorAction.DiscardAttribute)]
    public void Broken_reach_attributes_have_their_price(string value, ErrorAction price)
    {
        var octets = Samples.Hex(value);
        var update = UpdateMessage.Decode(Samples.UpdateBody("", $"800e {octets.Length:x2} {value}" + Origin + Path), Samples.External);
        Assert.Equal(price, update.Action);
        Assert.Equal(price == ErrorAction.DisableFamily ? AddressFamily.L2VpnEvpn : null, update.BrokenFamily);
    }

    [Theory]
    [InlineData("0002 01 10 20010db8000000000000000000000001 00 81 0000000000000000000000000000000000", true)]
    [InlineData("0002 01 10 20010db8000000000000000000000001 00 20 20010d", true)]
    [InlineData("0001 01 04 0a000001 00 21 0000000000", true)]
    [InlineData("0001 84 04 0a000001 00 10 0000", true)]
    [InlineData("0001 84 04 0a000001 00 61 00000000000000000000000000", true)]
    [InlineData("0002 01 10 20010db8000000000000000000000001 00 20 20010db8", false)]
    [InlineData("0001 84 04 0a000001 00 00", false)]
    public void A_prefix_length_that_cannot_be_disables_the_family(string value, bool broken)
    {
        var octets = Samples.Hex(value);
        var context = Samples.External with
        {
            Families = [AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.RouteTargetMembership],
        };
        var update = UpdateMessage.Decode(Samples.UpdateBody("", $"800e {octets.Length:x2} {value}" + Origin + Path), context);
        Assert.Equal(broken ? ErrorAction.DisableFamily : ErrorAction.None, update.Action);
        Assert.Equal(broken ? new AddressFamily((ushort)((octets[0] << 8) | octets[1]), octets[2]) : null, update.BrokenFamily);
    }

    [Fact]
    public void Malformed_routes_before_a_broken_row_do_not_come_through()
    {
        var value = Samples.Hex("0019 46 04 0a010101 00 0401 00 0203");
        var scan = UpdateScanner.Scan(Samples.UpdateBody("", $"800e {value.Length:x2} {Convert.ToHexStringLower(value)}" + Origin + Path), Samples.External);
        Assert.Equal(ErrorAction.DisableFamily, scan.Action);
        Assert.True(scan.Reach.IsEmpty);
    }

    [Fact]
    public void The_strongest_price_wins()
    {
        var update = UpdateMessage.Decode(Samples.UpdateBody("", Good + "400601 00" + "c00800" + "c0fa00"), Samples.External);
        Assert.Equal(ErrorAction.TreatAsWithdraw, update.Action);
        Assert.Equal(2, update.Problems.Length);
    }

    [Theory]
    [InlineData("0005 00 0000")]
    [InlineData("0000 0005 00")]
    [InlineData("0000")]
    [InlineData("")]
    [InlineData("0001 21 0000")]
    [InlineData("0002 180a 0000")]
    [InlineData("0000 0000 210a000000")]
    public void Lengths_and_prefixes_that_do_not_fit_reset_the_session(string body)
    {
        var update = UpdateMessage.Decode(Samples.Hex(body), Samples.External);
        Assert.Equal(ErrorAction.ResetSession, update.Action);
        Assert.Equal(BgpError.Update, update.Reset!.Code);
    }

    [Fact]
    public void Internal_peers_may_send_local_preference_and_reflection_attributes()
    {
        var update = UpdateMessage.Decode(Samples.UpdateBody("", Good + "400504 00000064 800904 0a000007 800a04 0a000008"), Samples.Internal);
        Assert.Equal([], update.Problems);
        Assert.Equal(100u, update.Attributes!.LocalPref);
        Assert.Equal(IpAddr.Parse("10.0.0.7"), update.Attributes.OriginatorId);
        Assert.Equal([IpAddr.Parse("10.0.0.8")], update.Attributes.ClusterList);
        Assert.Equal(ErrorAction.TreatAsWithdraw, UpdateMessage.Decode(Samples.UpdateBody("", Good + "400502 0064"), Samples.Internal).Action);
    }

    [Fact]
    public void An_unknown_attribute_survives_a_round_trip()
    {
        var update = UpdateMessage.Decode(Samples.UpdateBody("", Good + "e0fa03 010203"), Samples.External);
        Assert.Contains("e0fa03010203", Convert.ToHexStringLower(Samples.Encode(update)), StringComparison.Ordinal);
    }
}
