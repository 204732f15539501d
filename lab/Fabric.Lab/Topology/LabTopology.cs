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
    public IEnumerable<LabDevice> Managed => Devices.Where(d => d.Role is not (DeviceRole.Server or DeviceRole.External));

    /// <summary>Plain machines.</summary>
    public IEnumerable<LabDevice> Servers => Devices.Where(d => d.Role == DeviceRole.Server);
}

/// <param name="Name">Name of the site.</param>
/// <param name="FabricNumber">First half of the fabric's route targets, 1 to 65535.</param>
public sealed record LabSite(string Name, int FabricNumber);

/// <param name="Name">Host name, at most 15 characters.</param>
/// <param name="Role">What the node is.</param>
/// <param name="Asn">Autonomous system number wanted by the file, or null: the controller allocates one.</param>
public sealed record LabDevice(string Name, DeviceRole Role, uint? Asn);

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
