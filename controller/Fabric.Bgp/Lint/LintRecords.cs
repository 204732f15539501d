using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Lint;

/// <summary>A VTEP, while some path names it.</summary>
internal sealed class VtepRecord(IpAddr address)
{
    public IpAddr Address { get; } = address;

    /// <summary>Attribute sets that use this record.</summary>
    public int Users;

    public Tally<MacAddress> RouterMacs;
}

/// <summary>A route target, while some path carries it or somebody imports it.</summary>
internal sealed class TargetRecord(RouteTarget target)
{
    public RouteTarget Target { get; } = target;

    /// <summary>Attribute sets that use this record.</summary>
    public int Users;

    public int Paths;

    public int Importers;

    public Tally<uint> L2Vnis;

    public Tally<uint> L3Vnis;
}

/// <summary>What the linter needs of an attribute set, shared by all paths that carry it.</summary>
internal sealed class AttributeRecord(PathAttributes attributes, VtepRecord vtep, TargetRecord[] targets)
{
    public PathAttributes Attributes { get; } = attributes;

    /// <summary>Paths that use this record.</summary>
    public int Users;

    public VtepRecord Vtep { get; } = vtep;

    public TargetRecord[] Targets { get; } = targets;

    public uint Sequence { get; } = attributes.MacMobility?.Sequence ?? 0;

    public bool Gateway { get; } = attributes.IsDefaultGateway;

    public MacAddress? RouterMac { get; } = attributes.RouterMac;

    public uint FloodVni { get; } = attributes.PmsiTunnel?.Label.Raw ?? 0;
}

/// <summary>A VTEP's claim on a MAC or an address.</summary>
internal readonly record struct Claim(VtepRecord Vtep, EthernetSegmentId Esi, uint Sequence, bool Gateway)
{
    public override string ToString() =>
        $"VTEP {Vtep.Address}, sequence {Sequence}{(Esi.IsZero ? "" : $", segment {Esi}")}{(Gateway ? ", default gateway" : "")}";

    /// <summary>Whether two of the newest claims exclude each other. Gateways are everywhere on purpose; a host that claims a gateway's is not.</summary>
    public static bool Conflict(in Tally<Claim> claims)
    {
        if (!claims.IsMixed)
        {
            return false;
        }

        var newest = claims.Values.Max(static c => c.Sequence);
        if (claims.Values.Where(c => c.Sequence == newest && !c.Gateway).Select(static c => (Claim?)c).FirstOrDefault() is not { } host)
        {
            return false;
        }

        // Two claims go together when they are of one VTEP or on one segment. That a third goes with each of two does not make these go
        // together: those of the host's VTEP elsewhere and those of its segment elsewhere have nothing in common, unless both are gateways.
        var (onVtep, onSegment, isHost) = (false, false, false);
        foreach (var claim in claims.Values.Where(c => c.Sequence == newest))
        {
            var sameSegment = !host.Esi.IsZero && claim.Esi == host.Esi;
            if (claim.Vtep == host.Vtep)
            {
                onVtep |= !sameSegment;
                isHost |= !sameSegment && !claim.Gateway;
            }
            else if (sameSegment)
            {
                onSegment = true;
                isHost |= !claim.Gateway;
            }
            else
            {
                return true;
            }
        }

        return onVtep && onSegment && isHost;
    }
}

/// <summary>What is known of a type-2 path.</summary>
internal readonly record struct MacIpRecord(AttributeRecord Attributes, EthernetSegmentId Esi, EvpnLabel Label1, EvpnLabel? Label2);

/// <summary>How many routes ask for something, and how many give it.</summary>
internal record struct Balance(int Asking, int Giving)
{
    public readonly bool Lacks => Asking > 0 && Giving == 0;

    public readonly bool IsEmpty => Asking == 0 && Giving == 0;
}
