using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fabric.Ctl.Api;

namespace Fabric.Ctl.Commands;

/// <summary>Something that is in one place and not in the other, or of no use any more.</summary>
/// <param name="Kind">Its kind in the controller.</param>
/// <param name="Name">Its name there, or what CloudStack calls it.</param>
/// <param name="Why">What is wrong, for people.</param>
/// <param name="Resource">The resource to remove; null: it is CloudStack's, or people have to decide.</param>
public sealed record CloudStackFinding(string Kind, string Name, string Why, JsonNode? Resource);

/// <summary>
/// Finds what CloudStack's <c>netris</c> plugin is known to leave behind, and compares with what CloudStack has. Pure: works on lists as the
/// controller and CloudStack's API print them. Only what the bridge has made is looked at.
/// </summary>
public static partial class CloudStackAudit
{
    private const string Made = "cloudstack.made";

    /// <summary>Kinds to list, as paths.</summary>
    public static readonly IReadOnlyList<string> Paths = ["vpcs", "vnets", "ipam-allocations", "ipam-subnets", "nat-rules", "load-balancers", "acl-lists"];

    /// <summary>What is of no use: nothing that stands needs it.</summary>
    /// <param name="lists">The controller's resources by path.</param>
    public static IEnumerable<CloudStackFinding> LeftOvers(IReadOnlyDictionary<string, JsonArray> lists)
    {
        var vpcs = lists["vpcs"].ToDictionary(v => v.TextAt("name"), StringComparer.Ordinal);
        var used = lists["nat-rules"].SelectMany(n => n.ItemsAt("spec.public").Select(JsonText.Text)).Concat(lists["load-balancers"].Select(b => b.TextAt("spec.address")))
            .Select(a => IPAddress.TryParse(a.Split('/')[0], out var address) ? address : null).OfType<IPAddress>().ToHashSet();
        var gateways = lists["vnets"].SelectMany(n => n.ItemsAt("spec.gateways").Select(g => (Vpc: n.TextAt("spec.vpc"), Address: IPAddress.Parse(JsonText.Text(g).Split('/')[0])))).ToLookup(g => g.Vpc, g => g.Address);
        foreach (var subnet in Ours(lists, "ipam-subnets"))
        {
            var network = IPNetwork.Parse(subnet.TextAt("spec.prefix"));
            var host = network.PrefixLength == (network.BaseAddress.GetAddressBytes().Length * 8);
            var system = IsSystem(vpcs.GetValueOrDefault(subnet.TextAt("spec.vpc")));
            if (system && host && subnet.TextAt("spec.purpose") is "nat" or "loadBalancer" && !used.Contains(network.BaseAddress))
            {
                yield return new CloudStackFinding("IpamSubnet", subnet.TextAt("name"), $"no NAT rule and no load balancer uses {network.BaseAddress} any more", subnet);
            }
            else if (!system && !gateways[subnet.TextAt("spec.vpc")].Any(network.Contains))
            {
                yield return new CloudStackFinding("IpamSubnet", subnet.TextAt("name"), "its tier is gone", subnet);
            }
        }

        var attached = lists["vnets"].SelectMany(n => new[] { n.TextAt("spec.ingressAccessList"), n.TextAt("spec.egressAccessList") }).ToHashSet(StringComparer.Ordinal);
        foreach (var list in Ours(lists, "acl-lists").Where(l => !attached.Contains(l.TextAt("name"))))
        {
            yield return new CloudStackFinding("AclList", list.TextAt("name"), "no V-Net has it", list);
        }

        var inside = new[] { "vnets", "ipam-allocations", "ipam-subnets", "nat-rules", "load-balancers" }.SelectMany(p => lists[p]).Select(r => r.TextAt("spec.vpc")).ToHashSet(StringComparer.Ordinal);
        foreach (var vpc in Ours(lists, "vpcs").Where(v => !IsSystem(v) && !inside.Contains(v.TextAt("name"))))
        {
            yield return new CloudStackFinding("Vpc", vpc.TextAt("name"), "it has no addresses and nothing is in it: making it failed, or removing it did", vpc);
        }
    }

