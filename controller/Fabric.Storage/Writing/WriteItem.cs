namespace Fabric.Storage.Writing;

/// <summary>A piece of work for the writer.</summary>
internal abstract class WriteItem
{
    /// <summary>Runs the work; its result is kept until <see cref="Complete"/>.</summary>
    public abstract void Run(WriteScope scope);

    /// <summary>The work itself failed and was undone; the caller hears of it at <see cref="Complete"/>.</summary>
    public abstract void RunFailed(Exception error);

    /// <summary>The transaction is durable.</summary>
    public abstract void Complete();

    /// <summary>The transaction is not.</summary>
    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class WriteItem<T>(Func<WriteScope, T> work) : WriteItem
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _error;
    private T? _result;

    public Task<T> Task => _done.Task;

    public override void Run(WriteScope scope)
    {
        _error = null;
        _result = work(scope);
    }

    public override void RunFailed(Exception error) => _error = error;

    public override void Complete()
    {
        if (_error is not null)
        {
            _done.TrySetException(_error);
        }
        else
        {
            _done.TrySetResult(_result!);
        }
    }

    public override void Fail(Exception error) => _done.TrySetException(error);
}
