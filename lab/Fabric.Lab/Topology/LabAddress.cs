using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fabric.Lab.Topology;

/// <summary>An address with the length of its prefix.</summary>
/// <param name="Address">The address.</param>
/// <param name="Length">0 to 32, or to 128 for IPv6.</param>
public sealed record LabAddress(IPAddress Address, int Length)
{
    /// <summary>Whether this is IPv6.</summary>
    public bool IsIpv6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The longest prefix of the family: 32 or 128.</summary>
    public int MaxLength => IsIpv6 ? 128 : 32;

    /// <summary>Whether the network has exactly two addresses: a /31 (RFC 3021) or a /127 (RFC 6164).</summary>
    public bool IsPointToPoint => Length == MaxLength - 1;

    /// <summary>Whether no bit after the prefix is set.</summary>
    public bool IsNetwork => IPNetwork.TryParse(ToString(), out var network) && network.BaseAddress.Equals(Address);

    /// <summary>The other address of a point-to-point network.</summary>
    public LabAddress Partner
    {
        get
        {
            var octets = Address.GetAddressBytes();
            octets[^1] ^= 1;
            return this with { Address = new IPAddress(octets) };
        }
    }

    /// <summary>Reads <c>address/length</c>; the address must be in its usual form, such as <c>10.0.0.1</c> or <c>2001:db8::1</c>. Null otherwise.</summary>
    public static LabAddress? Parse(string text) =>
        text.Split('/') is [var address, var length]
        && IPAddress.TryParse(address, out var parsed) && parsed.ToString() == address && !address.Contains('%')
        && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
        && new LabAddress(parsed, bits) is var made && bits <= made.MaxLength
            ? made
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");
}
