using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Store;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// Carries out commands: what CloudStack has said with the command in it becomes the controller's intent, and only when the controller has
/// accepted that is it kept. So a refused or interrupted command has said nothing, and the next one puts the intent right again.
/// </summary>
public sealed class ExtensionService(ExtensionStore store, IntentFeed feed, IntentWriter writer, ControllerApi api, DomainLocks locks)
{
    /// <summary>Carries out a command.</summary>
    /// <param name="call">The command.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What CloudStack wants printed; null: nothing.</returns>
    /// <exception cref="NetrisException">It is refused, or cannot be carried out now.</exception>
    public async Task<JsonNode?> RunAsync(Call call, CancellationToken cancellationToken)
    {
        using var turn = await locks.EnterAsync(call.Key, cancellationToken);
        if (call.Command == "custom-action")
        {
            return await ActAsync(call, cancellationToken);
        }

        var before = store.Load(call.Key);
        var effect = Commands.Apply(before, call);
        var same = ExtensionStore.Same(before, effect.Domain);

        // What begins a network or a VPC is also what repairs it.
        if (!same || call.Command is "implement-network" or "implement-vpc")
        {
            await WriteAsync(call.Key, effect.Domain, Reason(call), cancellationToken);
        }

        if (!same || !effect.Guests.IsEmpty)
        {
            store.Save(call.Key, effect);
        }

        return call.Command switch
        {
            // CloudStack keeps the answer in a short column and hands it back with each command; an unchanged one costs it nothing.
            "ensure-network-device" => new JsonObject { ["fabric"] = call.Key.ToString() },
            "implement-network" when effect.Domain.Networks[call.NetworkId].Vni is null => await SegmentAsync(call, cancellationToken),
            _ => null,
        };
    }

    private Task<IntentView> WriteAsync(DomainKey key, RoutingDomain domain, string reason, CancellationToken cancellationToken) =>
        writer.WriteAsync(reason, view => DomainIntent.Plan(view, key, domain), cancellationToken);

    /// <summary>The segment that the controller has chosen, since CloudStack has none.</summary>
    private async Task<JsonNode> SegmentAsync(Call call, CancellationToken cancellationToken)
    {
        var name = call.Key.VNet(call.NetworkId);
        var view = await feed.WaitAsync(v => v.Find(Kinds.VNet, name)?.Vni is not null, cancellationToken) ?? throw new NetrisException(500, $"the controller has not chosen a VNI for {name}");
        return new JsonObject
        {
            ["network.broadcast_domain_type"] = "Vxlan",
            ["network.broadcast_uri"] = string.Create(CultureInfo.InvariantCulture, $"vxlan://{view.Find(Kinds.VNet, name)!.Vni}"),
        };
    }

    private async Task<JsonNode> ActAsync(Call call, CancellationToken cancellationToken)
    {
        var domain = store.Load(call.Key);
        switch (call.Payload.Text("action"))
        {
            case "show-state":
                return await ShowAsync(call, domain, cancellationToken);
            case "resync":
                var before = (await feed.ReadyAsync(cancellationToken)).Revision;
                var view = await WriteAsync(call.Key, domain, Reason(call), cancellationToken);
                return view.Revision == before ? "the controller has everything as it should be" : $"put right at revision {view.Revision}";
            default:
                throw NetrisException.Field("action", "must be show-state or resync");
        }
    }

    /// <summary>What the fabric makes of a network or a VPC: the only way to see it in CloudStack.</summary>
    private async Task<JsonNode> ShowAsync(Call call, RoutingDomain domain, CancellationToken cancellationToken)
    {
        var networks = new JsonArray();
        foreach (var (id, network) in domain.Networks.Where(n => call.Network is null || n.Key == call.Network))
        {
            var name = call.Key.VNet(id);
            networks.Add((JsonNode)new JsonObject
            {
                ["network"] = id,
                ["vnet"] = name,
                ["implemented"] = network.Implemented,
                ["addresses"] = network.Addresses.Count,
                ["staticNats"] = network.StaticNats.Count,
                ["portForwards"] = network.Forwards.Count,
                ["balancers"] = network.Balancers.Count,
                ["rules"] = network.Acl?.Count ?? network.Firewall?.Rules.Count,
                ["hosts"] = network.Hosts.Count,
                ["status"] = network.Implemented ? await StatusAsync(name, cancellationToken) : null,
            });
        }

        return new JsonObject { ["fabric"] = call.Key.ToString(), ["networks"] = networks };
    }

    private async Task<JsonNode?> StatusAsync(string vnet, CancellationToken cancellationToken)
    {
        try
        {
            var resource = await api.GetAsync($"{Kinds.PathOf(Kinds.VNet)}/{Uri.EscapeDataString(vnet)}", cancellationToken);
            return resource.TryGetProperty("status", out var status) && status.ValueKind == System.Text.Json.JsonValueKind.Object ? JsonObject.Create(status) : null;
        }
        catch (RefusedException e)
        {
            return e.Message;
        }
        catch (HttpRequestException)
        {
            return "the controller cannot be reached";
        }
    }

    private static string Reason(Call call) => $"CloudStack extension: {call.Command} {(call.Network is { } network ? $"network {network}" : "")} of {call.Key}".Replace("  ", " ", StringComparison.Ordinal);
}
