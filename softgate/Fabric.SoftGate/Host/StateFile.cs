using System.Text.Json;
using Fabric.Hosting;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Host;

/// <summary>A file with the state, which somebody may replace or write to at any time.</summary>
internal sealed class StateFile : IDisposable
{
    private readonly string _path;
    private readonly EventLog _log;
    private readonly FileSystemWatcher _watcher;
    private byte[] _last = [];

    /// <param name="path">The file.</param>
    /// <param name="log">Where to complain.</param>
    /// <param name="changed">Called, from any thread, when the file may have changed: then it is to be read.</param>
    internal StateFile(string path, EventLog log, Action changed)
    {
        _path = Path.GetFullPath(path);
        _log = log;
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(_path)!, Path.GetFileName(_path))
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size,
        };
        _watcher.Changed += (_, _) => changed();
        _watcher.Created += (_, _) => changed();
        _watcher.Renamed += (_, _) => changed();
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Reads the file.</summary>
    /// <returns>Null: it is as it was, is not there, or says nothing that makes sense.</returns>
    internal SoftGateState? Read()
    {
        try
        {
            var content = File.ReadAllBytes(_path);
            if (content.AsSpan().SequenceEqual(_last))
            {
                return null;
            }

            _last = content;
            return content.Length == 0 ? null : SoftGateJson.Read(content); // Empty: somebody is about to write.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            _log.Write("error", "state", $"{_path}: {e.Message}");
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();
}
