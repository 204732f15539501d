using System.Buffers;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>What a run of octets says.</summary>
internal enum RunKind : byte
{
    Announce,
    Withdraw,
    EndOfRib,
    BeginOfRefresh,
    EndOfRefresh,
    Flush,
}

/// <summary>Well-formed routes in a row with the same attributes.</summary>
/// <param name="Kind">What is said of them.</param>
/// <param name="Family">Their family.</param>
/// <param name="Octets">Where they are: the batch's buffer or an array of their own.</param>
/// <param name="Start">Where they start.</param>
/// <param name="Length">How many octets they are.</param>
/// <param name="PathIds">Whether each has a path identifier before it.</param>
/// <param name="Attributes">Their attributes, when announced.</param>
internal readonly record struct RouteRun(
    RunKind Kind, FamilyIndex Family, byte[] Octets, int Start, int Length, bool PathIds, PathAttributes? Attributes);

/// <summary>All that one read from a peer's socket says of routes, in order. The buffer returns to its pool with the batch.</summary>
internal sealed class RouteBatch(EnginePeer peer, byte[] buffer, int octets, Action<int> done)
{
    public EnginePeer Peer { get; } = peer;

    /// <summary>The session it belongs to; what comes late from an earlier one is dropped.</summary>
    public int Generation { get; set; }

    public List<RouteRun> Runs { get; } = [];

    /// <summary>Octets of messages in it.</summary>
    public int Octets { get; } = octets;

    /// <summary>Gives the buffer back and tells the reader that it may go on.</summary>
    public void Finish()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        done(Octets);
    }
}