    /// <summary>What only one of the two has. A tier is known again by its VNI, a VPC by its name and its range of addresses.</summary>
    /// <param name="lists">The controller's resources by path.</param>
    /// <param name="vpcs">What CloudStack's <c>list vpcs</c> prints; null: VPCs are not compared.</param>
    /// <param name="networks">What its <c>list networks</c> prints; null: tiers are not compared.</param>
    public static IEnumerable<CloudStackFinding> Differences(IReadOnlyDictionary<string, JsonArray> lists, JsonNode? vpcs, JsonNode? networks)
    {
        if (vpcs is not null)
        {
            var ranges = lists["ipam-allocations"].ToLookup(a => a.TextAt("spec.vpc"), a => a.TextAt("spec.prefix"), StringComparer.Ordinal);
            var theirs = vpcs.ItemsAt("vpc").Select(v => (Name: v.TextAt("name"), Range: v.TextAt("cidr"))).ToHashSet();
            var ours = Ours(lists, "vpcs").Where(v => VpcName().IsMatch(Title(v)))
                .Select(v => (Vpc: v, Name: VpcName().Match(Title(v)).Groups["name"].Value, Ranges: ranges[v.TextAt("name")].ToList())).ToList();
            foreach (var (vpc, name, _) in ours.Where(o => !o.Ranges.Exists(r => theirs.Contains((o.Name, r)))))
            {
                yield return new CloudStackFinding("Vpc", vpc.TextAt("name"), $"CloudStack has no VPC '{name}' with such addresses", null);
            }

            foreach (var (name, range) in theirs.Where(t => !ours.Exists(o => o.Name == t.Name && o.Ranges.Contains(t.Range))).OrderBy(t => t.Name, StringComparer.Ordinal))
            {
                yield return new CloudStackFinding("Vpc", name, $"CloudStack has it with {range}, Fabric has not; CloudStack makes it when the VPC is started or restarted", null);
            }
        }

        if (networks is not null)
        {
            var theirs = networks.ItemsAt("network").Select(n => (Name: n.TextAt("name"), Vni: n.TextAt("broadcasturi"))).Where(n => n.Vni.StartsWith("vxlan://", StringComparison.Ordinal) || n.Vni.StartsWith("netris://", StringComparison.Ordinal))
                .Select(n => (n.Name, Vni: n.Vni[(n.Vni.LastIndexOf('/') + 1)..])).ToList();
            var numbers = theirs.Select(t => t.Vni).ToHashSet(StringComparer.Ordinal);
            var ours = Ours(lists, "vnets").ToList();
            foreach (var vnet in ours.Where(n => !numbers.Contains(n.TextAt("spec.vni"))))
            {
                yield return new CloudStackFinding("VNet", vnet.TextAt("name"), $"CloudStack has no network with VNI {vnet.TextAt("spec.vni")}", null);
            }

            foreach (var (name, vni) in theirs.Where(t => !ours.Exists(n => n.TextAt("spec.vni") == t.Vni)))
            {
                yield return new CloudStackFinding("VNet", name, $"CloudStack has it with VNI {vni}, Fabric has not; restart the network in CloudStack", null);
            }
        }
    }

    private static IEnumerable<JsonNode> Ours(IReadOnlyDictionary<string, JsonArray> lists, string path) => lists[path].OfType<JsonNode>().Where(r => r["labels"]?[Made] is not null);

    private static bool IsSystem(JsonNode? vpc) => vpc.TextAt("spec.system") == "true";

    /// <summary>What CloudStack calls a resource: the bridge's labels say so where that is not its name.</summary>
    private static string Title(JsonNode resource)
    {
        var title = JsonText.Text(resource["labels"]?["cloudstack.name"]);
        for (var i = 2; resource["labels"]?[$"cloudstack.name.{i}"] is { } more; i++)
        {
            title += JsonText.Text(more);
        }

        return title.Length > 0 ? title : resource.TextAt("name");
    }

    [GeneratedRegex(@"^D\d+-A\d+-Z\d+-V\d+-(?<name>.+)$", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex VpcName();
}
