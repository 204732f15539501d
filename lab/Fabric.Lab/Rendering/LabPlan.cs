using System.Globalization;
using Fabric.Lab.Topology;

namespace Fabric.Lab.Rendering;

/// <summary>Everything that decides what a raised lab looks like.</summary>
/// <param name="Name">Name of the lab: prefix of its namespaces and interfaces, 1 to 10 characters.</param>
/// <param name="Topology">What to raise.</param>
/// <param name="OobNetwork">First three octets of the out-of-band management network, such as <c>172.29.3</c>; it is a /24.</param>
/// <param name="OobNamespace">Namespace that holds the bridge of the management network; null: the one the script runs in.</param>
/// <param name="Box">Directory the artifacts stand in where the script runs.</param>
/// <param name="ClientKey">Public SSH key that opens every device, as one line.</param>
public sealed record LabPlan(string Name, LabTopology Topology, string OobNetwork, string? OobNamespace, string Box, string ClientKey)
{
    private const int FirstDeviceAddress = 11;

    /// <summary>The address of the host, and so of the controller, on the management network.</summary>
    public string HostAddress => $"{OobNetwork}.1";

    /// <summary>The management network as a prefix.</summary>
    public string OobPrefix => $"{OobNetwork}.0/24";

    /// <summary>Management address of a device.</summary>
    public string ManagementAddress(LabDevice device) =>
        $"{OobNetwork}.{(FirstDeviceAddress + Topology.Routers.ToList().IndexOf(device)).ToString(CultureInfo.InvariantCulture)}";

    /// <summary>MAC address of a port, the same whenever the lab is raised; port 0 is the management port.</summary>
    public string Mac(LabDevice device, int port)
    {
        var index = Topology.Devices.ToList().IndexOf(device);
        return $"02:fa:{index:x2}:00:{port >> 8:x2}:{port & 0xff:x2}";
    }

    /// <summary>Ports of a node in the order of the links, with the end of the cable in each.</summary>
    public IEnumerable<(string Port, string CableEnd)> Ports(LabDevice device)
    {
        foreach (var link in Topology.Links)
        {
            if (link.A.Device == device.Name)
            {
                yield return (link.A.Port, $"c{link.Number}a");
            }

            if (link.B.Device == device.Name)
            {
                yield return (link.B.Port, $"c{link.Number}b");
            }
        }
    }
}
