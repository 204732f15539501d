using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>Next hops through which no packet can ever get anywhere.</summary>
/// <remarks>
/// RFC 4271 section 6.3, with the addresses of RFC 6890 that are no destination. Loopback addresses lead everybody to himself: they are
/// next hops only between speakers on one machine. An IPv6 address that holds an IPv4 one (RFC 4291 section 2.5.5.2) is what that is.
/// </remarks>
public static class MartianNextHop
{
    /// <summary>Whether no host has this address. Loopback addresses are not meant.</summary>
    public static bool Is(IpAddr nextHop)
    {
        var address = Unmapped(nextHop);
        return address.IsUnspecified || address.IsMulticast || (address.IsV4 && (address.V4Number >> 24 == 0 || address.V4Number >> 28 == 15));
    }

    /// <summary>Whether it is an address of whoever asks: 127.0.0.0/8, ::1, or the former inside an IPv6 address.</summary>
    public static bool IsLoopback(IpAddr nextHop) => Unmapped(nextHop).IsLoopback;

    /// <summary>What is wrong with a next hop that came in; null for nothing.</summary>
    /// <param name="nextHop">The next hop.</param>
    /// <param name="onLoopback">Whether the session runs between loopback addresses, or it is not known what it runs between.</param>
    public static string? Fault(IpAddr nextHop, bool onLoopback) =>
        Is(nextHop) ? $"next hop {nextHop}, which no host has"
        : !onLoopback && IsLoopback(nextHop) ? $"next hop {nextHop}, which leads everybody to himself"
        : null;

    private static IpAddr Unmapped(IpAddr address) =>
        address.IsV6 && address.Number >> 32 == 0xffff ? IpAddr.V4((uint)(address.Number & uint.MaxValue)) : address;
}
