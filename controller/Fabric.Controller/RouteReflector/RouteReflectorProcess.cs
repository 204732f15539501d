using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Fabric.Bgp.Speaker;
using Fabric.Controller.RouteReflector.Metrics;
using Fabric.Hosting;

namespace Fabric.Controller.RouteReflector;

/// <summary>A route reflector as a process: starts, says so on standard output, logs on standard error, runs until a signal.</summary>
public static class RouteReflectorProcess
{
    /// <summary>The process's whole life. SIGTERM and SIGINT end it; SIGHUP loads the configuration again.</summary>
    /// <param name="source">Where the configuration comes from.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The exit code: 0 after a signal, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(RouteReflectorSource source, RouteReflectorConfig config, TimeProvider time)
    {
        var signals = Channel.CreateUnbounded<PosixSignal>();
        using var terminated = Catch(PosixSignal.SIGTERM, signals.Writer);
        using var interrupted = Catch(PosixSignal.SIGINT, signals.Writer);
        using var hungUp = Catch(PosixSignal.SIGHUP, signals.Writer);
        var log = new EventLog(Console.Error, config.LogFormat, time);
        try
        {
            await SpeakerWarmUp.RunAsync();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await using var speaker = new ReflectorSpeaker(config, log, time);
            await using var metrics = config.MetricsListen is { } listen ? await MetricsEndpoint.StartAsync(listen, async stop => ReflectorMetrics.Write(await speaker.SampleAsync(stop))) : null;
            await using var api = config.ApiListen is { } apiListen ? await ReflectorApi.StartAsync(apiListen, config.ApiTokenFile, speaker, time) : null;
            Remark(config, log);
            if (api is not null)
            {
                log.Write("info", "api", $"{api.Address}");
            }

            if (metrics is not null)
            {
                log.Write("info", "metrics", $"{metrics.Address}metrics");
            }

            await Console.Out.WriteLineAsync($"fabricd route-reflector ready {config.RouterId} AS {config.Asn}");
            await Console.Out.FlushAsync();
            while (await signals.Reader.ReadAsync() == PosixSignal.SIGHUP)
            {
                config = Reload(source, config, speaker, log);
            }

            log.Write("info", "shutdown", "ends all sessions with Cease/Administrative Shutdown");
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"fabricd: {e.Message}");
            return 1;
        }

        return 0;
    }

    private static RouteReflectorConfig Reload(RouteReflectorSource source, RouteReflectorConfig now, ReflectorSpeaker speaker, EventLog log)
    {
        var (next, faults) = source.Load();
        foreach (var fault in faults)
        {
            log.Write("error", "reload", fault);
        }

        if (next is null)
        {
            log.Write("error", "reload", "the configuration stays as it was");
            return now;
        }

        if (!next.SameProcess(now))
        {
            log.Write("error", "reload", "asn, router-id, cluster-id, listen, log-format, metrics-listen, api-listen, api-token-file, lint or record has changed: start anew for that; the configuration stays as it was");
            return now;
        }

        if (next == now)
        {
            log.Write("info", "reload", "nothing has changed");
            return now;
        }

        speaker.Follow(next);
        Remark(next, log);
        log.Write("info", "reload", "the configuration is in force");
        return next;
    }

    private static void Remark(RouteReflectorConfig config, EventLog log)
    {
        foreach (var remark in config.Remarks())
        {
            log.Write("warning", "configuration", remark);
        }
    }

    private static PosixSignalRegistration Catch(PosixSignal signal, ChannelWriter<PosixSignal> into) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        into.TryWrite(signal);
    });
}
