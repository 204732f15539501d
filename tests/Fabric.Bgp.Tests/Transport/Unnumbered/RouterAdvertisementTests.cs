using Fabric.Bgp.Transport.Unnumbered;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Transport.Unnumbered;

public sealed class RouterAdvertisementTests
{
    private static readonly Gen<RouterAdvertisement> Advertisements =
        from hopLimit in Gen.Choose(0, 255)
        from lifetime in Gen.Choose(0, 65535)
        from mac in Gen.OneOf(Gen.Constant<MacAddress?>(null), Gen.Choose(0, int.MaxValue).Select(static m => (MacAddress?)new MacAddress((ulong)m * 131)))
        select new RouterAdvertisement { HopLimit = (byte)hopLimit, LifetimeSeconds = (ushort)lifetime, SourceMac = mac };

    [Fact]
    public void Advertisements_are_these_octets()
    {
        var advertisement = new RouterAdvertisement { HopLimit = 64, LifetimeSeconds = 30, SourceMac = MacAddress.Parse("02:00:00:00:00:07") };
        Assert.Equal(Samples.Hex("86 00 0000 40 00 001e 00000000 00000000 01 01 020000000007"), Encode(advertisement));
        Assert.Equal(Samples.Hex("86 00 0000 40 00 0000 00000000 00000000"), Encode(advertisement with { LifetimeSeconds = 0, SourceMac = null }));
    }

    [Fact]
    public void Advertisements_round_trip() => Prop.ForAll(
        Advertisements.ToArbitrary(),
        static a => RouterAdvertisement.TryParse(Encode(a), out var back, out _) && back == a).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_truncation_but_the_one_before_an_option_is_refused()
    {
        var whole = Encode(new() { LifetimeSeconds = 1, SourceMac = MacAddress.Parse("02:00:00:00:00:07") });
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Equal(length == 16, RouterAdvertisement.TryParse(whole.AsSpan(0, length), out _, out var error));
            Assert.Equal(length == 16, error is null);
        }
    }

    [Theory]
    [InlineData("87 00 0000 40 00 001e 00000000 00000000", "not a router advertisement")]
    [InlineData("86 01 0000 40 00 001e 00000000 00000000", "not a router advertisement")]
    [InlineData("86 00 0000 40 00 001e 00000000 00000000 05 00 000000000000", "an option without length")]
    [InlineData("86 00 0000 40 00 001e 00000000 00000000 05 02 000000000000", "too short")]
    public void Malformed_ones_are_refused_with_the_reason(string hex, string reason)
    {
        Assert.False(RouterAdvertisement.TryParse(Samples.Hex(hex), out _, out var error));
        Assert.Equal(reason, error);
    }

    [Fact]
    public void Other_options_are_skipped()
    {
        // As FRR sends it: source link-layer address, then MTU, then one nobody knows.
        var message = Samples.Hex("86 00 1234 40 40 001e 00000000 00000000 01 01 020000000007 05 01 0000 000005dc fe 02 0000000000000000000000000000");
        Assert.True(RouterAdvertisement.TryParse(message, out var advertisement, out _));
        Assert.Equal(new RouterAdvertisement { HopLimit = 64, LifetimeSeconds = 30, SourceMac = MacAddress.Parse("02:00:00:00:00:07") }, advertisement);
    }

    [Fact]
    public void Random_and_changed_input_never_throws() => Prop.ForAll(
        Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf().ToArbitrary(),
        Gen.Choose(0, 23).ToArbitrary(),
        static (bytes, at) =>
        {
            var changed = Encode(new() { SourceMac = MacAddress.Parse("02:00:00:00:00:07") });
            changed[at] = bytes.Length > 0 ? bytes[0] : (byte)255;
            return new[] { bytes, [134, 0, .. bytes], changed }.All(static b => RouterAdvertisement.TryParse(b, out _, out var error) == (error is null));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static byte[] Encode(RouterAdvertisement advertisement)
    {
        var buffer = new byte[RouterAdvertisement.MaxEncodedLength];
        return buffer[..advertisement.Encode(buffer)];
    }
}
