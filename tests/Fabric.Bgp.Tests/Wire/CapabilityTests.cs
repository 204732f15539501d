using Fabric.Bgp.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Wire;

public sealed class CapabilityTests
{
    private static readonly Gen<AddressFamily> Families = from afi in Gen.Choose(0, 65535) from safi in Gen.Choose(0, 255) select new AddressFamily((ushort)afi, (byte)safi);

    [Fact]
    public void Graceful_restart_is_these_octets()
    {
        var offer = new GracefulRestartOffer
        {
            Restarting = true,
            Notification = true,
            RestartTime = TimeSpan.FromSeconds(120),
            Families = [new(AddressFamily.L2VpnEvpn, ForwardingPreserved: true), new(AddressFamily.Ipv4Unicast, ForwardingPreserved: false)],
        };
        Assert.Equal("c078" + "00194680" + "00010100", Capability.GracefulRestart(offer).Value.ToString());
        Assert.Equal("4000", Capability.GracefulRestart(new() { Notification = true }).Value.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => Capability.GracefulRestart(offer with { RestartTime = TimeSpan.FromSeconds(4096) }));
    }

    [Fact]
    public void Add_path_and_extended_next_hop_are_these_octets()
    {
        Assert.Equal(
            "00194603" + "00010101",
            Capability.AddPath([new(AddressFamily.L2VpnEvpn, AddPathDirections.Both), new(AddressFamily.Ipv4Unicast, AddPathDirections.Receive)]).Value.ToString());
        Assert.Equal("000100010002", Capability.ExtendedNextHops([ExtendedNextHop.Ipv4OverIpv6]).Value.ToString());
    }

    [Fact]
    public void Graceful_restart_round_trips() => Check(
        from restarting in Gen.Elements(true, false)
        from notification in Gen.Elements(true, false)
        from seconds in Gen.Choose(0, 4095)
        from families in (from f in Families from preserved in Gen.Elements(true, false) select new GracefulRestartFamily(f, preserved)).ListOf()
        select new GracefulRestartOffer { Restarting = restarting, Notification = notification, RestartTime = TimeSpan.FromSeconds(seconds), Families = [.. families] },
        static offer => offer.Equals(Capability.GracefulRestart(offer).AsGracefulRestart()));

    [Fact]
    public void Add_path_round_trips() => Check(
        (from f in Families from d in Gen.Elements(AddPathDirections.Receive, AddPathDirections.Send, AddPathDirections.Both) select new AddPathOffer(f, d)).ListOf(),
        static offers => Capability.AddPath(offers).AsAddPath()!.Value.SequenceEqual(offers));

    [Fact]
    public void Extended_next_hops_round_trip() => Check(
        (from f in Families from afi in Gen.Choose(0, 65535) select new ExtendedNextHop(f, (ushort)afi)).ListOf(),
        static nextHops => Capability.ExtendedNextHops(nextHops).AsExtendedNextHops()!.Value.SequenceEqual(nextHops));

    [Theory]
    [InlineData(Capability.GracefulRestartCode, "")]
    [InlineData(Capability.GracefulRestartCode, "40")]
    [InlineData(Capability.GracefulRestartCode, "4078001946")]
    [InlineData(Capability.AddPathCode, "001946")]
    [InlineData(Capability.AddPathCode, "00194600")]
    [InlineData(Capability.AddPathCode, "0001010300194604")]
    [InlineData(Capability.ExtendedNextHopCode, "0001000100")]
    [InlineData(Capability.ExtendedNextHopCode, "000101010002")]
    [InlineData(Capability.FqdnCode, "")]
    [InlineData(Capability.FqdnCode, "0361")]
    [InlineData(Capability.FqdnCode, "01610000")]
    [InlineData(Capability.MultiprotocolCode, "001900")]
    [InlineData(Capability.FourOctetAsCode, "0000fde90")]
    public void A_value_of_the_wrong_form_counts_as_not_there(byte code, string hex)
    {
        var capability = new Capability(code, new Octets(Samples.Hex(hex.Length % 2 == 0 ? hex : hex + "0")));
        Assert.True(
            capability.AsGracefulRestart() is null && capability.AsAddPath() is null && capability.AsExtendedNextHops() is null
            && capability.AsFqdn() is null && capability.Family is null && capability.AsNumber is null);
    }

