namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>One line of a running configuration with the lines inside it.</summary>
internal sealed class FrrNode(string text, int depth)
{
    /// <summary>The line without indentation.</summary>
    public string Text { get; } = text;

    /// <summary>Indentation in blanks.</summary>
    public int Depth { get; } = depth;

    /// <summary>Lines inside, in order.</summary>
    public List<FrrNode> Children { get; } = [];

    public FrrNode? Child(string text) => Children.Find(c => c.Text == text);

    /// <summary>The rest of the first line inside that starts with these words.</summary>
    public string? Value(string words) => Children.Find(c => c.Text.StartsWith(words + " ", StringComparison.Ordinal))?.Text[(words.Length + 1)..];
}

/// <summary>The text of <c>show running-config</c> as a tree by indentation.</summary>
internal static class FrrConfig
{
    private const int MostLines = 500_000;
    private const int DeepestBlock = 16;

    /// <summary>The lines at the top level.</summary>
    /// <exception cref="FormatException">The text is not a configuration.</exception>
    public static List<FrrNode> Parse(string text)
    {
        var top = new FrrNode("", -1);
        var path = new Stack<FrrNode>();
        path.Push(top);
        var lines = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            if (++lines > MostLines)
            {
                throw new FormatException($"a configuration of more than {MostLines} lines");
            }

            var line = raw.TrimEnd();
            var content = line.TrimStart(' ');
            if (content.IsEmpty || content[0] == '!' || IsFrame(content))
            {
                continue;
            }

            if (content.ContainsAnyInRange('\0', '\u001f') || content.Contains('\u007f'))
            {
                throw new FormatException("a configuration line with control characters");
            }

            var depth = line.Length - content.Length;
            while (path.Peek().Depth >= depth)
            {
                path.Pop();
            }

            if (path.Count > DeepestBlock)
            {
                throw new FormatException("configuration blocks nested too deep");
            }

            var node = new FrrNode(content.ToString(), depth);
            path.Peek().Children.Add(node);
            path.Push(node);
        }

        return top.Children;
    }

    /// <summary>Lines that frame the configuration and say nothing.</summary>
    private static bool IsFrame(ReadOnlySpan<char> content) =>
        content is "exit" or "end" or "Building configuration..." or "Current configuration:"
        || content.StartsWith("exit-", StringComparison.Ordinal);
}
