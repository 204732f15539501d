using System.Net;

namespace Fabric.Bgp.Benchmarks.Load;

/// <summary>Addresses for one reflector and its clients: a reflector that is started anew never meets the last one's connections.</summary>
public sealed class LoopbackNet
{
    private const int Reflectors = 200;
    private static readonly int Second = 64 + (Environment.ProcessId % 128);
    private static int _next;
    private readonly int _third = _next++ % Reflectors;

    /// <summary>Port of the reflector: not that of BGP, so that nothing else is met.</summary>
    public const int Port = 1790;

    /// <summary>The reflector.</summary>
    public IPAddress Reflector => new([127, (byte)Second, (byte)_third, 1]);

    /// <summary>Where all clients are.</summary>
    public string Clients => $"127.{Second}.0.0/16";

    /// <summary>The address of a client, up to 10,000.</summary>
    public static IPAddress Client(int number) => new([127, (byte)Second, (byte)(Reflectors + (number / 250)), (byte)(1 + (number % 250))]);
}
