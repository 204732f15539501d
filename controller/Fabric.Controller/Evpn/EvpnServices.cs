using Fabric.Controller.Glass;

namespace Fabric.Controller.Evpn;

/// <summary>Registers the EVPN observer.</summary>
public static class EvpnServices
{
    /// <summary>Adds the observer as a service that runs with the host.</summary>
    public static IServiceCollection AddEvpn(this IServiceCollection services)
    {
        services.AddSingleton<EvpnObserver>();
        services.AddSingleton<IBgpSpeakers>(provider => provider.GetRequiredService<EvpnObserver>());
        services.AddHostedService(provider => provider.GetRequiredService<EvpnObserver>());
        return services;
    }
}
