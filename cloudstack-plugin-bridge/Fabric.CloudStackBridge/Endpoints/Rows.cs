using Fabric.CloudStackBridge.Intent;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>How resources look in answers where others name them.</summary>
public static class Rows
{
    /// <summary>Id and name.</summary>
    public static object Ref(Resource resource) => new { id = resource.Uid, name = resource.Title };

    /// <summary>A VPC with what it is.</summary>
    public static object VpcRef(IntentView view, Resource vpc) =>
        new { id = vpc.Uid, name = vpc.Title, isDefault = view.DefaultVpc?.Uid == vpc.Uid, isSystem = vpc.Flag("system") };

    /// <summary>The tenant of a VPC.</summary>
    public static object TenantOf(IntentView view, Resource vpc) => Ref(view.Find(Kinds.Tenant, vpc.Text("tenant")!)!);

    /// <summary>The site of a resource: the one in its spec or label, or the oldest.</summary>
    public static Resource? SiteOf(IntentView view, Resource resource) =>
        (resource.Text("site") ?? resource.Label(Naming.Prefix + "site")) is { } name && view.Find(Kinds.Site, name) is { } site ? site : view.All(Kinds.Site).FirstOrDefault();

    /// <summary>The site of a resource as a list; empty: there is none.</summary>
    public static object[] SitesOf(IntentView view, Resource resource) => SiteOf(view, resource) is { } site ? [Ref(site)] : [];

    /// <summary>The answer to what has an id.</summary>
    public static object Id(int id) => new { id };
}