    [Fact]
    public void Random_values_never_throw() => Check(
        from code in Gen.OneOf(Gen.Choose(0, 255), Gen.Elements(1, 5, 64, 65, 69, 73))
        from value in Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf()
        select new Capability((byte)code, new Octets(value)),
        static c =>
        {
            _ = (c.AsGracefulRestart(), c.AsAddPath(), c.AsExtendedNextHops(), c.AsFqdn(), c.Family, c.AsNumber);
            var open = new OpenMessage { Capabilities = [c] };
            _ = (open.GracefulRestart, open.AddPath, open.ExtendedNextHops, open.Fqdn, open.Families, open.AsNumber, open.ToString());
            return true;
        });

    [Fact]
    public void A_name_is_shown_without_what_a_terminal_obeys()
    {
        var capability = new Capability(Capability.FqdnCode, new Octets([7, .. "ho\u001b[\u202est"u8[..7], 2, .. "fr"u8]));
        Assert.Equal("ho[.fr", capability.AsFqdn()!.ToString());
        Assert.Equal("t1@", PeerName(Samples.Frr.Open) + "@");
    }

    [Fact]
    public void The_last_of_several_offers_counts()
    {
        var open = new OpenMessage
        {
            Capabilities =
            [
                Capability.GracefulRestart(new() { RestartTime = TimeSpan.FromSeconds(1) }),
                Capability.GracefulRestart(new() { RestartTime = TimeSpan.FromSeconds(2) }),
                Capability.AddPath([new(AddressFamily.L2VpnEvpn, AddPathDirections.Both), new(AddressFamily.L2VpnEvpn, AddPathDirections.Send)]),
            ],
        };
        Assert.Equal(2, open.GracefulRestart!.RestartTime.TotalSeconds);
        Assert.Equal([new AddPathOffer(AddressFamily.L2VpnEvpn, AddPathDirections.Send)], open.AddPath);
    }

    [Fact]
    public void A_hard_reset_shows_the_reason_inside_and_its_text()
    {
        var reset = NotificationMessage.HardReset(NotificationMessage.Cease(BgpError.AdministrativeShutdown, "moving racks"));
        Assert.True(NotificationMessage.TryDecode(Samples.Encode(reset).AsSpan(BgpFrame.HeaderLength), out var back));
        Assert.Equal(reset, back);
        Assert.True(back.IsHardReset);
        Assert.Equal("moving racks", back.ShutdownText);
        Assert.Equal("cease: hard reset (6/9): cease: administrative shutdown (6/2) \"moving racks\"", back.ToString());

        // One without reason, and one inside another, are no reason to fall over.
        Assert.Equal("cease: hard reset (6/9)", NotificationMessage.Cease(BgpError.HardReset).ToString());
        Assert.Null(NotificationMessage.HardReset(reset).ShutdownText);
    }

    [Fact]
    public void Too_many_prefixes_names_family_and_limit() =>
        Assert.Equal("001946000f4240", NotificationMessage.MaximumPrefixes(AddressFamily.L2VpnEvpn, 1_000_000).Data.ToString());

    private static string PeerName(string hex)
    {
        Assert.True(OpenMessage.TryDecode(Samples.Hex(hex).AsSpan(BgpFrame.HeaderLength), out var open, out _));
        return open.Fqdn!.ToString();
    }

    private static void Check<T>(Gen<T> generator, Func<T, bool> holds) => Prop.ForAll(generator.ToArbitrary(), holds).QuickCheckThrowOnFailure();
}
