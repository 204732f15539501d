using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>A change to what virtual machines of a network ask their metadata service for.</summary>
/// <param name="Network">The network.</param>
public abstract record GuestEdit(int Network);

/// <summary>Sets files of a machine's interface.</summary>
/// <param name="Network">The network.</param>
/// <param name="Mac">The interface.</param>
/// <param name="Ip">Its IPv4 address, by which it asks; null: none. Whoever had it before loses it.</param>
/// <param name="Files">Contents by <c>directory/file</c>.</param>
/// <param name="Whole">True: what else there was goes, except a password; false: it stays.</param>
public sealed record SetFiles(int Network, MacAddress Mac, IpAddr? Ip, ImmutableSortedDictionary<string, string> Files, bool Whole) : GuestEdit(Network)
{
    /// <summary>Says nothing of the contents.</summary>
    public override string ToString() => $"{Mac}: {Files.Count} files";
}

/// <summary>Forgets a machine's interface.</summary>
/// <param name="Network">The network.</param>
/// <param name="Mac">The interface.</param>
public sealed record Forget(int Network, MacAddress Mac) : GuestEdit(Network);

/// <summary>Forgets every interface but some.</summary>
/// <param name="Network">The network.</param>
/// <param name="Macs">Those that stay.</param>
public sealed record KeepOnly(int Network, ImmutableHashSet<MacAddress> Macs) : GuestEdit(Network);

/// <summary>What a command leads to.</summary>
/// <param name="Domain">What CloudStack has said, this included.</param>
/// <param name="Guests">Changes to what machines are served.</param>
public sealed record Effect(RoutingDomain Domain, ImmutableArray<GuestEdit> Guests)
{
    /// <summary>An effect on the domain alone.</summary>
    public static implicit operator Effect(RoutingDomain domain) => new(domain, []);
}
