using System.Globalization;

namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>The sections of what a script printed.</summary>
internal sealed class Answer
{
    private readonly Dictionary<string, (string Text, int Status)> _sections = [];

    /// <summary>Takes the output apart.</summary>
    /// <param name="output">Standard output of the script.</param>
    /// <param name="mark">The word that ends each section.</param>
    public static Answer Parse(string output, string mark)
    {
        var answer = new Answer();
        var start = 0;
        while (output.IndexOf($"\n{mark} ", start, StringComparison.Ordinal) is >= 0 and var at)
        {
            var end = output.IndexOf('\n', at + 1);
            end = end < 0 ? output.Length : end;
            var words = output[(at + mark.Length + 2)..end].Split(' ');
            if (words.Length == 2 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            {
                answer._sections[words[0]] = (output[start..at], status);
            }

            start = Math.Min(end + 1, output.Length);
        }

        return answer;
    }

    /// <summary>Whether the section is there.</summary>
    public bool Has(string name) => _sections.ContainsKey(name);

    /// <summary>The text of a section whose command succeeded; else null.</summary>
    public string? Good(string name) => _sections.TryGetValue(name, out var section) && section.Status == 0 ? section.Text : null;

    /// <summary>The text of a section, whatever its command's status.</summary>
    public string Text(string name) => _sections.TryGetValue(name, out var section) ? section.Text : "";
}
