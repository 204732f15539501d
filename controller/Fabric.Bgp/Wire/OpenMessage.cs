using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>An OPEN message.</summary>
/// <remarks>RFC 4271 section 4.2, RFC 5492, RFC 9072 for long optional parameters.
/// <code>
/// | version 1 | my AS 2 | hold time 2 | identifier 4 | opt len 1 | parameters ... |
/// parameter: | type 1 | length 1 (2 in the extended form) | value |
/// </code></remarks>
public sealed class OpenMessage : IEquatable<OpenMessage>
{
    /// <summary>AS_TRANS: stands in the two-octet field for an ASN that does not fit (RFC 6793).</summary>
    public const ushort AsTrans = 23456;

    private const byte CapabilitiesParameter = 2;
    private const byte ExtendedLengthParameter = 255;

    /// <summary>Protocol version; 4.</summary>
    public byte Version { get; init; } = 4;

    /// <summary>The two-octet AS field; see <see cref="AsNumber"/> for the real number.</summary>
    public ushort MyAs { get; init; }

    /// <summary>Proposed hold time in seconds; 0 switches timers off.</summary>
    public ushort HoldTime { get; init; }

    /// <summary>BGP identifier as an IPv4 address.</summary>
    public IpAddr Identifier { get; init; }

    /// <summary>Capabilities in wire order.</summary>
    public ImmutableArray<Capability> Capabilities { get; init; } = [];

    /// <summary>The AS number: of the four-octet capability where there is one, else of the field.</summary>
    public uint AsNumber => Capabilities.Select(static c => c.AsNumber).FirstOrDefault(static n => n is not null) ?? MyAs;

    /// <summary>Whether the four-octet AS capability is there.</summary>
    public bool FourOctetAs => Capabilities.Any(static c => c.AsNumber is not null);

    /// <summary>The families offered; IPv4 unicast when no multiprotocol capability says otherwise (RFC 4760 section 8).</summary>
    public ImmutableArray<AddressFamily> Families
    {
        get
        {
            var families = Capabilities.Where(static c => c.Family is not null).Select(static c => c.Family!.Value).Distinct().ToImmutableArray();
            return families.IsEmpty ? [AddressFamily.Ipv4Unicast] : families;
        }
    }

    /// <summary>What is said of restarts; the last of several counts (RFC 4724 section 3). Null when nothing is said.</summary>
    public GracefulRestartOffer? GracefulRestart =>
        Capabilities.Select(static c => c.AsGracefulRestart()).LastOrDefault(static r => r is not null);

    /// <summary>What is said of several paths of a route, a family each; the last of several for a family counts (RFC 7911 section 4).</summary>
    public ImmutableArray<AddPathOffer> AddPath =>
        [.. Capabilities.SelectMany(static c => c.AsAddPath() ?? []).GroupBy(static o => o.Family).Select(static g => g.Last())];

    /// <summary>Families that may have next hops of another one (RFC 8950).</summary>
    public ImmutableArray<ExtendedNextHop> ExtendedNextHops => [.. Capabilities.SelectMany(static c => c.AsExtendedNextHops() ?? []).Distinct()];

    /// <summary>The name the peer gives itself, if any.</summary>
    public PeerFqdn? Fqdn => Capabilities.Select(static c => c.AsFqdn()).FirstOrDefault(static n => n is not null);

    /// <summary>Whether a capability with this code is there.</summary>
    public bool Has(byte capabilityCode) => Capabilities.Any(c => c.Code == capabilityCode);

    /// <summary>Reads the body, without the header. Never throws; what is wrong becomes the notification to send.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> body, [NotNullWhen(true)] out OpenMessage? message, [NotNullWhen(false)] out NotificationMessage? error)
    {
        message = null;
        var reader = new WireReader(body);
        var version = reader.U8();
        var myAs = reader.U16();
        var holdTime = reader.U16();
        var identifier = reader.Ip(4);
        var parametersLength = (int)reader.U8();
        if (!reader.Failed && version != 4)
        {
            error = new(BgpError.Open, BgpError.UnsupportedVersion, new Octets([0, 4]));
            return false;
        }

        var extended = parametersLength == 255 && body.Length > 12 && body[10] == ExtendedLengthParameter;
        if (extended)
        {
            reader.U8();
            parametersLength = reader.U16();
        }

        var parameters = reader.Sub(parametersLength);
        if (reader.Failed || !reader.AtEnd)
        {
            error = new(BgpError.Open, 0);
            return false;
        }

        var capabilities = ImmutableArray.CreateBuilder<Capability>();
        while (!parameters.AtEnd)
        {
            var type = parameters.U8();
            var value = parameters.Sub(extended ? parameters.U16() : parameters.U8());
            if (parameters.Failed)
            {
                break;
            }

            if (type != CapabilitiesParameter)
            {
                error = new(BgpError.Open, BgpError.UnsupportedParameter);
                return false;
            }

            while (!value.AtEnd)
            {
                var code = value.U8();
                capabilities.Add(new Capability(code, new Octets(value.Take(value.U8()))));
            }

            if (value.Failed)
            {
                parameters.Fail("capability too short");
            }
        }

        if (parameters.Failed)
        {
            error = new(BgpError.Open, 0);
            return false;
        }

        error = null;
        message = new OpenMessage { MyAs = myAs, HoldTime = holdTime, Identifier = identifier, Capabilities = capabilities.ToImmutable() };
        return true;
    }

    /// <summary>Writes the whole message, header included; one optional parameter holds all capabilities.</summary>
    public void Encode(ref WireWriter writer)
    {
        var start = writer.Position;
        BgpFrame.Begin(ref writer, BgpMessageType.Open);
        writer.U8(Version);
        writer.U16(MyAs);
        writer.U16(HoldTime);
        writer.Ip(Identifier);
        var total = Capabilities.Sum(static c => 2 + c.Value.Length);
        if (total == 0)
        {
            writer.U8(0);
        }
        else if (total + 2 < 255)
        {
            writer.U8((byte)(total + 2));
            writer.U8(CapabilitiesParameter);
            writer.U8((byte)total);
        }
        else
        {
            writer.U8(255);
            writer.U8(ExtendedLengthParameter);
            writer.U16((ushort)(total + 3));
            writer.U8(CapabilitiesParameter);
            writer.U16((ushort)total);
        }

        foreach (var capability in Capabilities)
        {
            writer.U8(capability.Code);
            writer.U8((byte)capability.Value.Length);
            writer.Bytes(capability.Value.Span);
        }

        BgpFrame.End(ref writer, start);
    }

    /// <inheritdoc/>
    public bool Equals(OpenMessage? other) =>
        other is not null
        && (Version, MyAs, HoldTime, Identifier) == (other.Version, other.MyAs, other.HoldTime, other.Identifier)
        && Capabilities.SequenceEqual(other.Capabilities);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as OpenMessage);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(MyAs, HoldTime, Identifier, Capabilities.Length);

    /// <inheritdoc/>
    public override string ToString() => $"OPEN AS {AsNumber}, identifier {Identifier}, hold time {HoldTime} s, families {string.Join(' ', Families)}";
}
