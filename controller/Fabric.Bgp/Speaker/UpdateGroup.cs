using Fabric.Bgp.Attributes;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>What makes two peers be told the same of a family.</summary>
internal sealed record UpdateGroupKey(
    FamilyIndex Family, bool IsInternal, PeerRole Role, bool AddPath, bool FourOctetAs, int MaxMessageLength, IpAddr LocalAddress,
    RoutePolicy? Export, bool OpenWithoutPolicy, bool OwnRoutesOnly, bool Ipv4OverIpv6)
{
    public static UpdateGroupKey Of(FamilyIndex family, SpeakerPeerConfig config, EngineSession session) => new(
        family, session.Context.IsInternal, config.Role, session.Context.AddPathSend.Contains(family.Family()), session.Context.FourOctetAs,
        session.Context.MaxMessageLength, session.LocalAddress, config.Export, config.OpenWithoutPolicy, config.OwnRoutesOnly,
        family == FamilyIndex.Ipv4 && session.Ipv4OverIpv6);

    /// <summary>Whether the peers can take routes with this next hop: an IPv4 route with an IPv6 one only by RFC 8950, an IPv6 route with an IPv4 one never.</summary>
    public bool Takes(IpAddr? nextHop) => Family switch
    {
        FamilyIndex.Ipv4 => Ipv4OverIpv6 || nextHop is { IsV4: true },
        FamilyIndex.Ipv6 => nextHop is { IsV6: true },
        _ => true,
    };
}

/// <summary>Peers that are told the same of a family: which routes, and with which attributes. Belongs to the engine.</summary>
internal sealed class UpdateGroup(UpdateGroupKey key, RouteTable table, SpeakerIdentity self)
{
    private const int MostVerdicts = 4096;

    private readonly SessionContext _context = new(key.FourOctetAs, key.IsInternal, [key.Family.Family()], key.MaxMessageLength);

    // The verdict on attributes of a sender, as long as the policy does not look at routes.
    private readonly Dictionary<(AttributeSet, int), PathAttributes?> _verdicts = [];

    public UpdateGroupKey Key { get; } = key;

    public List<FamilyMember> Members { get; } = [];

    /// <summary>What the codec must know.</summary>
    public SessionContext Context => _context;

    /// <summary>Whether any member filters by route target.</summary>
    public bool HasFiltered { get; set; }

    /// <summary>Forgets verdicts; sets may have gone.</summary>
    public void ForgetVerdicts() => _verdicts.Clear();

    /// <summary>The attributes with which a path goes out; null when it does not.</summary>
    public PathAttributes? Outgoing(in RoutePath path)
    {
        var set = table.Sets[path.Set];
        if (Key.Export is { DependsOnRoute: true })
        {
            return Decide(path, set, out _);
        }

        if (!_verdicts.TryGetValue((set, path.Peer), out var verdict))
        {
            if (_verdicts.Count >= MostVerdicts)
            {
                _verdicts.Clear();
            }

            verdict = Decide(path, set, out _);
            _verdicts.Add((set, path.Peer), verdict);
        }

        return verdict;
    }

    /// <summary>Whether a path goes out, and if not, why.</summary>
    public ExportVerdict Verdict(in RoutePath path)
    {
        Decide(path, table.Sets[path.Set], out var verdict);
        return verdict;
    }

    private PathAttributes? Decide(in RoutePath path, AttributeSet set, out ExportVerdict verdict)
    {
        var source = table.Peer(path.Peer);
        verdict = Key.Role == PeerRole.Observed ? ExportVerdict.ObservedPeer
            : set.KeepHere ? ExportVerdict.NoAdvertise
            : set.KeepInside && !Key.IsInternal ? ExportVerdict.NoExport
            : Key.OwnRoutesOnly && !source.IsLocal ? ExportVerdict.NotOwn
            : !Passes(source) ? ExportVerdict.NotReflected
            : Key.Export is null && !Key.IsInternal && !Key.OpenWithoutPolicy ? ExportVerdict.NoPolicy // RFC 8212
            : ExportVerdict.Sent;
        if (verdict != ExportVerdict.Sent)
        {
            return null;
        }

        var attributes = set.Attributes;
        var nextHop = NextHopRule.Usual;
        if (Key.Export is { } policy)
        {
            attributes = policy.Apply(new PolicyRoute(Key.Family.Family(), table.Nlri(path)), attributes, out nextHop);
            if (attributes is null)
            {
                verdict = ExportVerdict.RefusedByPolicy;
                return null;
            }
        }

        var outgoing = OutgoingAttributes.Of(attributes, source, Key, self);
        outgoing = nextHop switch
        {
            NextHopRule.Self => new PathAttributes(outgoing) { NextHop = Key.LocalAddress },
            NextHopRule.AsInAttributes when attributes.NextHop is { } given => new PathAttributes(outgoing) { NextHop = given },
            _ => outgoing,
        };
        if (!Key.Takes(outgoing.NextHop))
        {
            verdict = ExportVerdict.NextHopNotTaken;
            return null;
        }

        return outgoing;
    }

    /// <summary>RFC 4456 section 6: between internal peers routes pass only where one of the two is a client.</summary>
    private bool Passes(RibPeer source) =>
        !Key.IsInternal || !source.IsInternal || source.IsLocal || source.IsClient || Key.Role == PeerRole.ReflectorClient;
}
