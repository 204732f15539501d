using System.Collections.Immutable;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>A daemon with one session to the speaker under test.</summary>
/// <param name="Address">Its own end of the session.</param>
/// <param name="Asn">Its AS.</param>
/// <param name="RouterId">Its BGP identifier.</param>
/// <param name="Speaker">Where the speaker is.</param>
internal sealed record DaemonSetup(string Address, uint Asn, string RouterId, string Speaker)
{
    public uint SpeakerAsn { get; init; } = SpeakerLab.Asn;

    /// <summary>evpn, ipv4, ipv6, rtc.</summary>
    public ImmutableArray<string> Families { get; init; } = ["evpn"];

    /// <summary>Prefixes it originates, with their next hops.</summary>
    public ImmutableArray<(string Prefix, string NextHop)> Networks { get; init; } = [];

    /// <summary>TCP-MD5 key.</summary>
    public string? Password { get; init; }

    /// <summary>Seconds of graceful restart it offers; null for none.</summary>
    public int? RestartTime { get; init; }

    /// <summary>Whether it waits for the speaker to connect.</summary>
    public bool Listens { get; init; }

    /// <summary>The network namespace it runs in; null for the own one.</summary>
    public string? Namespace { get; init; }

    /// <summary>The zebra that bgpd uses, with all VNIs of its namespace; null for a bgpd alone.</summary>
    public string? Zebra { get; init; }

    /// <summary>Where gobgpd takes commands; of two in one namespace each needs its own.</summary>
    public ushort ApiPort { get; init; } = 50051;

    /// <summary>Whether it sends and takes several paths of a route (RFC 7911); GoBGP only, FRR is told by its own words.</summary>
    public bool AddPath { get; init; }

    /// <summary>More lines of its own configuration, where sessions are described.</summary>
    public string Lines { get; init; } = "";

    public bool IsInternal => Asn == SpeakerAsn;
}
