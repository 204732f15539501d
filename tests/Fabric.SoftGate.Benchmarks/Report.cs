using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.SoftGate.Benchmarks;

/// <summary>One line of the table: the same with plain frames and with VXLAN.</summary>
internal sealed class Row(string name, Cell? plain, Cell? vxlan)
{
    internal string Name { get; } = name;

    internal Cell? Plain { get; } = plain;

    internal Cell? Vxlan { get; } = vxlan;

    internal IEnumerable<Cell> Cells => new[] { Plain, Vxlan }.OfType<Cell>();
}

/// <summary>The table, and the same as JSON.</summary>
internal static class Report
{
    internal static void Write(TextWriter output, IReadOnlyList<Row> rows, IReadOnlyDictionary<string, double> figures)
    {
        var (limitPlain, limitVxlan) = (rows[0].Plain!.Nanoseconds, rows[0].Vxlan!.Nanoseconds);
        output.WriteLine($"{"",-44} {"plain in and out",36}   {"VXLAN in, list, session",36}");
        output.WriteLine($"{"",-44} {Head,36}   {Head,36}");
        var json = new JsonArray();
        foreach (var row in rows)
        {
            output.WriteLine($"{row.Name,-44} {Text(row.Plain, limitPlain),36}   {Text(row.Vxlan, limitVxlan),36}");
            json.Add(new JsonObject { ["name"] = row.Name, ["plain"] = Json(row.Plain, limitPlain), ["vxlan"] = Json(row.Vxlan, limitVxlan) });
        }

        output.WriteLine();
        var others = new JsonObject();
        foreach (var (name, value) in figures)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-90} {value,16:#,0.##}"));
            others[name] = value;
        }

        output.WriteLine(new JsonObject { ["rows"] = json, ["figures"] = others }.ToJsonString(JsonSerializerOptions.Default));
    }

    private static string Head => $"{"Mpps",6} {"ns",6} {"of bare",8} {"first, ns",10}";

    private static string Text(Cell? cell, double limit) => cell is null
        ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{1000 / cell.Nanoseconds,6:f2} {cell.Nanoseconds,6:f0} {limit / cell.Nanoseconds,7:p0} {cell.FirstNanoseconds,10:f0}");

    private static JsonObject? Json(Cell? cell, double limit) => cell is null
        ? null
        : new()
        {
            ["mpps"] = Math.Round(1000 / cell.Nanoseconds, 3),
            ["nanoseconds"] = Math.Round(cell.Nanoseconds, 1),
            ["ofBare"] = Math.Round(limit / cell.Nanoseconds, 3),
            ["medianNanoseconds"] = Math.Round(cell.MedianNanoseconds, 1),
            ["firstPacketNanoseconds"] = Math.Round(cell.FirstNanoseconds, 1),
            ["flows"] = cell.Count,
        };
}
