using System.Text;
using Fabric.Ctl.Capture;

namespace Fabric.Bgp.Fuzz;

/// <summary>The kept messages: valid ones of every kind, and some that are malformed in a known way. A finding becomes one more line.</summary>
public static class Corpus
{
    /// <summary>Names of the files, in order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. typeof(Corpus).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal)];

    /// <summary>All messages.</summary>
    public static IReadOnlyList<byte[]> Messages { get; } = [.. Files.SelectMany(Read)];

    /// <summary>The text of a file.</summary>
    public static string Text(string file)
    {
        using var stream = typeof(Corpus).Assembly.GetManifestResourceStream(file) ?? throw new ArgumentException($"there is no {file}", nameof(file));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The messages of a file.</summary>
    public static IEnumerable<byte[]> Read(string file) => Text(file).Split('\n')
        .Select(static line => HexLine.TryParse(Encoding.UTF8.GetBytes(line), out var message, out var error) ? message : throw new FormatException(error))
        .Where(static message => message.Length > 0);
}
