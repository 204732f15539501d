using System.Collections.Immutable;
using Fabric.Bgp;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;

namespace Fabric.SoftGate.Upstream;

/// <summary>What the node is to its routers. A change of it ends all sessions.</summary>
/// <param name="Asn">Own AS.</param>
/// <param name="RouterId">BGP identifier.</param>
internal sealed record UpstreamIdentity(Asn Asn, IpAddr RouterId);

/// <summary>A link to routers.</summary>
/// <param name="Port">Interface name.</param>
/// <param name="Vlan">802.1Q tag; 0: untagged.</param>
/// <param name="Addresses">Own addresses on it.</param>
internal sealed record UpstreamLink(string Port, ushort Vlan, ValueList<IpInterface> Addresses)
{
    /// <summary>Whether an address is a neighbour's there.</summary>
    internal bool Holds(IpAddr address) => Addresses.Any(a => a.Network.Contains(address)) && Addresses.All(a => a.Address != address);

    /// <summary>The own address by which a neighbour sees the node; null: the neighbour is not there.</summary>
    internal IpAddr? OwnTowards(IpAddr address) => Holds(address) ? Addresses.First(a => a.Network.Contains(address)).Address : null;

    /// <summary>An own address of an IP version; null: there is none that others can send to.</summary>
    internal IpAddr? OwnOf(IpFamily family) => Addresses.Where(a => a.Family == family && !a.Address.IsLinkLocal).Select(a => (IpAddr?)a.Address).FirstOrDefault();
}

/// <summary>What a node is to its upstream routers, from its state alone: sessions, links, and the public prefixes with their owners.</summary>
internal sealed class UpstreamPlan
{
    /// <summary>What routers may send: the default route, and prefixes of hosts of the world. Own prefixes are left out when they are used.</summary>
    private static readonly RoutePolicy Import = new StatementPolicy(
        "what routers send",
        [
            new PolicyStatement(
                "no hosts there",
                [
                    new PrefixListMatch(
                    [
                        new PrefixList("special",
                        [
                            Inside("0.0.0.0/8"), Inside("127.0.0.0/8"), Inside("169.254.0.0/16"), Inside("224.0.0.0/3"),
                            Inside("::/8"), Inside("fe80::/10"), Inside("ff00::/8"),
                        ]),
                    ]),
                ],
                [],
                PolicyVerdict.Reject),
            new PolicyStatement("all others", [], [], PolicyVerdict.Accept),
        ]);

    /// <summary>Own routes only (see <see cref="SpeakerPeerConfig.OwnRoutesOnly"/>), which are the public prefixes: as they are.</summary>
    private static readonly RoutePolicy Export = new StatementPolicy(
        "public addresses", [new PolicyStatement("own routes", [], [], PolicyVerdict.Accept)]);

    private readonly SoftGateNode _node;

    private UpstreamPlan(SoftGateState state)
    {
        _node = state.Node;
        Identity = new(_node.Asn, EvpnPlan.RouterIdOf(_node));
        Links = _node.Upstreams.Select(u => new UpstreamLink(u.Port, u.Vlan?.Value ?? 0, u.Addresses)).ToValueList();
        var owned = state.Vpcs.ToDictionary(v => v.Uid, v => state.Partner is null || v.Owner == _node.Name);
        foreach (var rule in state.Nat)
        {
            foreach (var address in rule.Public)
            {
                Add(owned, rule.Vpc, IpPrefix.Host(address));
            }

            if (rule.PublicPrefix is { } prefix)
            {
                Add(owned, rule.Vpc, prefix);
            }
        }

        foreach (var balancer in state.Balancers.Where(b => !b.Internal))
        {
            Add(owned, balancer.Vpc, IpPrefix.Host(balancer.Address));
        }

        foreach (var address in state.PublicAddresses)
        {
            Add(owned, address.Vpc, address.Prefix);
        }
    }

    /// <summary>What the node is.</summary>
    internal UpstreamIdentity Identity { get; }

    /// <summary>Links to routers.</summary>
    internal ValueList<UpstreamLink> Links { get; }

    /// <summary>Public prefixes, and whether this node owns the VPC that has them.</summary>
    internal Dictionary<IpPrefix, bool> Public { get; } = [];

    /// <summary>What a state says. What names a VPC that is not there is left out.</summary>
    internal static UpstreamPlan Of(SoftGateState state) => new(state);

    /// <summary>
    /// The sessions. A router gets the IP versions of its session's and, if nobody else on the link speaks it, the other one. Routers in the own AS are
    /// left out: they could not be told that the partner is the better way.
    /// </summary>
    internal IReadOnlyCollection<SpeakerPeerConfig> Peers(UpstreamSettings settings)
    {
        var peers = new List<SpeakerPeerConfig>();
        foreach (var (upstream, link) in _node.Upstreams.Zip(Links))
        {
            foreach (var peer in upstream.Peers.Where(p => p.Asn != _node.Asn))
            {
                var other = peer.Address.IsV4 ? IpFamily.V6 : IpFamily.V4;
                var speaksBoth = link.OwnOf(other) is not null && upstream.Peers.All(p => p.Address.Family != other);
                peers.Add(new SpeakerPeerConfig
                {
                    Address = peer.Address,
                    Port = settings.Port,
                    RemoteAsn = peer.Asn,
                    LocalAddress = link.OwnTowards(peer.Address),
                    NextHopV4 = link.OwnOf(IpFamily.V4),
                    NextHopV6 = link.OwnOf(IpFamily.V6),
                    Families = speaksBoth ? [FamilyOf(peer.Address.Family), FamilyOf(other)] : [FamilyOf(peer.Address.Family)],
                    Import = Import,
                    Export = Export,
                    OwnRoutesOnly = true,
                    MaxPrefixes = settings.MaxPrefixes,
                    HoldTime = settings.HoldTime,
                    ConnectRetry = settings.ConnectRetry,
                    GracefulRestart = settings.RestartTime,
                });
            }
        }

        return [.. peers.DistinctBy(p => p.Address)];
    }

    /// <summary>What is announced, with how often the own AS stands in the path beyond the usual once.</summary>
    /// <param name="healthy">Whether packets that come here get anywhere; otherwise nothing is announced.</param>
    /// <param name="ready">Whether the node has the sessions of the VPCs that it owns; otherwise the partner is to look better.</param>
    internal Dictionary<IpPrefix, int> Announced(bool healthy, bool ready) =>
        healthy ? Public.ToDictionary(p => p.Key, p => p.Value ? (ready ? 0 : NotReady) : Standby) : [];

    /// <summary>Attributes of an own route.</summary>
    internal PathAttributes Attributes(int prepended) => new()
    {
        Origin = RouteOrigin.Igp,
        AsPath = prepended == 0 ? AsPath.Empty : new([new(AsPathSegmentKind.Sequence, [.. Enumerable.Repeat(_node.Asn.Value, prepended)])]),
    };

    private const int Standby = 3;
    private const int NotReady = 6;

    private static PrefixListEntry Inside(string prefix)
    {
        var network = IpPrefix.Parse(prefix);
        return new(network, network.Length, network.Address.BitLength);
    }

    private static AddressFamily FamilyOf(IpFamily family) => family == IpFamily.V4 ? AddressFamily.Ipv4Unicast : AddressFamily.Ipv6Unicast;

    private void Add(Dictionary<int, bool> owned, int vpc, IpPrefix prefix)
    {
        if (owned.TryGetValue(vpc, out var isOwner))
        {
            Public[prefix] = isOwner || Public.GetValueOrDefault(prefix);
        }
    }
}
