namespace Fabric.Intent.Resources;

/// <summary>A cable between two ports. Between two managed devices it carries the underlay.</summary>
public sealed record LinkSpec : ResourceSpec
{
    /// <summary>One end.</summary>
    public required PortRef A { get; init; }

    /// <summary>The other end.</summary>
    public required PortRef B { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() =>
        [new("/spec/a/device", new(ResourceKind.Device, A.Device)), new("/spec/b/device", new(ResourceKind.Device, B.Device))];
}

/// <summary>A port of a device.</summary>
public sealed record PortRef
{
    /// <summary>Name of the Device.</summary>
    public required string Device { get; init; }

    /// <summary>Name of the port on it.</summary>
    public required string Port { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Device}:{Port}";
}
