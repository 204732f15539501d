using System.Threading.Channels;

namespace Fabric.SoftGate.Host;

/// <summary>
/// One thread that does what it is given, in order. What is touched by it only needs no locks. An action that throws ends the loop, and with it
/// the process: the data path goes on without.
/// </summary>
internal sealed class AgentLoop : IAsyncDisposable
{
    private readonly Channel<Action> _actions = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ITimer> _timers = [];
    private readonly Thread _thread;
    private readonly TimeProvider _time;

    internal AgentLoop(TimeProvider time)
    {
        _time = time;
        _thread = new Thread(Run) { Name = "agent", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Ends with the loop; failed when an action has thrown.</summary>
    internal Task Completion => _ended.Task;

    /// <summary>Does something after all that was given before. What is given after the end is left.</summary>
    internal void Post(Action action) => _actions.Writer.TryWrite(action);

    /// <summary>Does something and gives its result; what it throws goes to the caller, and the loop goes on.</summary>
    internal async Task<T> InvokeAsync<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                result.SetResult(function());
            }
#pragma warning disable CA1031 // Whatever it is, the caller gets it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                result.SetException(e);
            }
        });

        // An action that the loop's end leaves is never done.
        if (await Task.WhenAny(result.Task, Completion) != result.Task)
        {
            throw new OperationCanceledException("the agent has ended");
        }

        return await result.Task;
    }

    /// <summary>Does something again and again; one that is late is not made up for.</summary>
    internal void Every(TimeSpan period, Action action)
    {
        var waiting = 0;
        var timer = _time.CreateTimer(
            _ =>
            {
                if (Interlocked.Exchange(ref waiting, 1) == 0)
                {
                    Post(() =>
                    {
                        Volatile.Write(ref waiting, 0);
                        action();
                    });
                }
            },
            state: null,
            period,
            period);
        lock (_timers)
        {
            _timers.Add(timer);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_timers)
        {
            _timers.ForEach(t => t.Dispose());
            _timers.Clear();
        }

        _actions.Writer.TryComplete();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Run()
    {
        try
        {
            while (_actions.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (_actions.Reader.TryRead(out var action))
                {
                    action();
                }
            }

            _ended.SetResult();
        }
#pragma warning disable CA1031 // Whatever it is, it is the end of the loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _actions.Writer.TryComplete();
            _ended.SetException(e);
        }
    }
}
