using System.Runtime.InteropServices;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>Entries of maps for people.</summary>
internal static class EntryText
{
    /// <summary>What an entry stands for.</summary>
    internal static string Of(EntryKey key) => key.Map switch
    {
        MapId.PublicAddresses => $"public address {MemoryMarshal.Read<Address16>(key.Key)}",
        MapId.Services => Service(MemoryMarshal.Read<ServiceKey>(key.Key)),
        MapId.ServiceAddresses or MapId.StaticSources or MapId.Hosts => Host(key.Map, MemoryMarshal.Read<HostKey>(key.Key)),
        MapId.Prefixes or MapId.SnatSources => Prefix(key.Map, MemoryMarshal.Read<PrefixKey>(key.Key)),
        MapId.Vnis => $"VNI {MemoryMarshal.Read<uint>(key.Key)}",
        _ when key.Key.Length == sizeof(uint) => $"{MapIds.NameOf(key.Map)}[{MemoryMarshal.Read<uint>(key.Key)}]",
        _ => key.ToString(),
    };

    private static string Service(ServiceKey key) =>
        $"{key.Address} protocol {key.Protocol} ports {key.Port}-{key.Port + (0x10000 >> key.Length) - 1}{In(key.Realm)}";

    private static string Host(MapId map, HostKey key) => $"{key.Address} of {MapIds.NameOf(map)}{In(key.Realm)}";

    private static string Prefix(MapId map, PrefixKey key)
    {
        var address = key.Address.ToIpAddr();
        return $"{address}/{(address.IsV4 ? (int)key.Length - 96 : (int)key.Length)} of {MapIds.NameOf(map)}{In(key.Realm)}";
    }

    private static string In(uint realm) => realm == 0 ? "" : $" in realm {realm}";
}
