using System.Collections.Concurrent;

namespace Fabric.SoftGate.Tests.Lab;

/// <summary>A thread that does what it is given in order, as the agent's loop does.</summary>
internal sealed class TestLoop : IDisposable
{
    private readonly BlockingCollection<Action> _actions = [];
    private readonly Thread _thread;

    internal TestLoop()
    {
        _thread = new Thread(() =>
        {
            foreach (var action in _actions.GetConsumingEnumerable())
            {
                action();
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    internal void Post(Action action)
    {
        if (!_actions.IsAddingCompleted)
        {
            _actions.Add(action);
        }
    }

    internal T Ask<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>();
        _actions.Add(() =>
        {
            try
            {
                answer.SetResult(question());
            }
            catch (Exception e)
            {
                answer.SetException(e);
            }
        });
        return answer.Task.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _actions.CompleteAdding();
        _thread.Join(TimeSpan.FromSeconds(10));
        _actions.Dispose();
    }
}
