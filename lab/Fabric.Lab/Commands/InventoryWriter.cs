using System.Text;
using Fabric.Lab.State;
using Fabric.Lab.Topology;

namespace Fabric.Lab.Commands;

/// <summary>Writes a lab as intent resources.</summary>
public static class InventoryWriter
{
    /// <summary>YAML documents: the site, its managed devices, and the links between them.</summary>
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
        foreach (var device in topology.Managed)
        {
            var fact = facts.Devices.First(d => d.Name == device.Name);
            Document(text, $$"""
                kind: Device
                name: {{device.Name}}
                spec:
                  site: {{topology.Site.Name}}
                  role: {{TopologyParser.RoleName(device.Role)}}
                  os: frr-linux
                  management:
                    address: {{fact.ManagementAddress}}
                    port: 22
                    user: root
                    hostKeys: ["{{fact.HostKey}}"]
                """);
        }

        var managed = topology.Managed.Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var link in topology.Links.Where(l => managed.Contains(l.A.Device) && managed.Contains(l.B.Device)))
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
