using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;
using Spectre.Console;

namespace Fabric.Ctl.Output;

/// <summary>In which form results are printed.</summary>
public enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>As the API gave it.</summary>
    Json,

    /// <summary>The same as YAML.</summary>
    Yaml,
}

/// <summary>Prints results. What comes from outside never moves the cursor or changes colors of a terminal.</summary>
public sealed class Printer(CtlHost host, OutputFormat format)
{
    /// <summary>The form asked for.</summary>
    public OutputFormat Format => format;

    /// <summary>Whether people read it.</summary>
    public bool ForPeople => format == OutputFormat.Table;

    /// <summary>Prints as JSON or YAML if that was asked for.</summary>
    /// <returns>Whether it was.</returns>
    public bool Data(JsonNode? node)
    {
        switch (format)
        {
            case OutputFormat.Json:
                host.Out.WriteLine(node is null ? "null" : node.ToJsonString(JsonText.Indented));
                return true;
            case OutputFormat.Yaml:
                host.Out.Write(YamlWriter.Write(node));
                return true;
            default:
                return false;
        }
    }

    /// <summary>Prints a line for people.</summary>
    public void Line(string text = "") => host.Out.WriteLine(Clean(text));

    /// <summary>Prints a line about the work, not its result.</summary>
    public void Note(string text) => host.Error.WriteLine(Clean(text));

    /// <summary>Prints a table; columns in which no row has anything are left out.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, string indent = "")
    {
        var all = rows.ToList();
        var shown = Enumerable.Range(0, columns.Count).Where(i => i == 0 || all.Any(r => r[i].Length > 0)).ToList();
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var i in shown)
        {
            table.AddColumn(new TableColumn(new Text(columns[i].ToUpper(CultureInfo.InvariantCulture))) { NoWrap = true, Padding = new Padding(0, 0, 3, 0) });
        }

        foreach (var row in all)
        {
            table.AddRow(shown.Select(i => new Text(Clean(row[i]))));
        }

        var text = new StringWriter(CultureInfo.InvariantCulture);
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        // As wide as it needs: a terminal wraps lines, and a pipe wants each row whole.
        console.Profile.Width = 100_000;
        console.Write(table);
        foreach (var line in text.ToString().Split('\n'))
        {
            if (line.TrimEnd() is { Length: > 0 } rest)
            {
                host.Out.WriteLine(indent + rest);
            }
        }
    }

    /// <summary>A time as people say it: how long ago, in the largest unit that fits.</summary>
    public string Age(string time)
    {
        if (!DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var when))
        {
            return time;
        }

        var age = host.Time.GetUtcNow() - when;
        return age.TotalSeconds switch
        {
            < 0 => "now",
            < 120 => $"{(int)age.TotalSeconds}s",
            < 7200 => $"{(int)age.TotalMinutes}m",
            < 172_800 => $"{(int)age.TotalHours}h",
            _ => $"{(int)age.TotalDays}d",
        };
    }

    /// <summary>A time to the second, in UTC.</summary>
    public static string Time(string time) =>
        DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var when)
            ? when.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : time;

    /// <summary>As much of a text as fits into a column.</summary>
    public static string Short(string text, int most = 72) => text.Length <= most ? text : text[..(most - 1)] + "…";

    /// <summary>Text without control characters and without marks that turn the direction of writing.</summary>
    public static string Clean(string text)
    {
        if (!text.Any(Harmful))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(Harmful(c) ? '\uFFFD' : c);
        }

        return clean.ToString();
    }

    private static bool Harmful(char c) => char.IsControl(c) || c is (>= '\u200E' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
