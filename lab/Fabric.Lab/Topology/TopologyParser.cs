using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Fabric.Lab.Topology;

/// <summary>What the parser made of a file: a topology, or the reasons why not, one line each.</summary>
public sealed record TopologyResult(LabTopology? Topology, IReadOnlyList<string> Errors);

/// <summary>
/// Reads a topology file strictly: an unknown key, a duplicate, a dangling link or a name that the kernel would not take
/// is an error with its line. Never throws on input.
/// </summary>
public sealed partial class TopologyParser
{
    private const int MaxLength = 1 << 20;
    private const int MaxDepth = 8;
    private const int MaxDevices = 200;
    private const int MaxInterfaceName = 15;
    private const int MaxAddresses = 16;
    private const int MaxSoftGates = 2;
    private static readonly string[] ReservedNames = ["oob", "cables"];
    private static readonly string[] ReservedPorts = ["lo", "mgmt0", "all", "default"];
    private static readonly string[] ReservedPortPrefixes = ["vnet", "vxlan", "brvx"];

    private readonly string _file;
    private readonly List<string> _errors = [];

    // Also the faulty ones: a fault in a device is told once, not again for each of its links.
    private readonly HashSet<string> _declared = new(StringComparer.Ordinal);

    private TopologyParser(string file) => _file = file;

    /// <param name="text">The YAML text.</param>
    /// <param name="file">The file's name, for messages.</param>
    public static TopologyResult Parse(string text, string file)
    {
        var parser = new TopologyParser(file);
        var topology = parser.Read(text);
        return new TopologyResult(parser._errors.Count == 0 ? topology : null, parser._errors);
    }

    private LabTopology? Read(string text)
    {
        if (Load(text) is not { } root)
        {
            return null;
        }

        var name = "lab";
        LabSite? site = null;
        List<LabDevice> devices = [];
        YamlSequenceNode? links = null;
        foreach (var (key, value) in Pairs(root))
        {
            switch (key)
            {
                case "name":
                    name = Text(value, "name") ?? name;
                    break;
                case "site":
                    site = ReadSite(value);
                    break;
                case "devices":
                    devices = ReadDevices(value);
                    break;
                case "links":
                    links = value as YamlSequenceNode;
                    if (links is null)
                    {
                        Error(value, "'links' must be a list");
                    }

                    break;
                default:
                    Error(value, $"unknown key '{key}' (known: name, site, devices, links)");
                    break;
            }
        }

        if (site is null && _errors.Count == 0)
        {
            Error(root, "no 'site'");
        }

        if (devices.Count == 0 && _errors.Count == 0)
        {
            Error(root, "no 'devices'");
        }

        var cables = links is null ? [] : ReadLinks(links);
        if (site is null)
        {
            return null;
        }

        var topology = new LabTopology(name, site, devices, cables);
        if (_errors.Count == 0)
        {
            CheckAddresses(topology, root);
            CheckSoftGates(topology, root);
        }

        return topology;
    }

    private void CheckAddresses(LabTopology topology, YamlNode node)
    {
        foreach (var port in topology.Devices.SelectMany(d => d.Addresses.Select(a => new LabPort(d.Name, a.Port))))
        {
            if (topology.FarEnd(port) is null)
            {
                Error(node, $"port {port} has addresses and no link");
            }
        }
    }

    private void CheckSoftGates(LabTopology topology, YamlNode node)
    {
        if (topology.SoftGates.Count() > MaxSoftGates)
        {
            Error(node, $"{topology.SoftGates.Count()} SoftGates; {MaxSoftGates} is the limit of a site");
        }

        foreach (var link in topology.Links)
        {
            foreach (var (near, far) in (ReadOnlySpan<(LabPort, LabPort)>)[(link.A, link.B), (link.B, link.A)])
            {
                if (topology.DeviceOf(near).Role != DeviceRole.External || topology.DeviceOf(far).Role != DeviceRole.Softgate)
                {
                    continue;
                }

                var addresses = topology.DeviceOf(near).AddressesOf(near.Port);
                if (addresses.Count == 0 || !addresses.All(a => a.IsPointToPoint))
                {
                    Error(node, $"port {near} faces a SoftGate: it needs addresses, each with /31 or /127");
                }
            }
        }
    }

