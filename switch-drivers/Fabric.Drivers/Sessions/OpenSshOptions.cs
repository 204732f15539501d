namespace Fabric.Drivers.Sessions;

/// <summary>How devices are reached with the OpenSSH client.</summary>
public sealed record OpenSshOptions
{
    /// <summary>The controller's private key, readable by its owner only.</summary>
    public required string IdentityFile { get; init; }

    /// <summary>
    /// Directory of sockets and known-hosts files, for one controller process alone; made with mode 0700. Its path is short, because
    /// a socket's path holds 108 octets.
    /// </summary>
    public required string RuntimeDirectory { get; init; }

    /// <summary>The client program.</summary>
    public string Program { get; init; } = "ssh";

    /// <summary>How long TCP connect and key exchange may take; whole seconds, at least one.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Interval of keep-alive messages; whole seconds, at least one.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Unanswered keep-alive messages after which a connection counts as lost.</summary>
    public int KeepAliveCount { get; init; } = 3;

    /// <summary>Largest answer of a script, in characters; a device that says more is given up.</summary>
    public int LongestAnswer { get; init; } = 32 * 1024 * 1024;
}
