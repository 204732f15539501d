using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Vtep;

/// <summary>Orders of paths, the better one first; equal only for the same path.</summary>
internal static class PathOrder
{
    private const uint DefaultLocalPreference = 100;

    /// <summary>RFC 7432 sections 15 and 15.2: sticky, then the higher sequence number, then the lower VTEP.</summary>
    public static readonly IComparer<MacIpPath> Mobility = Comparer<MacIpPath>.Create(static (a, b) =>
    {
        var order = b.Sticky.CompareTo(a.Sticky);
        order = order != 0 ? order : b.Sequence.CompareTo(a.Sequence);
        order = order != 0 ? order : a.Vtep.CompareTo(b.Vtep);
        var (left, right) = (a.Route.Key, b.Route.Key);
        order = order != 0 ? order : left.Rd.CompareTo(right.Rd);
        order = order != 0 ? order : left.Tag.CompareTo(right.Tag);
        order = order != 0 ? order : left.Mac.CompareTo(right.Mac);
        order = order != 0 ? order : Nullable.Compare(left.Ip, right.Ip);
        return order != 0 ? order : a.Source.CompareTo(b.Source);
    });

    public static readonly IComparer<MulticastPath> Multicast = Comparer<MulticastPath>.Create(static (a, b) =>
    {
        var order = a.Route.Key.Rd.CompareTo(b.Route.Key.Rd);
        order = order != 0 ? order : a.Route.Key.Tag.CompareTo(b.Route.Key.Tag);
        order = order != 0 ? order : a.Route.Key.Originator.CompareTo(b.Route.Key.Originator);
        return order != 0 ? order : a.Source.CompareTo(b.Source);
    });

    public static readonly IComparer<AutoDiscoveryPath> AutoDiscovery = Comparer<AutoDiscoveryPath>.Create(static (a, b) =>
    {
        var order = a.Route.Key.Rd.CompareTo(b.Route.Key.Rd);
        order = order != 0 ? order : a.Route.Key.Tag.CompareTo(b.Route.Key.Tag);
        return order != 0 ? order : a.Source.CompareTo(b.Source);
    });

    public static readonly IComparer<SegmentPath> Segment = Comparer<SegmentPath>.Create(static (a, b) =>
    {
        var order = a.Route.Key.Rd.CompareTo(b.Route.Key.Rd);
        return order != 0 ? order : a.Source.CompareTo(b.Source);
    });

    public static readonly IComparer<PrefixRoutePath> Prefix = Comparer<PrefixRoutePath>.Create(static (a, b) =>
    {
        var order = ComparePreference(a.Attributes, b.Attributes);
        order = order != 0 ? order : a.Vtep.CompareTo(b.Vtep);
        order = order != 0 ? order : a.Route.Key.Rd.CompareTo(b.Route.Key.Rd);
        order = order != 0 ? order : a.Route.Key.Tag.CompareTo(b.Route.Key.Tag);
        return order != 0 ? order : a.Source.CompareTo(b.Source);
    });

    /// <summary>RFC 4271 section 9.1 down to the MED, which is compared whatever the neighbouring AS; what is equal so far is used together.</summary>
    public static int ComparePreference(PathAttributes a, PathAttributes b)
    {
        var order = (b.LocalPref ?? DefaultLocalPreference).CompareTo(a.LocalPref ?? DefaultLocalPreference);
        order = order != 0 ? order : a.AsPath.Length.CompareTo(b.AsPath.Length);
        order = order != 0 ? order : a.Origin.CompareTo(b.Origin);
        return order != 0 ? order : (a.Med ?? 0).CompareTo(b.Med ?? 0);
    }
}
