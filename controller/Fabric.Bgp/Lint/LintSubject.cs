using Fabric.Primitives;

namespace Fabric.Bgp.Lint;

/// <summary>What a finding is about, as a key; which fields count is a matter of the code.</summary>
internal readonly record struct LintSubject(LintCode Code, uint Vni = 0, MacAddress Mac = default, IpAddr Ip = default, ulong Number = 0, EthernetSegmentId Esi = default)
{
    public override string ToString() => Code switch
    {
        LintCode.DuplicateMac => $"MAC {Mac} of VNI {Vni}",
        LintCode.DuplicateIp => $"address {Ip} of VNI {Vni}",
        LintCode.RouterMacConflict => $"VTEP {Ip}",
        LintCode.UnimportedTarget or LintCode.TargetVniMismatch => $"route target {(RouteTarget.TryFromCommunity(Number, out var target) ? target : default)}",
        LintCode.RdVniMismatch => $"RD {RouteDistinguisher.FromBits(Number)} tag {Vni}",
        LintCode.MissingMulticast => $"VTEP {Ip} in VNI {Vni}",
        LintCode.MissingAutoDiscovery => $"VTEP {Ip} on segment {Esi}",
        _ => Code.Text(),
    };
}