    private YamlMappingNode? Load(string text)
    {
        if (text.Length > MaxLength)
        {
            _errors.Add($"{_file}: longer than {MaxLength} characters");
            return null;
        }

        try
        {
            // The tree is built recursively: refuse a depth no topology has before building it.
            var depth = 0;
            var events = new Parser(new StringReader(text));
            while (events.MoveNext())
            {
                depth += events.Current!.NestingIncrease;
                if (depth > MaxDepth || events.Current is AnchorAlias)
                {
                    _errors.Add($"{_file}:{events.Current.Start.Line}: {(depth > MaxDepth ? "nested too deeply" : "aliases are not allowed")}");
                    return null;
                }
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root)
            {
                return root;
            }

            _errors.Add($"{_file}: must hold one document with name, site, devices and links");
        }
        catch (YamlException e)
        {
            _errors.Add($"{_file}:{e.Start.Line}: {e.Message.ReplaceLineEndings(" ")}");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException)
        {
            // The scanner of the library gives some broken files these instead of an exception of its own.
            _errors.Add($"{_file}: not readable as YAML");
        }

        return null;
    }

    private LabSite? ReadSite(YamlNode node)
    {
        string? name = null;
        int? number = null;
        foreach (var (key, value) in Pairs(node, "site"))
        {
            switch (key)
            {
                case "name":
                    name = Text(value, "site name");
                    break;
                case "fabricNumber":
                    number = (int?)Number(value, "fabricNumber", 65535);
                    break;
                default:
                    Error(value, $"unknown key '{key}' in site (known: name, fabricNumber)");
                    break;
            }
        }

        if (string.IsNullOrEmpty(name) || number is null)
        {
            if (_errors.Count == 0)
            {
                Error(node, "site needs 'name' and 'fabricNumber'");
            }

            return null;
        }

        return new LabSite(name, number.Value);
    }

    private List<LabDevice> ReadDevices(YamlNode node)
    {
        List<LabDevice> devices = [];
        foreach (var (name, value) in Pairs(node, "devices"))
        {
            _declared.Add(name);
            if (!DeviceName().IsMatch(name) || name.Length > MaxInterfaceName)
            {
                Error(value, name.Length > MaxInterfaceName
                    ? $"device name '{name}' has {name.Length} characters; {MaxInterfaceName} is the limit"
                    : $"device name '{name}' must begin with a letter and hold only a-z, 0-9 and '-'");
                continue;
            }

            if (ReservedNames.Contains(name, StringComparer.Ordinal) || name.StartsWith("vm-", StringComparison.Ordinal))
            {
                Error(value, $"device name '{name}' is used by the lab itself");
                continue;
            }

            if (ReadDevice(name, value) is { } device)
            {
                devices.Add(device);
            }
        }

        if (devices.Count > MaxDevices)
        {
            Error(node, $"{devices.Count} devices; {MaxDevices} is the limit of one management network");
        }

        return devices;
    }

    private LabDevice? ReadDevice(string name, YamlNode node)
    {
        DeviceRole? role = null;
        uint? asn = null;
        IReadOnlyList<LabPortAddresses>? addresses = null;
        IReadOnlyList<LabAddress>? accepts = null;
        var before = _errors.Count;
        foreach (var (key, value) in Pairs(node, $"device {name}"))
        {
            switch (key)
            {
                case "role":
                    var text = Text(value, "role");
                    role = Enum.GetValues<DeviceRole>().Cast<DeviceRole?>().FirstOrDefault(r => RoleName(r!.Value) == text);
                    if (role is null)
                    {
                        Error(value, $"device {name}: unknown role '{text}' (known: {string.Join(", ", Enum.GetValues<DeviceRole>().Select(RoleName))})");
                    }

                    break;
                case "asn":
                    asn = (uint?)Number(value, "asn", uint.MaxValue);
                    break;
                case "addresses":
                    addresses = [.. Pairs(value, $"addresses of {name}").Select(p => new LabPortAddresses(p.Key, ReadAddresses(p.Value, $"{name}:{p.Key}")))];
                    break;
                case "accepts":
                    accepts = ReadAddresses(value, $"accepts of {name}", networks: true);
                    break;
                default:
                    Error(value, $"device {name}: unknown key '{key}' (known: role, asn, addresses, accepts)");
                    break;
            }
        }

        if (role is null && _errors.Count == before)
        {
            Error(node, $"device {name}: no 'role'");
        }

        if (role == DeviceRole.External && asn is null && _errors.Count == before)
        {
            Error(node, $"device {name}: an external router needs an 'asn'");
        }

        if (addresses is not null && role is not (DeviceRole.External or DeviceRole.Server) && _errors.Count == before)
        {
            Error(node, $"device {name}: only external routers and servers have 'addresses' from the start");
        }

        if (accepts is not null && role != DeviceRole.External && _errors.Count == before)
        {
            Error(node, $"device {name}: only an external router has 'accepts'");
        }

        return role is { } known ? new LabDevice(name, known, asn) { Addresses = addresses ?? [], Accepts = accepts ?? [] } : null;
    }

