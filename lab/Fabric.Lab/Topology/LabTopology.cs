namespace Fabric.Lab.Topology;

/// <summary>A lab as its topology file describes it; checked, so that everything in it refers to something in it.</summary>
/// <param name="Name">Name of the topology.</param>
/// <param name="Site">The site that the controller is told about.</param>
/// <param name="Devices">All nodes in the order of the file.</param>
/// <param name="Links">All cables in the order of the file.</param>
public sealed record LabTopology(string Name, LabSite Site, IReadOnlyList<LabDevice> Devices, IReadOnlyList<LabLink> Links)
{
    /// <summary>Nodes with FRR, sshd and a management port.</summary>
    public IEnumerable<LabDevice> Routers => Devices.Where(d => d.Role != DeviceRole.Server);

    /// <summary>Nodes the controller manages.</summary>
    public IEnumerable<LabDevice> Managed => Devices.Where(d => d.Role is not (DeviceRole.Server or DeviceRole.External or DeviceRole.Softgate));

    /// <summary>Gateway servers; the controller manages them where it is told about them.</summary>
    public IEnumerable<LabDevice> SoftGates => Devices.Where(d => d.Role == DeviceRole.Softgate);

    /// <summary>Plain machines.</summary>
    public IEnumerable<LabDevice> Servers => Devices.Where(d => d.Role == DeviceRole.Server);

    /// <summary>The port at the other end of the cable; null where there is no cable.</summary>
    public LabPort? FarEnd(LabPort port) => Links.Select(l => l.A == port ? l.B : l.B == port ? l.A : null).FirstOrDefault(p => p is not null);

    /// <summary>The device of a port, which must be one of this topology.</summary>
    public LabDevice DeviceOf(LabPort port) => Devices.First(d => d.Name == port.Device);

    /// <summary>The ports of external routers that face SoftGates, with the SoftGate's port and the router's addresses there; in the order of the file.</summary>
    public IEnumerable<(LabPort SoftGate, LabPort Router, IReadOnlyList<LabAddress> Addresses)> Upstreams =>
        from device in Devices
        where device.Role == DeviceRole.External
        from numbered in device.Addresses
        let router = new LabPort(device.Name, numbered.Port)
        let softGate = FarEnd(router)
        where softGate is not null && DeviceOf(softGate).Role == DeviceRole.Softgate
        select (softGate, router, numbered.Addresses);
}

/// <param name="Name">Name of the site.</param>
/// <param name="FabricNumber">First half of the fabric's route targets, 1 to 65535.</param>
public sealed record LabSite(string Name, int FabricNumber);

/// <param name="Name">Host name, at most 15 characters.</param>
/// <param name="Role">What the node is.</param>
/// <param name="Asn">Autonomous system number wanted by the file, or null: the controller allocates one.</param>
public sealed record LabDevice(string Name, DeviceRole Role, uint? Asn)
{
    /// <summary>Addresses that an external router or a server has from the start.</summary>
    public IReadOnlyList<LabPortAddresses> Addresses { get; init; } = [];

    /// <summary>Ranges of which an external router accepts routes, of any length, from SoftGates.</summary>
    public IReadOnlyList<LabAddress> Accepts { get; init; } = [];

    /// <summary>The addresses of one port; empty if it has none.</summary>
    public IReadOnlyList<LabAddress> AddressesOf(string port) => Addresses.FirstOrDefault(a => a.Port == port)?.Addresses ?? [];
}

/// <param name="Port">A port of the device.</param>
/// <param name="Addresses">Its addresses, at least one.</param>
public sealed record LabPortAddresses(string Port, IReadOnlyList<LabAddress> Addresses);

/// <param name="Number">Position in the file, from 1.</param>
/// <param name="A">The end written first.</param>
/// <param name="B">The end written second.</param>
public sealed record LabLink(int Number, LabPort A, LabPort B)
{
    public override string ToString() => $"{A} - {B}";
}

public sealed record LabPort(string Device, string Port)
{
    public override string ToString() => $"{Device}:{Port}";
}
