using System.Globalization;
using System.Text;
using Fabric.Lab.State;
using Fabric.Lab.Topology;

namespace Fabric.Lab.Commands;

/// <summary>Writes a lab as intent resources.</summary>
public static class InventoryWriter
{
    /// <summary>
    /// YAML documents: the site, its devices with pinned host keys, and the links between them. What touches no managed device is
    /// not the fabric's: a link between a router outside and a host there, and that host.
    /// </summary>
    /// <param name="facts">The raised lab.</param>
    /// <param name="topology">What it was raised from.</param>
    /// <param name="withSoftGates">Also the SoftGates, their links and their pair.</param>
    public static string Write(LabFacts facts, LabTopology topology, bool withSoftGates = false)
    {
        var managed = (withSoftGates ? topology.Managed.Concat(topology.SoftGates) : topology.Managed).Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        var outside = withSoftGates ? [] : topology.SoftGates.Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        var links = topology.Links
            .Where(l => (managed.Contains(l.A.Device) || managed.Contains(l.B.Device)) && !outside.Contains(l.A.Device) && !outside.Contains(l.B.Device)).ToList();
        var ports = links.SelectMany(l => (LabPort[])[l.A, l.B]).ToList();
        var text = new StringBuilder();
        Document(text, $$"""
            kind: Site
            name: {{topology.Site.Name}}
            spec:
              fabricNumber: {{topology.Site.FabricNumber}}
              controllers: ["{{facts.ControllerAddress}}"]
            """);
        foreach (var device in topology.Devices.Where(d => managed.Contains(d.Name) || ports.Any(p => p.Device == d.Name)))
        {
            var body = new StringBuilder();
            body.Append(CultureInfo.InvariantCulture, $"""
                kind: Device
                name: {device.Name}
                spec:
                  site: {topology.Site.Name}
                  role: {TopologyParser.RoleName(device.Role)}
                """);
            if (device.Asn is { } asn)
            {
                body.Append(CultureInfo.InvariantCulture, $"\n  asn: {asn}");
            }

            if (managed.Contains(device.Name))
            {
                var fact = facts.Devices.First(d => d.Name == device.Name);
                body.Append(CultureInfo.InvariantCulture, $"""

                      os: {(device.Role is DeviceRole.Hypervisor or DeviceRole.Softgate ? "kvm-host" : "frr-linux")}
                      management:
                        address: {fact.ManagementAddress}
                        port: 22
                        user: root
                        hostKeys: ["{fact.HostKey}"]
                    """);
            }

            body.Append("\n  ports:");
            foreach (var port in ports.Where(p => p.Device == device.Name))
            {
                body.Append(CultureInfo.InvariantCulture, $"\n  - name: {port.Port}");
            }

            Document(text, body.ToString());
        }

        foreach (var link in links)
        {
            Document(text, $$"""
                kind: Link
                name: "{{link}}"
                spec:
                  a: {device: {{link.A.Device}}, port: {{link.A.Port}}}
                  b: {device: {{link.B.Device}}, port: {{link.B.Port}}}
                """);
        }

        if (withSoftGates && topology.SoftGates.Any())
        {
            Document(text, Pair(topology));
        }

        return text.ToString();
    }

    private static string Pair(LabTopology topology)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"""
            kind: SoftGatePair
            name: {topology.Site.Name}
            spec:
              site: {topology.Site.Name}
              softGates: [{string.Join(", ", topology.SoftGates.Select(d => d.Name))}]
              upstreams:
            """);
        foreach (var (softGate, router, addresses) in topology.Upstreams)
        {
            body.Append(CultureInfo.InvariantCulture, $"""

                  - softGate: {softGate.Device}
                    port: {softGate.Port}
                    addresses: [{string.Join(", ", addresses.Select(a => $"\"{a.Partner}\""))}]
                    peers:
                """);
            foreach (var address in addresses)
            {
                body.Append(CultureInfo.InvariantCulture, $"\n    - {{address: \"{address.Address}\", asn: {topology.DeviceOf(router).Asn}}}");
            }
        }

        return body.ToString();
    }

    private static void Document(StringBuilder text, string body) => text.Append("---\n").Append(body).Append('\n');
}
