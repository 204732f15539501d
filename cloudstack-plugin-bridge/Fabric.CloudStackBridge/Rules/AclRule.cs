namespace Fabric.CloudStackBridge.Rules;

/// <summary>An access rule as a client wrote it; its place among others is that of its id.</summary>
public sealed record AclRule
{
    /// <summary>Its number, positive.</summary>
    public long Id { get; init; }

    /// <summary>Uid of the VPC it belongs to.</summary>
    public long Vpc { get; init; }

    /// <summary>Its name, unique in the VPC.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>permit</c> or <c>deny</c>.</summary>
    public string Action { get; init; } = "";

    /// <summary><c>tcp</c>, <c>udp</c>, <c>icmp</c>, <c>all</c>, <c>ip</c>, or a protocol number as text.</summary>
    public string Proto { get; init; } = "";

    /// <summary>Where packets come from, a prefix.</summary>
    public string SrcPrefix { get; init; } = "";

    /// <summary>Where they go, a prefix.</summary>
    public string DstPrefix { get; init; } = "";

    /// <summary>First source port; the only range that is accepted is all of them.</summary>
    public long SrcPortFrom { get; init; } = 1;

    /// <summary>Last source port.</summary>
    public long SrcPortTo { get; init; } = 65535;

    /// <summary>First destination port; counts with TCP and UDP only.</summary>
    public long DstPortFrom { get; init; } = 1;

    /// <summary>Last destination port.</summary>
    public long DstPortTo { get; init; } = 65535;

    /// <summary>ICMP type; null or -1: any.</summary>
    public long? IcmpType { get; init; }

    /// <summary>Kept for the client: answers pass in any case, since the data path knows sessions.</summary>
    public long? Established { get; init; }

    /// <summary>Kept for the client, like <see cref="Established"/>.</summary>
    public string? Reverse { get; init; }

    /// <summary>The client's words.</summary>
    public string Comment { get; init; } = "";
}
