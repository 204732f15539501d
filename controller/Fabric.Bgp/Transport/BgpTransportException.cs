namespace Fabric.Bgp.Transport;

/// <summary>Something the system must have or allow for a session is missing; the message says what to do.</summary>
public sealed class BgpTransportException : IOException
{
    /// <summary>Makes one.</summary>
    public BgpTransportException(BgpTransportProblem problem, string message, Exception? inner = null)
        : base(message, inner) => Problem = problem;

    /// <summary>What is missing.</summary>
    public BgpTransportProblem Problem { get; }
}

/// <summary>What a <see cref="BgpTransportException"/> is about.</summary>
public enum BgpTransportProblem
{
    /// <summary>The kernel has no TCP-MD5 signatures.</summary>
    Md5NotSupported,

    /// <summary>The kernel takes no TCP-MD5 keys for whole prefixes.</summary>
    Md5PrefixNotSupported,

    /// <summary>Raw sockets are not allowed to this process.</summary>
    RawSocketsNotAllowed,

    /// <summary>There is no such interface.</summary>
    NoSuchInterface,

    /// <summary>A link-local address is nothing without its interface.</summary>
    InterfaceNeeded,
}
