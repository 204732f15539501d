using Fabric.Bgp.Speaker;

namespace Fabric.Controller.Glass;

/// <summary>The speakers of this process that can be looked into.</summary>
public interface IBgpSpeakers
{
    /// <summary>All of them, by site.</summary>
    IReadOnlyList<NamedSpeaker> All { get; }
}

/// <summary>A speaker and what it is for.</summary>
/// <param name="Site">The site; null where there are no sites.</param>
/// <param name="Speaker">The speaker.</param>
public sealed record NamedSpeaker(string? Site, BgpSpeaker Speaker);
