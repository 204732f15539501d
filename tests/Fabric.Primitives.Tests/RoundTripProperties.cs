using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Primitives.Tests;

/// <summary>Every value survives its text and its JSON; no text makes a parser throw; order agrees with equality.</summary>
public sealed class RoundTripProperties
{
    private static readonly Gen<ulong> Bits =
        from a in Gen.Choose(0, int.MaxValue)
        from b in Gen.Choose(0, int.MaxValue)
        from c in Gen.Choose(0, 3)
        from sparse in Gen.Elements(ulong.MaxValue, 0xffff_0000_ffff_0000UL, 0xffffUL, 0UL, 0xff00_0000_0000_00ffUL)
        select (((ulong)a << 33) | ((ulong)b << 2) | (uint)c) & sparse;

    private static readonly Gen<IpAddr> Addresses =
        from high in Bits
        from low in Bits
        from v6 in Gen.Elements(true, false)
        select v6 ? IpAddr.V6(new UInt128(high, low)) : IpAddr.V4((uint)(low ^ (low >> 32)));

    [Fact]
    public void Asn() => RoundTrips(Bits.Select(b => new Asn(1 + (long)(b % uint.MaxValue))));

    [Fact]
    public void Vni() => RoundTrips(Bits.Select(b => new Vni(1 + (long)(b % 16777215))));

    [Fact]
    public void VlanId() => RoundTrips(Bits.Select(b => new VlanId(1 + (long)(b % 4094))));

    [Fact]
    public void MacAddress() => RoundTrips(Bits.Select(b => new MacAddress(b & 0xffff_ffff_ffff)));

    [Fact]
    public void IpAddress() => RoundTrips(Addresses);

    [Fact]
    public void IpPrefix() => RoundTrips(from a in Addresses from l in Gen.Choose(0, a.BitLength) select Primitives.IpPrefix.Of(a, l));

    [Fact]
    public void IpInterface() => RoundTrips(from a in Addresses from l in Gen.Choose(0, a.BitLength) select new IpInterface(a, l));

    [Fact]
    public void RouteDistinguisher() => RoundTrips(
        from b in Bits from type in Gen.Choose(0, 4) select Primitives.RouteDistinguisher.FromBits((b & 0xffff_ffff_ffff) | ((ulong)type << 48)));

    [Fact]
    public void RouteTarget() => RoundTrips(
        from b in Bits
        from type in Gen.Choose(0, 2)
        select Primitives.RouteTarget.TryFromCommunity((b & 0xffff_ffff_ffff) | ((ulong)type << 56) | (2UL << 48), out var target) ? target : default);

    [Fact]
    public void EthernetSegmentId() => RoundTrips(
        from a in Bits
        from b in Bits
        select Primitives.EthernetSegmentId.FromBytes([.. BitConverter.GetBytes(a), .. BitConverter.GetBytes((ushort)b)]));

    [Fact]
    public void Octets_of_addresses_round_trip() => Prop.ForAll(
        Addresses.ToArbitrary(),
        a =>
        {
            var octets = new byte[16];
            var length = a.WriteTo(octets);
            return length == a.ByteLength && IpAddr.FromBytes(octets.AsSpan(0, length)) == a && IpAddr.FromNumber(a.Family, a.Number) == a;
        }).QuickCheckThrowOnFailure();

    private static void RoundTrips<T>(Gen<T> generator)
        where T : struct, IValueText<T>
    {
        Prop.ForAll(
            generator.ToArbitrary(),
            value => T.TryParse(value.ToString(), out var parsed, out _)
                && parsed.Equals(value)
                && JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value)).Equals(value)
                && JsonSerializer.Deserialize<Dictionary<T, int>>(JsonSerializer.Serialize(new Dictionary<T, int> { [value] = 1 }))!.ContainsKey(value))
            .QuickCheckThrowOnFailure();

        Prop.ForAll(
            Gen.Two(generator).ToArbitrary(),
            pair => Math.Sign(pair.Item1.CompareTo(pair.Item2)) == -Math.Sign(pair.Item2.CompareTo(pair.Item1))
                && (pair.Item1.CompareTo(pair.Item2) == 0) == pair.Item1.Equals(pair.Item2))
            .QuickCheckThrowOnFailure();

        // Text near a valid one: one character replaced, removed or doubled. A parser may accept or refuse it, never throw.
        var mutated =
            from value in generator
            from position in Gen.Choose(0, 60)
            from replacement in Gen.Elements('0', '9', 'f', ':', '.', '/', '-', 'L', '\0', ' ', '٣', '\ud800')
            from how in Gen.Choose(0, 2)
            let text = value.ToString()!
            let at = position % text.Length
            select how switch
            {
                0 => text.Remove(at, 1),
                1 => text.Insert(at, replacement.ToString()),
                _ => text.Remove(at, 1).Insert(at, replacement.ToString()),
            };
        Prop.ForAll(
            mutated.ToArbitrary(),
            text => T.TryParse(text, out var value, out var error)
                ? T.TryParse(value.ToString(), out var again, out _) && again.Equals(value)
                : error is { Length: > 0 and < 300 })
            .QuickCheckThrowOnFailure();
        Prop.ForAll<string>(text => T.TryParse(text, out _, out var error) || error is { Length: > 0 }).QuickCheckThrowOnFailure();
    }
}
