using System.Globalization;
using System.Text;

namespace Fabric.Hosting;

/// <summary>Writes metrics in the text format of Prometheus, version 0.0.4: of each metric HELP and TYPE once, then all its samples.</summary>
public sealed class PrometheusText
{
    /// <summary>The media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Writes a metric with all its samples; one without samples is left out.</summary>
    /// <param name="name">Its name, once in a text.</param>
    /// <param name="type">gauge or counter.</param>
    /// <param name="help">What it is, in one sentence.</param>
    /// <param name="samples">Labels with their values, and the number.</param>
    /// <exception cref="ArgumentException">The name was written before.</exception>
    public void Add(string name, string type, string help, IEnumerable<((string Name, string Value)[] Labels, double Value)> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (!_names.Add(name))
        {
            throw new ArgumentException($"metric {name} is there already", nameof(name));
        }

        var first = true;
        foreach (var (labels, value) in samples)
        {
            if (first)
            {
                _text.Append("# HELP ").Append(name).Append(' ').Append(Escape(help, quotes: false)).Append('\n');
                _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
                first = false;
            }

            _text.Append(name);
            for (var i = 0; i < labels.Length; i++)
            {
                _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value, quotes: true)).Append('"');
            }

            _text.Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }
}
