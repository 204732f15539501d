using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fabric.Hosting;

namespace Fabric.Controller.Agents;

/// <summary>
/// The certificate authority of SoftGates' agents, apart from that of the API. It signs what an agent asks for with the uid of the Device
/// as the subject, whatever the request says, and knows its own certificates again.
/// </summary>
public sealed class AgentAuthority : IDisposable
{
    private const int Days = 397;
    private const int MaxRequest = 16 * 1024;
    private const string Subject = "CN=fabric-softgate-";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _authority;
    private readonly TimeProvider _time;

    private AgentAuthority(X509Certificate2 authority, TimeProvider time)
    {
        _authority = authority;
        _time = time;
    }

    /// <summary>The certificate that agents trust, PEM.</summary>
    public string CertificatePem => _authority.ExportCertificatePem() + "\n";

    /// <summary>Loads it, or makes it.</summary>
    /// <exception cref="CryptographicException">A file is not what it should be; the message names it.</exception>
    public static async Task<AgentAuthority> LoadAsync(ServerIdentity identity, TimeProvider time, CancellationToken cancellationToken) =>
        new(await ServerCertificate.LoadAuthorityAsync(identity, time, cancellationToken), time);

    /// <summary>Signs a certificate for a SoftGate.</summary>
    /// <param name="requestPem">Certification request (PKCS #10), PEM.</param>
    /// <param name="uid">Uid of the Device.</param>
    /// <returns>The certificate, PEM; null: the text is no request with a key that is good enough.</returns>
    public string? Sign(string requestPem, int uid)
    {
        CertificateRequest request;
        try
        {
            if (requestPem.Length > MaxRequest)
            {
                return null;
            }

            request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }

        using var key = request.PublicKey.GetECDsaPublicKey();
        if (key is not { KeySize: >= 256 })
        {
            return null;
        }

        var signed = new CertificateRequest($"{Subject}{uid}", key, HashAlgorithmName.SHA256);
        signed.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        signed.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        signed.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ClientUse)], true));
        signed.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        var now = _time.GetUtcNow();
        using var certificate = signed.Create(_authority, now.AddDays(-1), now.AddDays(Days), serial);
        return certificate.ExportCertificatePem() + "\n";
    }

    /// <summary>Whether a certificate is one of these and valid now.</summary>
    public bool Knows(X509Certificate2 certificate, X509Chain? _, SslPolicyErrors errors)
    {
        if ((errors & SslPolicyErrors.RemoteCertificateNotAvailable) != SslPolicyErrors.None)
        {
            return true; // Enrolment comes without one; endpoints that need one ask for it.
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientUse));
        return chain.Build(certificate);
    }

    /// <summary>Uid of the Device that a certificate of this authority is for; null: none.</summary>
    public static int? UidOf(X509Certificate2? certificate) =>
        certificate?.Subject is { } subject && subject.StartsWith(Subject, StringComparison.Ordinal)
        && int.TryParse(subject.AsSpan(Subject.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var uid)
            ? uid
            : null;

    /// <inheritdoc/>
    public void Dispose() => _authority.Dispose();
}
