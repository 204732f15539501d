namespace Fabric.Primitives;

/// <summary>The version of an IP address.</summary>
public enum IpFamily : byte
{
    /// <summary>IPv4, 32 bits.</summary>
    V4 = 0,

    /// <summary>IPv6, 128 bits.</summary>
    V6 = 1,
}