    private List<LabAddress> ReadAddresses(YamlNode node, string what, bool networks = false)
    {
        List<LabAddress> addresses = [];
        if (node is not YamlSequenceNode { Children.Count: > 0 and <= MaxAddresses } list)
        {
            Error(node, $"{what} must be a list of 1 to {MaxAddresses} addresses");
            return addresses;
        }

        foreach (var item in list)
        {
            var text = (item as YamlScalarNode)?.Value ?? "";
            if (LabAddress.Parse(text) is { } address && (!networks || address.IsNetwork))
            {
                addresses.Add(address);
            }
            else
            {
                Error(item, $"{what}: '{text}' is not {(networks ? "a network such as 198.51.100.0/24" : "an address with a prefix length such as 203.0.113.1/24")}");
            }
        }

        return addresses;
    }

    private List<LabLink> ReadLinks(YamlSequenceNode list)
    {
        var used = new Dictionary<LabPort, int>();
        List<LabLink> links = [];
        var number = 0;
        foreach (var node in list)
        {
            number++;
            var text = (node as YamlScalarNode)?.Value ?? "";
            var match = Link().Match(text);
            if (!match.Success)
            {
                Error(node, $"link {number}: '{text}' is not of the form 'device:port - device:port'");
                continue;
            }

            var a = new LabPort(match.Groups["a"].Value, match.Groups["ap"].Value);
            var b = new LabPort(match.Groups["b"].Value, match.Groups["bp"].Value);
            var good = true;
            foreach (var port in (LabPort[])[a, b])
            {
                if (CheckPort(port) is { } problem)
                {
                    Error(node, $"link {number}: {problem}");
                    good = false;
                }
                else if (!used.TryAdd(port, number))
                {
                    Error(node, $"link {number}: port {port} is used already by link {used[port]}");
                    good = false;
                }
            }

            if (good && a.Device == b.Device)
            {
                Error(node, $"link {number}: joins {a.Device} with itself");
            }

            links.Add(new LabLink(number, a, b));
        }

        return links;
    }

    private string? CheckPort(LabPort port)
    {
        if (!_declared.Contains(port.Device))
        {
            return $"no device '{port.Device}'";
        }

        if (port.Port.Length > MaxInterfaceName)
        {
            return $"interface name '{port.Port}' has {port.Port.Length} characters; {MaxInterfaceName} is the limit";
        }

        if (!PortName().IsMatch(port.Port))
        {
            return $"interface name '{port.Port}' must begin with a letter and hold only a-z, A-Z, 0-9, '_', '-' and '.'";
        }

        return ReservedPorts.Contains(port.Port, StringComparer.Ordinal)
            || ReservedPortPrefixes.Any(p => port.Port.StartsWith(p, StringComparison.Ordinal))
            ? $"interface name '{port.Port}' is used by the lab itself"
            : null;
    }

    private IEnumerable<(string Key, YamlNode Value)> Pairs(YamlNode node, string what = "the file")
    {
        if (node is not YamlMappingNode mapping)
        {
            Error(node, $"{what} must be a mapping");
            yield break;
        }

        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: { } text })
            {
                yield return (text, value);
            }
            else
            {
                Error(key, $"{what}: a key must be a plain word");
            }
        }
    }

    private string? Text(YamlNode node, string what)
    {
        if (node is YamlScalarNode { Value: { Length: > 0 } text } && !text.Any(char.IsControl))
        {
            return text;
        }

        Error(node, $"{what} must be a text");
        return null;
    }

    private long? Number(YamlNode node, string what, long most)
    {
        var text = (node as YamlScalarNode)?.Value;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most)
        {
            return number;
        }

        Error(node, $"{what} '{text}' is not a number from 1 to {most}");
        return null;
    }

    private void Error(YamlNode node, string message) => _errors.Add($"{_file}:{node.Start.Line}: {message}");

    /// <summary>The role as topology files and the controller's intent write it.</summary>
    public static string RoleName(DeviceRole role) => role.ToString().ToLowerInvariant();

    [GeneratedRegex("^[a-z][a-z0-9-]*$", RegexOptions.None, 1000)]
    private static partial Regex DeviceName();

    [GeneratedRegex("^[a-zA-Z][a-zA-Z0-9_.-]*$", RegexOptions.None, 1000)]
    private static partial Regex PortName();

    [GeneratedRegex(@"^(?<a>[^\s:]+):(?<ap>[^\s:]+) - (?<b>[^\s:]+):(?<bp>[^\s:]+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();
}
