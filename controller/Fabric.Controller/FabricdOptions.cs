using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Fabric.Hosting;
using Fabric.Reconciler;

namespace Fabric.Controller;

/// <summary>How this controller runs: what its command line says.</summary>
public sealed record FabricdOptions
{
    private const int LongestRuntimeDirectory = 70;

    /// <summary>Where the store, the certificates and the first token are; made if it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where the API listens; port 0: any free port.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 8443);

    /// <summary>Where SoftGates' agents reach the controller, by mutual TLS; null: nowhere.</summary>
    public IPEndPoint? AgentListen { get; init; }

    /// <summary>Certificate chain of the API, PEM; null: one of its own is made. Together with <see cref="TlsKey"/>.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>Private key of the certificate, PEM.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Private key with which devices are logged in to; null: one of its own is made.</summary>
    public string? SshKey { get; init; }

    /// <summary>How log lines look.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>How eagerly devices are brought to their desired state.</summary>
    public ReconcilerOptions Reconciler { get; init; } = new();

    /// <summary>The store's file.</summary>
    public string StorePath => Path.Combine(DataDirectory, "fabric.db");

    /// <summary>The file with the first administrator's token.</summary>
    public string AdminTokenPath => Path.Combine(DataDirectory, "admin.token");

    /// <summary>The certificate that clients shall trust.</summary>
    public string CaCertificatePath => Identity.AuthorityPath;

    /// <summary>Who the API's server says it is.</summary>
    public ServerIdentity Identity => new()
    {
        Program = "fabricd",
        AuthorityName = "Fabric controller CA",
        Directory = DataDirectory,
        Listen = Listen.Address,
        Certificate = TlsCertificate,
        Key = TlsKey,
    };

    /// <summary>Who the agents' server says it is; its authority signs the agents' certificates too.</summary>
    public ServerIdentity AgentIdentity => new()
    {
        Program = "fabricd",
        AuthorityName = "Fabric agents CA",
        Directory = Path.Combine(DataDirectory, "agents"),
        Listen = AgentListen?.Address ?? IPAddress.Loopback,
    };

    /// <summary>The private key with which devices are logged in to.</summary>
    public string SshKeyPath => SshKey ?? Path.Combine(DataDirectory, "ssh.key");

    /// <summary>Directory of sockets; short, since a socket's path holds 108 octets.</summary>
    public string RuntimeDirectory
    {
        get
        {
            var directory = Path.GetFullPath(Path.Combine(DataDirectory, "run"));
            return directory.Length <= LongestRuntimeDirectory
                ? directory
                : Path.Combine(Path.GetTempPath(), "fabricd-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..16]);
        }
    }

    /// <summary>What is wrong, each naming the option and the fix.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            yield return "--data-dir must name a directory";
        }
        else if (File.Exists(DataDirectory))
        {
            yield return $"--data-dir {DataDirectory} is a file; name a directory";
        }

        if (TlsCertificate is null != TlsKey is null)
        {
            yield return "--tls-cert and --tls-key go together; give both or none";
        }

        foreach (var (option, path) in new[] { ("--tls-cert", TlsCertificate), ("--tls-key", TlsKey), ("--ssh-key", SshKey) })
        {
            if (path is not null && !File.Exists(path))
            {
                yield return $"{option} {path}: there is no such file";
            }
        }

        foreach (var (option, time, least, most) in new[]
        {
            ("--resync-interval", Reconciler.ResyncInterval, 1.0, 86_400.0),
            ("--first-backoff", Reconciler.FirstBackoff, 0.1, 3_600),
            ("--longest-backoff", Reconciler.LongestBackoff, 0.1, 3_600),
            ("--rollback-after", Reconciler.RollbackAfter, 5, 3_600),
            ("--confirm-within", Reconciler.ConfirmWithin, 1, 3_600),
        })
        {
            if (time.TotalSeconds < least || time.TotalSeconds > most)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{option} {time.TotalSeconds}: give {least} to {most} seconds");
            }
        }

        if (Reconciler.Parallelism is < 1 or > 1024)
        {
            yield return $"--parallelism {Reconciler.Parallelism}: give 1 to 1024";
        }

        if (Reconciler.ConfirmWithin >= Reconciler.RollbackAfter)
        {
            yield return "--confirm-within must be shorter than --rollback-after";
        }
    }
}
