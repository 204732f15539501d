using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Host;

/// <summary>Watches the interfaces on a thread of its own and tells the agent's loop when they have changed.</summary>
internal sealed class LinkWatch : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly Links _links = new();
    private readonly Thread _thread;
    private volatile bool _stop;

    /// <param name="loop">The loop.</param>
    /// <param name="changed">Called on it.</param>
    internal LinkWatch(AgentLoop loop, Action changed)
    {
        _thread = new Thread(() =>
        {
            while (!_stop)
            {
                if (_links.WaitForChange(Patience))
                {
                    loop.Post(changed);
                }
            }
        })
        { Name = "links", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _links.Dispose();
    }
}
