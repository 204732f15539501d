using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fabric.Hosting;

namespace Fabric.SoftGate.Host;

/// <summary>The node's key and certificate, in a directory that is its owner's only: <c>node.key</c>, <c>node.pem</c> and <c>authority.pem</c>.</summary>
internal sealed class NodeIdentity(string directory)
{
    private string KeyFile => Path.Combine(directory, "node.key");

    private string CertificateFile => Path.Combine(directory, "node.pem");

    private string AuthorityFile => Path.Combine(directory, "authority.pem");

    /// <summary>The certificate with its key; null: the node is not enrolled.</summary>
    /// <exception cref="CryptographicException">The files are not what they should be.</exception>
    internal X509Certificate2? Load() =>
        File.Exists(KeyFile) && File.Exists(CertificateFile) ? X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile) : null;

    /// <summary>What the enrolment has said to trust; empty: nothing.</summary>
    internal X509Certificate2Collection Authorities()
    {
        var authorities = new X509Certificate2Collection();
        if (File.Exists(AuthorityFile))
        {
            authorities.ImportFromPemFile(AuthorityFile);
        }

        return authorities;
    }

    /// <summary>A new key, and what asks for a certificate of it (PKCS #10, PEM).</summary>
    internal static (ECDsa Key, string Request) NewRequest()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (key, new CertificateRequest("CN=softgated", key, HashAlgorithmName.SHA256).CreateSigningRequestPem());
    }

    /// <summary>Keeps a key with its certificate. Ends complete or not at all, but for the certificate: a key without its own counts as none.</summary>
    /// <exception cref="CryptographicException">The certificate is none, or of another key.</exception>
    internal async Task SaveAsync(ECDsa key, string certificatePem, string authorityPem, CancellationToken stop)
    {
        var keyPem = key.ExportPkcs8PrivateKeyPem() + "\n";
        using (X509Certificate2.CreateFromPem(certificatePem, keyPem))
        {
            // Only looked at.
        }

        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await PrivateFile.WriteAsync(AuthorityFile, authorityPem, stop);
        await PrivateFile.WriteAsync(KeyFile, keyPem, stop);
        await PrivateFile.WriteAsync(CertificateFile, certificatePem, stop);
    }
}
