using Fabric.Hosting;

namespace Fabric.SoftGate.Host;

/// <summary>
/// Lines of one protocol. What was said lately is not said again for a while, so that a peer that cannot be reached fills no disk. From any thread.
/// </summary>
internal sealed class ProtocolLog(EventLog log, string name, TimeProvider time)
{
    private const int MostRemembered = 64;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _said = new(StringComparer.Ordinal);

    /// <summary>Writes a line, unless it was written within the last five minutes.</summary>
    internal void Write(string line)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_said.TryGetValue(line, out var at) && now - at < Silence)
            {
                return;
            }

            if (_said.Count >= MostRemembered)
            {
                _said.Clear();
            }

            _said[line] = now;
        }

        log.Write("info", name, line);
    }
}
