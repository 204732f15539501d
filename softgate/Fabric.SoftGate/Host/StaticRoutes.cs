using System.Text.Json;
using System.Text.Json.Serialization;
using Fabric.Primitives;

namespace Fabric.SoftGate.Host;

/// <summary>What otherwise EVPN and BGP tell, written down: for set-ups without them. Lists that are absent are empty.</summary>
internal sealed record StaticRoutes
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>VTEPs by VNI that get what is sent to all hosts of a V-Net.</summary>
    public ValueList<StaticFlood> Floods { get; init; } = [];

    /// <summary>Hosts.</summary>
    public ValueList<StaticHost> Hosts { get; init; } = [];

    /// <summary>Routes outside all VPCs.</summary>
    public ValueList<StaticPublicRoute> Public { get; init; } = [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">It is not there, or is none; the message says where.</exception>
    internal static StaticRoutes Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<StaticRoutes>(File.ReadAllBytes(path), Options) ?? throw new IOException($"{path}: null is no object");
        }
        catch (JsonException e)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }
}

/// <summary>VTEPs of a V-Net.</summary>
internal sealed record StaticFlood([property: JsonRequired] Vni Vni, [property: JsonRequired] IpAddr Vtep);

/// <summary>A host of a V-Net, or of a VPC by its L3VNI.</summary>
internal sealed record StaticHost([property: JsonRequired] Vni Vni, [property: JsonRequired] IpAddr Address, [property: JsonRequired] MacAddress Mac, [property: JsonRequired] IpAddr Vtep);

/// <summary>A prefix behind a router.</summary>
internal sealed record StaticPublicRoute([property: JsonRequired] IpPrefix Prefix, [property: JsonRequired] IpAddr Gateway, [property: JsonRequired] string Port, ushort Vlan = 0);
