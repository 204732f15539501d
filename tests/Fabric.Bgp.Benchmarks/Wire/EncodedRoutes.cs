namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>Routes as octets, made before any clock starts.</summary>
public sealed class EncodedRoutes
{
    private readonly byte[] _nlri;

    /// <summary>Encodes all routes.</summary>
    public EncodedRoutes(RouteSet set)
    {
        Set = set;
        _nlri = GC.AllocateUninitializedArray<byte>(set.Count * RouteSet.NlriLength);
        for (var route = 0; route < set.Count; route++)
        {
            set.WriteNlri(_nlri.AsSpan(route * RouteSet.NlriLength), route);
        }
    }

    /// <summary>What the routes are.</summary>
    public RouteSet Set { get; }

    /// <summary>Neighbouring routes, one after the other.</summary>
    public ReadOnlySpan<byte> Nlri(int first, int count) => _nlri.AsSpan(first * RouteSet.NlriLength, count * RouteSet.NlriLength);

    /// <summary>UPDATE messages with all routes, one after the other.</summary>
    /// <param name="generation">How often all routes were announced before.</param>
    /// <param name="reflection">What a reflector has added, or none.</param>
    public ReadOnlyMemory<byte> Messages(uint generation = 0, ReflectionMarks? reflection = null)
    {
        var step = Set.RoutesPerUpdate;
        var messages = GC.AllocateUninitializedArray<byte>(((Set.Count + step - 1) / step * 128) + _nlri.Length);
        var scratch = new byte[MessageWriter.MaxLength];
        var position = 0;
        for (var first = 0; first < Set.Count; first += step)
        {
            var length = MessageWriter.Update(scratch, Set, first, Nlri(first, Math.Min(step, Set.Count - first)), generation, sequence: null, reflection);
            scratch.AsSpan(0, length).CopyTo(messages.AsSpan(position));
            position += length;
        }

        return messages.AsMemory(0, position);
    }

    /// <summary>An UPDATE that says that a route has moved.</summary>
    public byte[] Change(int route, uint sequence, ReflectionMarks? reflection = null)
    {
        var buffer = new byte[MessageWriter.MaxLength];
        return buffer[..MessageWriter.Update(buffer, Set, route, Nlri(route, 1), generation: 0, sequence, reflection)];
    }
}
