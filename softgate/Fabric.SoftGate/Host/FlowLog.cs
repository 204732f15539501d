using System.Globalization;
using Fabric.Hosting;

namespace Fabric.SoftGate.Host;

/// <summary>Lines about flows that rules log, a bounded number a second for each list; what is too much is counted and told of.</summary>
internal sealed class FlowLog(EventLog log, TimeProvider time)
{
    private const int MostASecond = 50;

    private readonly Dictionary<uint, int> _written = [];
    private long _second;
    private long _suppressedNow;

    /// <summary>Lines that were left out.</summary>
    internal long Suppressed { get; private set; }

    /// <summary>Writes a line, if there is room.</summary>
    internal void Write(DataPathEvent.Flow flow, string vpc)
    {
        Turn();
        var written = _written.GetValueOrDefault(flow.List);
        if (written >= MostASecond)
        {
            Suppressed++;
            _suppressedNow++;
            return;
        }

        _written[flow.List] = written + 1;
        log.Write("info", "flow", string.Create(
            CultureInfo.InvariantCulture,
            $"verdict={(flow.Permitted ? "permit" : "deny")} vpc={vpc} list={flow.List} rule={flow.Rule} protocol={flow.Protocol} source={flow.Source} source-port={flow.SourcePort} destination={flow.Destination} destination-port={flow.DestinationPort}"));
    }

    private void Turn()
    {
        var second = time.GetUtcNow().ToUnixTimeSeconds();
        if (second == _second)
        {
            return;
        }

        _second = second;
        _written.Clear();
        if (_suppressedNow > 0)
        {
            log.Write("warning", "flow", $"{_suppressedNow} lines were left out");
            _suppressedNow = 0;
        }
    }
}
