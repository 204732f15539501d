using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Benchmarks.Load;

namespace Fabric.Bgp.Benchmarks.Speakers;

/// <summary>A route reflector under test: a process of its own with a directory of its own, ended by its process id.</summary>
public sealed class Speaker : IDisposable
{
    /// <summary>Autonomous system, router and cluster identifier are the same for all.</summary>
    public const string RouterId = "10.0.0.1";

    /// <summary><see cref="RouterId"/> as a number.</summary>
    public const uint ClusterId = 0x0A000001;

    private const int KeptLines = 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("fabric-bench-bgp-").FullName;
    private readonly Queue<string> _log = [];
    private readonly Process _process;

    private Speaker(SpeakerKind kind, LoopbackNet net)
    {
        Address = net.Reflector;
        try
        {
            var command = kind.Prepare(_folder, net);
            _process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            Directory.Delete(_folder, recursive: true);
            throw new BenchmarkException($"{kind.Name} does not start: {e.Message}");
        }

        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where it listens.</summary>
    public IPAddress Address { get; }

    /// <summary>Memory and time now.</summary>
    public ProcessFigures Figures => _process.HasExited ? throw new BenchmarkException("the reflector has ended: " + LastWords) : ProcessFigures.Of(_process.Id);

    /// <summary>What it has said last.</summary>
    public string LastWords
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Starts one and waits until it listens and has come to rest.</summary>
    public static Speaker Start(SpeakerKind kind, CancellationToken cancel)
    {
        var speaker = new Speaker(kind, new LoopbackNet());
        try
        {
            if (!Wait(speaker.Listens, TimeSpan.FromSeconds(30), cancel))
            {
                throw new BenchmarkException($"{kind.Name} does not listen: {speaker.LastWords}");
            }

            Wait(() => false, TimeSpan.FromSeconds(1), cancel);
            return speaker;
        }
        catch
        {
            speaker.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static bool Wait(Func<bool> condition, TimeSpan limit, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                return false;
            }

            cancel.WaitHandle.WaitOne(20);
            cancel.ThrowIfCancellationRequested();
        }

        return true;
    }

    private bool Listens()
    {
        if (_process.HasExited)
        {
            _process.WaitForExit();
            throw new BenchmarkException($"the reflector has ended with code {_process.ExitCode}: {LastWords}");
        }

        // From an address that is no client's: it is turned away and leaves no trace.
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        try
        {
            probe.Connect(Address, LoopbackNet.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            if (!string.IsNullOrEmpty(line))
            {
                _log.Enqueue(line);
            }

            while (_log.Count > KeptLines)
            {
                _log.Dequeue();
            }
        }
    }
}
