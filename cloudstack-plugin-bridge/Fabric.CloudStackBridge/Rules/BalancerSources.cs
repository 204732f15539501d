using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Rules;

/// <summary>
/// Turns rules of a system VPC into who may use load balancers: CloudStack writes a deny for everybody and a permit for each range, in
/// any order, towards the balancer's address and port. Pure.
/// </summary>
public static class BalancerSources
{
    /// <summary>Marks balancers whose sources are ours to change.</summary>
    private const string Mark = Naming.Prefix + "sources";

    /// <summary>Who may use a balancer: null: no rule is about it; empty: everybody.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="protocol"><c>tcp</c> or <c>udp</c>.</param>
    /// <param name="port">Its port.</param>
    /// <param name="rules">The rules of system VPCs.</param>
    public static ImmutableArray<string>? Of(IpAddr address, string protocol, int port, IEnumerable<AclRule> rules)
    {
        var host = IpPrefix.Host(address).ToString();
        var about = rules.Where(r => r.DstPrefix == host && r.Proto is var p && (p == protocol || p is "all" or "ip") && (p is "all" or "ip" || (r.DstPortFrom <= port && port <= r.DstPortTo))).ToList();
        if (about.Count == 0)
        {
            return null;
        }

        var permitted = about.Where(r => r.Action == "permit").Select(r => IpPrefix.Parse(r.SrcPrefix)).Where(p => p.Family == address.Family || p.Length == 0).Distinct().ToList();

        // Nobody is the one address that nobody has.
        return permitted.Exists(p => p.Length == 0) ? [] : permitted.Count > 0 ? [.. permitted.Select(p => p.ToString())] : [address.IsV6 ? "::/128" : "0.0.0.0/32"];
    }

    /// <summary>What brings the balancers under the rules.</summary>
    public static List<Change> Plan(IntentView view, IReadOnlyCollection<AclRule> rules)
    {
        var byAddress = rules.ToLookup(r => r.DstPrefix, StringComparer.Ordinal);
        var changes = new List<Change>();
        foreach (var balancer in view.All(Kinds.LoadBalancer).Where(b => b.Label(Naming.Made) is not null))
        {
            var address = IpAddr.Parse(balancer.Text("address")!);
            var sources = Of(
                address, balancer.Text("protocol")!, balancer.Spec.GetProperty("ports").GetProperty("first").GetInt32(), byAddress[IpPrefix.Host(address).ToString()]);
            if (sources is not null || balancer.Label(Mark) is not null)
            {
                changes.Add(Change.Update(balancer, Apply(balancer.CopySpec(), sources), null, Apply(balancer.Labels, sources)));
            }
        }

        return [.. changes.Where(c => !c.IsVain)];
    }

    /// <summary>A balancer's spec with these sources.</summary>
    public static JsonObject Apply(JsonObject spec, ImmutableArray<string>? sources)
    {
        spec["sources"] = new JsonArray([.. (sources ?? []).Select(s => (JsonNode)s)]);
        return spec;
    }

    /// <summary>A balancer's labels with these sources.</summary>
    public static ImmutableDictionary<string, string> Apply(ImmutableDictionary<string, string> labels, ImmutableArray<string>? sources) =>
        sources is null ? labels.Remove(Mark) : labels.SetItem(Mark, "true");
}
