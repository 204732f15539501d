using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Fabric.Hosting;
using Fabric.SoftGate.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fabric.SoftGate.Host;

/// <summary><c>softgated run</c>: starts, says so, works until a signal. Whatever ends it, the data path goes on.</summary>
internal static class Softgated
{
    private const int MostConnections = 16;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The process's whole life. SIGTERM and SIGINT end it; SIGHUP reads the file with the state again.</summary>
    /// <returns>The exit code: 0 after a signal, 1 when it could not start or has failed.</returns>
    internal static async Task<int> RunAsync(SoftgatedOptions options, TimeProvider time)
    {
        var log = new EventLog(Console.Error, options.LogFormat, time);
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reloads = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var terminated = Catch(PosixSignal.SIGTERM, () => stop.TrySetResult());
        using var interrupted = Catch(PosixSignal.SIGINT, () => stop.TrySetResult());
        using var hungUp = Catch(PosixSignal.SIGHUP, () => reloads.Writer.TryWrite(true));
        try
        {
            using var manager = new ServiceManager(Environment.GetEnvironmentVariable);
            await using var agent = Agent.Start(options, log, time);
            await using var status = await ServeStatusAsync(options.Socket, agent);
            await using var metrics = options.Metrics is { } listen
                ? await MetricsEndpoint.StartAsync(listen, async _ => AgentMetrics.Write(await agent.StatusAsync(verify: false)))
                : null;
            if (metrics is not null)
            {
                log.Write("info", "metrics", $"{metrics.Address}metrics");
            }

            using var file = options.StateFile is { } path ? new StateFile(path, log, () => reloads.Writer.TryWrite(true)) : null;
            await ReadAsync(file, agent);
            await using var controller = options.Controller is { } at
                ? new ControllerClient(at, options.StateDirectory, agent.Take, agent.ReportAsync, log, time)
                : null;
            if (controller is not null)
            {
                agent.Controller = () => controller.Status;
                await controller.StartAsync();
            }

            if (manager.WatchdogPeriod is { } period)
            {
                agent.Loop.Every(period, manager.Alive);
            }

            manager.Ready("forwards");
            await Console.Out.WriteLineAsync("softgated ready");
            await Console.Out.FlushAsync();
            var reload = reloads.Reader.ReadAsync().AsTask();
            while (true)
            {
                var first = await Task.WhenAny(agent.Loop.Completion, stop.Task, reload);
                if (first == agent.Loop.Completion)
                {
                    await first; // Throws what has ended it.
                }

                if (first == stop.Task)
                {
                    manager.Stopping();
                    log.Write("info", "shutdown", "the data path stays attached; softgated detach takes it off");
                    return 0;
                }

                reload = reloads.Reader.ReadAsync().AsTask();
                await ReadAsync(file, agent);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException or KernelException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"softgated: {e.Message}");
            return 1;
        }
    }

    private static async Task ReadAsync(StateFile? file, Agent agent)
    {
        if (file?.Read() is { } state)
        {
            await agent.Take(state, "file");
        }
    }

    private static async Task<SmallServer> ServeStatusAsync(string socket, Agent agent)
    {
        File.Delete(socket); // Of an earlier process.
        var server = await SmallServer.StartAsync(
            new UnixDomainSocketEndPoint(socket),
            static limits => limits.MaxConcurrentConnections = MostConnections,
            static _ => { },
            app => app.Run(async context =>
            {
                if (context.Request.Path != "/status")
                {
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    return;
                }

                context.Response.ContentType = "application/json";
                await JsonSerializer.SerializeAsync(context.Response.Body, await agent.StatusAsync(verify: true), Json, context.RequestAborted);
            }));
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return server;
    }

    private static PosixSignalRegistration Catch(PosixSignal signal, Action then) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        then();
    });
}
