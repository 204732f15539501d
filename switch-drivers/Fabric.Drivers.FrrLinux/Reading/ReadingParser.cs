using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Rendering;
using Fabric.Drivers.Sessions;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>Turns the answer of the read script into a reading. Never trusts it: anything odd is a <see cref="DeviceException"/>.</summary>
internal static class ReadingParser
{
    private static readonly string[] Daemons = ["zebra", "bgpd"];

    public static DeviceReading Parse(FrrDialect dialect, string output, string mark)
    {
        var answer = Answer.Parse(output, mark);
        if (!answer.Has("end"))
        {
            throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, "the device's answer ends in the middle");
        }

        var daemons = answer.Good("daemons") ?? throw Errors.RoutingNotRunning(answer.Text("daemons"));
        var running = daemons.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault()?.Split(' ') ?? [];
        if (Daemons.FirstOrDefault(d => !running.Contains(d)) is { } absent)
        {
            throw Errors.RoutingNotRunning($"{absent} is not among the running daemons: {string.Join(' ', running)}");
        }

        try
        {
            return Parse(dialect, answer, daemons, running);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, $"the device's answer is not understood: {Errors.OneLine(e.Message)}", e);
        }
    }

    private static DeviceReading Parse(FrrDialect dialect, Answer answer, string daemons, string[] running)
    {
        var kernel = new KernelFacts();
        kernel.ReadLinks(Need(answer, "link"));
        kernel.ReadAddresses(Need(answer, "addr"));
        kernel.ReadVlans(answer.Good("vlan") ?? "");
        kernel.ReadLocalEntries(answer.Good("fdb") ?? "");
        kernel.ReadUnreachable(IpFamily.V4, answer.Good("unreachable4") ?? "");
        kernel.ReadUnreachable(IpFamily.V6, answer.Good("unreachable6") ?? "");
        kernel.ReadSysctl(answer.Text("sysctl"));
        kernel.ReadInterfaceSettings(answer.Text("interfaces"));
        var state = StateReader.Read(dialect, kernel, FrrConfig.Parse(Need(answer, "config")));

        var host = Need(answer, "host").Trim().Split(' ');
        var version = daemons.Split('\n').FirstOrDefault(l => l.StartsWith("FRRouting ", StringComparison.Ordinal))?.Split(' ');
        var capabilities = answer.Text("capabilities").Split('\n', StringSplitOptions.TrimEntries);
        var facts = new DeviceFacts(
            host[0],
            host.Length > 1 ? host[1] : "",
            version is [var name, var number, ..] ? $"{name} {number}" : "FRRouting",
            new DeviceCapabilities(capabilities.Contains("bridge"), capabilities.Contains("bridge") && capabilities.Contains("vrf"), running.Contains("bfdd")),
            kernel.Links.Values.ToImmutableSortedDictionary(l => l.Name, l => new PortFact(l.Up, l.Running, l.Mtu), StringComparer.Ordinal));
        return new DeviceReading(
            state,
            facts,
            Sessions(answer.Good("bgp") ?? ""),
            [.. kernel.Links.Values.Where(l => l.Kind == "vxlan" && Vni.TryCreate(l.Number, out _, out _)).Select(l => (int)l.Number)],
            answer.Good("pending") is { } pending && pending.Trim() is { Length: > 0 } id ? new PendingTransaction(id) : null);
    }

    /// <summary>Sessions out of <c>show bgp summary json</c>: one object a family, each with its peers.</summary>
    private static ImmutableSortedDictionary<string, BgpSessionFact> Sessions(string json)
    {
        var sessions = ImmutableSortedDictionary.CreateBuilder<string, BgpSessionFact>(StringComparer.Ordinal);
        if (string.IsNullOrWhiteSpace(json))
        {
            return sessions.ToImmutable();
        }

        using var document = JsonDocument.Parse(json);
        foreach (var family in Members(document.RootElement))
        {
            if (family.Value.ValueKind != JsonValueKind.Object || !family.Value.TryGetProperty("peers", out var peers))
            {
                continue;
            }

            foreach (var peer in Members(peers))
            {
                var state = Member(peer.Value, "state");
                var established = state.ValueKind == JsonValueKind.String && state.ValueEquals("Established");
                var epoch = Member(peer.Value, "peerUptimeEstablishedEpoch");
                var since = established && epoch.ValueKind == JsonValueKind.Number && epoch.TryGetInt64(out var seconds) ? seconds : (long?)null;
                if (!sessions.TryGetValue(peer.Name, out var known) || !known.Established)
                {
                    sessions[peer.Name] = new BgpSessionFact(peer.Name, established, since);
                }
            }
        }

        return sessions.ToImmutable();
    }

    private static IEnumerable<JsonProperty> Members(JsonElement item) => item.ValueKind == JsonValueKind.Object ? item.EnumerateObject() : [];

    private static JsonElement Member(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var found) ? found : default;

    private static string Need(Answer answer, string section) =>
        answer.Good(section) ?? throw new FormatException($"the section {section} failed: {Errors.OneLine(answer.Text(section))}");
}
