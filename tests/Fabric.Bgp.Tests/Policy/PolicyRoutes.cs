using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Policy;

/// <summary>Routes as octets, and short ways to policies.</summary>
internal static class PolicyRoutes
{
    public static readonly byte[] MacIp = Evpn<MacIpRoute, MacIpKey>(Samples.MacIp("02:00:00:00:00:01", "10.1.2.3", l3Vni: 50001));

    public static readonly byte[] MacOnly = Evpn<MacIpRoute, MacIpKey>(Samples.MacIp("02:00:00:00:00:02"));

    public static readonly byte[] Multicast = Evpn<MulticastRoute, MulticastKey>(Samples.Multicast("10.1.1.1"));

    public static readonly byte[] Prefix = Evpn<PrefixRoute, PrefixKey>(Samples.Prefix("10.1.0.0/16"));

    /// <summary>Type 1: RD, ESI, tag, label 10100.</summary>
    public static readonly byte[] AutoDiscovery = [1, 25, .. new byte[22], 0x00, 0x27, 0x74];

    public static byte[] Evpn<TRoute, TKey>(TRoute route)
        where TRoute : struct, IEvpnRoute<TRoute, TKey>
        where TKey : struct, IEquatable<TKey>
    {
        var writer = new WireWriter(new byte[256]);
        EvpnNlri.Encode<TRoute, TKey>(ref writer, route);
        return writer.Written.ToArray();
    }

    public static byte[] UnicastRoute(string prefix)
    {
        var parsed = IpPrefix.Parse(prefix);
        Span<byte> address = stackalloc byte[16];
        parsed.Address.WriteTo(address);
        return [(byte)parsed.Length, .. address[..((parsed.Length + 7) / 8)]];
    }

    public static PathAttributes? Run(StatementPolicy policy, byte[] nlri, PathAttributes? attributes = null, AddressFamily? family = null) =>
        policy.Apply(new PolicyRoute(family ?? AddressFamily.L2VpnEvpn, nlri), attributes ?? Samples.Attributes());

    public static bool Matches(RouteMatch match, byte[] nlri, PathAttributes? attributes = null, AddressFamily? family = null) =>
        Run(new StatementPolicy("p", [new PolicyStatement("s", [match], [], PolicyVerdict.Accept)]), nlri, attributes, family) is not null;

    public static PathAttributes Edit(PathAttributes attributes, params ReadOnlySpan<RouteEdit> edits) =>
        Run(new StatementPolicy("p", [new PolicyStatement("s", [], [.. edits], PolicyVerdict.Accept)]), MacIp, attributes)!;

    public static ValueList<T> Patterns<T, TCommunity>(params string[] texts)
        where T : struct, ICommunityPattern<T, TCommunity>
        where TCommunity : struct, IEquatable<TCommunity> =>
        [.. texts.Select(t => T.TryParse(t, out var pattern, out var error) ? pattern : throw new FormatException(error))];
}
