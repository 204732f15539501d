using System.Diagnostics;
using System.Net.Sockets;

namespace Fabric.Lab.State;

/// <summary>
/// A lock between processes of this host. It is an abstract socket name: nothing stays on disk, and the kernel releases it
/// when its owner dies.
/// </summary>
public sealed class HostLock : IDisposable
{
    private readonly Socket _socket;

    private HostLock(Socket socket) => _socket = socket;

    /// <param name="name">What is locked.</param>
    /// <param name="patience">How long to wait for another owner.</param>
    public static HostLock Take(string name, TimeSpan patience)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Bind(new UnixDomainSocketEndPoint("\0fabric-lab/" + name));
                return new HostLock(socket);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                socket.Dispose();
                if (waited.Elapsed > patience)
                {
                    throw new LabException($"another fabric-lab works on {name} since {patience.TotalSeconds:0} s");
                }

                Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System).GetAwaiter().GetResult();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
