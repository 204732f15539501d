using System.Globalization;
using System.Text;
using Fabric.Lab.State;
using Fabric.Lab.Topology;

namespace Fabric.Lab.Commands;

/// <summary>Writes a lab as intent resources.</summary>
public static class InventoryWriter
{
    /// <summary>YAML documents: the site, its devices with pinned host keys, and the links between them.</summary>
    public static string Write(LabFacts facts, LabTopology topology)
    {
        var text = new StringBuilder();
        Document(text, $$"""
            kind: Site
            name: {{topology.Site.Name}}
            spec:
              fabricNumber: {{topology.Site.FabricNumber}}
              controllers: ["{{facts.ControllerAddress}}"]
            """);
        foreach (var device in topology.Devices)
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

            if (topology.Managed.Contains(device))
            {
                var fact = facts.Devices.First(d => d.Name == device.Name);
                body.Append(CultureInfo.InvariantCulture, $"""

                      os: {(device.Role == DeviceRole.Hypervisor ? "kvm-host" : "frr-linux")}
                      management:
                        address: {fact.ManagementAddress}
                        port: 22
                        user: root
                        hostKeys: ["{fact.HostKey}"]
                    """);
            }

            body.Append("\n  ports:");
            foreach (var port in topology.Links.SelectMany(l => (LabPort[])[l.A, l.B]).Where(p => p.Device == device.Name))
            {
                body.Append(CultureInfo.InvariantCulture, $"\n  - name: {port.Port}");
            }

            Document(text, body.ToString());
        }

        foreach (var link in topology.Links)
        {
            Document(text, $$"""
                kind: Link
                name: "{{link}}"
                spec:
                  a: {device: {{link.A.Device}}, port: {{link.A.Port}}}
                  b: {device: {{link.B.Device}}, port: {{link.B.Port}}}
                """);
        }

        return text.ToString();
    }

    private static void Document(StringBuilder text, string body) => text.Append("---\n").Append(body).Append('\n');
}
