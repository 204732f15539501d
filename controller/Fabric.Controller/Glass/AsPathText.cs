using System.Collections.Immutable;
using System.Globalization;
using Fabric.Bgp.Attributes;

namespace Fabric.Controller.Glass;

/// <summary>An AS path that was written as text: numbers, and sets such as <c>{1,2}</c>.</summary>
/// <param name="Path">The path.</param>
internal readonly record struct AsPathText(AsPath Path)
{
    private const int MostInSegment = 255;

    /// <summary>Reads it; never throws.</summary>
    public static bool TryParse(string text, out AsPathText path)
    {
        path = default;
        var segments = ImmutableArray.CreateBuilder<AsPathSegment>();
        var sequence = ImmutableArray.CreateBuilder<uint>();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word is ['{', .. var inside, '}'])
            {
                var numbers = ImmutableArray.CreateBuilder<uint>();
                if (!inside.Split(',').All(n => TryAdd(n, numbers)) || numbers.Count > MostInSegment)
                {
                    return false;
                }

                Flush(sequence, segments);
                segments.Add(new AsPathSegment(AsPathSegmentKind.Set, numbers.ToImmutable()));
            }
            else if (!TryAdd(word, sequence))
            {
                return false;
            }
            else if (sequence.Count == MostInSegment)
            {
                Flush(sequence, segments);
            }
        }

        Flush(sequence, segments);
        path = new(new AsPath(segments.ToImmutable()));
        return true;
    }

    private static void Flush(ImmutableArray<uint>.Builder sequence, ImmutableArray<AsPathSegment>.Builder segments)
    {
        if (sequence.Count > 0)
        {
            segments.Add(new AsPathSegment(AsPathSegmentKind.Sequence, sequence.ToImmutable()));
            sequence.Clear();
        }
    }

    // AS 0 is in no path (RFC 7607).
    private static bool TryAdd(string text, ImmutableArray<uint>.Builder numbers)
    {
        var good = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != 0;
        numbers.Add(number);
        return good;
    }
}
