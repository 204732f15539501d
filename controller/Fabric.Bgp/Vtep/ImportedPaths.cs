using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A path that some bridge domain or VRF of this VTEP takes, and which ones.</summary>
internal abstract class ImportedPath(PathSource source, PathAttributes attributes)
{
    public PathSource Source { get; } = source;

    public PathAttributes Attributes { get; } = attributes;

    public IpAddr Vtep { get; } = attributes.NextHop.GetValueOrDefault();

    /// <summary>In which telling of all paths it was told last.</summary>
    public int Telling { get; set; }

    /// <summary>Whether it says the same as a later one from the same source.</summary>
    public abstract bool Says(ImportedPath same);

    public L2Instance[] Bridges { get; set; } = [];

    public L3Instance[] Vrfs { get; set; } = [];
}

/// <summary>Type 1.</summary>
internal sealed class AutoDiscoveryPath(PathSource source, EthernetAutoDiscoveryRoute route, PathAttributes attributes) : ImportedPath(source, attributes)
{
    public EthernetAutoDiscoveryRoute Route { get; } = route;

    public override bool Says(ImportedPath same) => same is AutoDiscoveryPath other && other.Route == Route && other.Attributes.Equals(Attributes);

    public bool SingleActive { get; } = attributes.ExtendedCommunities.Any(static c => c.EsiLabel is { SingleActive: true });
}

/// <summary>Type 2.</summary>
internal sealed class MacIpPath(PathSource source, MacIpRoute route, PathAttributes attributes) : ImportedPath(source, attributes)
{
    public MacIpRoute Route { get; } = route;

    public override bool Says(ImportedPath same) => same is MacIpPath other && other.Route == Route && other.Attributes.Equals(Attributes);

    public MacAddress Mac => Route.Key.Mac;

    public uint Sequence { get; } = attributes.MacMobility?.Sequence ?? 0;

    public bool Sticky { get; } = attributes.MacMobility is { Sticky: true };

    public bool DefaultGateway { get; } = attributes.IsDefaultGateway;

    public NeighborFlags Flags
    {
        get
        {
            foreach (var community in Attributes.ExtendedCommunities)
            {
                if (community.NeighborFlags is { } flags)
                {
                    return flags;
                }
            }

            return NeighborFlags.None;
        }
    }
}

/// <summary>Type 3.</summary>
internal sealed class MulticastPath(PathSource source, MulticastRoute route, PathAttributes attributes, IpAddr endpoint) : ImportedPath(source, attributes)
{
    public MulticastRoute Route { get; } = route;

    public override bool Says(ImportedPath same) => same is MulticastPath other && other.Route == Route && other.Attributes.Equals(Attributes);

    public IpAddr Endpoint { get; } = endpoint;
}

/// <summary>Type 4.</summary>
internal sealed class SegmentPath(PathSource source, EthernetSegmentRoute route, PathAttributes attributes) : ImportedPath(source, attributes)
{
    public EthernetSegmentRoute Route { get; } = route;

    public override bool Says(ImportedPath same) => same is SegmentPath other && other.Route == Route && other.Attributes.Equals(Attributes);

    public DfElection? Election
    {
        get
        {
            foreach (var community in Attributes.ExtendedCommunities)
            {
                if (community.DfElection is { } election)
                {
                    return election;
                }
            }

            return null;
        }
    }
}

/// <summary>Type 5.</summary>
internal sealed class PrefixRoutePath(PathSource source, PrefixRoute route, PathAttributes attributes, PrefixPath shown) : ImportedPath(source, attributes)
{
    public PrefixRoute Route { get; } = route;

    public override bool Says(ImportedPath same) => same is PrefixRoutePath other && other.Route == Route && other.Attributes.Equals(Attributes);

    public PrefixPath Shown { get; } = shown;
}
