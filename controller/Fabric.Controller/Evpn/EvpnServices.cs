using Fabric.Controller.Glass;

namespace Fabric.Controller.Evpn;

/// <summary>Registers the BGP speakers of the sites.</summary>
public static class EvpnServices
{
    /// <summary>Adds the speakers as a service that runs with the host, and what injects routes into them.</summary>
    public static IServiceCollection AddEvpn(this IServiceCollection services)
    {
        services.AddSingleton<SiteSpeakers>();
        services.AddSingleton<IBgpSpeakers>(provider => provider.GetRequiredService<SiteSpeakers>());
        services.AddSingleton<IRouteInjector, SiteInjector>();
        services.AddHostedService(provider => provider.GetRequiredService<SiteSpeakers>());
        return services;
    }
}
