using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Fabric.Bgp.Transport;

/// <summary>A BGP connection over a TCP socket that is connected; owns the socket.</summary>
internal sealed class TcpBgpConnection(Socket socket) : IBgpConnection
{
    private GatherSend? _gather;

    public string LocalEndpoint { get; } = socket.LocalEndPoint?.ToString() ?? "";

    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

    public async ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
        await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);

    public async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
        {
            data = data[await socket.SendAsync(data, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
        }
    }

    public ValueTask SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var total = 0L;
        for (var i = 0; i < parts.Count; i++)
        {
            total += parts[i].Count;
        }

        if (total == 0)
        {
            return ValueTask.CompletedTask;
        }

        cancellationToken.ThrowIfCancellationRequested();
        _gather ??= new GatherSend(socket);
        var send = _gather.SendAsync(parts, cancellationToken);
        return send.IsCompletedSuccessfully && send.Result == total ? ValueTask.CompletedTask : FinishAsync(send, parts, cancellationToken);
    }

    public void ShutdownSend()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer was quicker; there is nothing left to shut down.
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _gather?.Dispose();
    }

    private async ValueTask FinishAsync(ValueTask<int> send, IList<ArraySegment<byte>> parts, CancellationToken cancellationToken)
    {
        var sent = await send.ConfigureAwait(false);
        for (var i = 0; i < parts.Count; i++)
        {
            var skip = Math.Min(sent, parts[i].Count);
            sent -= skip;
            await SendAsync(parts[i].AsMemory(skip), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A gather write that is used again and again. The runtime cannot cancel one: cancelling closes the socket.</summary>
    private sealed class GatherSend(Socket socket) : SocketAsyncEventArgs(true), IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> _source = new() { RunContinuationsAsynchronously = true };
        private CancellationToken _cancellation;
        private CancellationTokenRegistration _registration;

        public ValueTask<int> SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken)
        {
            BufferList = parts;
            _source.Reset();
            _cancellation = cancellationToken;
            var token = _source.Version;

            // Registered first: once the send is under way, its completion may run at any time.
            _registration = cancellationToken.UnsafeRegister(static s => ((Socket)s!).Dispose(), socket);
            if (!socket.SendAsync(this))
            {
                Complete();
            }

            return new(this, token);
        }

        public int GetResult(short token) => _source.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _source.OnCompleted(continuation, state, token, flags);

        protected override void OnCompleted(SocketAsyncEventArgs e) => Complete();

        private void Complete()
        {
            _registration.Dispose();
            if (SocketError == SocketError.Success)
            {
                _source.SetResult(BytesTransferred);
            }
            else if (_cancellation.IsCancellationRequested)
            {
                _source.SetException(new OperationCanceledException(_cancellation));
            }
            else
            {
                _source.SetException(new SocketException((int)SocketError));
            }
        }
    }
}
