namespace Fabric.Bgp.Display;

/// <summary>The send/receive octet of an add-path capability, RFC 7911 section 4.</summary>
[Flags]
internal enum AddPathMode : byte
{
    None = 0,
    Receive = 1,
    Send = 2,
}
