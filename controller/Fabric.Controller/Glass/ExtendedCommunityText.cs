using System.Globalization;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Primitives;

namespace Fabric.Controller.Glass;

/// <summary>Reads extended communities as lists show them.</summary>
internal static class ExtendedCommunityText
{
    private const string RouterMac = "router-mac:";
    private const string EsImport = "es-import:";
    private const string Mobility = "mac-mobility:";
    private const string Sticky = " sticky";

    /// <summary>Reads one; never throws. What policies can name is known, and the communities of MACs; any other by its octets.</summary>
    public static bool TryParse(string text, out ExtendedCommunity community)
    {
        community = default;
        if (text.StartsWith(RouterMac, StringComparison.Ordinal))
        {
            return Mac(text[RouterMac.Length..], ExtendedCommunity.OfRouterMac, out community);
        }

        if (text.StartsWith(EsImport, StringComparison.Ordinal))
        {
            return Mac(text[EsImport.Length..], ExtendedCommunity.OfEsImport, out community);
        }

        if (text.StartsWith(Mobility, StringComparison.Ordinal))
        {
            var sticky = text.EndsWith(Sticky, StringComparison.Ordinal);
            var number = text.AsSpan(Mobility.Length, text.Length - Mobility.Length - (sticky ? Sticky.Length : 0));
            var good = uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence);
            community = ExtendedCommunity.OfMacMobility(sticky, sequence);
            return good;
        }

        if (!ExtendedCommunityPattern.TryParse(text, out var pattern, out _) || pattern.Exact is not { } exact)
        {
            return false;
        }

        community = exact;
        return true;
    }

    private static bool Mac(string text, Func<MacAddress, ExtendedCommunity> make, out ExtendedCommunity community)
    {
        var good = MacAddress.TryParse(text, out var mac);
        community = make(mac);
        return good;
    }
}
