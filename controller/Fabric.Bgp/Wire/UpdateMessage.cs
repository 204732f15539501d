using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>One attribute or route that was not as it should be.</summary>
/// <param name="Action">What it costs.</param>
/// <param name="Text">What was wrong.</param>
public readonly record struct UpdateProblem(ErrorAction Action, string Text);

/// <summary>Routes of a family that is carried but not decoded.</summary>
/// <param name="Family">The family.</param>
/// <param name="NextHop">Next hop octets; empty when withdrawn.</param>
/// <param name="Routes">The NLRI field.</param>
public readonly record struct OpaqueRoutes(AddressFamily Family, Octets NextHop, Octets Routes);

/// <summary>An UPDATE message, decoded.</summary>
/// <remarks>RFC 4271 section 4.3, RFC 4760, errors by RFC 7606.
/// <code>
/// | withdrawn length 2 | withdrawn IPv4 | attributes length 2 | attributes | IPv4 NLRI |
/// attribute: | flags 1 | code 1 | length 1 or 2 | value |
/// </code></remarks>
public sealed class UpdateMessage
{
    /// <summary>Attributes of the routes announced; null when the message only withdraws.</summary>
    public PathAttributes? Attributes { get; init; }

    /// <summary>EVPN routes announced.</summary>
    public EvpnRouteSet EvpnAnnounced { get; init; } = new();

    /// <summary>EVPN routes withdrawn; only their keys mean something.</summary>
    public EvpnRouteSet EvpnWithdrawn { get; init; } = new();

    /// <summary>IPv4 prefixes withdrawn in the message's own field, as on the wire.</summary>
    public Octets Ipv4Withdrawn { get; init; }

    /// <summary>IPv4 prefixes announced in the message's own field, as on the wire.</summary>
    public Octets Ipv4Announced { get; init; }

    /// <summary>The NEXT_HOP attribute, which belongs to <see cref="Ipv4Announced"/>.</summary>
    public IpAddr? Ipv4NextHop { get; init; }

    /// <summary>Announced routes of other families.</summary>
    public OpaqueRoutes? OtherAnnounced { get; init; }

    /// <summary>Withdrawn routes of other families.</summary>
    public OpaqueRoutes? OtherWithdrawn { get; init; }

    /// <summary>The family whose initial routes are complete, when this is an End-of-RIB marker (RFC 4724 section 2).</summary>
    public AddressFamily? EndOfRib { get; init; }

    /// <summary>What the worst problem costs.</summary>
    public ErrorAction Action { get; init; }

    /// <summary>The family a problem of class <see cref="ErrorAction.DisableFamily"/> concerns.</summary>
    public AddressFamily? BrokenFamily { get; init; }

    /// <summary>What to send when the session must be reset.</summary>
    public NotificationMessage? Reset { get; init; }

    /// <summary>Every problem found.</summary>
    public ImmutableArray<UpdateProblem> Problems { get; init; } = [];

    /// <summary>Reads the body, without the header. Never throws.</summary>
    public static UpdateMessage Decode(ReadOnlySpan<byte> body, SessionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var scan = UpdateScanner.Scan(body, context);
        return new UpdateMessage
        {
            Attributes = scan.Attributes,
            EvpnAnnounced = Evpn(scan.ReachFamily, scan.Reach, ref scan),
            EvpnWithdrawn = Evpn(scan.UnreachFamily, scan.Unreach, ref scan),
            Ipv4Withdrawn = new Octets(scan.Ipv4Withdrawn),
            Ipv4Announced = new Octets(scan.Ipv4Announced),
            Ipv4NextHop = scan.Ipv4NextHop,
            OtherAnnounced = scan.HasReach && scan.ReachFamily != AddressFamily.L2VpnEvpn
                ? new(scan.ReachFamily, NextHopOctets(scan.Attributes?.NextHop), new Octets(scan.Reach)) : null,
            OtherWithdrawn = !scan.Unreach.IsEmpty && scan.UnreachFamily != AddressFamily.L2VpnEvpn
                ? new(scan.UnreachFamily, default, new Octets(scan.Unreach)) : null,
            EndOfRib = scan.EndOfRib,
            Action = scan.Action,
            BrokenFamily = scan.BrokenFamily,
            Reset = scan.Reset,
            Problems = [.. scan.Problems],
        };
    }

    /// <summary>Writes the whole message, header included. <see cref="WireWriter.Failed"/> is set when it does not fit.</summary>
    public void Encode(ref WireWriter writer, SessionContext context) => UpdateEncoder.Encode(ref writer, this, context);

    private static EvpnRouteSet Evpn(AddressFamily family, ReadOnlySpan<byte> field, ref UpdateScanner scan)
    {
        var routes = new EvpnRouteSet();
        if (family == AddressFamily.L2VpnEvpn)
        {
            var walker = new NlriWalker(family, field, scan.HasPathIds(family));
            while (walker.Next(out var route, out _, out _))
            {
                EvpnNlri.TryDecode(route, routes, null);
            }
        }

        return routes;
    }

    private static Octets NextHopOctets(IpAddr? address)
    {
        if (address is not { } ip)
        {
            return default;
        }

        Span<byte> octets = stackalloc byte[16];
        ip.WriteTo(octets);
        return new Octets(octets[..ip.ByteLength]);
    }
}
