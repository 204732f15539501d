namespace Fabric.Ctl.Capture;

/// <summary>One packet of a capture file.</summary>
/// <param name="LinkType">What its first header is, a LINKTYPE number.</param>
/// <param name="Time">When it was seen; null when the file does not say.</param>
/// <param name="Octets">What was captured of it; valid until the next frame is read.</param>
public readonly record struct CapturedFrame(int LinkType, DateTimeOffset? Time, ReadOnlyMemory<byte> Octets);
