using System.Text.Json.Nodes;
using Fabric.Compiler;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Reconciler.Status;

/// <summary>The numbers that a resource holds, in the form that its status shows.</summary>
public static class AllocatedNumbers
{
    /// <summary>A fresh object with the numbers of a resource; empty for kinds that hold none.</summary>
    public static JsonObject Of(IntentSnapshot snapshot, Resource resource) => resource.Spec switch
    {
        SiteSpec => OfSite(snapshot, resource),
        DeviceSpec { IsManaged: true } => OfDevice(snapshot, resource),
        VNetSpec vnet => OfVNet(snapshot, resource, vnet),
        VpcSpec => OfVpc(snapshot, resource),
        _ => [],
    };

    private static JsonObject OfSite(IntentSnapshot snapshot, Resource site) => new()
    {
        ["fabricNumber"] = snapshot.NumberOf(IdentifierSpace.FabricNumber, 0, new(site.Uid)),
        ["spineAsn"] = snapshot.NumberOf(IdentifierSpace.Asn, site.Uid, new(site.Uid, IdentifierAssigner.SpinesPart)),
        ["controllerAsn"] = snapshot.NumberOf(IdentifierSpace.Asn, site.Uid, new(site.Uid, IdentifierAssigner.ControllersPart)),
    };

    private static JsonObject OfDevice(IntentSnapshot snapshot, Resource resource)
    {
        var identity = DeviceIdentity.Of(snapshot, resource);
        var numbers = new JsonObject
        {
            ["number"] = identity.Number,
            ["asn"] = identity.Asn.Value,
            ["routerId"] = identity.RouterId.ToString(),
            ["routerMac"] = identity.RouterMac.ToString(),
            ["loopback"] = identity.RouterId.ToString(),
        };
        if (identity.Loopbacks.Length > 1)
        {
            numbers["loopback6"] = identity.Loopbacks[1].Address.ToString();
        }

        return numbers;
    }

    private static JsonObject OfVNet(IntentSnapshot snapshot, Resource resource, VNetSpec vnet)
    {
        var site = snapshot.Find(ResourceKind.Site, vnet.Site)!;
        var vni = snapshot.NumberOf(IdentifierSpace.Vni, site.Uid, new(resource.Uid));
        var numbers = new JsonObject
        {
            ["vni"] = vni,
            ["routeTarget"] = RouteNaming.RouteTarget(snapshot, site, new Vni(vni)).ToString(),
            ["gatewayPlace"] = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(GatewayPlaces.Of(vnet).ToString()),
        };
        if (vnet.Gateways.Count > 0 && snapshot.Find(ResourceKind.Vpc, vnet.Vpc) is { } vpc)
        {
            numbers["l3Vni"] = snapshot.NumberOf(IdentifierSpace.Vni, site.Uid, new(vpc.Uid));
        }

        return numbers;
    }

    private static JsonObject OfVpc(IntentSnapshot snapshot, Resource vpc)
    {
        var sites = new JsonArray();
        foreach (var site in snapshot.All(ResourceKind.Site))
        {
            if (snapshot.Identifiers.Find(IdentifierAssigner.VniScope(site), new(vpc.Uid)) is { } held)
            {
                sites.Add((JsonNode)new JsonObject
                {
                    ["site"] = site.Key.Name,
                    ["l3Vni"] = held.Value,
                    ["routeTarget"] = RouteNaming.RouteTarget(snapshot, site, new Vni(held.Value)).ToString(),
                });
            }
        }

        return sites.Count == 0 ? [] : new JsonObject { ["sites"] = sites };
    }
}
