namespace Fabric.Bgp.Attributes;

/// <summary>What a link bandwidth community says.</summary>
/// <param name="AsNumber">AS that set it, two octets.</param>
/// <param name="BytesPerSecond">Bandwidth in octets a second, an IEEE single float on the wire.</param>
public readonly record struct LinkBandwidth(ushort AsNumber, float BytesPerSecond);
