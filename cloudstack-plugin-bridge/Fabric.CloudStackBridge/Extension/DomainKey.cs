using System.Globalization;
using System.Text.RegularExpressions;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// A routing domain of a CloudStack installation: an isolated network by itself, or a VPC with its tiers. CloudStack's numbers are unique
/// in an installation, so the installation's name is part of the key; the number of a VLAN or VNI never is.
/// </summary>
/// <param name="Cloud">Name of the installation: that of its token.</param>
/// <param name="Zone">Number of the zone.</param>
/// <param name="IsVpc">True: a VPC; false: an isolated, shared or layer 2 network.</param>
/// <param name="Id">Number of the VPC or of the network.</param>
public readonly partial record struct DomainKey(string Cloud, int Zone, bool IsVpc, int Id)
{
    /// <summary>The key within its zone: <c>vpc-12</c>, <c>network-241</c>.</summary>
    public string Scope => string.Create(CultureInfo.InvariantCulture, $"{(IsVpc ? "vpc" : "network")}-{Id}");

    /// <summary>Name of the V-Net of a network in the controller.</summary>
    public string VNet(int network) => string.Create(CultureInfo.InvariantCulture, $"{Cloud}-z{Zone}-network-{network}");

    /// <summary>The network whose V-Net has a name; null: the name is none that this bridge gives.</summary>
    public static (string Cloud, int Zone, int Network)? OfVNet(string name) =>
        VNetName().Match(name) is { Success: true } match
        && int.TryParse(match.Groups["zone"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var zone)
        && int.TryParse(match.Groups["network"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var network)
            ? (match.Groups["cloud"].Value, zone, network)
            : null;

    /// <summary>The domain whose VPC in the controller has a name; null: the name is none that this bridge gives.</summary>
    public static DomainKey? OfVpc(string name) =>
        VpcName().Match(name) is { Success: true } match
        && int.TryParse(match.Groups["zone"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var zone)
        && int.TryParse(match.Groups["id"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? new(match.Groups["cloud"].Value, zone, match.Groups["kind"].ValueSpan is "vpc", id)
            : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Cloud}-z{Zone}-{Scope}");

    [GeneratedRegex("^(?<cloud>[a-z0-9-]{1,32})-z(?<zone>[0-9]{1,10})-network-(?<network>[0-9]{1,10})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex VNetName();

    [GeneratedRegex("^(?<cloud>[a-z0-9-]{1,32})-z(?<zone>[0-9]{1,10})-(?<kind>vpc|network)-(?<id>[0-9]{1,10})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex VpcName();
}
