using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>What a rule or a list does with a packet.</summary>
public enum AclAction
{
    /// <summary>It may pass, and so may what answers it.</summary>
    Permit,

    /// <summary>It is dropped.</summary>
    Deny,
}

/// <summary>
/// An ordered list of stateful rules; the first that matches counts. V-Nets, VPCs and public addresses name the lists that they meet.
/// </summary>
public sealed record AclListSpec : ResourceSpec
{
    /// <summary>Most rules of a list.</summary>
    public const int MaxRules = 1000;

    /// <summary>Who owns it.</summary>
    public required string Tenant { get; init; }

    /// <summary>What happens where no rule matches.</summary>
    public AclAction Default { get; init; } = AclAction.Deny;

    /// <summary>The rules, by their numbers, at most <see cref="MaxRules"/>.</summary>
    public ValueList<AclRuleSpec> Rules { get; init; } = [];

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/tenant", new(ResourceKind.Tenant, Tenant))];
}

/// <summary>A rule of an <see cref="AclListSpec"/>. What is absent or empty matches everything.</summary>
public sealed record AclRuleSpec
{
    /// <summary>Its place: smaller ones are asked first; 1..65535, each once in a list.</summary>
    public required int Number { get; init; }

    /// <summary>What happens with what matches.</summary>
    public required AclAction Action { get; init; }

    /// <summary>Protocol: <c>tcp</c>, <c>udp</c>, <c>icmp</c>, <c>icmpv6</c>, or a number 0..255 as text.</summary>
    public string? Protocol { get; init; }

    /// <summary>Source prefixes, any of them.</summary>
    public ValueList<IpPrefix> Sources { get; init; } = [];

    /// <summary>Destination prefixes, any of them.</summary>
    public ValueList<IpPrefix> Destinations { get; init; } = [];

    /// <summary>Destination ports of TCP, UDP and SCTP, any of them.</summary>
    public ValueList<PortRange> Ports { get; init; } = [];

    /// <summary>ICMP type, 0..255.</summary>
    public byte? IcmpType { get; init; }

    /// <summary>ICMP code, 0..255; needs a type.</summary>
    public byte? IcmpCode { get; init; }

    /// <summary>Log what matches, a bounded number a second.</summary>
    public bool Log { get; init; }

    /// <summary>Free text, at most 1024 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>The IP protocol number; null: every one, or a name that is none.</summary>
    public static byte? NumberOf(string? protocol) => protocol switch
    {
        "tcp" => 6,
        "udp" => 17,
        "icmp" => 1,
        "icmpv6" => 58,
        { Length: > 0 and <= 3 } text when text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0')
            && byte.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
