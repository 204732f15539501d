using System.Net;
using Fabric.Hosting;

namespace Fabric.CloudStackBridge;

/// <summary>How this bridge runs: what its command line says.</summary>
public sealed record BridgeOptions
{
    /// <summary>Where accounts, sessions, access rules and certificates are kept; made if it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The controller: <c>https://host:port</c>.</summary>
    public required Uri Controller { get; init; }

    /// <summary>File with the API token of role operator by which the controller knows the bridge.</summary>
    public required string TokenFile { get; init; }

    /// <summary>File with the authority that vouches for the controller, PEM; null: those the system trusts.</summary>
    public string? CaFile { get; init; }

    /// <summary>Where it listens; port 0: any free port.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 8444);

    /// <summary>Names and addresses under which CloudStack reaches it, for the generated certificate.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Certificate chain, PEM; null: one of its own is made. Together with <see cref="TlsKey"/>.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>Private key of the certificate, PEM.</summary>
    public string? TlsKey { get; init; }

    /// <summary>How log lines look.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>How long writes of rules must have been quiet before the rules are put in force.</summary>
    public TimeSpan RulesQuiet { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long after the first write of a burst its rules are put in force at the latest.</summary>
    public TimeSpan RulesLatest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a new tier waits for its first rule; then it counts as having none.</summary>
    public TimeSpan FirstRuleWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a session lives after its last use.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(48);

    /// <summary>The bridge's own database.</summary>
    public string StorePath => Path.Combine(DataDirectory, "bridge.db");

    /// <summary>The key that signs sessions.</summary>
    public string SessionKeyPath => Path.Combine(DataDirectory, "session.key");

    /// <summary>Who its server says it is.</summary>
    public ServerIdentity Identity => new()
    {
        Program = "fabric-cloudstack-bridge",
        AuthorityName = "Fabric CloudStack bridge CA",
        Directory = DataDirectory,
        Listen = Listen.Address,
        Names = Names,
        Certificate = TlsCertificate,
        Key = TlsKey,
    };

    /// <summary>What is wrong, each naming the option and the fix.</summary>
    public IEnumerable<string> Faults()
    {
        if (!(Controller.Scheme == Uri.UriSchemeHttps || (Controller.Scheme == Uri.UriSchemeHttp && Controller.IsLoopback)) || Controller.AbsolutePath != "/")
        {
            yield return $"--controller {Controller}: give an address such as https://127.0.0.1:8443";
        }

        if (File.Exists(DataDirectory))
        {
            yield return $"--data-dir {DataDirectory} is a file; name a directory";
        }

        if (TlsCertificate is null != TlsKey is null)
        {
            yield return "--tls-cert and --tls-key go together; give both or none";
        }

        foreach (var (option, path) in new[] { ("--token-file", TokenFile), ("--ca", CaFile), ("--tls-cert", TlsCertificate), ("--tls-key", TlsKey) })
        {
            if (path is not null && !File.Exists(path))
            {
                yield return $"{option} {path}: there is no such file";
            }
        }
    }
}
