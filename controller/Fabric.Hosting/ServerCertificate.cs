using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fabric.Hosting;

/// <summary>
/// A server's certificate: the one given, or one from a certificate authority of the program's own, kept in its data
/// directory. Clients trust <c>ca.crt</c>; the server's certificate is made anew when it is about to expire or when the names under
/// which the API is reached have changed.
/// </summary>
public static class ServerCertificate
{
    private const int CaYears = 10;
    private const int ServerDays = 397;
    private const int RenewDays = 30;

    /// <summary>The certificate with its key, and the further certificates to send along.</summary>
    /// <exception cref="CryptographicException">A file is not what it should be; the message names it.</exception>
    public static async Task<(X509Certificate2 Certificate, X509Certificate2Collection Chain)> LoadAsync(
        ServerIdentity identity, TimeProvider time, CancellationToken cancellationToken)
    {
        if (identity is { Certificate: { } certificatePath, Key: { } keyPath })
        {
            var given = Read(certificatePath, keyPath);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificatePath);
            chain.RemoveAt(0);
            return (given, chain);
        }

        var now = time.GetUtcNow();
        using var authority = await AuthorityAsync(identity, now, cancellationToken);
        return (await ServerAsync(identity, authority, now, cancellationToken), []);
    }

    /// <summary>The program's own certificate authority with its key; made where there is none.</summary>
    /// <exception cref="CryptographicException">A file is not what it should be; the message names it.</exception>
    public static Task<X509Certificate2> LoadAuthorityAsync(ServerIdentity identity, TimeProvider time, CancellationToken cancellationToken) =>
        AuthorityAsync(identity, time.GetUtcNow(), cancellationToken);

    private static async Task<X509Certificate2> AuthorityAsync(ServerIdentity identity, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var keyPath = Path.Combine(identity.Directory, "ca.key");
        if (File.Exists(keyPath) && File.Exists(identity.AuthorityPath))
        {
            return Read(identity.AuthorityPath, keyPath);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={identity.AuthorityName}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(CaYears));
        await PrivateFile.WriteAsync(keyPath, key.ExportPkcs8PrivateKeyPem() + "\n", cancellationToken);
        await WritePublicAsync(identity.AuthorityPath, authority, cancellationToken);
        return authority;
    }

    private static async Task<X509Certificate2> ServerAsync(
        ServerIdentity identity, X509Certificate2 authority, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var certificatePath = Path.Combine(identity.Directory, "server.crt");
        var keyPath = Path.Combine(identity.Directory, "server.key");
        var (names, addresses) = Names(identity);
        if (File.Exists(certificatePath) && File.Exists(keyPath))
        {
            var present = Read(certificatePath, keyPath);
            if (IsGood(present, authority, names, addresses, now))
            {
                return present;
            }

            present.Dispose();
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={identity.Program}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            alternatives.AddDnsName(name);
        }

        foreach (var address in addresses)
        {
            alternatives.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var signed = request.Create(authority, now.AddDays(-1), now.AddDays(ServerDays), serial);
        await PrivateFile.WriteAsync(keyPath, key.ExportPkcs8PrivateKeyPem() + "\n", cancellationToken);
        await WritePublicAsync(certificatePath, signed, cancellationToken);
        return signed.CopyWithPrivateKey(key);
    }

    private static (string[] Names, IPAddress[] Addresses) Names(ServerIdentity identity)
    {
        string[] names = [.. new[] { "localhost", Dns.GetHostName() }.Concat(identity.Names).Where(n => Uri.CheckHostName(n) == UriHostNameType.Dns).Distinct(StringComparer.OrdinalIgnoreCase)];
        IEnumerable<IPAddress> addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, .. identity.Names.Select(n => IPAddress.TryParse(n, out var a) ? a : null).OfType<IPAddress>()];
        if (!identity.Listen.Equals(IPAddress.Any) && !identity.Listen.Equals(IPAddress.IPv6Any))
        {
            addresses = addresses.Append(identity.Listen);
        }

        return (names, [.. addresses.Distinct()]);
    }

    private static bool IsGood(X509Certificate2 certificate, X509Certificate2 authority, string[] names, IPAddress[] addresses, DateTimeOffset now)
    {
        var alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return alternatives is not null
            && certificate.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData)
            && certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } issuerKey
            && authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes is { } authorityKey
            && issuerKey.Span.SequenceEqual(authorityKey.Span)
            && new DateTimeOffset(certificate.NotAfter) > now.AddDays(RenewDays)
            && new DateTimeOffset(certificate.NotBefore) <= now
            && names.All(n => alternatives.EnumerateDnsNames().Contains(n, StringComparer.OrdinalIgnoreCase))
            && addresses.All(a => alternatives.EnumerateIPAddresses().Contains(a));
    }

    private static X509Certificate2 Read(string certificatePath, string keyPath)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CryptographicException($"{certificatePath} and {keyPath} are not a certificate and its private key in PEM: {e.Message}", e);
        }
    }

    private static Task WritePublicAsync(string path, X509Certificate2 certificate, CancellationToken cancellationToken) =>
        File.WriteAllTextAsync(path, certificate.ExportCertificatePem() + "\n", cancellationToken);
}
